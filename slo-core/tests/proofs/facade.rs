//! What the `metrics` facade is told is what the exposition says.

use std::collections::BTreeMap;
use std::time::Duration;

use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use slo_core::naming::FAMILIES;
use slo_core::{FacadePublisher, Outcome, Registry};

use super::exposition::sample;
use super::support::{START, Scrape, on_route};

#[test]
fn the_facade_gets_every_counter_and_gauge() {
    let (registry, _clock) = sample();
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, || {
        let publisher = FacadePublisher::new(registry.clone());
        // Publishing sets values: doing it twice changes nothing.
        publisher.publish();
        publisher.publish();
    });
    let scrape = Scrape::of(&registry);
    let mut published = 0;
    for (key, _unit, help, value) in snapshotter.snapshot().into_vec() {
        let (kind, key) = key.into_parts();
        let labels: Vec<_> = key.labels().map(|label| (label.key(), label.value())).collect();
        let family =
            FAMILIES.iter().find(|family| family.name == key.name()).expect("it is in the catalogue");
        assert_eq!(help.as_deref(), Some(family.help), "{}", family.name);
        let value = match (kind, value) {
            (MetricKind::Counter, DebugValue::Counter(count)) => count as f64,
            (MetricKind::Gauge, DebugValue::Gauge(value)) => value.into_inner(),
            other => panic!("{}: {other:?}", key.name()),
        };
        assert_eq!(scrape.value(key.name(), &labels), Some(value), "{} {labels:?}", key.name());
        published += 1;
    }
    let histogram = |name: &str| ["_bucket", "_sum", "_count"].iter().any(|suffix| name.ends_with(suffix));
    assert_eq!(published, scrape.0.iter().filter(|sample| !histogram(&sample.name)).count());
    assert!(published > 30);
}

#[test]
fn the_facade_is_told_nothing_without_a_recorder() {
    let (registry, _clock) = sample();
    FacadePublisher::new(registry).publish();
}

/// A value that is no more must not stay for ever: an alert on it would never end.
#[test]
fn the_facade_is_told_once_that_a_value_is_gone() {
    let clock = slo_core::Clock::manual(START);
    let slo = on_route("a", slo_core::Sli::Availability, "GET /a");
    let registry = Registry::builder("shop").slo(slo).clock(clock.clone()).build().expect("it is valid");
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let set = || {
        let mut values = BTreeMap::new();
        for (key, _, _, value) in snapshotter.snapshot().into_vec() {
            if let (DebugValue::Gauge(value), labels) = (value, key.key().labels()) {
                let labels = labels.map(|label| format!(",{}={}", label.key(), label.value()));
                values.insert(key.key().name().to_owned() + &labels.collect::<String>(), value.into_inner());
            }
        }
        values
    };
    metrics::with_local_recorder(&recorder, || {
        let publisher = FacadePublisher::new(registry.clone());
        registry.recorder().request("GET", Some("/a")).finish(Outcome::Completed(500));
        registry.tick(clock.now());
        publisher.publish();
        let before = set();
        let [burning, exhaustion, sli] = [
            "slo_burn_rate,slo=a,window=5m",
            "slo_budget_exhaustion_seconds,slo=a",
            "slo_sli_ratio,slo=a,window=30d",
        ];
        assert!(before[burning] > 0.0 && before[exhaustion] == 0.0 && before[sli] == 0.0, "{before:?}");
        // The window empties in which it burnt; the whole budget stays gone.
        for _ in 0..2 * 360 {
            clock.advance(Duration::from_secs(10));
            registry.tick(clock.now());
        }
        publisher.publish();
        let after = set();
        assert!(after[burning].is_nan() && after[exhaustion] == 0.0, "{after:?}");
        // Whoever resets it later is not overruled again.
        recorder_sets(burning, 7.0);
        publisher.publish();
        assert_eq!(set()[burning], 7.0);
        registry.recorder().request("GET", Some("/a")).finish(Outcome::Completed(200));
        publisher.publish();
        assert_eq!(set()[burning], 0.0);
    });
}

/// Sets a gauge of the present recorder, as somebody else might.
fn recorder_sets(name: &str, value: f64) {
    let mut parts = name.split(',');
    let name = parts.next().expect("a name").to_owned();
    let label = |part: &str| {
        let (label, value) = part.split_once('=').expect("a label");
        metrics::Label::new(label.to_owned(), value.to_owned())
    };
    let key = metrics::Key::from_parts(name, parts.map(label).collect::<Vec<_>>());
    let metadata = metrics::Metadata::new("", metrics::Level::INFO, None);
    metrics::with_recorder(|recorder| recorder.register_gauge(&key, &metadata).set(value));
}
