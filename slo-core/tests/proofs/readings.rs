//! The numbers that checks read: which are kept, and until when.

use std::time::Duration;

use slo_core::{Check, Finding, Monitor, Report, Timestamp};

const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const SECOND: Duration = Duration::from_secs(1);

fn full() -> Finding {
    Finding::from(Report::Fail("full".into())).with("available_bytes", 0.0)
}

fn shown(monitor: &Monitor, now: Timestamp) -> Vec<(&'static str, f64)> {
    let status = monitor.status(now);
    status.checks[0].readings.iter().map(|reading| (reading.name, reading.value)).collect()
}

#[test]
fn readings_are_those_of_the_last_run_that_reported() {
    let check = Check::blocking("disk", full).jitter(0.0).interval(SECOND).failing_interval(SECOND);
    let check = check.timeout(SECOND).stale_after(20 * SECOND);
    let monitor = Monitor::new(vec![check], Vec::new(), 7, START).expect("the check is right");
    let mut now = START;
    let mut next = || {
        now = now.plus(SECOND);
        (monitor.begin(now).pop().expect("one is due each second"), now)
    };
    assert_eq!(shown(&monitor, START), []);

    let (run, now) = next();
    monitor.end(run, full(), now);
    assert_eq!(shown(&monitor, now), [("available_bytes", 0.0)]);

    // Of one that says nothing of numbers none are left, nor of one that says nothing at all.
    let (run, now) = next();
    monitor.end(run, Ok::<(), std::fmt::Error>(()), now);
    assert_eq!(shown(&monitor, now), []);
    let (run, now) = next();
    monitor.end(run, full(), now);
    let (run, now) = next();
    monitor.end_panicked(run, now);
    assert_eq!(shown(&monitor, now), []);

    let (run, now) = next();
    monitor.end(run, full().with("age_seconds", 3.0), now);
    assert_eq!(shown(&monitor, now.plus(19 * SECOND)), [("available_bytes", 0.0), ("age_seconds", 3.0)]);
    assert_eq!(shown(&monitor, now.plus(20 * SECOND)), []);
}

#[test]
fn readings_are_finite_few_and_each_of_its_own_name() {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    let mut finding = Finding::from(Report::Pass).with("a", f64::NAN).with("a", f64::INFINITY);
    assert!(finding.readings().is_empty());
    for (value, name) in (0_u8..).zip(names) {
        finding = finding.with(name, f64::from(value));
    }
    let read: Vec<_> = finding.readings().iter().map(|reading| reading.name).collect();
    assert_eq!(read, &names[..Finding::READINGS_MAX]);
    let finding = finding.with("b", 7.5);
    let second: Vec<_> = finding.readings().iter().filter(|reading| reading.name == "b").collect();
    assert_eq!(second.len(), 1);
    assert!((second[0].value - 7.5).abs() < f64::EPSILON);
    assert_eq!(finding.report(), &Report::Pass);
}
