//! Who is told of changes, by whom, and whom that holds up.

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use slo_core::{Check, HealthListener, Level, Life, Monitor, Report};

use super::support::START;

#[test]
fn a_listener_that_hangs_holds_up_no_other() {
    let (release, held) = mpsc::channel::<()>();
    let (is_called, called) = mpsc::channel();
    let (tell, told) = mpsc::channel();
    let held = Mutex::new(held);
    let hanging: HealthListener = Box::new(move |_, _| {
        is_called.send(()).expect("the test waits");
        let _ = held.lock().expect("nobody panics").recv();
    });
    let other: HealthListener = Box::new(move |_, after| tell.send(after.life).expect("the test waits"));
    let monitor = Monitor::new(Vec::new(), vec![hanging, other], 7, START).expect("there are no checks");
    thread::scope(|scope| {
        scope.spawn(|| monitor.hold_start(START));
        called.recv().expect("it is called");
        monitor.drain(START);
        let patience = Duration::from_secs(10);
        let seen = [told.recv_timeout(patience), told.recv_timeout(patience)];
        // Before anything is said of them, as the scope would wait for ever.
        drop(release);
        assert_eq!(seen, [Ok(Life::Starting), Ok(Life::Draining)]);
    });
}

/// Who reads is a request, which must not wait for what somebody else has to say of a change.
#[test]
fn who_reads_the_status_calls_no_listener() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener: HealthListener = {
        let told = Arc::clone(&told);
        Box::new(move |_, after| told.lock().expect("nobody panics").push(after.checks[0].level))
    };
    let check = Check::blocking("x", || Report::Pass).jitter(0.0);
    let monitor = Monitor::new(vec![check], vec![listener], 7, START).expect("the check is right");
    for run in monitor.begin(START) {
        monitor.end(run, Report::Pass, START);
    }
    let later = START.plus(Duration::from_secs(600));
    assert_eq!(monitor.status(later).checks[0].level, Level::Unknown);
    let seen = || told.lock().expect("nobody panics").clone();
    assert_eq!(seen(), [Level::Pass]);
    monitor.expire(later);
    assert_eq!(seen(), [Level::Pass, Level::Unknown], "whoever runs the checks tells of it");
}
