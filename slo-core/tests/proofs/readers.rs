//! Whoever reads while others write sees numbers that agree with each other.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use slo_core::{Outcome, Recorder, Registry, Sli, Verdict};

use super::support::{Scrape, latency, on_route, registry};

const READS_MIN: usize = 50;

/// Records until told to stop, every fourth time on a thread that ends at once.
fn write(recorder: Recorder, stop: &AtomicBool) {
    let one = move |number: u32| {
        let attempt = recorder.request("GET", Some(if number.is_multiple_of(2) { "/a" } else { "/b" }));
        match number % 4 {
            0 => attempt.finish(Outcome::Completed(500), Verdict::Bad),
            1 => drop(attempt),
            _ => attempt.finish(Outcome::Completed(200), Verdict::Good),
        }
    };
    // Relaxed: the flag stands alone.
    for number in (0..).take_while(|_| !stop.load(Ordering::Relaxed)) {
        if number % 400 == 0 {
            thread::spawn(move || one(number)).join().expect("it does not panic");
        } else {
            one(number);
        }
    }
}

#[test]
fn readers_see_counters_grow_and_agree() {
    let promises = [
        on_route("a-availability", Sli::Availability, "GET /a"),
        on_route("a-latency", latency("1ms"), "GET /a"),
        on_route("b-availability", Sli::Availability, "GET /b"),
    ];
    let (registry, clock) = registry(promises);
    let (recorder, stop) = (registry.recorder(), AtomicBool::new(false));
    thread::scope(|scope| {
        (0..2).for_each(|_| drop(scope.spawn(|| write(recorder, &stop))));
        let mut seen = HashMap::new();
        for _ in 0..READS_MIN {
            registry.tick(clock.now());
            assert_scrape(&Scrape::of(&registry), &mut seen);
            assert_status(&registry);
        }
        // Relaxed: the flag stands alone.
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(Scrape::of(&registry).sum("http_server_active_requests", &[]), 0.0);
}

/// Nothing that only grows shrinks from one scrape to the next, and no part exceeds its whole.
fn assert_scrape(scrape: &Scrape, seen: &mut HashMap<String, f64>) {
    for sample in &scrape.0 {
        let grows = ["_total", "_bucket", "_count", "_sum"].iter().any(|end| sample.name.ends_with(end));
        let before = if grows {
            seen.insert(
                format!("{sample:?}").split("value").next().expect("there is a name").to_owned(),
                sample.value,
            )
        } else {
            None
        };
        assert!(before.is_none_or(|before| before <= sample.value), "{sample:?} was {before:?}");
        assert!(
            sample.name != "http_server_active_requests" || (0.0..=10.0).contains(&sample.value),
            "{sample:?}"
        );
    }
    for total in scrape.all("slo_events_total", &[]) {
        let bad = scrape.value("slo_bad_events_total", &[("slo", &total.labels["slo"])]);
        assert!(bad.is_some_and(|bad| bad <= total.value), "{total:?}: {bad:?} are bad");
    }
    assert_buckets(scrape);
}

/// Buckets are cumulative, and the infinite one is the count.
fn assert_buckets(scrape: &Scrape) {
    let mut last = HashMap::new();
    for bucket in scrape.all("http_server_request_duration_seconds_bucket", &[]) {
        let mut labels = bucket.labels.clone();
        labels.remove("le");
        let before = last.insert(labels, bucket.value).unwrap_or_default();
        assert!(before <= bucket.value, "{bucket:?} is below {before}");
    }
    for count in scrape.all("http_server_request_duration_seconds_count", &[]) {
        assert_eq!(last.get(&count.labels), Some(&count.value), "{count:?}");
    }
}

fn assert_status(registry: &Registry) {
    for slo in registry.status().slos {
        assert!(slo.events.good <= slo.total.good && slo.events.bad <= slo.total.bad, "{slo:?}");
        assert_eq!(slo.sli_ratio, slo.events.good_ratio());
        assert!((0.0..=1.0).contains(&slo.coverage), "{slo:?}");
        let quantiles = slo.latency.map(|latency| [latency.p50, latency.p90, latency.p99, latency.p999]);
        assert!(quantiles.is_none_or(|quantiles| quantiles.is_sorted()), "{quantiles:?}");
    }
}
