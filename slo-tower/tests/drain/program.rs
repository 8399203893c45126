//! The server as a process of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use tokio::time::{Instant, timeout};

/// The argument that makes a server of this test.
pub(crate) const SERVE: &str = "serve";
const PATIENCE: Duration = Duration::from_secs(60);

/// How a server is started.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    pub(crate) delay_ms: u64,
    pub(crate) timeout_ms: u64,
    /// Its clients are told nothing.
    pub(crate) is_naive: bool,
}

/// A running server. Killed with its handle, also when the test panics.
pub(crate) struct Program {
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    output: Option<BufReader<ChildStdout>>,
    child: Child,
}

impl Program {
    pub(crate) fn start(start: Start) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a test has a path"));
        command.arg(SERVE).stdin(Stdio::null()).stdout(Stdio::piped());
        command.env("DELAY_MS", start.delay_ms.to_string()).env("TIMEOUT_MS", start.timeout_ms.to_string());
        if start.is_naive {
            command.env("NAIVE", "1");
        }
        let mut child = command.spawn().expect("it starts");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("it says where it is");
        let mut addresses = line.split_whitespace().map(|address| address.parse().expect("an address"));
        let mut address = || addresses.next().expect("two addresses");
        Self { http: address(), grpc: address(), output: Some(output), child }
    }

    /// Sends a signal by its name, as `kill` knows it.
    pub(crate) fn signal(&self, name: &str) -> Instant {
        let now = Instant::now();
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill starts").success());
        now
    }

    /// Waits for its end. Returns what it said of it, and when it was.
    pub(crate) async fn end(&mut self) -> (String, Instant) {
        let mut output = self.output.take().expect("it ends once");
        let read = tokio::task::spawn_blocking(move || {
            let mut said = String::new();
            output.read_to_string(&mut said).expect("text");
            said
        });
        let said = timeout(PATIENCE, read).await.expect("it ends").expect("it is read");
        let ended = Instant::now();
        assert!(self.child.wait().expect("it is our child").success(), "it ends with an error: {said}");
        (said.trim().to_owned(), ended)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
