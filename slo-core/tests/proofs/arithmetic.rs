//! What is exposed of budgets and burn rates is the arithmetic on the counts, in every window.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::Value;
use slo_core::{Clock, Objective, Outcome, Recorder, Registry, Sli, Slo, Timestamp, Verdict};

use super::support::{START, Scrape, registry};

const NAME: &str = "x";
/// Every window of the workbook's policy and the promise's own: name, seconds, step of the ring it reads.
const WINDOWS: [(&str, u64, u64); 8] = [
    ("5m", 300, 10),
    ("30m", 1_800, 10),
    ("1h", 3_600, 10),
    ("2h", 7_200, 60),
    ("6h", 21_600, 60),
    ("1d", 86_400, 300),
    ("3d", 259_200, 300),
    ("30d", 2_592_000, 3_600),
];

/// Time passes, then events come in, then a tick sees them.
#[derive(Clone, Copy, Debug)]
struct Phase {
    pause: Pause,
    good: u64,
    bad: u64,
}

#[derive(Clone, Copy, Debug)]
enum Pause {
    /// This many steps of ten seconds, each with a tick.
    Busy(u64),
    /// Until this many hours later, on the hour, without a tick in between.
    Idle(u64),
}

fn phases() -> impl Strategy<Value = Vec<Phase>> {
    let pause = prop_oneof![(1..200_u64).prop_map(Pause::Busy), (1..400_u64).prop_map(Pause::Idle)];
    let phase = (pause, 0..30_u64, prop_oneof![2 => Just(0), 1 => 0..8_u64]);
    prop::collection::vec(phase.prop_map(|(pause, good, bad)| Phase { pause, good, bad }), 0..25)
}

fn record(recorder: Recorder, phase: Phase) {
    for number in 0..phase.good + phase.bad {
        let attempt = recorder.operation("job");
        if number < phase.bad {
            attempt.finish_as(Outcome::InnerError, Verdict::Bad);
        } else {
            attempt.finish_as(Outcome::Completed(0), Verdict::Good);
        }
    }
}

fn pass(registry: &Registry, clock: &Clock, pause: Pause) {
    match pause {
        Pause::Busy(steps) => {
            for _ in 0..steps {
                registry.tick(clock.now());
                clock.advance(Duration::from_secs(10));
            }
        }
        Pause::Idle(hours) => {
            let into_hour = clock.now().since(START).as_secs() % 3_600;
            clock.advance(Duration::from_secs(hours * 3_600 - into_hour));
        }
    }
}

/// Good and bad events within a window, by going through all of them; those of the step that it begins in happened evenly.
fn within(history: &[(Timestamp, Phase)], now: Timestamp, seconds: u64, step: u64) -> (u64, u64) {
    let until = |seconds: u64| {
        let inside = history.iter().filter(|(at, _)| *at <= Timestamp::from_unix_seconds(seconds));
        inside.fold((0, 0), |(good, bad), (_, phase)| (good + phase.good, bad + phase.bad))
    };
    let from = now.unix_nanos() / 1_000_000_000 - seconds;
    let [all, earlier, later] = [u64::MAX, from / step * step, (from / step + 1) * step].map(until);
    let between = |earlier: u64, later: u64| earlier + (later - earlier) * (from % step) / step;
    (all.0 - between(earlier.0, later.0), all.1 - between(earlier.1, later.1))
}

fn close(actual: f64, expected: f64) -> bool {
    (actual - expected).abs() <= 1e-9 * expected.abs().max(1.0)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn budgets_and_burn_rates_are_arithmetic_on_the_counts(
        phases in phases(),
        parts in prop_oneof![1..1_000_000_000_u64, 990_000_000..1_000_000_000_u64, Just(999_000_000)],
    ) {
        let objective = Objective::parse(&format!("0.{parts:09}")).expect("between 0 and 1");
        let slo = Slo::new(NAME, Sli::Availability, objective).and_then(|slo| slo.with_operation("job"));
        let (registry, clock) = registry(slo);
        let mut history = Vec::new();
        for phase in phases {
            pass(&registry, &clock, phase.pause);
            record(registry.recorder(), phase);
            registry.tick(clock.now());
            history.push((clock.now(), phase));
        }
        let scrape = Scrape::of(&registry);
        let json = serde_json::to_value(registry.status()).expect("it serialises");
        // As exact as an f64 gets: one division of two whole numbers.
        let burn = |good: u64, bad: u64| {
            let (spent, allowed) = (bad as f64 * 1e9, (good + bad) as f64 * (1_000_000_000 - parts) as f64);
            (good + bad > 0).then(|| spent / allowed)
        };
        let mut burns = BTreeMap::new();
        for (window, seconds, step) in WINDOWS {
            let (good, bad) = within(&history, clock.now(), seconds, step);
            burns.insert(window, burn(good, bad));
            let Some(exposed) = exposed_window(&json, window) else { continue };
            let text = scrape.value("slo_burn_rate", &[("slo", NAME), ("window", window)]);
            prop_assert_eq!(exposed.as_f64(), text, "{} differs between JSON and text", window);
            let agrees = match (text, burn(good, bad)) {
                (Some(actual), Some(expected)) => close(actual, expected),
                (actual, expected) => actual.is_none() && expected.is_none() && exposed.is_null(),
            };
            prop_assert!(agrees, "{window}: {text:?} of {good} good and {bad} bad at {objective}");
        }
        prop_assert!(exposed_window(&json, "30d").is_some());
        let remaining = scrape.value("slo_error_budget_remaining_ratio", &[("slo", NAME)]);
        prop_assert_eq!(json["slos"][0]["budget"]["remaining_ratio"].as_f64(), remaining);
        match (remaining, burns["30d"]) {
            (Some(actual), Some(burn)) => prop_assert!(close(actual, 1.0 - burn), "{actual} left of {burn}"),
            (actual, expected) => prop_assert_eq!((actual, expected), (None, None)),
        }
        // The first window with events says how fast it goes; what lasts longer than the window lasts.
        let rate = ["1h", "6h", "1d", "3d", "30d"].into_iter().find_map(|window| burns[window]);
        let seen = json["slos"][0]["coverage"].as_f64().expect("a number") * 2_592_000.0;
        let seconds = remaining.zip(rate).map(|(left, rate)| lasts(left, rate, seen));
        let exposed = scrape.value("slo_budget_exhaustion_seconds", &[("slo", NAME)]);
        prop_assert_eq!(json["slos"][0]["exhaustion"]["seconds"].as_f64(), exposed);
        match (exposed, seconds.filter(|seconds| *seconds <= 2_592_000.0)) {
            (Some(actual), Some(seconds)) => prop_assert!(close(actual, seconds), "{actual} is not {seconds}"),
            (actual, expected) => prop_assert_eq!(actual, expected),
        }
        let (good, bad) = within(&history, clock.now(), 2_592_000, 3_600);
        let ratio = scrape.value("slo_sli_ratio", &[("slo", NAME), ("window", "30d")]);
        let expected = (good + bad > 0).then(|| good as f64 / (good + bad) as f64);
        prop_assert!(ratio.zip(expected).is_none_or(|(ratio, expected)| close(ratio, expected)));
        prop_assert_eq!((ratio.is_none(), json["slos"][0]["sli_ratio"].is_null()), (expected.is_none(), expected.is_none()));
        assert_finite(&registry);
    }
}

/// Returns for how many seconds a budget lasts of which there is more with each second until the window is full.
fn lasts(left: f64, rate: f64, seen: f64) -> f64 {
    match left * seen / (rate - 1.0) {
        _ if left <= 0.0 => 0.0,
        growing if rate > 1.0 && growing < 2_592_000.0 - seen => growing,
        _ => (2_592_000.0 - (1.0 - left) * seen) / rate,
    }
}

/// Returns the burn rate of a window that is exposed, `Null` included.
fn exposed_window<'a>(json: &'a Value, window: &str) -> Option<&'a Value> {
    let rates = json["slos"][0]["burn_rates"].as_array().expect("a list");
    rates.iter().find(|rate| rate["window"] == window).map(|rate| &rate["rate"])
}

/// Asserts that nothing exposed is infinite or no number. JSON has no way to write those but `null`.
fn assert_finite(registry: &Registry) {
    for sample in Scrape::of(registry).0 {
        assert!(sample.value.is_finite(), "{sample:?}");
    }
    let status = registry.status();
    let json = serde_json::to_value(&status).expect("it serialises");
    for (slo, json) in status.slos.iter().zip(json["slos"].as_array().expect("a list")) {
        assert_eq!(slo.budget.remaining_ratio.is_none(), json["budget"]["remaining_ratio"].is_null());
        assert!(
            slo.budget.remaining.is_finite() && slo.budget.allowed.is_finite() && slo.coverage.is_finite()
        );
        let rates = slo.burn_rates.iter().filter_map(|burn| burn.rate).map(slo_core::BurnRate::get);
        assert!(rates.into_iter().chain(slo.sli_ratio).all(f64::is_finite), "{slo:?}");
    }
}

#[test]
fn no_events_are_no_data() {
    let slos = ["0.0000001%", "50%", "99.9999999%"].map(|objective| {
        let name = format!("at-{}", objective.trim_end_matches('%'));
        Slo::new(name, Sli::Availability, Objective::literal(objective))
            .and_then(|slo| slo.with_operation("job"))
    });
    let (registry, clock) = registry(slos.into_iter().flatten());
    let check = || {
        let scrape = Scrape::of(&registry);
        for name in [
            "slo_sli_ratio",
            "slo_error_budget_remaining_ratio",
            "slo_burn_rate",
            "slo_budget_exhaustion_seconds",
        ] {
            assert_eq!(scrape.all(name, &[]).count(), 0, "{name}");
        }
        let json = serde_json::to_value(registry.status()).expect("it serialises");
        for slo in json["slos"].as_array().expect("a list") {
            assert!(slo["sli_ratio"].is_null() && slo["budget"]["remaining_ratio"].is_null(), "{slo}");
            let rates = slo["burn_rates"].as_array().expect("a list");
            assert!(!rates.is_empty() && rates.iter().all(|rate| rate["rate"].is_null()), "{slo}");
        }
        assert_finite(&registry);
    };
    check();
    // Excluded events are no data either.
    registry.recorder().operation("job").finish_as(Outcome::Completed(0), Verdict::Excluded);
    drop(registry.recorder().operation("job"));
    check();
    registry.recorder().operation("job").finish_as(Outcome::InnerError, Verdict::Bad);
    registry.tick(clock.now());
    assert_finite(&registry);
    assert_eq!(Scrape::of(&registry).all("slo_error_budget_remaining_ratio", &[]).count(), 3);
    // A window that has emptied has no data again.
    clock.advance(Duration::from_secs(31 * 86_400));
    check();
}
