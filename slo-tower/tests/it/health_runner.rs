//! What runs the checks by itself: on threads of its own, in real time, with short intervals. Nobody here sleeps: whoever
//! waits does so for a change of the health.

use std::future::{Future, pending};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use slo_tower::{
    Check, CheckStatus, Clock, Fault, Health, HealthStatus, Level, Report, SloRegistry, SloRegistryBuilder,
    Timestamp,
};

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(20);

/// Often, without much of what makes checks patient.
fn quick(check: Check) -> Check {
    check.interval(SHORT).failing_interval(SHORT).fail_after(1)
}

fn start(checks: impl IntoIterator<Item = Check>) -> SloRegistry {
    let builder = SloRegistry::builder("test").without_declared();
    checks.into_iter().fold(builder, SloRegistryBuilder::check).start().unwrap()
}

/// Waits until the health is as wanted, on whatever runtime asks.
async fn until(health: &Health, wanted: impl Fn(&HealthStatus) -> bool) -> Arc<HealthStatus> {
    let mut changes = health.changes();
    let change = changes.wait_for(|status| wanted(status));
    let status = tokio::time::timeout(PATIENCE, change).await.expect("it takes too long").unwrap();
    Arc::clone(&status)
}

fn level(status: &HealthStatus, name: &str) -> Level {
    status.check(name).unwrap().level
}

#[tokio::test]
async fn every_kind_of_check_runs_and_every_way_to_fail_is_told() {
    let waiting = || async {
        tokio::time::sleep(Duration::from_millis(1)).await; // tidy: real time because the runner is real.
        Ok::<(), io::Error>(())
    };
    let slos = start(
        [
            Check::new("waiting", waiting),
            Check::blocking("blocking", || "7".parse::<u8>().map(drop)),
            Check::in_process("in-process", || Report::Warn("nearly full".into())),
            Check::new("fails", || async { Err::<(), _>(io::Error::other("refused")) }),
            Check::new("panics-at-once", || -> std::future::Ready<Report> { panic!("a panic of ours") }),
            Check::new("panics-later", || async {
                tokio::task::yield_now().await;
                assert!(std::hint::black_box(false), "a panic of ours");
                Report::Pass
            }),
            Check::blocking("panics-blocking", || -> Report { panic!("a panic of ours") }),
        ]
        .map(quick),
    );
    let all_known = |status: &HealthStatus| status.checks.iter().all(|check| check.is_known);
    let status = until(slos.health(), all_known).await;
    for (name, expected, fault) in [
        ("waiting", Level::Pass, None),
        ("blocking", Level::Pass, None),
        ("in-process", Level::Warn, Some(Fault::Reported("nearly full".into()))),
        ("fails", Level::Fail, Some(Fault::Reported("refused".into()))),
        ("panics-at-once", Level::Fail, Some(Fault::Panicked)),
        ("panics-later", Level::Fail, Some(Fault::Panicked)),
        ("panics-blocking", Level::Fail, Some(Fault::Panicked)),
    ] {
        assert_eq!((level(&status, name), &status.check(name).unwrap().fault), (expected, &fault), "{name}");
    }
}

#[tokio::test]
async fn what_never_ends_is_given_up_and_holds_up_nothing() {
    let (release, held) = mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let runs = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&runs);
    let slos = start([
        quick(Check::new("never-ready", pending::<Report>).timeout(SHORT)),
        // It blocks its thread beyond every timeout.
        quick(
            Check::blocking("never-returns", move || {
                let _ = held.lock().unwrap().recv();
                Report::Pass
            })
            .timeout(SHORT),
        ),
        quick(Check::in_process("works", move || {
            // Relaxed: a lone statistic.
            counted.fetch_add(1, Ordering::Relaxed);
            Report::Pass
        })),
    ]);
    let failed = |status: &HealthStatus| {
        ["never-ready", "never-returns"]
            .iter()
            .all(|name| status.check(name).unwrap().fault == Some(Fault::TimedOut(SHORT)))
    };
    until(slos.health(), failed).await;
    // What hangs its thread is not run again, and in time not even known to fail; the other goes on meanwhile.
    let silent =
        |status: &HealthStatus| matches!(status.check("never-returns").unwrap().fault, Some(Fault::Stale(_)));
    let status = until(slos.health(), silent).await;
    assert_eq!(status.check("never-returns").unwrap().runs, [0, 0, 1]);
    assert_eq!(level(&status, "works"), Level::Pass);
    // Relaxed: a lone statistic.
    assert!(runs.load(Ordering::Relaxed) > 1);
    drop(release);
    until(slos.health(), |status| level(status, "never-returns") == Level::Pass).await;
}

/// The application's only worker is blocked, and its health is asked from elsewhere.
#[test]
fn a_stalled_application_stops_no_check() {
    let (ran, runs) = mpsc::channel();
    let slos = start([quick(Check::new("ticks", move || {
        let ran = ran.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await; // tidy: real time because the runner is real.
            ran.send(()).map_err(|_| "nobody listens")
        }
    }))]);
    let (stalled, is_stalled) = mpsc::channel();
    let (release, held) = mpsc::channel::<()>();
    let application = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            stalled.send(()).unwrap();
            // What a worker must never do.
            held.recv().unwrap_err();
        });
    });
    is_stalled.recv_timeout(PATIENCE).unwrap();
    for _ in 0..5 {
        runs.recv_timeout(PATIENCE).expect("the checks have stopped");
    }
    assert_eq!(level(&slos.health().status(), "ticks"), Level::Pass);
    drop(release);
    application.join().unwrap();
}

#[test]
fn the_thread_ends_with_the_last_handle() {
    let (alive, ended) = mpsc::channel::<()>();
    let slos = start([quick(Check::new("owns-something", move || {
        let _owned = &alive;
        async { Report::Pass }
    }))]);
    let clone = slos.clone();
    drop(slos);
    assert_eq!(ended.recv_timeout(SHORT), Err(mpsc::RecvTimeoutError::Timeout), "there is a handle");
    drop(clone);
    assert_eq!(ended.recv_timeout(PATIENCE), Err(mpsc::RecvTimeoutError::Disconnected));
}

#[tokio::test]
async fn who_waits_for_changes_sees_the_last_one() {
    let (tell, told) = (Arc::new(AtomicU32::new(0)), PATIENCE);
    let fails = Arc::clone(&tell);
    let slos = start([quick(
        Check::in_process("switch", move || {
            // Relaxed: a lone switch.
            if fails.load(Ordering::Relaxed) == 0 { Report::Pass } else { Report::Fail("off".into()) }
        })
        .gates_readiness(),
    )]);
    let ready = |status: &HealthStatus| status.readiness(&[]).is_success;
    for position in [0, 1, 0, 1] {
        // Relaxed: a lone switch.
        tell.store(position, Ordering::Relaxed);
        let status =
            tokio::time::timeout(told, until(slos.health(), |status| ready(status) == (position == 0)));
        assert_eq!(ready(&status.await.unwrap()), position == 0);
    }
    assert!(slos.health().drain());
    assert!(!slos.health().drain(), "once");
    until(slos.health(), |status| !ready(status)).await;
}

/// Panics when it is dropped, which what a check awaits does where its time is over, or what it panics with.
struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        assert!(thread::panicking(), "a panic of ours");
    }
}

#[tokio::test]
async fn a_check_that_panics_while_it_is_dropped_is_run_again() {
    let never = || async {
        let _guard = PanicsInDrop;
        pending::<Report>().await
    };
    let slos = start(
        [
            Check::new("is-cut-off", never).timeout(SHORT),
            Check::new("waits-and-panics", || -> std::future::Ready<Report> {
                std::panic::panic_any(PanicsInDrop)
            }),
            Check::blocking("blocks-and-panics", || -> Report { std::panic::panic_any(PanicsInDrop) }),
        ]
        .map(quick),
    );
    let ours = |check: &&CheckStatus| check.name.contains("-and-") || check.name == "is-cut-off";
    let ran_often = |status: &HealthStatus| status.checks.iter().filter(ours).all(|check| check.runs[2] > 2);
    let patience = async {
        while !ran_often(&slos.health().status()) {
            // Nobody is told of a run that changes nothing.
            tokio::time::sleep(SHORT).await; // tidy: real time because the runner is real.
        }
    };
    let is_over = tokio::time::timeout(Duration::from_secs(10), patience).await;
    assert!(is_over.is_ok(), "{:?}", slos.health().status());
    let status = slos.health().status();
    let fault = |name| status.check(name).unwrap().fault.clone();
    assert_eq!(fault("is-cut-off"), Some(Fault::TimedOut(SHORT)));
    assert_eq!(fault("waits-and-panics"), Some(Fault::Panicked));
    assert_eq!(fault("blocks-and-panics"), Some(Fault::Panicked));
}

/// A registry that is built runs nothing by itself; `run_due` does, with the same rules, on the clock of the test.
#[tokio::test(start_paused = true)]
async fn a_registry_that_is_built_runs_what_is_due_when_it_is_told() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let second = Duration::from_secs(1);
    let builder = SloRegistry::builder("test").without_declared().clock(clock.clone());
    let slos = builder
        .check(Check::new("slow", || async {
            tokio::time::sleep(Duration::from_millis(1_900)).await; // tidy: real time because it is none: tokio's clock is paused.
            Report::Pass
        }))
        .check(Check::new("never-ready", pending::<Report>).jitter(0.0))
        .check(Check::blocking("panics", || -> Report { panic!("a panic of ours") }).jitter(0.0))
        .build()
        .unwrap();
    slos.health().run_due().await;
    let runs = |name| slos.health().status().check(name).unwrap().runs;
    assert_eq!([runs("never-ready"), runs("panics")], [[0, 0, 1], [0, 0, 1]]);
    clock.advance(second);
    slos.health().run_due().await;
    assert_eq!([runs("slow"), runs("panics")], [[1, 0, 0], [0, 0, 1]], "the others are due in 20 s");
    clock.advance(19 * second);
    slos.health().run_due().await;
    assert_eq!([runs("slow"), runs("panics")], [[2, 0, 0], [0, 0, 2]]);
    let status = slos.health().status();
    assert_eq!(status.check("never-ready").unwrap().fault, Some(Fault::TimedOut(2 * second)));
    fn assert_send(_: impl Future + Send) {}
    assert_send(slos.health().run_due());
}
