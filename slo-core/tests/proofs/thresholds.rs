//! Where a promise looks, the histogram is exact to the nanosecond.

use std::time::Duration;

use slo_core::{Outcome, Sli, Threshold, Verdict};

use super::support::{Scrape, on_route, registry};

/// Beside, on and far from the default boundaries; two within one cell; the shortest and the longest.
const THRESHOLDS: [&str; 12] = [
    "1ns",
    "127ns",
    "128ns",
    "1us",
    "999999ns",
    "1ms",
    "5ms",
    "249999999ns",
    "250ms",
    "250000001ns",
    "7.3s",
    "1h",
];

/// How Prometheus itself writes these numbers; the text of a boundary is a label, so it must not vary.
const LABELS: [&str; 12] = [
    "1e-09",
    "1.27e-07",
    "1.28e-07",
    "1e-06",
    "0.000999999",
    "0.001",
    "0.005",
    "0.249999999",
    "0.25",
    "0.250000001",
    "7.3",
    "3600.0",
];

#[test]
fn every_threshold_is_an_exact_boundary() {
    let promises = THRESHOLDS.iter().enumerate().map(|(index, text)| {
        let threshold = Threshold::literal(text);
        on_route(&format!("slo-{index}"), Sli::Combined { threshold }, &format!("GET /{index}"))
    });
    let (registry, clock) = registry(promises);
    let recorder = registry.recorder();
    let mut latencies = Vec::new();
    for threshold in THRESHOLDS.map(Threshold::literal) {
        latencies.extend([threshold.nanos() - 1, threshold.nanos(), threshold.nanos() + 1]);
    }
    for route in 0..THRESHOLDS.len() {
        for nanos in &latencies {
            let attempt = recorder.request("GET", Some(&format!("/{route}")));
            clock.advance(Duration::from_nanos(*nanos));
            attempt.finish_as(Outcome::Completed(200), Verdict::Good);
        }
    }
    let (scrape, status) = (Scrape::of(&registry), registry.status());
    for (index, text) in THRESHOLDS.iter().enumerate() {
        let threshold = Threshold::literal(text);
        let good = latencies.iter().filter(|nanos| **nanos <= threshold.nanos()).count();
        let route = format!("/{index}");
        let within = scrape
            .all("http_server_request_duration_seconds_bucket", &[("http_route", &route)])
            .find(|bucket| bucket.labels["le"].parse() == Ok(threshold.duration().as_secs_f64()));
        assert_eq!(within.map(|bucket| bucket.value), Some(good as f64), "{text}");
        let counted = status.slos[index].total;
        assert_eq!((counted.good, counted.bad), (good as u64, (latencies.len() - good) as u64), "{text}");
        assert_eq!(within.map(|bucket| &*bucket.labels["le"]), Some(LABELS[index]), "{text}");
        let info =
            scrape.all("slo_info", &[("slo", &format!("slo-{index}"))]).next().expect("it is declared");
        assert_eq!(info.labels["threshold"], LABELS[index], "{text}");
    }
}
