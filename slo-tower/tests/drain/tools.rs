//! The same under the load of `wrk` and `h2load`, as far as what they say of themselves permits.
//!
//! `wrk` closes a connection when an answer says so, and opens another one at once; asked for it, it counts every connection that
//! is refused or broken. It knows nothing of readiness, so that it stands behind a balancer of connections that does, with
//! a second server to go to: then it must have nothing to complain of at all.
//!
//! `h2load` keeps its connections, and opens no others. When a server goes it may send no more over them, and reports all that
//! it would have liked to send as failed, also requests that it had written down but not sent when it was told. So the server
//! counts what arrives of it, and each of these must have got its answer; where a server is killed, they have not.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::balancer::{Seen, call, probe};
use crate::program::{Program, Start};

/// How much longer anything may take on a busy machine.
const SLACK: Duration = Duration::from_secs(5);
/// How long a tool sends before a server is told to go, and goes on afterwards.
const WHILE: Duration = Duration::from_millis(700);
const PATIENCE: Duration = Duration::from_secs(60);
const WATCHES: usize = 8;
/// What the connections of h2load have under way at any time.
const STREAMS: u64 = 4 * 8;

pub(crate) async fn run() {
    let mut took = Vec::new();
    for delay_ms in [400, 1_200] {
        took.push(the_tools_see_nothing_of_the_end(delay_ms).await);
    }
    assert!(took[1] - took[0] >= Duration::from_millis(300), "the delay is what differs: {took:?}");
    they_would_see_it().await;
}

pub(crate) fn are_there() -> bool {
    // wrk ends with an error after it has said its version.
    ["wrk", "h2load"].iter().all(|tool| Command::new(tool).arg("--version").output().is_ok())
}

async fn the_tools_see_nothing_of_the_end(delay_ms: u64) -> Duration {
    let delay = Duration::from_millis(delay_ms);
    let start = Start { delay_ms, timeout_ms: 20_000, is_naive: false };
    let (mut going, staying) = (Program::start(start), Program::start(start));
    let seen = Arc::new(Seen::default());
    let probing = tokio::spawn(probe(going.http, Arc::clone(&seen)));
    let front = balance(going.http, staying.http, seen).await;
    let calls = Arc::new(Seen::default());
    let calling: Vec<_> = (0..WATCHES).map(|_| tokio::spawn(call(going.grpc, Arc::clone(&calls)))).collect();
    let tools = [wrk(front), h2load(going.http, "/work"), h2load(going.grpc, "/grpc.health.v1.Health/Check")];
    sleep(WHILE).await; // tidy: real time because other processes work.
    let asked = going.signal("TERM");
    let (said, ended) = going.end().await;
    // Whoever is sent to the other server now must be served.
    sleep(WHILE).await; // tidy: real time because other processes work.

    let [wrk, http, grpc] = tools;
    let wrk = Wrk::read(&wrk.interrupt().await);
    let [http, grpc] = [H2load::read(&http.end().await), H2load::read(&grpc.end().await)];
    for watch in calling {
        assert_eq!(watch.await.expect("no call panics"), ["SERVING", "NOT_SERVING", "end"]);
    }
    let probed = probing.await.expect("no probe panics");
    let since = |moment: Option<Instant>| moment.expect("it was seen") - asked;
    let (unready, accepted, ended) = (since(probed.unready), since(probed.accepted), ended - asked);
    println!(
        "delay {delay_ms} ms: wrk had {} answers and {} complaints; h2load began {} requests and {} calls, and had {} and \
         {} answers; unready after {unready:?}, accepting until {accepted:?}, gone after {ended:?}",
        wrk.answered, wrk.complaints, http.begun, grpc.begun, http.answered, grpc.answered
    );
    assert!(wrk.answered > 100 && http.answered > 100 && grpc.answered > 100);
    assert_eq!(
        said,
        format!("ended, after {} requests and {} calls of h2load", http.answered, grpc.answered),
        "what arrived was answered"
    );
    assert_eq!((wrk.complaints.as_str(), Seen::total(&calls.failed)), ("no", 0));
    assert!(unready < delay, "readiness fails at once: {unready:?}");
    assert!(accepted + Duration::from_millis(200) >= delay && accepted <= delay + SLACK, "{accepted:?}");
    assert!(ended >= delay && ended <= delay + SLACK, "{ended:?}");
    ended
}

/// Without the drain wrk complains, and of a server that is killed h2load does.
async fn they_would_see_it() {
    let naive = Start { delay_ms: 0, timeout_ms: 20_000, is_naive: true };
    let (mut going, staying) = (Program::start(naive), Program::start(naive));
    let seen = Arc::new(Seen::default());
    let probing = tokio::spawn(probe(going.http, Arc::clone(&seen)));
    let tool = wrk(balance(going.http, staying.http, seen).await);
    sleep(WHILE).await; // tidy: real time because other processes work.
    going.signal("TERM");
    going.end().await;
    probing.await.expect("no probe panics");
    let wrk = Wrk::read(&tool.interrupt().await);

    let killed = Program::start(naive);
    let tools = [h2load(killed.http, "/work"), h2load(killed.grpc, "/grpc.health.v1.Health/Check")];
    sleep(WHILE).await; // tidy: real time because other processes work.
    drop(killed);
    let [http, grpc] = tools.map(Tool::end);
    let [http, grpc] = [H2load::read(&http.await), H2load::read(&grpc.await)];
    println!(
        "without delay and layer wrk complains of {}; of a server that is killed h2load had no answer to {} requests and {} \
         calls",
        wrk.complaints,
        http.lost(),
        grpc.lost()
    );
    assert_ne!(wrk.complaints, "no");
    for lost in [http.lost(), grpc.lost()] {
        assert!((1..=STREAMS).contains(&lost), "{lost}");
    }
}

/// Hands each connection to one server and to the other in turn, to the first one only as long as it is ready.
async fn balance(going: SocketAddr, staying: SocketAddr, seen: Arc<Seen>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        let mut turns = [going, staying].into_iter().cycle();
        while let Ok((mut client, _)) = listener.accept().await {
            let turn = turns.next().expect("they never end");
            let server = if seen.is_out() { staying } else { turn };
            tokio::spawn(async move {
                // Without a server the connection is closed, of which wrk complains.
                let mut server = TcpStream::connect(server).await?;
                copy_bidirectional(&mut client, &mut server).await
            });
        }
    });
    address
}

/// A running tool. Killed with its handle, also when the test panics.
struct Tool {
    child: Option<Child>,
}

fn wrk(address: SocketAddr) -> Tool {
    let mut command = Command::new("wrk");
    Tool::start(command.args(["-t1", "-c16", "-d600s", &format!("http://{address}/work")]))
}

/// Requests over HTTP/2 if the path is one of ours, and calls of gRPC otherwise.
fn h2load(address: SocketAddr, path: &str) -> Tool {
    let mut command = Command::new("h2load");
    command.args(["-t1", "-c4", "-m8", "-n100000000"]);
    if path.starts_with("/grpc") {
        // One message, of no bytes.
        let message = Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-name.bin");
        std::fs::write(&message, [0; 5]).expect("the folder is there");
        command.arg("-d").arg(message).args(["-H", "content-type: application/grpc", "-H", "te: trailers"]);
    }
    Tool::start(command.arg(format!("http://{address}{path}")))
}

impl Tool {
    fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        Self { child: Some(child.unwrap_or_else(|error| panic!("{command:?}: {error}"))) }
    }

    /// Interrupted, wrk says what it has done.
    async fn interrupt(self) -> String {
        let wrk = self.child.as_ref().expect("it ends once").id().to_string();
        let sent = Command::new("kill").args(["-INT", &wrk]).status();
        assert!(sent.expect("kill starts").success());
        self.end().await
    }

    /// Waits for its end, which h2load's is that of its connections.
    async fn end(mut self) -> String {
        let child = self.child.take().expect("it ends once");
        let output: JoinHandle<std::io::Result<Output>> =
            tokio::task::spawn_blocking(|| child.wait_with_output());
        let output = timeout(PATIENCE, output).await.expect("it ends").expect("it does not panic");
        String::from_utf8_lossy(&output.expect("it is our child").stdout).into_owned()
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What wrk says.
struct Wrk {
    answered: u64,
    /// Connections that were refused or broke, and answers that were no success.
    complaints: String,
}

impl Wrk {
    fn read(report: &str) -> Self {
        let is_complaint = |line: &&str| line.contains("Socket errors") || line.contains("Non-2xx");
        let complaints: Vec<_> = report.lines().map(str::trim).filter(is_complaint).collect();
        let complaints = if complaints.is_empty() { "no".to_owned() } else { complaints.join("; ") };
        Self { answered: number_before(report, "requests in"), complaints }
    }
}

/// What h2load says.
struct H2load {
    begun: u64,
    answered: u64,
}

impl H2load {
    fn read(report: &str) -> Self {
        let begun = number_before(report, "started,");
        let (answered, good) = (number_before(report, "succeeded,"), number_before(report, "2xx,"));
        assert_eq!(answered, good, "every answer is a success: {report}");
        Self { begun, answered }
    }

    const fn lost(&self) -> u64 {
        self.begun - self.answered
    }
}

/// The number that stands before some words of a report.
fn number_before(report: &str, words: &str) -> u64 {
    let before =
        report.split_once(words).and_then(|(before, _)| before.split_whitespace().last()?.parse().ok());
    before.unwrap_or_else(|| panic!("no number before {words:?} in {report}"))
}
