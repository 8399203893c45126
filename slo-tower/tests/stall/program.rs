//! The watched process, from outside.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The argument that makes a server of this test.
pub(crate) const SERVE: &str = "serve";
const PATIENCE: Duration = Duration::from_secs(60);

/// A running server. Killed with its handle, also when the test panics.
pub(crate) struct Program {
    admin: SocketAddr,
    child: Child,
}

impl Program {
    /// Starts one with so many workers, or with a runtime of one thread.
    pub(crate) fn start(workers: usize, stall_after: Duration) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a test has a path"));
        command.arg(SERVE).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.env("WORKERS", workers.to_string());
        command.env("STALL_AFTER_MS", stall_after.as_millis().to_string());
        let mut child = command.spawn().expect("it starts");
        let mut line = String::new();
        let output = child.stdout.take().expect("it is piped");
        BufReader::new(output).read_line(&mut line).expect("it says where it is");
        Self { admin: line.trim().parse().expect("an address"), child }
    }

    /// Returns its number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by its name, as `kill` knows it.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.id().to_string()]).status();
        assert!(sent.expect("kill starts").success());
    }

    /// Asks the admin listener, and returns the status and the body of its answer.
    pub(crate) fn ask(&self, method: &str, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.admin).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("it is not zero");
        let request = format!("{method} {path} HTTP/1.1\r\nhost: stall\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        (head.split(' ').nth(1).expect("a status").parse().expect("a number"), body.to_owned())
    }

    /// Returns what `/livez` says.
    pub(crate) fn livez(&self) -> u16 {
        self.ask("GET", "/livez").0
    }

    /// Returns a sample of `/metrics` about the runtime.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let (status, body) = self.ask("GET", "/metrics");
        let sample = format!("{name}{{check=\"tokio-runtime\"}} ");
        let value = body.lines().find_map(|line| line.strip_prefix(&sample));
        assert_eq!(status, 200);
        value.unwrap_or_else(|| panic!("{name} is not there: {body}")).parse().expect("a number")
    }

    pub(crate) fn stalls(&self) -> f64 {
        self.metric("health_runtime_stalls_total")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It is killed also while it is stopped. It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
