//! Each case is a server, a load, and probes.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use http::StatusCode;
use tokio::time::timeout;

use crate::load::{Load, Sent, Tool};
use crate::probes::{Asked, Probed, Side, get, probe, until_it_sheds};
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
        let mut late = Vec::new();
        for (side, tool) in
            [(Side::Axum, Tool::Wrk), (Side::Axum, Tool::H2load), (Side::Tonic, Tool::H2loadGrpc)]
        {
            probes_fail_where_the_layers_are_around_everything(side, tool).await;
            let slowest = no_probe_fails_as_we_recommend(side, tool, wanted).await;
            late.extend((slowest > wanted.within).then(|| format!("{side:?} by {tool:?}: {slowest:.1?}")));
        }
        // At the end, so that all figures are there: how late the bare handler was says whose fault it is.
        assert!(late.is_empty(), "probes took more than {:?}: {late:?}", wanted.within);
    });
}

async fn probes_fail_where_the_layers_are_around_everything(side: Side, tool: Tool) {
    let mut busy = Busy::start(Stack::AroundEverything, side, tool).await;
    let asked = probe(side, [busy.program.address(side), busy.program.admin], FEW).await;
    if tool == Tool::Wrk {
        // What the service finds out by itself, and tells operators on a listener of their own.
        let is_found = |status, why: &str| {
            status == StatusCode::SERVICE_UNAVAILABLE
                && why.contains("was answered 503, but not by the probes")
        };
        busy.program.self_probe(is_found).await;
    }
    let sent = busy.end().await;
    println!(
        "{side:?} by {tool:?}, layers around everything: {} of {FEW} probes failed; {}",
        asked.probes.failed,
        of(sent)
    );
    assert!(asked.probes.failed > 0, "the disaster must happen, or this test shows nothing");
    assert_eq!(asked.operators.failed, 0, "no layer is around the listener of operators");
    assert!(sent.refused * 100 >= sent.requests * SHED_PERCENT_MIN, "{sent:?}");
}

/// Returns the time that the slowest probe took.
async fn no_probe_fails_as_we_recommend(side: Side, tool: Tool, wanted: Wanted) -> Duration {
    let mut busy = Busy::start(Stack::Recommended, side, tool).await;
    let asked = probe(side, [busy.program.address(side), busy.program.admin], wanted.probes).await;
    let Asked { probes, bare, operators } = asked;
    if tool == Tool::Wrk {
        // That nobody answers in the probes' stead is what the service itself finds as well.
        busy.program.self_probe(|status, _| status == StatusCode::OK).await;
    }
    let counted = busy.program.metrics().await;
    let sent = busy.end().await;
    println!(
        "{side:?} by {tool:?}, as recommended: {} of {} probes failed; {}",
        probes.failed,
        wanted.probes,
        of(sent)
    );
    println!("  probes             {}", times(&probes, wanted.within));
    println!("  a bare handler     {}", times(&bare, wanted.within));
    println!("  the other listener {}", times(&operators, wanted.within));
    assert_eq!(
        [probes.failed, bare.failed, operators.failed],
        [0; 3],
        "probes, answers, probes of operators"
    );
    assert!(sent.refused * 100 >= sent.requests * SHED_PERCENT_MIN, "{sent:?}");
    let is_probe =
        |line: &&str| line.contains("livez") || line.contains("readyz") || line.contains("grpc.health");
    assert_eq!(counted.lines().find(is_probe), None, "no probe is counted");
    probes.slowest()
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

    /// Waits until the check that asks the own listener is so, and says so.
    async fn self_probe(&self, is_so: impl Fn(StatusCode, &str) -> bool) {
        let asked = async {
            loop {
                let path = "/readyz/self-probe?verbose";
                let (status, said) = get(self.admin, path).await.expect("operators are answered");
                if is_so(status, &String::from_utf8_lossy(&said)) {
                    return;
                }
                // tidy: real time because another process looks at itself.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        timeout(PATIENCE, asked).await.expect("it finds out");
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
