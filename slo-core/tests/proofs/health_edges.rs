//! The rules of health at their very edges: the last moment before and the first one after.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use slo_core::{
    BurnPolicy, Check, Clock, Fault, HealthListener, Level, Life, Monitor, Registry, Report, TextFormat,
    Timestamp,
};

use super::support::START;

fn monitor(check: Check) -> Monitor {
    Monitor::new(vec![check], Vec::new(), 7, START).expect("the check is right")
}

fn report(monitor: &Monitor, report: Report, now: Timestamp) {
    let run = monitor.begin(now).pop().expect("it is due");
    monitor.end(run, report, now);
}

fn after(seconds: u64) -> Timestamp {
    START.plus(Duration::from_secs(seconds))
}

#[test]
fn the_reason_is_that_of_the_last_failure_also_where_it_all_but_recovered() {
    let monitor = monitor(Check::blocking("x", || Report::Pass).jitter(0.0).pass_after(2));
    report(&monitor, Report::Fail("first".into()), START);
    report(&monitor, Report::Pass, after(100));
    report(&monitor, Report::Fail("second".into()), after(200));
    let status = monitor.status(after(200));
    assert_eq!(status.checks[0].fault, Some(Fault::Reported("second".into())));
}

/// Three times the longest pause that its jitter allows, and one run.
#[test]
fn a_check_may_be_silent_for_as_long_as_its_jitter_can_make_it() {
    let monitor = monitor(Check::blocking("x", || Report::Pass));
    let first = after(1);
    report(&monitor, Report::Pass, first);
    let level = |seconds| monitor.status(first.plus(Duration::from_secs(seconds))).checks[0].level;
    assert_eq!([level(67), level(68)], [Level::Pass, Level::Unknown]);
}

#[test]
fn a_day_is_the_longest_that_anything_may_take() {
    let fault = |seconds| {
        let check = Check::blocking("x", || Report::Pass).interval(Duration::from_secs(seconds));
        check.fault().is_some()
    };
    assert_eq!([fault(0), fault(86_400), fault(86_401)], [true, false, true]);
}

#[test]
fn every_hold_of_the_start_has_to_end() {
    let monitor = Monitor::new(Vec::new(), Vec::new(), 7, START).expect("there are no checks");
    let life = || monitor.status(START).life;
    monitor.hold_start(START);
    monitor.hold_start(START);
    monitor.release_start(START);
    assert_eq!(life(), Life::Starting);
    monitor.release_start(START);
    assert_eq!(life(), Life::Ready);
}

#[test]
fn what_a_listener_that_hangs_has_not_been_told_is_bounded_and_ends_with_what_is() {
    let (release, held) = mpsc::channel::<()>();
    let (is_called, called) = mpsc::channel();
    let (held, told) = (Mutex::new(held), Arc::new(Mutex::new(Vec::new())));
    let tell = Arc::clone(&told);
    let hanging: HealthListener = Box::new(move |_, after| {
        let _ = is_called.send(());
        let _ = held.lock().expect("nobody panics").recv();
        tell.lock().expect("nobody panics").push(after.life);
    });
    let monitor = Monitor::new(Vec::new(), vec![hanging], 7, START).expect("there are no checks");
    thread::scope(|scope| {
        scope.spawn(|| monitor.hold_start(START));
        called.recv().expect("it is called");
        for _ in 0..2_000 {
            monitor.release_start(START);
            monitor.hold_start(START);
        }
        monitor.drain(START);
        drop(release);
    });
    let told = told.lock().expect("nobody panics");
    assert_eq!((told.len(), told.last()), (1_001, Some(&Life::Draining)), "the first, and those that fit");
}

/// A zero would be a failure.
#[test]
fn a_check_without_a_result_has_no_status_in_the_metrics() {
    let clock = Clock::manual(START);
    let monitor = Arc::new(monitor(Check::blocking("x", || Report::Pass).jitter(0.0)));
    let registry = Registry::builder("shop").clock(clock).health(Arc::clone(&monitor), BurnPolicy::new());
    let registry = registry.build().expect("nothing is wrong with it");
    let is_there = || {
        let mut metrics = String::new();
        registry.render(TextFormat::Prometheus, &mut metrics);
        metrics.contains("health_check_status{check=\"x\"}")
    };
    assert!(!is_there());
    report(&monitor, Report::Pass, START);
    assert!(is_there());
}
