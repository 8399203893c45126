//! Restarts: of the same promises, of others, with the clock elsewhere.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use slo_core::{
    AlertChange, AlertPolicy, AlertTransition, BuildError, Clock, Objective, Outcome, Registry, Severity,
    Sli, Slo, Threshold, Timestamp, Verdict, Window,
};

use super::support::{Directory, START, TICK, builder, count, events, of, open, over, slo, state, tick};

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn windows_go_on_and_totals_begin_anew() {
    let directory = Directory::new();
    let (registry, clock) = open(&directory, [slo("a")], START);
    assert_eq!((state(&registry).saved_at, state(&registry).restored_from), (None, None));
    count(&registry, 90, 10);
    tick(&registry, &clock);
    assert_eq!(state(&registry).saved_at, Some(clock.now()));
    // Counted after the last tick: the last handle saves it.
    count(&registry, 9, 1);
    let (before, saved) = (of(&registry, "a"), clock.now());
    drop(registry);

    let away = Duration::from_secs(600);
    let (registry, clock) = open(&directory, [slo("a")], saved.plus(away));
    let after = of(&registry, "a");
    assert_eq!(
        (after.events, after.budget, after.sli_ratio),
        (before.events, before.budget, before.sli_ratio)
    );
    assert_eq!((after.total.good, after.total.bad), (0, 0));
    assert_eq!(state(&registry).restored_from, Some(saved));
    // Nobody watched meanwhile.
    assert_eq!(after.coverage, before.coverage);
    count(&registry, 1, 1);
    tick(&registry, &clock);
    assert_eq!(events(&registry, "a"), (100, 12));
    assert!((of(&registry, "a").coverage - before.coverage - 10.0 / 2_592_000.0).abs() < 1e-12);
}

#[test]
fn a_process_that_is_killed_loses_what_came_after_its_last_tick() {
    let directory = Directory::new();
    let (registry, clock) = open(&directory, [slo("a")], START);
    count(&registry, 5, 0);
    tick(&registry, &clock);
    count(&registry, 3, 0);
    let left = directory.as_it_is();
    let (restarted, _) = open(&left, [slo("a")], clock.now());
    assert_eq!(events(&restarted, "a"), (5, 0));
}

#[test]
fn other_promises_of_the_same_name_judge_the_same_counts() {
    let directory = Directory::new();
    let (registry, clock) = open(&directory, [over("a", "7d")], START);
    count(&registry, 98, 2);
    (0..720).for_each(|_| tick(&registry, &clock));
    count(&registry, 49, 1);
    tick(&registry, &clock);
    drop(registry);
    let other = |slo: &str, objective, sli| {
        let slo = Slo::new(slo.to_owned(), sli, Objective::literal(objective));
        slo.and_then(|slo| slo.with_route("GET /a")).expect("it is plain")
    };
    let threshold = Threshold::literal("1s");
    for (promise, expected) in [
        (other("a", "90%", Sli::Availability).with_alerts(AlertPolicy::OFF), (147, 3)),
        (other("a", "99%", Sli::Combined { threshold }), (147, 3)),
        (over("a", "30d"), (147, 3)),
        // What is two hours ago lies before an hour, and does not come back with a longer window.
        (over("a", "1h"), (49, 1)),
        (over("a", "30d"), (49, 1)),
    ] {
        let name = promise.name().to_owned();
        let (registry, clock) = open(&directory, [promise], clock.now());
        assert_eq!(events(&registry, &name), expected);
        tick(&registry, &clock);
        assert_eq!(events(&registry, &name), expected);
    }
}

#[test]
fn what_is_renamed_begins_anew_and_comes_back_under_its_old_name() {
    let directory = Directory::new();
    let day = Duration::from_secs(86_400);
    let (registry, mut clock) = open(&directory, [slo("old"), slo("other")], START);
    count(&registry, 7, 3);
    tick(&registry, &clock);
    drop(registry);
    // Twice, so that it is carried from file to file.
    for _ in 0..2 {
        let (registry, now) = open(&directory, [slo("new"), slo("other")], clock.now().plus(day));
        let is_first = events(&registry, "new") == (0, 0);
        assert!(is_first || events(&registry, "new") == (1, 0));
        count(&registry, 1, 0);
        tick(&registry, &now);
        clock = now;
    }
    let (registry, now) = open(&directory, [slo("old"), slo("new"), slo("other")], clock.now().plus(day));
    assert_eq!(events(&registry, "old"), (7, 3));
    assert_eq!(events(&registry, "new"), (2, 0));
    assert_eq!(events(&registry, "other"), (9, 3));
    // It was there for the first tick only, and `new` not for that one.
    let ticks = |name: &str| (of(&registry, name).coverage * 259_200.0).round();
    assert_eq!(["old", "new", "other"].map(ticks), [1.0, 2.0, 3.0]);
    drop(registry);
    // After a month it is forgotten.
    let (registry, _) = open(&directory, [slo("other")], now.now());
    drop(registry);
    let (registry, later) = open(&directory, [slo("other")], now.now().plus(31 * day));
    tick(&registry, &later);
    drop(registry);
    let (registry, _) = open(&directory, [slo("old")], now.now().plus(2 * day));
    assert_eq!((events(&registry, "old"), of(&registry, "old").coverage), ((0, 0), 0.0));
}

#[test]
fn a_clock_that_was_wrong_freezes_nothing() {
    for wrong in [Duration::from_secs(7), HOUR, 100_000 * HOUR] {
        let directory = Directory::new();
        let (registry, clock) = open(&directory, [over("a", "6h")], START.plus(wrong));
        count(&registry, 60, 0);
        (0..180).for_each(|_| tick(&registry, &clock));
        count(&registry, 40, 4);
        tick(&registry, &clock);
        drop(registry);
        let (registry, clock) = open(&directory, [over("a", "6h")], START);
        assert_eq!(events(&registry, "a"), (100, 4), "{wrong:?}");
        assert!((of(&registry, "a").coverage - 1_810.0 / 21_600.0).abs() < 2e-3, "{wrong:?}");
        // They leave the window when their time has come, the first half an hour before the others.
        let after = |ticks: u32| {
            (0..ticks).for_each(|_| tick(&registry, &clock));
            events(&registry, "a")
        };
        assert_eq!(after(1_950), (100, 4), "{wrong:?}");
        assert_eq!(after(60), (40, 4), "{wrong:?}");
        assert_eq!(after(170), (0, 0), "{wrong:?}");
    }
}

/// A registry whose alerts are written down, with a promise that an outage pages for.
fn alerting(directory: &Directory, at: Timestamp) -> (Registry, Clock, Arc<Mutex<Vec<AlertTransition>>>) {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener = Arc::clone(&told);
    let (builder, clock) = builder(directory, [slo("a")], at);
    let builder = builder.on_alert(move |alert| listener.lock().expect("nobody panics").push(alert.clone()));
    (builder.build().expect("it is valid"), clock, told)
}

#[test]
fn an_alert_goes_on_over_a_restart_and_is_told_once() {
    let directory = Directory::new();
    let (registry, clock, told) = alerting(&directory, START);
    count(&registry, 0, 50);
    tick(&registry, &clock);
    let since = clock.now();
    let changes = |told: &Mutex<Vec<AlertTransition>>| -> Vec<_> {
        let told = told.lock().expect("nobody panics");
        told.iter().map(|alert| (alert.severity, alert.change, alert.since)).collect()
    };
    let fired = Severity::ALL.map(|severity| (severity, AlertChange::Fired, since));
    assert_eq!(changes(&told), fired);
    drop(registry);
    // Still burning: nobody is told again, and it has fired since then.
    let (registry, clock, told) = alerting(&directory, clock.now().plus(Duration::from_secs(30)));
    let firing =
        || of(&registry, "a").alerts.iter().map(|alert| (alert.active, alert.since)).collect::<Vec<_>>();
    assert_eq!(firing(), [(true, Some(since)); 2]);
    tick(&registry, &clock);
    assert_eq!((firing(), changes(&told)), (vec![(true, Some(since)); 2], vec![]));
    drop(registry);
    // Over when the next process begins: that one tells of it, at its first tick.
    let (registry, clock, told) = alerting(&directory, clock.now().plus(7 * 24 * HOUR));
    tick(&registry, &clock);
    let resolved = Severity::ALL.map(|severity| (severity, AlertChange::Resolved, since));
    assert_eq!(changes(&told), resolved);
    drop(registry);
    let (registry, clock, told) = alerting(&directory, clock.now());
    tick(&registry, &clock);
    assert_eq!(changes(&told), []);
    assert!(of(&registry, "a").alerts.iter().all(|alert| !alert.active && alert.resolved.is_some()));
}

#[test]
fn an_alert_that_is_not_wanted_any_more_is_gone() {
    let directory = Directory::new();
    let (registry, clock, _) = alerting(&directory, START);
    count(&registry, 0, 50);
    tick(&registry, &clock);
    drop(registry);
    let quiet = slo("a").with_alerts(AlertPolicy::OFF).with_window(Window::literal("7d"));
    let (registry, clock) = open(&directory, [quiet], clock.now());
    tick(&registry, &clock);
    assert_eq!((of(&registry, "a").alerts, events(&registry, "a")), (vec![], (0, 50)));
}

#[test]
fn one_directory_is_for_one_registry() {
    let directory = Directory::new();
    let (registry, _) = open(&directory, [slo("a")], START);
    let (second, _) = builder(&directory, [slo("a")], START);
    let error = second.build().expect_err("it is in use");
    assert!(matches!(&error, BuildError::StateInUse { directory: named } if *named == directory.0));
    let text = error.to_string();
    assert!(text.contains("in use") && text.contains("a directory of its own"), "{text}");
    drop(registry);
    let (_, _) = open(&directory, [slo("a")], START);
    // What a file is on the way to is no directory, and neither is nothing.
    for path in [directory.0.join("slo-state.lock"), directory.0.join("slo-state.lock/below"), "".into()] {
        let error = Registry::builder("shop").state_dir(path).build().expect_err("it is none");
        assert!(matches!(error, BuildError::StateDirectory { .. }), "{error}");
    }
}

#[test]
fn a_started_registry_saves_by_itself_and_once_more_at_its_end() {
    let directory = Directory::new();
    let start = || {
        let builder = Registry::builder("shop").slo(slo("a")).tick_interval(Duration::from_millis(5));
        builder.state_dir(&directory.0).start().expect("it starts")
    };
    let registry = start();
    count(&registry, 11, 0);
    let (real, patience) = (Clock::system(), 30_000_000_000);
    let since = real.ticks();
    while state(&registry).saved_at.is_none() {
        assert!(real.nanos_between(since, real.ticks()) < patience, "nothing is saved");
        // tidy: real time because the thread under test runs in it; the condition decides, not the delay.
        std::thread::yield_now();
    }
    count(&registry, 0, 2);
    drop(registry);
    assert_eq!(events(&start(), "a"), (11, 2));
}

/// Two processes with many promises each, more than are copied under one lock.
#[test]
fn many_promises_go_on_together() {
    let directory = Directory::new();
    let slos = || {
        (0..100).map(|number| {
            let slo = Slo::new(format!("s{number}"), Sli::Availability, Objective::literal("99%"));
            slo.and_then(|slo| slo.with_route(format!("GET /{number}"))).expect("it is plain")
        })
    };
    let mut clock = Clock::manual(START);
    for round in 1..4 {
        let (registry, now) = open(&directory, slos(), clock.now().plus(TICK));
        for number in 0..100 {
            let attempt = registry.recorder().request("GET", Some(&format!("/{number}")));
            // Every third one has no event ever.
            match number % 3 {
                0 => attempt.finish_as(Outcome::Completed(200), Verdict::Cancelled),
                1 => attempt.finish_as(Outcome::Completed(200), Verdict::Good),
                _ => attempt.finish_as(Outcome::Completed(500), Verdict::Bad),
            }
        }
        (0..3).for_each(|_| tick(&registry, &now));
        for number in 0..100 {
            let expected = [(0, 0), (round, 0), (0, round)][number % 3];
            assert_eq!(events(&registry, &format!("s{number}")), expected, "{number} in round {round}");
        }
        clock = now;
    }
}

#[test]
fn how_it_stands_is_exposed_and_names_no_path() {
    let directory = Directory::new();
    let (registry, clock) = open(&directory, [slo("a")], START);
    let metrics = |registry: &Registry| -> Vec<String> {
        let mut text = String::new();
        registry.render(slo_core::TextFormat::Prometheus, &mut text);
        text.lines().filter(|line| line.starts_with("slo_state_")).map(str::to_owned).collect()
    };
    assert_eq!(metrics(&registry), ["slo_state_failing{service=\"shop\"} 0"]);
    tick(&registry, &clock);
    let seconds = clock.now().unix_nanos() / 1_000_000_000;
    let saved = format!("slo_state_saved_timestamp_seconds{{service=\"shop\"}} {seconds}");
    assert_eq!(metrics(&registry), [saved.as_str(), "slo_state_failing{service=\"shop\"} 0"]);
    std::fs::remove_dir_all(&directory.0).expect("it is there");
    std::fs::write(&directory.0, "a file").expect("it can be written");
    tick(&registry, &clock);
    assert_eq!(metrics(&registry), [saved.as_str(), "slo_state_failing{service=\"shop\"} 1"]);
    let text = serde_json::to_string(&registry.status()).expect("it is plain");
    let expected =
        format!("\"state\":{{\"saved_at\":{seconds}.0,\"failure\":\"other\",\"restored_from\":null}}");
    assert!(text.contains(&expected) && !text.contains("/shm") && !text.contains("slo-store"), "{text}");
    std::fs::remove_file(&directory.0).expect("it is there");
    (0..6).for_each(|_| tick(&registry, &clock));
    assert_eq!(metrics(&registry).last().map(String::as_str), Some("slo_state_failing{service=\"shop\"} 0"));
}
