//! Promises about slices of time: budgets, alerts and simulations count them, totals still count events.

use std::time::Duration;

use slo_core::{
    AlertPolicy, BudgetUnit, BuildError, Clock, Incident, Objective, Outcome, Registry, Severity, Sli, Slo,
    TimeSlices, Traffic, Verdict, simulate,
};

use super::support::{START, Scrape};

const MINUTE: Duration = Duration::from_secs(60);

fn slo(objective: &'static str, slices: &'static str) -> Slo {
    let slo = Slo::literal("up", Sli::Availability, Objective::literal(objective));
    slo.with_time_slices(TimeSlices::literal(slices)).with_operation("job").expect("it is plain")
}

/// Ticks every ten seconds for so many minutes, with these events in each of them.
fn pass(registry: &Registry, clock: &Clock, minutes: u64, good: u64, bad: u64) {
    for tick in 0..6 * minutes {
        let events = if tick % 6 == 0 { good + bad } else { 0 };
        for number in 0..events {
            let verdict = if number < bad { Verdict::Bad } else { Verdict::Good };
            registry.attempt("job").finish_as(Outcome::Completed(0), verdict);
        }
        clock.advance(Duration::from_secs(10));
        registry.tick(clock.now());
    }
}

#[test]
fn budgets_are_of_slices_and_totals_of_events() {
    let clock = Clock::manual(START);
    let registry = Registry::builder("shop").slo(slo("90%", "95% per 1m")).clock(clock.clone());
    let registry = registry.build().expect("the rows that cannot fire are left out");
    // A busy minute, ruined; forty quiet ones, well but for one event in twenty; and an hour in which nothing happens.
    pass(&registry, &clock, 1, 0, 1_000);
    pass(&registry, &clock, 40, 19, 1);
    pass(&registry, &clock, 60, 0, 0);
    // One that has not ended.
    pass(&registry, &clock, 1, 0, 10);
    registry.attempt("job").finish_as(Outcome::InnerError, Verdict::Bad);
    let slo = registry.status().slos.remove(0);
    assert_eq!((slo.total.good, slo.total.bad), (760, 1_051));
    assert_eq!((slo.events.good, slo.events.bad, slo.budget.unit), (40, 2, BudgetUnit::Slices));
    assert!((slo.budget.allowed - 4.2).abs() < 1e-9 && slo.budget.spent == 2, "{:?}", slo.budget);
    assert!(
        slo.burn_rates
            .iter()
            .any(|burn| burn.window == "5m" && burn.rate.is_some_and(|rate| rate.get() == 10.0))
    );
    let scrape = Scrape::of(&registry);
    assert_eq!(scrape.value("slo_events_total", &[("slo", "up")]), Some(1_811.0));
    assert_eq!(scrape.value("slo_bad_events_total", &[("slo", "up")]), Some(1_051.0));
    assert!(
        scrape
            .value("slo_sli_ratio", &[("slo", "up")])
            .is_some_and(|ratio| (ratio - 40.0 / 42.0).abs() < 1e-9)
    );
    let json = serde_json::to_value(registry.status()).expect("it serialises");
    assert_eq!(
        (&json["slos"][0]["budget"]["unit"], &json["slos"][0]["slices"]),
        (&"slices".into(), &"95% per 1m".into())
    );
}

#[test]
fn outages_are_detected_when_enough_slices_are_bad() {
    for (bad_ratio, expected) in [
        // Two bad minutes of sixty are 33 times the budget of 0.1 %, and the floor of two.
        (1.0, Some(2)),
        // More than the threshold leaves, and as bad for the minute.
        (0.06, Some(2)),
        // Just what the threshold leaves.
        (0.05, None),
    ] {
        let slo = slo("99.9%", "95% per 1m");
        let simulation = simulate(&slo, Traffic::steady(600.0), &Incident::failing(bad_ratio, 10 * MINUTE));
        assert_eq!(
            simulation.detected(Severity::Page),
            expected.map(|minutes| minutes * MINUTE),
            "{bad_ratio}"
        );
        // Ten bad minutes of 43 200, of which 43.2 may be.
        let spent = simulation.budget_spent.expect("there were events");
        let expected = if expected.is_some() { 10.0 / 43.2 } else { 0.0 };
        assert!((spent - expected).abs() < 1e-3, "{bad_ratio}: {spent}");
        if bad_ratio > 0.05 {
            assert!(simulation.reset(Severity::Page).is_some(), "it resolves within the window");
        }
    }
}

#[test]
fn a_bad_event_alone_at_night_costs_a_slice() {
    // By events one failure in ten of an hour is a burn of 100; by slices one minute is bad.
    let clock = Clock::manual(START);
    let registry = Registry::builder("shop").slo(slo("99.9%", "95% per 1m")).clock(clock.clone());
    let registry = registry.build().expect("the rows that cannot fire are left out");
    for _ in 0..9 {
        pass(&registry, &clock, 1, 1, 0);
        pass(&registry, &clock, 5, 0, 0);
    }
    pass(&registry, &clock, 1, 0, 1);
    let slo = registry.status().slos.remove(0);
    assert_eq!((slo.events.good, slo.events.bad), (9, 1));
    assert!(slo.alerts.iter().all(|alert| !alert.active), "{:?}", slo.alerts);
}

#[test]
fn rows_that_cannot_tell_slices_apart_are_refused_if_they_were_chosen() {
    let five = slo("99.9%", "95% per 5m");
    let error = Registry::builder("shop").slo(five.clone().with_alerts(AlertPolicy::PAGE)).build();
    let error = error.expect_err("five minutes hold no two slices of five");
    assert!(matches!(&error, BuildError::ShortAlertRow { name, .. } if name == "up"), "{error:?}");
    let (text, here) = (error.to_string(), file!().rsplit('/').next().expect("a file has a name"));
    for part in ["\"up\"", here, "over 5m", "slices of 5m", "at least two"] {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
    for alerts in [AlertPolicy::DEFAULT, AlertPolicy::TICKET, AlertPolicy::OFF] {
        assert!(
            Registry::builder("shop").slo(five.clone().with_alerts(alerts)).build().is_ok(),
            "{alerts:?}"
        );
    }
}

#[cfg(feature = "calendar")]
#[test]
fn a_simulation_knows_the_calendar() {
    use slo_core::Window;

    let day = 24 * 60 * MINUTE;
    let budget = |window: &str, after| {
        let slo = Slo::literal("up", Sli::Availability, Objective::literal("99%"));
        let slo = slo.with_window(Window::parse(window).expect("a window"));
        let incident = Incident::failing(0.1, day).after(after);
        let simulation = simulate(&slo, Traffic::steady(60.0), &incident);
        assert!(simulation.detected(Severity::Page).is_some(), "{window}");
        simulation.budget_spent
    };
    for (window, days, expected) in [
        // It ends as November does: the budget of December is whole, and nothing has happened in it.
        ("month", 15, None),
        // In Berlin December is an hour old, and a tenth of all its events are bad.
        ("month Europe/Berlin", 15, Some(10.0)),
        // The last of fifteen days that were seen of November.
        ("month", 14, Some(10.0 / 15.0)),
    ] {
        let spent = budget(window, days * day);
        assert_eq!(spent.is_some(), expected.is_some(), "{window} {days}: {spent:?}");
        assert!(
            spent.zip(expected).is_none_or(|(spent, expected)| (spent - expected).abs() < 1e-3),
            "{window} {days}: {spent:?}"
        );
    }
}
