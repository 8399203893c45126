//! How old a last success may be: every border, and what is no age at all.

use std::time::Duration;

use slo_core::{
    Check, Clock, Finding, Freshness, Gate, LastSuccess, Level, Monitor, Probe, Reading, Timestamp,
};

use super::support::START;

const SECOND: Duration = Duration::from_secs(1);
const NANO: Duration = Duration::from_nanos(1);
const HOUR: Duration = Duration::from_secs(3_600);

fn seen(finding: &Finding) -> (Level, Option<&str>) {
    (finding.report().level(), finding.report().reason())
}

fn reading(finding: &Finding, name: &str) -> Option<f64> {
    finding.readings().iter().find(|reading| reading.name == name).map(|reading| reading.value)
}

/// Each line: how far in the past the last success is, or in the future, and what is made of it.
#[test]
fn each_border_belongs_to_the_worse_side() {
    let freshness = Freshness::new(26 * HOUR, 48 * HOUR);
    for (ago, ahead, level, reason) in [
        (Duration::ZERO, Duration::ZERO, Level::Pass, None),
        (26 * HOUR - NANO, Duration::ZERO, Level::Pass, None),
        (26 * HOUR, Duration::ZERO, Level::Warn, Some("has not succeeded for 1 d 2 h; it should within 26h")),
        (
            48 * HOUR - NANO,
            Duration::ZERO,
            Level::Warn,
            Some("has not succeeded for 1 d 23 h; it should within 26h"),
        ),
        (48 * HOUR, Duration::ZERO, Level::Fail, Some("has not succeeded for 2 d; it should within 2d")),
        (Duration::ZERO, Freshness::SKEW_MAX, Level::Pass, None),
        (
            Duration::ZERO,
            Freshness::SKEW_MAX + NANO,
            Level::Fail,
            Some("has last succeeded 1 min in the future: a clock is wrong"),
        ),
        (
            Duration::ZERO,
            3 * HOUR,
            Level::Fail,
            Some("has last succeeded 3 h in the future: a clock is wrong"),
        ),
    ] {
        let finding = freshness.report(Some(START.minus(ago).plus(ahead)), START);
        assert_eq!(seen(&finding), (level, reason), "{ago:?} {ahead:?}");
        let age = ago.as_secs_f64() - ahead.as_secs_f64();
        assert_eq!(reading(&finding, "age_seconds"), Some(age));
        let at = reading(&finding, "last_success_timestamp_seconds").expect("it has succeeded");
        let now = Duration::from_nanos(START.unix_nanos()).as_secs_f64();
        assert!((at + age - now).abs() < 1e-5, "{at} {age}");
    }
    let never = freshness.report(None, START);
    assert_eq!(seen(&never), (Level::Fail, Some("has never succeeded")));
    assert_eq!(never.readings(), &[] as &[Reading], "never is no age");
}

#[test]
fn times_that_make_no_sense_are_refused_where_they_are_declared_and_fail_elsewhere() {
    for (warn, fail, expected) in [
        (HOUR, 2 * HOUR, None),
        (NANO, 2 * NANO, None),
        (
            HOUR,
            HOUR,
            Some("it warns after 1h, but has failed after 1h already: write the shorter time first"),
        ),
        (48 * HOUR, 26 * HOUR, Some("it warns after 2d, but has failed after 26h already")),
        (Duration::ZERO, HOUR, Some("it warns at once: write a time longer than zero first")),
    ] {
        let freshness = Freshness::new(warn, fail);
        let check = LastSuccess::new(&Clock::manual(START)).check("backup", freshness);
        let refused = Monitor::new(vec![check], Vec::new(), 7, START).err().map(|error| error.to_string());
        let Some(expected) = expected else {
            assert_eq!((refused, freshness.fault()), (None, None));
            continue;
        };
        let refused = refused.expect("it must be refused");
        assert!(refused.starts_with(&format!("check backup: {expected}")), "{refused}");
        for last in [Some(START), None] {
            let finding = freshness.report(last, START);
            assert!(
                finding.report().reason().is_some_and(|reason| reason.starts_with(expected)),
                "{finding:?}"
            );
            assert_eq!(finding.report().level(), Level::Fail);
        }
    }
}

/// Runs what the check runs.
fn run(check: &Check) -> Finding {
    match check.probe() {
        Probe::Blocking(probe) => probe(),
        Probe::Waiting(_) => panic!("it reads a moment and waits for nothing"),
    }
}

#[test]
fn what_has_never_succeeded_has_its_time_from_the_start_and_its_own_reasons() {
    let clock = Clock::manual(START);
    let export = LastSuccess::new(&clock);
    let check = export.check("export", Freshness::new(2 * HOUR, 4 * HOUR));
    // It is of the process itself.
    assert!(check.clone().gates_liveness().fault().is_none());
    assert_eq!(check.rules().gate(), Gate::Informational);
    for (step, level, reason) in [
        (2 * HOUR - NANO, Level::Pass, None),
        (NANO, Level::Warn, Some("has never succeeded in the 2 h since the start; it should within 2h")),
        (2 * HOUR, Level::Fail, Some("has never succeeded in the 4 h since the start; it should within 4h")),
    ] {
        clock.advance(step);
        let finding = run(&check);
        assert_eq!(seen(&finding), (level, reason));
        assert_eq!(finding.readings(), &[] as &[Reading]);
    }
    export.clone().succeeded();
    assert_eq!((export.last(), seen(&run(&check))), (Some(clock.now()), (Level::Pass, None)));
    clock.advance(3 * HOUR);
    let finding = run(&check);
    assert_eq!(seen(&finding), (Level::Warn, Some("has not succeeded for 3 h; it should within 2h")));
    assert_eq!(reading(&finding, "age_seconds"), Some(10_800.0));
}

#[test]
fn a_moment_from_before_the_start_is_believed_until_the_next_success() {
    let clock = Clock::manual(START);
    let export = LastSuccess::new(&clock);
    let level = || export.report(Freshness::new(2 * HOUR, 4 * HOUR), clock.now()).report().level();
    export.succeeded_at(START.minus(3 * HOUR));
    assert_eq!(level(), Level::Warn);
    export.succeeded_at(Timestamp::default());
    assert_eq!((level(), export.last().is_some()), (Level::Fail, true), "the epoch is long ago, not never");
    // One that was written by a wrong clock does not outlive the next success.
    export.succeeded_at(START.plus(48 * HOUR));
    assert_eq!(level(), Level::Fail);
    clock.advance(SECOND);
    export.succeeded();
    assert_eq!((level(), export.last()), (Level::Pass, Some(START.plus(SECOND))));
}

/// A job marks while the check reads: what is read is what was marked, and never goes back.
#[test]
fn marks_are_read_while_others_are_made() {
    let clock = Clock::manual(START);
    let export = LastSuccess::new(&clock);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..10_000 {
                clock.advance(SECOND);
                export.succeeded();
            }
        });
        let mut last = None;
        while last != Some(START.plus(10_000 * SECOND)) {
            let read = export.last();
            assert!(read >= last, "{read:?} after {last:?}");
            last = read;
        }
    });
}
