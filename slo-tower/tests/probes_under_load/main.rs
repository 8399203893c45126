//! The disaster that probes must not cause: a busy service sheds, its probes are shed with it, the orchestrator restarts it,
//! and the rest is busier still. Replayed over the wire with the layers around everything, and then as we recommend.
//!
//! `wrk` (HTTP/1.1) and `h2load` (HTTP/2) saturate servers of axum and of tonic whose handlers stand behind `LoadShed`,
//! `RateLimit` and `ConcurrencyLimit`; the servers are processes of their own, since the load takes what it can get.
//! Meanwhile each probe comes over a connection of its own, to the same listener, as the kubelet's do; and so that it is
//! known what a busy machine does to any answer, a handler that has nothing of ours is asked in turn with the probes, and
//! the probes of a second listener, which has a thread to itself.
//!
//! ```text
//! cargo test -p slo-tower --all-features --test probes_under_load      1 000 probes, 5 s: no machine is so busy
//! scripts/probes.sh                                                   10 000 probes, 100 ms, optimised
//! ```

mod cases;
mod load;
mod probes;
mod server;

use std::io::Write as _;
use std::process::Command;
use std::time::Duration;

use crate::cases::Wanted;
use crate::server::Stack;

/// What `cargo test` asks for: that nothing is refused, and that nothing hangs.
const SHORT: Wanted = Wanted { probes: 1_000, within: Duration::from_secs(5) };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [server::SERVE, stack] => server::run(Stack::parse(stack)),
        ["--probes", probes, "--within-ms", within] => {
            let within = Duration::from_millis(within.parse().expect("a number of milliseconds"));
            cases::run(Wanted { probes: probes.parse().expect("a number of probes"), within });
        }
        // What the test runner is told is not for us.
        _ if has_tools() => cases::run(SHORT),
        _ => skip("probes_under_load", "there is no wrk, or no h2load"),
    }
}

fn has_tools() -> bool {
    // wrk ends with an error after it has said its version.
    ["wrk", "h2load"].iter().all(|tool| Command::new(tool).arg("--version").output().is_ok())
}

/// Says that a test cannot run here. In CI that is a failure.
fn skip(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {why}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line} (CI=true: nothing may be skipped)");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("SLO_SKIP_LOG") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
        file.and_then(|mut file| writeln!(file, "{line}")).expect("the skip log can be written");
    }
}
