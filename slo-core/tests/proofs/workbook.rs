//! The arithmetic of the SRE workbook, chapter 5, number by number.

use std::time::Duration;

use slo_core::{
    AlertPolicy, BurnRate, Counts, ErrorBudget, Incident, Objective, Outcome, Severity, Sli, Slo, Traffic,
    Verdict, Window, simulate,
};

use super::support::registry;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

fn near(actual: f64, expected: f64, tolerance: f64) -> bool {
    (actual - expected).abs() <= tolerance
}

fn slo(objective: &'static str) -> Slo {
    Slo::literal("x", Sli::Availability, Objective::literal(objective))
}

/// Table 5-8, with the short windows of the text above it.
#[test]
fn the_rows_are_those_of_the_table() {
    let table = [
        (Severity::Page, HOUR, 5 * MINUTE, 14.4, 0.02),
        (Severity::Page, 6 * HOUR, 30 * MINUTE, 6.0, 0.05),
        (Severity::Ticket, DAY, 2 * HOUR, 3.0, 0.10),
        (Severity::Ticket, 3 * DAY, 6 * HOUR, 1.0, 0.10),
    ];
    let month = Window::DAYS_30;
    let rows = AlertPolicy::WORKBOOK.rows().iter();
    let rows = rows.map(|row| {
        (row.severity(), row.long(month), row.short(month), row.factor(), row.budget_spent(month))
    });
    assert_eq!(rows.collect::<Vec<_>>(), table);
}

/// Table 5-4: how long a whole budget lasts, here as `/slo` and the metrics say it.
#[test]
fn a_budget_lasts_for_the_period_divided_by_the_burn_rate() {
    for (burn, bad, total, lasts) in [
        // Of a 99.9 % promise over thirty days.
        (1.0, 1, 1_000, 30 * DAY),
        (2.0, 2, 1_000, 15 * DAY),
        (10.0, 10, 1_000, 3 * DAY),
        (14.4, 144, 10_000, 50 * HOUR),
        (1_000.0, 100, 100, 2_592 * Duration::from_secs(1)),
    ] {
        let counts = Counts { good: total - bad, bad };
        let rate = BurnRate::new(Objective::literal("99.9%"), counts).expect("there are events");
        assert!(near(rate.get(), burn, 1e-9), "{rate:?}");
        // A month of health before, so that the budget is whole but for what the last event spends of it.
        let (registry, clock) = registry(slo("99.9%").with_operation("job"));
        let record = |count, verdict| {
            let writer = registry.recorder();
            (0..count).for_each(|_| writer.operation("job").finish_as(Outcome::Completed(0), verdict));
        };
        for _ in 0..30 {
            record(30_000, Verdict::Good);
            for _ in 0..DAY.as_secs() / MINUTE.as_secs() {
                clock.advance(MINUTE);
                registry.tick(clock.now());
            }
        }
        record(counts.good, Verdict::Good);
        record(counts.bad, Verdict::Bad);
        registry.tick(clock.now());
        let status = registry.status();
        let exhaustion = status.slos[0].exhaustion.as_ref();
        let remaining = status.slos[0].budget.remaining_ratio.expect("there are events");
        let expected = lasts.as_secs_f64() * remaining;
        assert!(remaining > 0.65, "{remaining}");
        assert!(
            exhaustion.is_some_and(|exhaustion| near(exhaustion.seconds, expected, 1.0)),
            "{burn}: {exhaustion:?} is not {expected}"
        );
    }
}

/// Ten requests an hour: the section on low-traffic services.
#[test]
fn one_failure_of_a_quiet_service_is_a_seventh_of_its_budget() {
    let (registry, clock) = registry(slo("99.9%").with_operation("job"));
    let record = |verdict| registry.attempt("job").finish_as(Outcome::Completed(0), verdict);
    for request in 0..7_200 {
        record(if request == 7_195 { Verdict::Bad } else { Verdict::Good });
        clock.advance(HOUR / 10);
        registry.tick(clock.now());
    }
    let status = registry.status();
    let slo = &status.slos[0];
    assert_eq!((slo.events, slo.budget.spent), (Counts { good: 7_199, bad: 1 }, 1));
    assert!(near(slo.budget.allowed, 7.2, 1e-9), "{}", slo.budget.allowed);
    let spent = 1.0 - slo.budget.remaining_ratio.expect("there are events");
    assert!(near(spent, 0.139, 0.000_2), "{spent}");
    let hour = slo.burn_rates.iter().find(|burn| burn.window == "1h").and_then(|burn| burn.rate);
    assert!(hour.is_some_and(|burn| near(burn.get(), 100.0, 1e-9)), "{hour:?}");
    assert!(slo.alerts.iter().all(|alert| !alert.active), "one failure wakes nobody");
}

/// Event-weighted: a mean of hourly ratios would say 5 % bad here.
#[test]
fn the_budget_of_bursts_is_that_of_their_sums() {
    let (registry, clock) = registry(slo("99.9%").with_operation("job"));
    let mut sums = Counts::default();
    for hour in 0..24_u64 {
        // A busy hour has ten thousand events, a quiet one two, of which every tenth hour loses one.
        let (events, bad) = if hour % 6 == 0 { (10_000, 3) } else { (2, u64::from(hour % 10 == 1)) };
        for event in 0..events {
            let verdict = if event < bad { Verdict::Bad } else { Verdict::Good };
            registry.attempt("job").finish_as(Outcome::Completed(0), verdict);
        }
        sums = Counts { good: sums.good + events - bad, bad: sums.bad + bad };
        clock.advance(HOUR);
        registry.tick(clock.now());
    }
    let status = registry.status();
    assert_eq!(status.slos[0].events, sums);
    assert_eq!(status.slos[0].sli_ratio, sums.good_ratio());
    let budget = ErrorBudget::new(Objective::literal("99.9%"), sums);
    assert_eq!(status.slos[0].budget.remaining_ratio, budget.remaining_ratio());
    assert!(budget.remaining_ratio().is_some_and(|left| near(left, 1.0 - 15.0 / 40.04, 1e-3)), "{budget:?}");
}

/// One minus the inverse factor.
#[test]
fn below_some_objective_not_even_an_outage_fires_a_row() {
    for (row, dead, alive) in [(0, "93.05%", "93.06%"), (1, "83.33%", "83.34%"), (2, "66.66%", "66.67%")] {
        let alone = AlertPolicy::new(&AlertPolicy::WORKBOOK.rows()[row..=row]).expect("one row");
        let severity = alone.rows()[0].severity();
        let outage = Incident::failing(1.0, alone.rows()[0].long(Window::DAYS_30) * 2);
        let detected = |objective| {
            simulate(&slo(objective).with_alerts(alone), Traffic::steady(600.0), &outage).detected(severity)
        };
        assert_eq!((detected(dead), detected(alive).is_some()), (None, true), "row {row}");
    }
}
