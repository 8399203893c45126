//! Calendar windows over years, held against a calendar that counts days.

use std::time::Duration;

use slo_core::{
    BudgetUnit, BuildError, Clock, Objective, Outcome, Registry, Sli, Slo, TimeSlices, Timestamp, Verdict,
    Window,
};

use super::civil::begins;

pub(crate) const WINDOWS: [&str; 6] = [
    "week",
    "month",
    "week America/St_Johns",
    "month Europe/Berlin",
    "month Asia/Kathmandu",
    "quarter Europe/Berlin",
];

fn slo(window: &str) -> Slo {
    let slo = Slo::literal("x", Sli::Availability, Objective::literal("99%"));
    slo.with_window(Window::parse(window).expect("a window")).with_operation("job").expect("it is plain")
}

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn record(registry: &Registry, good: u64, bad: u64) {
    for number in 0..good + bad {
        let (outcome, verdict) = match number < bad {
            true => (Outcome::InnerError, Verdict::Bad),
            false => (Outcome::Completed(0), Verdict::Good),
        };
        registry.attempt("job").finish_as(outcome, verdict);
    }
}

/// Ticks every ten seconds around each midnight at which a period begins, off the boundary by every number of seconds.
#[test]
fn a_budget_is_whole_again_to_the_tick_when_the_next_period_begins() {
    for window in WINDOWS {
        let begins = begins(window);
        let clock = Clock::manual(at(begins[0] + 100));
        let registry =
            Registry::builder("shop").slo(slo(window)).clock(clock.clone()).build().expect("a zone");
        let status = || registry.status().slos.remove(0);
        let advance_to = |second: u64| clock.advance(at(second).since(clock.now()));
        assert!(begins.len() > 30, "ten years of {window}");
        for (number, pair) in begins.windows(2).enumerate().skip(1) {
            let (begin, end, phase) = (pair[0], pair[1], number as u64 % 10);
            // Nobody was there since the last one; then all is as usual.
            for step in (1..=4).rev() {
                advance_to(begin + phase - 10 * step);
                record(&registry, 7, 3);
                registry.tick(clock.now());
            }
            let before = status();
            let own = before.period.expect("it is a calendar's");
            assert_eq!(own.end, at(begin), "{window}");
            assert!(before.budget.spent >= 12 && before.budget.remaining_ratio < Some(0.0));
            // The first of them are still in the tick that ends the old period.
            record(&registry, 5, 1);
            advance_to(begin);
            assert_eq!(
                status().period.expect("it is a calendar's").begin,
                at(begin),
                "{window} without a tick"
            );
            advance_to(begin + phase);
            registry.tick(clock.now());
            let first = status();
            let own = first.period.expect("it is a calendar's");
            assert_eq!((own.begin, own.end), (at(begin), at(end)), "{window}");
            assert_eq!((first.events.total(), first.budget.remaining_ratio), (0, None), "{window} {begin}");
            record(&registry, 199, 1);
            for step in 1..=360 {
                advance_to(begin + phase + 10 * step);
                registry.tick(clock.now());
            }
            let later = status();
            assert_eq!((later.events.good, later.events.bad), (199, 1), "{window} {begin}");
            assert_eq!(later.budget.remaining_ratio, Some(0.5));
            // All of it but what lies between the first moment and the tick after it.
            assert!((0.997..=1.0).contains(&later.coverage), "{window} {begin}: {}", later.coverage);
        }
    }
}

#[test]
fn alert_windows_go_on_where_a_period_begins() {
    // An outage from two minutes before the first of December.
    let december = 1_701_385_200;
    let clock = Clock::manual(at(december - 86_400));
    let builder = Registry::builder("shop").slo(slo("month Europe/Berlin")).clock(clock.clone());
    let registry = builder.build().expect("a zone");
    let mut since = Vec::new();
    while clock.now() < at(december + 600) {
        clock.advance(Duration::from_secs(10));
        let bad = if clock.now() > at(december - 120) { 10 } else { 0 };
        record(&registry, 10 - bad, bad);
        registry.tick(clock.now());
        since.extend(registry.status().slos[0].alerts[0].since);
    }
    let [first, .., last] = since[..] else { panic!("nothing fires: {since:?}") };
    assert_eq!(first, last, "it fires without a break, though the budget is whole again");
    // 14.4 times the budget of an hour at 99 % are 518 seconds of errors, 120 of them in November.
    assert_eq!(first, at(december + 400));
    let slo = registry.status().slos.remove(0);
    assert_eq!((slo.events.good, slo.events.bad), (0, 600));
    assert_eq!(slo.exhaustion.expect("all of it is gone").seconds, 0.0);
}

#[test]
fn a_forecast_ends_with_its_period() {
    // Ten days before the end of December, three times as much goes as comes for as long as there is anything left.
    let january = 1_704_063_600;
    let clock = Clock::manual(at(january - 31 * 86_400));
    let builder = Registry::builder("shop").slo(slo("month Europe/Berlin")).clock(clock.clone());
    let registry = builder.tick_interval(Duration::from_secs(600)).build().expect("a zone");
    for hour in 1..=21 * 24 {
        let bad = if hour > 21 * 24 - 6 { 30 } else { 0 };
        record(&registry, 1_000 - bad, bad);
        for _ in 0..6 {
            clock.advance(Duration::from_secs(600));
            registry.tick(clock.now());
        }
    }
    let slo = registry.status().slos.remove(0);
    assert!((slo.coverage - 1.0).abs() < 1e-9, "{}", slo.coverage);
    // All in a slice of an hour before the last tick: its rate is 3. What is left are 21 days less 3 × 6 hours.
    let forecast = slo.exhaustion.map(|forecast| forecast.seconds / 3_600.0);
    assert_eq!(forecast, None, "{} hours are more than 240", (21.0 * 24.0 - 18.0) / 2.0);
    for _ in 0..6 {
        record(&registry, 960, 40);
        for _ in 0..6 {
            clock.advance(Duration::from_secs(600));
            registry.tick(clock.now());
        }
    }
    let forecast = registry.status().slos[0].exhaustion.clone().expect("it is gone before the month is");
    assert!((forecast.seconds / 3_600.0 - (510.0 - 18.0 - 24.0) / 3.0).abs() < 1e-6, "{forecast:?}");
}

#[test]
fn the_longest_quarter_is_seen_from_its_first_moment_to_its_last() {
    // From 1 October in Berlin: 92 days and the hour in which the clocks are set back.
    let (october, january) = (1_696_111_200, 1_704_063_600);
    let clock = Clock::manual(at(october));
    let builder = Registry::builder("shop").slo(slo("quarter Europe/Berlin")).clock(clock.clone());
    let registry = builder.tick_interval(Duration::from_secs(3_600)).build().expect("a zone");
    record(&registry, 1, 1);
    while clock.now() < at(january - 3_600) {
        clock.advance(Duration::from_secs(3_600));
        registry.tick(clock.now());
    }
    clock.advance(Duration::from_secs(3_599));
    let last = registry.status().slos.remove(0);
    assert_eq!((last.events.good, last.events.bad), (1, 1));
    assert!((last.coverage - 1.0).abs() < 1e-9, "{}", last.coverage);
    clock.advance(Duration::from_secs(1));
    assert_eq!(registry.status().slos[0].events.total(), 0, "January has begun");
}

#[test]
fn zones_that_there_are_not_are_refused_with_what_was_meant() {
    for (window, expected) in
        [("month Berlin", "write Europe/Berlin"), ("week Mars", "such as Europe/Berlin")]
    {
        let error = Registry::builder("shop").slo(slo(window)).build().expect_err("there is no such zone");
        let (text, here) = (error.to_string(), file!().rsplit('/').next().expect("a file has a name"));
        assert!(matches!(error, BuildError::UnknownZone { .. }), "{error:?}");
        for part in ["\"x\"", here, expected] {
            assert!(text.contains(part), "{text:?} does not say {part:?}");
        }
    }
}

#[test]
fn slices_of_a_calendar_month_are_counted_from_its_beginning() {
    let december = 1_701_385_200;
    let clock = Clock::manual(at(december - 3_600));
    let slo = slo("month Europe/Berlin").with_time_slices(TimeSlices::literal("90% per 1m"));
    let registry = Registry::builder("shop").slo(slo).clock(clock.clone()).build().expect("a zone");
    for tick in 1..=720 {
        clock.advance(Duration::from_secs(10));
        // Of each minute: eight in sixty, which is too many, in every tenth.
        let bad = if tick / 6 % 10 == 0 { 8 } else { 1 };
        record(&registry, 10 - bad, bad);
        registry.tick(clock.now());
    }
    let slo = registry.status().slos.remove(0);
    assert_eq!((slo.budget.unit, slo.events.total()), (BudgetUnit::Slices, 60));
    assert_eq!(slo.total.good + slo.total.bad, 7_200);
    assert!(slo.events.bad >= 6, "{:?}", slo.events);
}
