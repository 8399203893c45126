//! What the `metrics` facade is told is what the exposition says.

use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use slo_core::FacadePublisher;
use slo_core::naming::FAMILIES;

use super::exposition::sample;
use super::support::Scrape;

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
