//! The programs that ask for too much until they are told to stop, and what they say of it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// What sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    /// HTTP/1.1 over 32 connections.
    Wrk,
    /// HTTP/2, eight streams on each of eight connections.
    H2load,
    /// Calls of gRPC in the same way.
    H2loadGrpc,
}

/// What was sent, and how much of it was answered with another status than success.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sent {
    pub(crate) requests: u64,
    pub(crate) refused: u64,
}

/// A running tool. It is over soon after its handle is dropped, also when the test panics.
pub(crate) enum Load {
    Wrk(Option<Child>),
    /// One after the other: it ends by its clock only, so that it is started again and again, three seconds each.
    H2load {
        is_over: Arc<AtomicBool>,
        rounds: Option<JoinHandle<Sent>>,
    },
}

impl Load {
    pub(crate) fn start(tool: Tool, address: SocketAddr) -> Self {
        if tool == Tool::Wrk {
            let mut command = Command::new("wrk");
            command.args(["-t1", "-c32", "-d3600s", &format!("http://{address}/work")]);
            return Self::Wrk(Some(command.stdout(Stdio::piped()).spawn().expect("wrk starts")));
        }
        let is_over = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&is_over);
        let rounds = std::thread::spawn(move || {
            let mut sent = Sent::default();
            // Relaxed: a lone flag; no other memory depends on it.
            while !told.load(Ordering::Relaxed) {
                let round = h2load(tool, address);
                sent.requests += round.requests;
                sent.refused += round.refused;
            }
            sent
        });
        Self::H2load { is_over, rounds: Some(rounds) }
    }

    /// Ends it and returns what it says of itself.
    pub(crate) fn end(mut self) -> Sent {
        self.stop();
        match &mut self {
            Self::Wrk(wrk) => {
                let output = wrk.take().expect("it ends once").wait_with_output().expect("it is our child");
                let report = String::from_utf8_lossy(&output.stdout).into_owned();
                let refused =
                    if report.contains("Non-2xx") { number_after(&report, "responses:") } else { 0 };
                Sent { requests: number_before(&report, "requests in"), refused }
            }
            Self::H2load { rounds, .. } => {
                rounds.take().expect("it ends once").join().expect("it does not panic")
            }
        }
    }

    fn stop(&self) {
        match self {
            // Interrupted, it says what it has done.
            Self::Wrk(Some(wrk)) => {
                let sent = Command::new("kill").args(["-INT", &wrk.id().to_string()]).status();
                assert!(sent.expect("kill starts").success());
            }
            Self::Wrk(None) => {}
            // Relaxed: as above.
            Self::H2load { is_over, .. } => is_over.store(true, Ordering::Relaxed),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        match self {
            Self::Wrk(Some(wrk)) => {
                // It may have ended by itself.
                let _ = wrk.kill();
                let _ = wrk.wait();
            }
            Self::Wrk(None) => {}
            Self::H2load { .. } => self.stop(),
        }
    }
}

fn h2load(tool: Tool, address: SocketAddr) -> Sent {
    let mut command = Command::new("h2load");
    command.args(["-D3", "-t1", "-c8", "-m8"]);
    if tool == Tool::H2loadGrpc {
        // One message, of no bytes.
        let message = Path::new(env!("CARGO_TARGET_TMPDIR")).join("empty-message.bin");
        std::fs::write(&message, [0; 5]).expect("the folder is there");
        command.arg("-d").arg(message).args(["-H", "content-type: application/grpc", "-H", "te: trailers"]);
        command.arg(format!("http://{address}/shop.Shop/Work"));
    } else {
        command.arg(format!("http://{address}/work"));
    }
    let output = command.output().expect("h2load starts");
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {report}");
    Sent { requests: number_before(&report, "done,"), refused: number_before(&report, "5xx") }
}

/// The number that stands before some words of a report.
fn number_before(report: &str, words: &str) -> u64 {
    let before =
        report.split_once(words).and_then(|(before, _)| before.split_whitespace().last()?.parse().ok());
    before.unwrap_or_else(|| panic!("no number before {words:?} in {report}"))
}

fn number_after(report: &str, words: &str) -> u64 {
    let after = report.split_once(words).and_then(|(_, after)| after.split_whitespace().next()?.parse().ok());
    after.unwrap_or_else(|| panic!("no number after {words:?} in {report}"))
}
