//! The states of alerts, held against a model that keeps every event, tick by tick.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use slo_core::{
    AlertChange, AlertForm, AlertPolicy, AlertRow, AlertStatus, AlertTransition, Objective, Outcome,
    Registry, RegistryBuilder, Severity, Sli, Slo, Verdict,
};

use super::support::START;

const MINUTE: Duration = Duration::from_secs(60);
const PERIOD: u64 = 30 * 86_400;
const BUDGET: f64 = 0.001;

/// What was known at a tick, in seconds since the start and events since then.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    at: u64,
    good: u64,
    bad: u64,
    watched: u64,
}

/// Too simple to be wrong: all samples, and for each severity since when it fires and when it last resolved.
struct Model {
    policy: AlertPolicy,
    samples: Vec<Sample>,
    states: [(Option<u64>, Option<u64>); 2],
    transitions: Vec<(Severity, AlertChange, u64)>,
}

impl Model {
    fn new(policy: AlertPolicy) -> Self {
        Self { policy, samples: vec![Sample::default()], states: [(None, None); 2], transitions: Vec::new() }
    }

    /// The last sample until a moment.
    fn by(&self, at: u64) -> Sample {
        self.samples[self.samples.partition_point(|sample| sample.at <= at).max(1) - 1]
    }

    fn within(&self, seconds: u64) -> Sample {
        let step = match seconds {
            0..=3_600 => 10,
            3_601..=21_600 => 60,
            21_601..=259_200 => 300,
            _ => 3_600,
        };
        let last = self.samples[self.samples.len() - 1];
        // Between two steps things have happened evenly.
        let from = last.at.saturating_sub(seconds);
        let [earlier, later] = [from / step * step, (from / step + 1) * step].map(|at| self.by(at));
        let between = |earlier: u64, later: u64| earlier + (later - earlier) * (from % step) / step;
        let before = Sample {
            at: from,
            good: between(earlier.good, later.good),
            bad: between(earlier.bad, later.bad),
            watched: between(earlier.watched, later.watched),
        };
        Sample {
            at: last.at,
            good: last.good - before.good,
            bad: last.bad - before.bad,
            watched: (last.watched - before.watched).min(seconds),
        }
    }

    fn burn(&self, seconds: u64) -> Option<f64> {
        let Sample { good, bad, .. } = self.within(seconds);
        let events = match self.policy.form() {
            AlertForm::Ratio => (good + bad) as f64,
            AlertForm::Count => {
                let period = self.within(PERIOD);
                (period.good + period.bad) as f64 * (seconds as f64 / period.watched as f64)
            }
        };
        (events > 0.0 && events.is_finite()).then(|| bad as f64 / events / BUDGET)
    }

    fn fires(&self, row: &AlertRow) -> bool {
        let long = row.long(slo_core::Window::DAYS_30).as_secs();
        let burns = |seconds| self.burn(seconds).is_some_and(|burn| burn > row.factor());
        self.within(long).bad >= self.policy.bad_events_min() && burns(long) && burns(long / 12)
    }

    fn tick(&mut self, at: u64, good: u64, bad: u64) {
        let last = self.samples[self.samples.len() - 1];
        let watched = last.watched + if at - last.at <= 60 { at - last.at } else { 0 };
        self.samples.push(Sample { at, good: last.good + good, bad: last.bad + bad, watched });
        for (index, severity) in Severity::ALL.into_iter().enumerate() {
            let fires = self.policy.rows().iter().any(|row| row.severity() == severity && self.fires(row));
            let (since, resolved) = &mut self.states[index];
            match (*since, fires) {
                (None, true) => {
                    *since = Some(at);
                    self.transitions.push((severity, AlertChange::Fired, at));
                }
                (Some(_), false) => {
                    (*since, *resolved) = (None, Some(at));
                    self.transitions.push((severity, AlertChange::Resolved, at));
                }
                (None, false) | (Some(_), true) => {}
            }
        }
    }
}

fn policies() -> impl Strategy<Value = AlertPolicy> {
    let minutes = prop::sample::select(vec![2_u64, 4, 10, 60, 120, 360, 1_440, 4_320]);
    let row = (prop::sample::select(Severity::ALL.to_vec()), minutes, 1.0..30.0_f64);
    let row = row.prop_filter_map("beyond the budget", |(severity, minutes, factor)| {
        AlertRow::new(severity, MINUTE * u32::try_from(minutes).ok()?, factor).ok()
    });
    let own = (prop::collection::vec(row, 0..=4), 0..4_u64, any::<bool>());
    let own = own.prop_map(|(rows, floor, counts)| {
        let form = if counts { AlertForm::Count } else { AlertForm::Ratio };
        AlertPolicy::new(&rows).expect("at most four").with_bad_events_min(floor).with_form(form)
    });
    prop_oneof![own, Just(AlertPolicy::WORKBOOK), Just(AlertPolicy::WORKBOOK.with_form(AlertForm::Count))]
}

/// How long nothing happens, in ticks of ten seconds; whether nobody ticks meanwhile; good and bad events after it.
fn phases() -> impl Strategy<Value = Vec<(u64, bool, u64, u64)>> {
    let pause = prop_oneof![5 => 1..4_u64, 3 => 1..60_u64, 1 => 300..2_000_u64];
    let bad = prop_oneof![2 => Just(0), 1 => 0..8_u64];
    prop::collection::vec((pause, prop::bool::weighted(0.1), 0..300_u64, bad), 0..60)
}

fn slo(policy: AlertPolicy) -> Slo {
    let slo = Slo::literal("x", Sli::Availability, Objective::literal("99.9%")).with_alerts(policy);
    slo.with_operation("job").expect("it is plain")
}

fn builder(policy: AlertPolicy) -> (RegistryBuilder, slo_core::Clock) {
    let clock = slo_core::Clock::manual(START);
    (Registry::builder("shop").slo(slo(policy)).clock(clock.clone()), clock)
}

/// Collects what is told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<AlertTransition>>>);

impl Told {
    fn listen(&self, alert: &AlertTransition) {
        self.0.lock().expect("nobody panics with it").push(alert.clone());
    }

    fn take(&self) -> Vec<AlertTransition> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics with it"))
    }
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

fn alerts(registry: &Registry) -> Vec<AlertStatus> {
    registry.status().slos[0].alerts.clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn alerts_go_through_the_states_of_a_model_that_keeps_every_event(policy in policies(), phases in phases()) {
        let told = Told::default();
        let (listener, (builder, clock)) = (told.clone(), builder(policy));
        let registry = builder.on_alert(move |alert| listener.listen(alert)).build().expect("all rows can fire");
        let mut model = Model::new(policy);
        registry.tick(clock.now());
        let now = || clock.now().since(START).as_secs();
        let after = |at| START.plus(Duration::from_secs(at));
        for (steps, idle, good, bad) in phases {
            // Who has not ticked comes back on the hour, where every ring has a step.
            let steps = if idle { 360 - now() / 10 % 360 + 360 * (steps / 360) } else { steps };
            for step in 1..=steps {
                clock.advance(Duration::from_secs(10));
                let events = if step == steps { (good, bad) } else { (0, 0) };
                record(&registry, events.0, events.1);
                if idle && step < steps {
                    continue;
                }
                registry.tick(clock.now());
                model.tick(now(), events.0, events.1);
                let transitions = told.take().into_iter().map(|told| (told.severity, told.change, told.at)).collect::<Vec<_>>();
                let expected = model.transitions.drain(..).map(|(severity, change, at)| (severity, change, after(at)));
                prop_assert_eq!(transitions, expected.collect::<Vec<_>>(), "at {}", now());
            }
            for alert in alerts(&registry) {
                let index = usize::from(alert.severity == Severity::Ticket);
                let (since, resolved) = model.states[index];
                prop_assert_eq!((alert.since, alert.resolved), (since.map(after), resolved.map(after)));
                prop_assert_eq!(alert.active, since.is_some());
                let first = policy.rows().iter().find(|row| row.severity() == alert.severity && model.fires(row));
                prop_assert_eq!(alert.row.as_ref().map(|row| row.factor), first.map(AlertRow::factor));
                let long = first.and_then(|row| model.burn(row.long(slo_core::Window::DAYS_30).as_secs()));
                let close = alert.long_burn.zip(long).is_none_or(|(burn, long)| (burn.get() - long).abs() <= 1e-9 * long);
                prop_assert!(close && alert.long_burn.is_some() == long.is_some(), "{alert:?} {long:?}");
            }
        }
    }
}

#[test]
fn states_change_at_ticks_only() {
    let (builder, clock) = builder(AlertPolicy::PAGE);
    let registry = builder.build().expect("all rows can fire");
    let page = || alerts(&registry).remove(0);
    registry.tick(clock.now());
    record(&registry, 95, 5);
    assert!(!page().active && registry.status().slos[0].burn_rates[0].rate.is_some());
    clock.advance(Duration::from_secs(10));
    registry.tick(clock.now());
    let fired = page();
    assert_eq!((fired.active, fired.since, fired.resolved), (true, Some(clock.now()), None));
    let row = fired.row.as_ref().expect("it fires");
    assert_eq!((row.factor, row.long.as_str(), row.short.as_str()), (14.4, "1h", "5m"));
    // 5 % is 50 times what may be bad, and so much of the budget is gone.
    let close = |value: f64| (value - 50.0).abs() < 1e-9;
    assert!(fired.long_burn.is_some_and(|burn| close(burn.get())), "{fired:?}");
    assert!(fired.budget_spent.is_some_and(close), "{fired:?}");
    // The trouble is over and its windows are past, but nobody has ticked.
    clock.advance(Duration::from_secs(7 * 3_600));
    record(&registry, 10_000, 0);
    assert_eq!(page(), fired);
    registry.tick(clock.now());
    let resolved = page();
    assert_eq!((resolved.active, resolved.since, resolved.resolved), (false, None, Some(clock.now())));
    assert_eq!((resolved.row, resolved.long_burn, resolved.budget_spent), (None, None, None));
}

#[test]
fn a_listener_may_panic_and_use_the_registry() {
    let told = Told::default();
    let (listener, own) = (told.clone(), Arc::new(Mutex::new(None::<Registry>)));
    let handle = Arc::clone(&own);
    let (builder, clock) = builder(AlertPolicy::PAGE);
    let builder = builder.on_alert(|_| panic!("this listener always panics"));
    let builder = builder.on_alert(move |alert| {
        let registry = handle.lock().expect("nobody panics with it").clone().expect("set below");
        if alert.change == AlertChange::Fired {
            // What it asks for is not told within this call, but after it.
            assert!(registry.status().slos[0].alerts[0].active);
            registry.clock().advance(Duration::from_secs(7 * 3_600));
            registry.tick(registry.clock().now());
        }
        listener.listen(alert);
    });
    let registry = builder.build().expect("all rows can fire");
    *own.lock().expect("nobody panics with it") = Some(registry.clone());
    record(&registry, 0, 2);
    registry.tick(clock.now());
    let changes: Vec<_> = told.take().into_iter().map(|alert| alert.change).collect();
    assert_eq!(changes, [AlertChange::Fired, AlertChange::Resolved]);
    assert!(!alerts(&registry)[0].active);
    // Otherwise the registry would keep itself.
    own.lock().expect("nobody panics with it").take();
}

/// What a listener panics with, and what panics again where it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("what it panicked with panics, too");
    }
}

#[test]
fn what_a_listener_panics_with_may_panic_when_dropped() {
    let told = Told::default();
    let (listener, (builder, clock)) = (told.clone(), builder(AlertPolicy::PAGE));
    let builder = builder.on_alert(|_| std::panic::panic_any(Bomb));
    let registry = builder.on_alert(move |alert| listener.listen(alert)).build().expect("all rows can fire");
    record(&registry, 0, 2);
    for changes in [AlertChange::Fired, AlertChange::Resolved] {
        registry.tick(clock.now());
        assert_eq!(told.take().into_iter().map(|alert| alert.change).collect::<Vec<_>>(), [changes]);
        clock.advance(Duration::from_secs(7 * 3_600));
    }
}

#[test]
fn whoever_ticks_each_change_is_told_once_and_in_order() {
    let told = Told::default();
    let listener = told.clone();
    let row = AlertRow::literal(Severity::Page, Duration::from_secs(120), 10.0);
    let (builder, clock) = builder(AlertPolicy::new(&[row]).expect("one row"));
    let registry = builder.on_alert(move |alert| listener.listen(alert)).build().expect("the row can fire");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    record(&registry, 0, 2);
                    registry.tick(clock.now());
                    clock.advance(Duration::from_secs(200));
                    registry.tick(clock.now());
                }
            });
        }
    });
    clock.advance(Duration::from_secs(200));
    registry.tick(clock.now());
    let alerts = told.take();
    assert!(alerts.len() >= 2 && alerts.len().is_multiple_of(2), "{}", alerts.len());
    for pair in alerts.chunks(2) {
        assert_eq!((pair[0].change, pair[1].change), (AlertChange::Fired, AlertChange::Resolved));
        assert_eq!((pair[0].since, pair[0].at), (pair[0].at, pair[1].since));
    }
    assert!(alerts.is_sorted_by_key(|alert| alert.at));
}
