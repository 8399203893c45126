//! What burning budgets mean for the health, and in which order anybody is told of it.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use slo_core::{
    BurnPolicy, Check, Clock, HealthListener, HealthStatus, Level, Life, Monitor, Outcome, Registry, Report,
    Severity, Sli, Verdict,
};

use super::support::{START, Scrape, slo};

const HOUR: Duration = Duration::from_secs(3_600);

fn monitor(checks: Vec<Check>, listeners: Vec<HealthListener>) -> Arc<Monitor> {
    Arc::new(Monitor::new(checks, listeners, 7, START).expect("the checks are right"))
}

/// A job that promises 99 %, on a registry that tells a monitor of it.
fn job(policy: BurnPolicy) -> (Registry, Arc<Monitor>, Clock) {
    let (clock, monitor) = (Clock::manual(START), monitor(Vec::new(), Vec::new()));
    let job = slo("job-availability", Sli::Availability).with_operation("job").expect("it is plain");
    let builder = Registry::builder("shop").without_declared().slo(job).clock(clock.clone());
    let registry = builder.health(Arc::clone(&monitor), policy).build().expect("it is valid");
    (registry, monitor, clock)
}

fn run(registry: &Registry, good: u32, bad: u32) {
    for number in 0..good + bad {
        let verdict = if number < bad { Verdict::Bad } else { Verdict::Good };
        registry.attempt("job").finish_as(Outcome::Completed(0), verdict);
    }
}

/// Each line: the policy, how many of a hundred runs are bad, and what readiness is told after an hour of that.
#[test]
fn a_burning_budget_warns_and_gates_only_where_asked() {
    let usual = BurnPolicy::new;
    for (policy, bad, level, firing) in [
        (usual(), 0, Level::Pass, None),
        // 1.0 spends exactly the budget: nothing fires.
        (usual(), 1, Level::Pass, None),
        (usual(), 5, Level::Warn, Some(Severity::Ticket)),
        (usual(), 50, Level::Warn, Some(Severity::Page)),
        (usual().warn_below(0.1), 0, Level::Pass, None),
        (usual().warn_below(0.1), 1, Level::Warn, None),
        (usual().warn_below(f64::NAN), 1, Level::Pass, None),
        (BurnPolicy::OFF.warn_below(0.1), 50, Level::Warn, Some(Severity::Page)),
        (usual().unready_while_paging(), 5, Level::Warn, Some(Severity::Ticket)),
        (usual().unready_while_paging(), 50, Level::Fail, Some(Severity::Page)),
        (BurnPolicy::OFF, 50, Level::Pass, None),
        // One named SLO goes by its own share, whatever is said of the others.
        (BurnPolicy::OFF.warn_below_of("job-availability", 0.25), 0, Level::Pass, None),
        (BurnPolicy::OFF.warn_below_of("job-availability", 0.25), 1, Level::Warn, None),
        (BurnPolicy::OFF.warn_below(0.1).warn_below_of("job-availability", 0.0), 1, Level::Pass, None),
        (BurnPolicy::OFF.warn_below_of("job-availability", 0.0), 2, Level::Warn, Some(Severity::Ticket)),
        (
            BurnPolicy::OFF.warn_below_of("job-availability", 0.25).warn_below_of("job-availability", 0.0),
            1,
            Level::Pass,
            None,
        ),
    ] {
        let (registry, monitor, clock) = job(policy.clone());
        for _ in 0..6 {
            clock.advance(HOUR / 6);
            run(&registry, 100 - bad, bad);
            registry.tick(clock.now());
        }
        let status = monitor.status(clock.now());
        let readiness = status.readiness(&[]);
        let seen = (readiness.level, status.burns.first().and_then(|burn| burn.firing));
        assert_eq!(seen, (level, firing), "{policy:?} with {bad} bad: {status:?}");
        assert_eq!(readiness.is_success, level != Level::Fail);
        assert_eq!(status.overall(), level);
        assert!(status.liveness(&[]).is_success && status.life == Life::Ready, "it is no reason to restart");
        assert_eq!(registry.status().health.as_deref(), Some(&*status), "there is one read model");
        // When it is over, so is the warning of the alert.
        clock.advance(100 * HOUR);
        registry.tick(clock.now());
        let after = monitor.status(clock.now());
        assert!(after.burns.iter().all(|burn| burn.firing.is_none()), "{after:?}");
    }
}

#[test]
fn a_burn_says_what_fires_and_what_is_left() {
    let (registry, monitor, clock) = job(BurnPolicy::new());
    run(&registry, 50, 50);
    registry.tick(clock.now());
    let status = monitor.status(clock.now());
    assert_eq!(status.burns[0].to_string(), "page firing, -4900.0% of the budget left");
    let levels = ["liveness", "readiness", "startup"]
        .map(|probe| Scrape::of(&registry).value("health_probe_status", &[("probe", probe)]));
    assert_eq!(levels, [Some(1.0), Some(0.5), Some(1.0)]);
    let summary = serde_json::to_value(registry.status()).expect("it is JSON")["health"].clone();
    let expected = serde_json::json!({
        "life": "ready", "liveness": "pass", "readiness": "warn", "startup": "pass", "overall": "warn"
    });
    assert_eq!(summary, expected, "neither names nor reasons");
}

#[test]
fn a_change_of_budgets_is_told_once() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener: HealthListener = {
        let told = Arc::clone(&told);
        Box::new(move |_: &HealthStatus, after: &HealthStatus| {
            let firing = after.burns.first().and_then(|burn| burn.firing);
            told.lock().expect("nobody panics").push(firing);
        })
    };
    let (clock, monitor) = (Clock::manual(START), monitor(Vec::new(), vec![listener]));
    let job = slo("job-availability", Sli::Availability).with_operation("job").expect("it is plain");
    let builder = Registry::builder("shop").without_declared().slo(job).clock(clock.clone());
    let registry = builder.health(monitor, BurnPolicy::new()).build().expect("it is valid");
    for bad in [0, 50, 50, 50, 0, 0] {
        run(&registry, 100 - bad, bad);
        registry.tick(clock.now());
        clock.advance(Duration::from_secs(10));
    }
    clock.advance(100 * HOUR);
    registry.tick(clock.now());
    registry.tick(clock.now());
    assert_eq!(*told.lock().expect("nobody panics"), [Some(Severity::Page), None]);
}

/// Whoever keeps what it was told last must keep what is, however many threads make changes.
#[test]
fn changes_are_told_in_the_order_in_which_they_happened() {
    let last: Arc<Mutex<Option<(Level, Level)>>> = Arc::default();
    let told = Arc::clone(&last);
    let listener: HealthListener = Box::new(move |before, after| {
        let level = |status: &HealthStatus| status.checks.iter().map(|check| check.level).max();
        let (before, after) = (level(before).expect("four"), level(after).expect("four"));
        let mut last = told.lock().expect("nobody panics");
        let previous = last.replace((before, after));
        assert!(previous.is_none_or(|(_, was)| was == before), "{previous:?}, then from {before:?}");
    });
    let names = ["a", "b", "c", "d"];
    let check = |name: &str| {
        let check = Check::blocking(name, || Report::Pass).jitter(0.0).fail_after(1);
        check.interval(Duration::from_secs(1)).failing_interval(Duration::from_secs(1))
    };
    let monitor = monitor(names.map(check).to_vec(), vec![listener]);
    for second in 0..2_000_u64 {
        let now = START.plus(Duration::from_secs(second * 2));
        thread::scope(|scope| {
            for (index, run) in monitor.begin(now).into_iter().enumerate() {
                let monitor = &monitor;
                let fails = (second + index as u64).is_multiple_of(3);
                scope.spawn(move || {
                    let report = if fails { Report::Fail("broken".into()) } else { Report::Pass };
                    monitor.end(run, report, now);
                });
            }
        });
    }
    let now = START.plus(Duration::from_secs(3_998));
    let worst = monitor.status(now).checks.iter().map(|check| check.level).max();
    assert_eq!(last.lock().expect("nobody panicked").map(|(_, after)| after), worst);
}

#[test]
fn a_listener_that_panics_or_changes_something_disturbs_nobody() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let shared: Arc<Mutex<Option<Arc<Monitor>>>> = Arc::default();
    let (seen, inner) = (Arc::clone(&told), Arc::clone(&shared));
    let listeners: Vec<HealthListener> = vec![
        Box::new(|_, _| panic!("a listener of ours")),
        Box::new(move |_, after| {
            seen.lock().expect("nobody panics").push(after.life);
            let monitor = inner.lock().expect("nobody panics").clone();
            monitor.expect("it is there").drain(START);
        }),
    ];
    let monitor = monitor(Vec::new(), listeners);
    *shared.lock().expect("nobody panics") = Some(Arc::clone(&monitor));
    monitor.hold_start(START);
    assert_eq!(*told.lock().expect("nobody panics"), [Life::Starting, Life::Draining]);
}

/// Each line: the share below which the policy warns, how many of a thousand runs are bad, of ten that may be, and whether it
/// warns. Without events there is nothing to warn of.
#[test]
fn a_named_budget_warns_below_its_share_and_not_at_it() {
    for (share, good, bad, warns) in [
        (1.0, 0, 0, false),
        (1.0, 1_000, 0, false),
        (1.0, 999, 1, true),
        (0.25, 992, 8, true),
        (0.5, 995, 5, false),
        (0.5, 994, 6, true),
        (0.0, 990, 10, false),
        (0.0, 989, 11, true),
    ] {
        let (registry, monitor, clock) = job(BurnPolicy::OFF.warn_below_of("job-availability", share));
        run(&registry, good, bad);
        clock.advance(HOUR);
        registry.tick(clock.now());
        let readiness = monitor.status(clock.now()).readiness(&[]);
        let expected = if warns { Level::Warn } else { Level::Pass };
        assert_eq!((readiness.level, readiness.is_success), (expected, true), "{share} {good} {bad}");
    }
}

#[test]
fn a_policy_on_a_budget_that_there_is_not_is_refused() {
    for (name, share, expected) in [
        (
            "job-availabilty",
            0.25,
            "names an SLO \"job-availabilty\", which there is not: write \"job-availability\"",
        ),
        ("x", 0.25, "names an SLO \"x\", which there is not: write the name of one"),
        (
            "job-availability",
            25.0,
            "warns below 25 of the budget of \"job-availability\": write a share between 0 and 1",
        ),
        ("job-availability", f64::NAN, "warns below NaN of the budget"),
        ("job-availability", -0.1, "warns below -0.1 of the budget"),
    ] {
        let job = slo("job-availability", Sli::Availability).with_operation("job").expect("it is plain");
        let builder = Registry::builder("shop").without_declared().slo(job).clock(Clock::manual(START));
        let policy = BurnPolicy::new().warn_below_of(name, share);
        let error = builder.health(monitor(Vec::new(), Vec::new()), policy).build();
        let error = error.expect_err("it must be refused").to_string();
        assert!(error.contains(expected), "{error}");
    }
}
