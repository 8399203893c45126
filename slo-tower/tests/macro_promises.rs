//! What `#[slo]` says of windows, slices, alerts and classes is what the registry promises.

use std::time::Duration;

use slo_tower::{
    AlertForm, AlertPolicy, AlertRow, BudgetUnit, Severity, Slo, SloRegistry, SloStatus, TimeSlices, Window,
    slo,
};

/// Of our own: found by its path.
const NIGHT: AlertPolicy =
    AlertPolicy::literal(&[AlertRow::literal(Severity::Page, Duration::from_secs(2 * 3_600), 10.0)]);

mod policies {
    pub(crate) use super::NIGHT as QUIET;
}

#[expect(dead_code, reason = "nobody calls them: what they declare is looked at")]
mod handlers {
    use super::*;

    #[slo(route = "GET /1", availability = 99.9%, window = month)]
    async fn by_month() {}

    #[slo(route = "GET /2", availability = 99.9%, window = "week Europe/Berlin", alerts = off)]
    async fn by_week() {}

    #[slo(route = "GET /3", availability = 99.9%, window = quarter America/New_York)]
    async fn by_quarter() {}

    #[slo(route = "GET /4", availability = 99.9%, slices = 95% per 1m, alerts = page)]
    async fn in_minutes() {}

    #[slo(route = "GET /5", availability = 99.9%, alerts(rows = ticket, bad_events_min = 5, form = count))]
    async fn by_count() {}

    #[slo(route = "GET /6", availability = 99.9%, alerts(bad_events_min = 7))]
    async fn with_a_floor() {}

    #[slo(route = "GET /7", availability = 99.9%, alerts = NIGHT)]
    async fn by_a_constant() {}

    #[slo(route = "GET /8", availability = 99.9%, alerts(rows = policies::QUIET, form = "ratio"))]
    async fn by_a_path() {}

    #[slo(route = "GET /9", class = critical)]
    async fn critical() {}

    #[slo(route = "GET /10", class = "HIGH_FAST")]
    async fn high_fast() {}

    #[slo(route = "GET /11", class = high_slow, availability = 99%)]
    async fn high_slow() {}

    #[slo(route = "GET /12", class = Low, latency = 50% < 1s)]
    async fn low() {}

    #[slo(route = "GET /13", class = high_fast, latency = 95% < 150ms, window = 7d, slices = "90% per 5m")]
    async fn replaced() {}
}

fn slos() -> Vec<SloStatus> {
    let registry = SloRegistry::builder("shop").build().expect("every zone is known and every row can fire");
    registry.status().slos
}

/// Returns what a function promises, in the words of the attribute.
fn promises(function: &str) -> Vec<String> {
    let own = slos().into_iter().filter(|slo| slo.name.starts_with(&format!("{function}-")));
    let mut promises: Vec<String> = own
        .map(|slo| {
            let below = slo.threshold.map_or(String::new(), |below| format!(" < {below}"));
            format!("{} {}{below}", slo.name.trim_start_matches(function), slo.objective)
        })
        .collect();
    promises.sort();
    promises
}

fn one(name: &str) -> SloStatus {
    slos().into_iter().find(|slo| slo.name == name).expect("it is declared above")
}

/// The declared SLO as it prints itself, and the same made by hand.
fn is_declared(name: &str, expected: &Slo) {
    let declared = slo_tower::__private::inventory::iter::<slo_tower::__private::Declared>;
    let declared: String = declared.into_iter().map(|declared| format!("{:?}", declared.0)).collect();
    let part = |text: &str| {
        text[text.find("alerts: ").expect("it has some")..].split("source").next().map(str::to_owned)
    };
    let own = declared
        .split("Slo {")
        .find(|text| text.contains(&format!("name: {name:?}")))
        .expect("it is declared");
    assert_eq!(part(own), part(&format!("{expected:?}")), "{name}");
}

#[test]
fn windows_are_of_the_calendar() {
    for (name, expected) in [
        ("by_month-availability", "month"),
        ("by_week-availability", "week Europe/Berlin"),
        ("by_quarter-availability", "quarter America/New_York"),
    ] {
        let slo = one(name);
        assert_eq!((slo.window, slo.period.is_some()), (Window::literal(expected), true), "{name}");
    }
}

#[test]
fn slices_count_instead_of_events() {
    let slo = one("in_minutes-availability");
    assert_eq!((slo.slices, slo.budget.unit), (Some(TimeSlices::literal("95% per 1m")), BudgetUnit::Slices));
    let slo = one("by_month-availability");
    assert_eq!((slo.slices, slo.budget.unit), (None, BudgetUnit::Events));
}

#[test]
fn alerts_have_rows_a_floor_and_a_form() {
    let slo = |alerts| {
        Slo::literal("x", slo_tower::Sli::Availability, slo_tower::Objective::literal("99.9%"))
            .with_alerts(alerts)
    };
    for (name, alerts) in [
        ("by_week-availability", AlertPolicy::OFF),
        ("in_minutes-availability", AlertPolicy::PAGE),
        ("by_count-availability", AlertPolicy::TICKET.with_bad_events_min(5).with_form(AlertForm::Count)),
        ("with_a_floor-availability", AlertPolicy::DEFAULT.with_bad_events_min(7)),
        ("by_a_constant-availability", NIGHT),
        ("by_a_path-availability", NIGHT),
        ("critical-availability", AlertPolicy::DEFAULT),
    ] {
        is_declared(name, &slo(alerts));
    }
}

#[test]
fn a_class_promises_what_the_workbook_says_but_for_what_is_written() {
    let fast = ["-latency-100ms 90% < 100ms", "-latency-200ms 99% < 200ms"];
    assert_eq!(promises("critical"), ["-availability 99.99%", fast[0], fast[1]]);
    assert_eq!(promises("high_fast"), ["-availability 99.9%", fast[0], fast[1]]);
    let slow = ["-availability 99%", "-latency-1s 90% < 1s", "-latency-5s 99% < 5s"];
    assert_eq!(promises("high_slow"), slow);
    assert_eq!(promises("low"), ["-availability 99%", "-latency 50% < 1s"]);
    assert_eq!(promises("replaced"), ["-availability 99.9%", "-latency 95% < 150ms"]);
    assert_eq!(one("replaced-latency").slices, Some(TimeSlices::literal("90% per 5m")));
}
