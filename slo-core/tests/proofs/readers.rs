//! Whoever reads while others write sees numbers that agree with each other.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use slo_core::{Outcome, Recorder, Registry, Sli, Verdict};

use super::support::{Scrape, latency, on_route, registry};

const READS: usize = 50;
/// Requests that are under way throughout.
const HELD: u32 = 5;
/// Threads that recorded and live on: their cells make a reading last, so that writers get in between.
const IDLE: usize = 150;

/// Records until told to stop, now and then on a thread that ends at once.
fn write(recorder: Recorder, stop: &AtomicBool) {
    let one = move |number: u32| {
        let attempt = recorder.request("GET", Some(if number.is_multiple_of(2) { "/a" } else { "/b" }));
        match number % 4 {
            0 => attempt.finish_as(Outcome::Completed(500), Verdict::Bad),
            1 => drop(attempt),
            _ => attempt.finish_as(Outcome::Completed(200), Verdict::Good),
        }
    };
    // Relaxed: the flag stands alone.
    for number in (0_u32..).take_while(|_| !stop.load(Ordering::Relaxed)) {
        if number.is_multiple_of(400) {
            thread::spawn(move || one(number)).join().expect("it does not panic");
        } else {
            one(number);
        }
    }
}

/// Stops the writers, also when an assertion fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        // Relaxed: the flag stands alone.
        self.0.store(true, Ordering::Relaxed);
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
    let held: Vec<_> = (0..HELD).map(|_| recorder.request("GET", Some("/a"))).collect();
    thread::scope(|scope| {
        (0..2).for_each(|_| drop(scope.spawn(|| write(recorder, &stop))));
        let (_idle, idle) = channels();
        for until in idle {
            scope.spawn(move || {
                recorder.request("GET", Some("/b")).finish_as(Outcome::Completed(200), Verdict::Good);
                until.recv().expect_err("nothing is sent");
            });
        }
        let (_stop, mut seen) = (Stop(&stop), HashMap::new());
        for _ in 0..READS {
            registry.tick(clock.now());
            assert_scrape(&Scrape::of(&registry), &mut seen);
            assert_status(&registry);
        }
    });
    drop(held);
    assert_eq!(Scrape::of(&registry).sum("http_server_active_requests", &[]), 0.0);
}

/// Channels that nothing is sent on: their receivers wait until the senders go.
fn channels() -> (Vec<mpsc::Sender<()>>, Vec<mpsc::Receiver<()>>) {
    (0..IDLE).map(|_| mpsc::channel()).unzip()
}

/// The name and the labels of a sample.
type Series = (String, BTreeMap<String, String>);

/// Nothing that only grows shrinks from one scrape to the next, and no part exceeds its whole.
fn assert_scrape(scrape: &Scrape, seen: &mut HashMap<Series, f64>) {
    for sample in &scrape.0 {
        if ["_total", "_bucket", "_count", "_sum"].iter().any(|end| sample.name.ends_with(end)) {
            let before = seen.insert((sample.name.clone(), sample.labels.clone()), sample.value);
            assert!(before.is_none_or(|before| before <= sample.value), "{sample:?} was {before:?}");
        }
    }
    // Those of the writers come on top; an end without its start would make them fewer.
    let active = scrape.value("http_server_active_requests", &[("http_route", "/a")]);
    assert!(active.is_some_and(|active| active >= f64::from(HELD)), "{active:?}");
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
