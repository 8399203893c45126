//! Each case is a process, a load, and a signal.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use crate::balancer::{Connection, Seen, call, probe, send};
use crate::program::{Program, Start};
use crate::server::SLOW;

/// How much longer anything may take on a busy machine.
const SLACK: Duration = Duration::from_secs(5);
const CLIENTS: usize = 24;
const WATCHES: usize = 8;

pub(crate) async fn run() {
    let mut took = Vec::new();
    for delay_ms in [400, 1_200] {
        took.push(nobody_fails_from_the_signal_to_the_end(delay_ms).await);
    }
    assert!(took[1] - took[0] >= Duration::from_millis(300), "the delay is what differs: {took:?}");
    without_a_drain_requests_fail().await;
    ctrl_c_skips_the_delay_and_waits_for_what_is_under_way().await;
    a_second_signal_cuts_everything_short().await;
    what_does_not_end_is_given_up().await;
}

/// A service under load, and what was seen of it from a signal to its end.
struct Under {
    program: Program,
    seen: Arc<Seen>,
    sending: Vec<JoinHandle<()>>,
}

impl Under {
    fn load(start: Start) -> Self {
        let program = Program::start(start);
        let seen = Arc::new(Seen::default());
        let path = |client| if client % 8 == 0 { "/slow" } else { "/work" };
        let client = |client| tokio::spawn(send(program.http, path(client), Arc::clone(&seen)));
        let sending = (0..CLIENTS).map(client).collect();
        Self { program, seen, sending }
    }

    /// Waits until the load is one.
    async fn settle(&self) {
        let is_busy = async {
            while Seen::total(&self.seen.answered) < 500 {
                // tidy: real time because another process must get something done.
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(Duration::from_secs(60), is_busy).await.expect("the load begins");
    }
}

async fn nobody_fails_from_the_signal_to_the_end(delay_ms: u64) -> Duration {
    let delay = Duration::from_millis(delay_ms);
    let mut under = Under::load(Start { delay_ms, timeout_ms: 20_000, is_naive: false });
    let probing = tokio::spawn(probe(under.program.http, Arc::clone(&under.seen)));
    let calls = Arc::new(Seen::default());
    let calling: Vec<_> =
        (0..WATCHES).map(|_| tokio::spawn(call(under.program.grpc, Arc::clone(&calls)))).collect();
    under.settle().await;
    let before = Seen::total(&under.seen.answered);
    // Under way when the shorter delay is over.
    let slow = begin(&under.program, "/slow").await;
    let asked = under.program.signal("TERM");

    assert_eq!(slow.await.expect("it does not panic").expect("it is answered").status(), 200);
    let probed = probing.await.expect("no probe panics");
    for watch in calling {
        assert_eq!(watch.await.expect("no call panics"), ["SERVING", "NOT_SERVING", "end"]);
    }
    for client in under.sending {
        client.await.expect("no client panics");
    }
    let (said, ended) = under.program.end().await;
    assert_eq!(said, "ended", "delay {delay_ms} ms");

    let [answered, closed, failed] =
        [&under.seen.answered, &under.seen.closed, &under.seen.failed].map(Seen::total);
    assert_eq!([failed, Seen::total(&calls.failed)], [0, 0], "delay {delay_ms} ms: requests and calls");
    assert!(answered > before && closed >= CLIENTS as u64, "{answered} after {before}, {closed} closed");
    let since = |moment: Option<Instant>| moment.expect("it was seen") - asked;
    let (unready, accepted, ended) = (since(probed.unready), since(probed.accepted), ended - asked);
    println!(
        "delay {delay_ms} ms: {answered} requests and {} calls, none failed; unready after {unready:?}, \
         accepting until {accepted:?}, gone after {ended:?}",
        Seen::total(&calls.answered)
    );
    assert!(unready < delay, "readiness fails at once: {unready:?}");
    let probes_apart = Duration::from_millis(200);
    assert!(accepted + probes_apart >= delay && accepted <= delay + SLACK, "{accepted:?}");
    let begun_before = Duration::from_millis(200);
    assert!(
        ended >= delay.max(SLOW.saturating_sub(begun_before)) && ended <= delay + SLOW + SLACK,
        "{ended:?}"
    );
    ended
}

/// The same load would show it.
async fn without_a_drain_requests_fail() {
    let mut under = Under::load(Start { delay_ms: 0, timeout_ms: 20_000, is_naive: true });
    under.settle().await;
    under.program.signal("TERM");
    for client in under.sending {
        client.await.expect("no client panics");
    }
    under.program.end().await;
    let failed = Seen::total(&under.seen.failed);
    println!("without delay and layer {failed} of {CLIENTS} clients saw a request fail");
    assert!(failed > 0);
}

async fn ctrl_c_skips_the_delay_and_waits_for_what_is_under_way() {
    let mut program = Program::start(Start { delay_ms: 60_000, timeout_ms: 60_000, is_naive: false });
    let slow = begin(&program, "/slow").await;
    let asked = program.signal("INT");
    let (said, ended) = program.end().await;
    let answer = slow.await.expect("it does not panic").expect("it is answered");
    assert_eq!((said.as_str(), answer.status().as_u16()), ("ended", 200));
    assert!(ended - asked < SLOW + SLACK, "{:?}", ended - asked);
}

async fn a_second_signal_cuts_everything_short() {
    for (first, second) in [("TERM", "TERM"), ("TERM", "INT"), ("INT", "INT")] {
        let mut program = Program::start(Start { delay_ms: 60_000, timeout_ms: 60_000, is_naive: false });
        let stuck = begin(&program, "/stuck").await;
        program.signal(first);
        // Two signals of one kind that come together are one to the system.
        let drains = async {
            while let Ok(mut probe) = Connection::open(program.http).await {
                if probe.get("/readyz").await.is_ok_and(|answer| answer.status() == 503) {
                    break;
                }
            }
        };
        timeout(SLACK, drains).await.expect("readiness fails");
        let asked = program.signal(second);
        let (said, ended) = program.end().await;
        assert_eq!(said, "gave up", "{first}, then {second}");
        assert!(ended - asked < SLACK, "{first}, then {second}: {:?}", ended - asked);
        assert!(stuck.await.expect("it does not panic").is_err());
    }
}

async fn what_does_not_end_is_given_up() {
    let mut program = Program::start(Start { delay_ms: 200, timeout_ms: 500, is_naive: false });
    let stuck = begin(&program, "/stuck").await;
    let asked = program.signal("TERM");
    let (said, ended) = program.end().await;
    let took = ended - asked;
    assert_eq!(said, "gave up");
    assert!((Duration::from_millis(700)..Duration::from_millis(700) + SLACK).contains(&took), "{took:?}");
    assert!(stuck.await.expect("it does not panic").is_err());
}

type Answer = hyper::Result<http::Response<bytes::Bytes>>;

/// Sends a request and does not wait for its answer.
async fn begin(program: &Program, path: &'static str) -> JoinHandle<Answer> {
    let mut connection = Connection::open(program.http).await.expect("it listens");
    let answer = tokio::spawn(async move { connection.get(path).await });
    // tidy: real time because another process must have begun to answer.
    sleep(Duration::from_millis(50)).await;
    answer
}
