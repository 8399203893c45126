//! A started registry ticks by itself, until its last handle goes.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use slo_core::{BuildError, BurnRateStatus, Clock, Outcome, Registry, Severity, Sli, Verdict};

use super::support::{START, on_route};

const INTERVAL: Duration = Duration::from_millis(2);
const PATIENCE_NANOS: u64 = 30_000_000_000;

fn started(clock: &Clock) -> Registry {
    let builder = Registry::builder("shop").slo(on_route("a", Sli::Availability, "GET /a"));
    builder.clock(clock.clone()).tick_interval(INTERVAL).start().expect("it starts")
}

/// Waits until the condition holds, for half a minute at most.
fn eventually(what: &str, condition: impl Fn() -> bool) {
    let real = Clock::system();
    let since = real.ticks();
    while !condition() {
        assert!(real.nanos_between(since, real.ticks()) < PATIENCE_NANOS, "in vain: {what}");
        // tidy: real time because the thread under test runs in it; the condition decides, not the delay.
        thread::yield_now();
    }
}

fn five_minutes(registry: &Registry) -> BurnRateStatus {
    let mut slo = registry.status().slos.remove(0);
    slo.burn_rates.remove(0)
}

/// Only a tick keeps a sample, and only samples let a window empty.
#[test]
fn a_started_registry_ticks_by_itself() {
    let clock = Clock::manual(START);
    let registry = started(&clock);
    registry.recorder().request("GET", Some("/a")).finish_as(Outcome::Completed(500), Verdict::Bad);
    assert_eq!(registry.status().slos[0].coverage, 0.0);
    clock.advance(INTERVAL * 6);
    eventually("watched time grows", || registry.status().slos[0].coverage > 0.0);
    // Within a step that has no sample yet, the tick credits what it sees.
    clock.advance(Duration::from_secs(20));
    eventually("a tick sees the event", || {
        clock.advance(Duration::from_secs(10));
        five_minutes(&registry).rate.is_none()
    });
    assert_eq!(registry.status().slos[0].total.bad, 1);
}

/// Threads of this process that tick, by their name; `None` where the system does not say.
fn ticking() -> Option<usize> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let name = |task: std::io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
    };
    Some(tasks.filter_map(name).filter(|name| name.trim_end() == "slo-tick").count())
}

/// All in one test: the threads of other tests would be counted, too.
#[test]
fn the_thread_is_gone_when_the_last_handle_is() {
    let clock = Clock::manual(START);
    let registry = started(&clock);
    let kept = registry.clone();
    drop(registry);
    kept.recorder().request("GET", Some("/a")).finish_as(Outcome::Completed(200), Verdict::Good);
    clock.advance(INTERVAL);
    eventually("the clone still ticks", || kept.status().slos[0].coverage > 0.0);
    drop(kept);
    // On another thread, and in a destructor while that thread ends.
    thread_local!(static LAST: std::cell::RefCell<Option<Registry>> = const { std::cell::RefCell::new(None) });
    for at_the_end in [false, true] {
        let registry = started(&clock);
        let elsewhere = move || {
            registry.recorder().request("GET", Some("/a")).finish_as(Outcome::Completed(200), Verdict::Good);
            if at_the_end { LAST.set(Some(registry)) } else { drop(registry) }
        };
        thread::spawn(elsewhere).join().expect("nothing panics");
    }
    // While it unwinds.
    let registry = started(&clock);
    let unwinding = std::panic::AssertUnwindSafe(move || {
        let _registry = registry;
        std::panic::resume_unwind(Box::new(()));
    });
    std::panic::catch_unwind(unwinding).expect_err("it unwinds");
    if ticking().is_none() {
        super::support::skipped(
            "the_thread_is_gone_when_the_last_handle_is",
            "threads cannot be listed here",
        );
    }
    // Other tests of this process have some, for a while.
    eventually("the threads are joined", || ticking().is_none_or(|count| count == 0));
}

/// Nobody can join itself, and what ends with the last handle must not need what the listener is called with.
#[test]
fn the_last_handle_may_go_in_a_listener_on_the_thread_that_tells() {
    let (own, clock) = (Arc::new(Mutex::new(None::<Registry>)), Clock::manual(START));
    let (handle, (sender, told)) = (Arc::clone(&own), mpsc::channel());
    let builder = Registry::builder("shop").slo(on_route("a", Sli::Availability, "GET /a"));
    let builder = builder.clock(clock).tick_interval(INTERVAL).on_alert(move |alert| {
        let last = handle.lock().expect("nobody panics with it").take();
        let name = thread::current().name().map(str::to_owned);
        drop(last);
        sender.send((name, alert.severity)).expect("it is wanted");
    });
    let registry = builder.start().expect("it starts");
    let recorder = registry.recorder();
    *own.lock().expect("nobody panics with it") = Some(registry);
    for _ in 0..2 {
        recorder.request("GET", Some("/a")).finish_as(Outcome::Completed(500), Verdict::Bad);
    }
    // What was queued with the first is told, too.
    for severity in Severity::ALL {
        let alert = told.recv_timeout(Duration::from_nanos(PATIENCE_NANOS)).expect("it fires");
        assert_eq!(alert, (Some("slo-alerts".to_owned()), severity));
    }
    assert!(own.lock().expect("nobody panics with it").is_none());
}

/// A thread that never ends holds no handle: many registries come and go beside it.
#[test]
fn handles_may_go_in_any_order_on_any_thread() {
    let clock = Clock::manual(START);
    let (sender, receiver) = mpsc::channel::<Registry>();
    let dropper = thread::spawn(move || receiver.into_iter().for_each(drop));
    for _ in 0..50 {
        let registry = started(&clock);
        registry.recorder().request("GET", Some("/a")).finish_as(Outcome::Completed(200), Verdict::Good);
        sender.send(registry.clone()).expect("it is wanted");
        assert_eq!(registry.status().slos[0].total.good, 1);
    }
    drop(sender);
    dropper.join().expect("nothing panics and nothing hangs");
}

/// Extremes are no reason to panic; zero would never let the thread rest.
#[test]
fn any_tick_interval_but_zero_builds() {
    let never = Registry::builder("shop").tick_interval(Duration::ZERO).build();
    assert!(matches!(never, Err(BuildError::TickInterval)));
    for interval in [Duration::from_nanos(1), Duration::MAX] {
        let builder = Registry::builder("shop").tick_interval(interval);
        let registry = builder.clock(Clock::manual(START)).build().expect("it builds");
        registry.tick(START.plus(Duration::from_secs(10)));
        assert_eq!(registry.status().at, START);
    }
}
