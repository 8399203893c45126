//! Each case is a server, a load, and probes.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http::StatusCode;
use tokio::time::timeout;

use crate::load::{Load, Sent, Tool};
use crate::probes::{Probed, Side, get, probe, until_it_sheds};
use crate::server::{SERVE, Stack};

/// How long the service may take to find out by itself that it is not asked.
const PATIENCE: Duration = Duration::from_secs(120);
/// So many probes show the disaster.
const FEW: usize = 300;
/// A load of which less is refused is none.
const SHED_PERCENT_MIN: u64 = 50;

/// What is asked of the recommended stack.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) probes: usize,
    /// Each of them is answered in this time.
    pub(crate) within: Duration,
}

/// One after the other: each takes the whole machine.
pub(crate) fn run(wanted: Wanted) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a thread has a runtime").block_on(async {
        println!(
            "load of the machine before: {}",
            std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim()
        );
        for (side, tool) in
            [(Side::Axum, Tool::Wrk), (Side::Axum, Tool::H2load), (Side::Tonic, Tool::H2loadGrpc)]
        {
            probes_fail_where_the_layers_are_around_everything(side, tool).await;
            no_probe_fails_as_we_recommend(side, tool, wanted).await;
        }
    });
}

async fn probes_fail_where_the_layers_are_around_everything(side: Side, tool: Tool) {
    let mut busy = Busy::start(Stack::AroundEverything, side, tool).await;
    let (ours, _) = probe(side, busy.program.address(side), FEW).await;
    if tool == Tool::Wrk {
        // What the service finds out by itself, and tells operators on a listener of their own.
        let why = busy.program.self_probe(StatusCode::SERVICE_UNAVAILABLE).await;
        assert!(why.contains("not by the probes") && why.contains("503"), "{why}");
    }
    let sent = busy.end().await;
    println!(
        "{side:?} by {tool:?}, layers around everything: {} of {FEW} probes failed; {}",
        ours.failed,
        of(sent)
    );
    assert!(ours.failed > 0, "the disaster must happen, or this test shows nothing");
    assert!(sent.refused * 100 >= sent.requests * SHED_PERCENT_MIN, "{sent:?}");
}

async fn no_probe_fails_as_we_recommend(side: Side, tool: Tool, wanted: Wanted) {
    let mut busy = Busy::start(Stack::Recommended, side, tool).await;
    let (ours, bare) = probe(side, busy.program.address(side), wanted.probes).await;
    if tool == Tool::Wrk {
        // That nobody answers in the probes' stead is what the service itself finds as well.
        busy.program.self_probe(StatusCode::OK).await;
    }
    let counted = busy.program.metrics().await;
    let sent = busy.end().await;
    println!(
        "{side:?} by {tool:?}, as recommended: {} of {} probes failed; {}",
        ours.failed,
        wanted.probes,
        of(sent)
    );
    println!("  probes         {}", times(&ours, wanted.within));
    println!("  bare handler   {}", times(&bare, wanted.within));
    assert_eq!(ours.failed, 0, "probes that were refused");
    assert_eq!(bare.failed, 0, "answers of the bare handler");
    assert!(sent.refused * 100 >= sent.requests * SHED_PERCENT_MIN, "{sent:?}");
    assert!(ours.slowest() <= wanted.within, "{:?} is more than {:?}", ours.slowest(), wanted.within);
    let is_probe =
        |line: &&str| line.contains("livez") || line.contains("readyz") || line.contains("grpc.health");
    assert_eq!(counted.lines().find(is_probe), None, "no probe is counted");
}

fn of(Sent { requests, refused }: Sent) -> String {
    format!("of {requests} requests {refused} were shed ({:.1} %)", 100.0 * ratio(refused, requests))
}

#[allow(clippy::cast_precision_loss, reason = "a share, for people")]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

fn times(probed: &Probed, limit: Duration) -> String {
    format!(
        "median {:.1?}, p99 {:.1?}, p99.9 {:.1?}, slowest {:.1?}; {} over {limit:?}",
        probed.at(5_000),
        probed.at(9_900),
        probed.at(9_990),
        probed.slowest(),
        probed.over(limit)
    )
}

/// A server that sheds, and who makes it.
struct Busy {
    program: Program,
    load: Option<Load>,
    tool: Tool,
}

impl Busy {
    async fn start(stack: Stack, side: Side, tool: Tool) -> Self {
        let program = Program::start(stack);
        let load = Some(Load::start(tool, program.address(side)));
        until_it_sheds(side, program.address(side)).await;
        Self { program, load, tool }
    }

    async fn end(&mut self) -> Sent {
        let load = self.load.take().expect("it ends once");
        let sent = tokio::task::spawn_blocking(|| load.end()).await.expect("it does not panic");
        match self.tool {
            Tool::Wrk | Tool::H2load => sent,
            // To h2load a call that is refused is an answer like any other: HTTP says 200.
            Tool::H2loadGrpc => self.program.calls().await,
        }
    }
}

/// The server as a process. Killed with its handle, also when the test panics.
struct Program {
    http: SocketAddr,
    grpc: SocketAddr,
    admin: SocketAddr,
    child: Child,
}

impl Program {
    fn start(stack: Stack) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("a test has a path"));
        command.args([SERVE, stack.word()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped"))
            .read_line(&mut line)
            .expect("it says where it is");
        let mut addresses = line.split_whitespace().map(|address| address.parse().expect("an address"));
        let mut address = || addresses.next().expect("three addresses");
        Self { http: address(), grpc: address(), admin: address(), child }
    }

    const fn address(&self, side: Side) -> SocketAddr {
        match side {
            Side::Axum => self.http,
            Side::Tonic => self.grpc,
        }
    }

    /// Waits until the check that asks the own listener is so, and returns what it says.
    async fn self_probe(&self, wanted: StatusCode) -> String {
        let asked = async {
            loop {
                let answer =
                    get(self.admin, "/readyz/self-probe?verbose").await.expect("operators are answered");
                if answer.0 == wanted {
                    return String::from_utf8_lossy(&answer.1).into_owned();
                }
                // tidy: real time because another process looks at itself.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(PATIENCE, asked).await.expect("it finds out")
    }

    async fn metrics(&self) -> String {
        let (status, text) = get(self.admin, "/metrics").await.expect("operators are answered");
        assert_eq!(status, StatusCode::OK);
        let is_of_requests =
            |line: &&str| line.starts_with("rpc_server_call_d") || line.starts_with("http_server_request_d");
        let text = String::from_utf8_lossy(&text).into_owned();
        text.lines().filter(is_of_requests).map(|line| format!("{line}\n")).collect()
    }

    /// Returns the calls of the shop, and those that were refused.
    async fn calls(&self) -> Sent {
        let mut sent = Sent::default();
        let metrics = self.metrics().await;
        for line in metrics.lines().filter(|line| line.contains("_count{") && line.contains("shop.Shop/Work"))
        {
            let number: u64 =
                line.rsplit(' ').next().and_then(|number| number.parse().ok()).expect("a number");
            sent.requests += number;
            sent.refused += if line.contains("\"OK\"") { 0 } else { number };
        }
        sent
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
