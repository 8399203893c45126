//! A running example of one listener, seen from outside its process.

use std::io::{BufRead, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use slo_examples::client::Connection;
use tokio::time::Instant;

/// How long anything may take before the test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Killed with its handle, also when the test panics.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A running example on a port of its own.
pub(crate) struct Example {
    program: Program,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
    connection: Connection,
}

impl Example {
    /// Starts an example, which cargo builds before it runs the tests of the package, and waits until it says, after
    /// these words, where it listens.
    pub(crate) fn open(name: &str, words: &str) -> Self {
        let test = std::env::current_exe().expect("a test has a path");
        let profile = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
        let path = profile.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        let mut command = Command::new(&path);
        command.env("PORT", "0").env("ADMIN_PORT", "0").stdin(Stdio::null()).stdout(Stdio::piped());
        let mut program = Program(command.spawn().unwrap_or_else(|error| {
            panic!("{} does not start: run `cargo test -p slo-examples` ({error})", path.display())
        }));
        let mut line = String::new();
        let mut output = BufReader::new(program.0.stdout.take().expect("it is piped"));
        output.read_line(&mut line).expect("it prints text");
        let address = line.trim().strip_prefix(words).and_then(|rest| rest.strip_prefix(" http://"));
        let address = address.expect("it says where").parse().expect("an address");
        Self { program, output, address, connection: Connection::new(address) }
    }

    /// Returns where it listens.
    #[allow(dead_code, reason = "not every test opens more connections")]
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the number of its process.
    #[allow(dead_code, reason = "not every test asks")]
    pub(crate) fn id(&self) -> u32 {
        self.program.0.id()
    }

    /// Returns the next line that it prints.
    #[allow(dead_code, reason = "not every example prints more than one")]
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it prints text");
        line
    }

    /// Sends a request with a header and returns the status and the body of the answer.
    pub(crate) async fn send(&mut self, method: Method, path: &str, header: &'static str) -> (u16, Bytes) {
        let request = Request::builder().method(method).uri(path).header(header, "1");
        let request = request.body(Full::default()).expect("a valid request");
        let answer = self.connection.send(request).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        (answer.status().as_u16(), answer.into_body())
    }

    /// Returns good, bad and excluded events of an SLO.
    pub(crate) async fn events(&mut self, name: &str) -> [u64; 3] {
        let (_, body) = self.send(Method::GET, "/slo", "x-nothing").await;
        let status: serde_json::Value = serde_json::from_slice(&body).expect("/slo is JSON");
        let slos = status["slos"].as_array().expect("a list");
        let slo = slos.iter().find(|slo| slo["name"] == name).expect("it is declared");
        ["good", "bad", "excluded"].map(|kind| slo["total"][kind].as_u64().expect("a number"))
    }

    /// Waits until an SLO has this many events, and returns what they are.
    #[allow(dead_code, reason = "not every example counts after it has answered")]
    pub(crate) async fn events_once_there_are(&mut self, all: u64, name: &str) -> [u64; 3] {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let events = self.events(name).await;
            if events.iter().sum::<u64>() >= all {
                return events;
            }
            assert!(Instant::now() < deadline, "{name} has {events:?} and waits for {all} in vain");
            // tidy: real time because another program must get something done.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Returns the samples of `/metrics` whose line starts with `prefix`, without zeros.
    #[allow(dead_code, reason = "not every test looks")]
    pub(crate) async fn samples(&mut self, prefix: &str) -> Vec<String> {
        let (_, body) = self.send(Method::GET, "/metrics", "x-nothing").await;
        let text = std::str::from_utf8(&body).expect("/metrics is text");
        let counted = |line: &&str| line.starts_with(prefix) && !line.ends_with(" 0");
        text.lines().filter(counted).map(str::to_owned).collect()
    }

    /// Asks it to stop, as a service manager does; returns its exit code and what it has printed.
    #[allow(dead_code, reason = "not every test stops it")]
    pub(crate) fn terminate(mut self) -> (Option<i32>, String) {
        // A connection that is kept alive keeps nobody.
        drop(self.connection);
        let asked = Command::new("kill").args(["-TERM", &self.program.0.id().to_string()]).status();
        assert!(asked.expect("kill starts").success());
        let mut printed = String::new();
        self.output.read_to_string(&mut printed).expect("it prints text");
        (self.program.0.wait().expect("it is our child").code(), printed)
    }
}
