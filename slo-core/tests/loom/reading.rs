//! Whoever reads while others record sees numbers that only grow and agree with each other.

use loom::thread;
use slo_core::{Outcome, Verdict};

use crate::support::{LATENCY, attempt, explore, fail, registry, samples, succeed, totals, writer};

/// The writer touches everything for the first time: its shard, the cells of its routes, the octaves.
#[test]
fn counts_only_grow() {
    explore("first touch under a reader", || {
        let registry = registry();
        let recorder = registry.recorder();
        let writer = thread::spawn(move || {
            succeed(recorder, "/a");
            fail(recorder, "/a");
        });
        let seen = [0, 1].map(|_| totals(&registry, "a"));
        assert!(seen[0].good <= seen[1].good && seen[0].bad <= seen[1].bad, "{seen:?}");
        assert!(seen.iter().all(|seen| seen.good <= 1 && seen.bad <= 1), "{seen:?}");
        writer.join().expect("it does not panic");
        assert_eq!((totals(&registry, "a").good, totals(&registry, "a").bad), (1, 1));
    });
}

/// What is read in one go is no older than what was read before, wherever it lies.
#[test]
fn latencies_only_grow() {
    explore("latencies under a reader", || {
        let registry = registry();
        let recorder = registry.recorder();
        let begun = attempt(&registry, "/a");
        let writer = thread::spawn(move || {
            begun.finish_as(Outcome::Completed(200), Verdict::Good);
            succeed(recorder, "/a");
        });
        let seen = [0, 1].map(|_| {
            let histogram = registry.latency("GET /a").expect("it is declared");
            (histogram.count(), histogram.sum())
        });
        assert!(seen[0].0 <= seen[1].0 && seen[0].1 <= seen[1].1, "{seen:?}");
        writer.join().expect("it does not panic");
        let histogram = registry.latency("GET /a").expect("it is declared");
        assert_eq!((histogram.count(), histogram.sum()), (2, LATENCY));
    });
}

/// A mean taken from one scrape is never below what the events took.
#[test]
fn who_sees_an_event_in_a_bucket_sees_its_latency() {
    explore("bucket and sum", || {
        let registry = registry();
        let begun = attempt(&registry, "/a");
        let mut held = writer(registry.recorder(), "/a");
        let writer = thread::spawn(move || {
            begun.finish_as(Outcome::Completed(200), Verdict::Good);
            held.record(LATENCY);
        });
        let mut text = String::new();
        registry.render(slo_core::TextFormat::Prometheus, &mut text);
        let value = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(name) && line.contains("\"/a\""));
            line.and_then(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).unwrap_or_default()
        };
        let (count, sum) = (
            value("http_server_request_duration_seconds_count"),
            value("http_server_request_duration_seconds_sum"),
        );
        assert!(count * LATENCY.as_secs_f64() <= sum, "{count} events took {sum} s");
        writer.join().expect("it does not panic");
    });
}

/// One request is under way all the time, so the gauge never shows less: not while others begin and end.
#[test]
fn requests_that_come_and_go_hide_no_other() {
    explore("in flight", || {
        let registry = registry();
        let recorder = registry.recorder();
        let lasting = recorder.request("GET", Some("/a"));
        let writer = thread::spawn(move || succeed(recorder, "/a"));
        assert_active(&registry);
        writer.join().expect("it does not panic");
        drop(lasting);
    });
}

/// The same when it ends on another thread than it began on, one whose cells the reader has known for long.
#[test]
fn requests_that_change_threads_hide_no_other() {
    explore("in flight across threads", || {
        let registry = registry();
        let recorder = registry.recorder();
        let lasting = recorder.request("GET", Some("/a"));
        let reader = registry.clone();
        let reader = thread::spawn(move || assert_active(&reader));
        let begun = thread::spawn(move || recorder.request("GET", Some("/a")));
        begun.join().expect("it does not panic").finish_as(Outcome::Completed(200), Verdict::Good);
        assert_active(&registry);
        reader.join().expect("it does not panic");
        drop(lasting);
    });
}

fn assert_active(registry: &slo_core::Registry) {
    for active in
        samples(registry, r#"http_server_active_requests{http_request_method="GET",http_route="/a"}"#)
    {
        assert!((1.0..=2.0).contains(&active), "{active} requests are in flight");
    }
}
