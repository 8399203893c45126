//! What outcomes mean: asked once, kept, and without a policy of one's own what it always was.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use slo_core::{Clock, EventOverride, Events, Outcome, Registry, RegistryBuilder, RouteRef, Sli, Verdict};

use super::support::{START, Scrape, latency, on_route};

fn builder() -> RegistryBuilder {
    let slos = [("availability", Sli::Availability), ("latency", latency("1us"))];
    let builder = Registry::builder("shop").without_declared().clock(Clock::manual(START));
    slos.into_iter().fold(builder, |builder, (name, sli)| builder.slo(on_route(name, sli, "GET /a")))
}

fn total(registry: &Registry) -> Events {
    registry.status().slo("availability").expect("it is declared").total
}

fn events(good: u64, bad: u64, excluded: u64) -> Events {
    Events { good, bad, excluded }
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    let status = 0_u16..1_000;
    prop_oneof![
        status.clone().prop_map(Outcome::Completed),
        status.clone().prop_map(Outcome::BodyError),
        status.prop_map(Outcome::BodyAborted),
        Just(Outcome::CancelledBeforeHead),
        Just(Outcome::Panicked),
        Just(Outcome::InnerError),
        Just(Outcome::TimedOut(0)),
        Just(Outcome::TimedOut(504)),
        Just(Outcome::Shed(503)),
    ]
}

/// The table of the documents, word for word.
const fn always(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Completed(500..)
        | Outcome::BodyAborted(500..)
        | Outcome::BodyError(_)
        | Outcome::Panicked
        | Outcome::InnerError
        | Outcome::TimedOut(_)
        | Outcome::Shed(_) => Verdict::Bad,
        Outcome::Completed(_) => Verdict::Good,
        Outcome::BodyAborted(_) | Outcome::CancelledBeforeHead => Verdict::Cancelled,
    }
}

proptest! {
    #[test]
    fn without_a_policy_outcomes_mean_what_they_always_meant(
        history in prop::collection::vec((outcomes(), 0_usize..3), 0..200)
    ) {
        let (classified, explicit) = (builder().build().unwrap(), builder().build().unwrap());
        for (outcome, route) in &history {
            let route = ["/a", "/b", "/c"][*route];
            classified.recorder().request("GET", Some(route)).finish(*outcome);
            explicit.recorder().request("GET", Some(route)).finish_as(*outcome, always(*outcome));
        }
        prop_assert_eq!(&classified.status().slos[0].total, &explicit.status().slos[0].total);
        prop_assert_eq!(&classified.status().slos[1].total, &explicit.status().slos[1].total);
        prop_assert_eq!(super::support::render(&classified, slo_core::TextFormat::Prometheus),
            super::support::render(&explicit, slo_core::TextFormat::Prometheus));
    }
}

#[test]
fn a_thread_asks_once_for_each_route_and_outcome() {
    let asked = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&asked);
    let registry = builder().classify(move |route: RouteRef<'_>, outcome: Outcome| {
        // Relaxed: read after all threads have ended.
        counter.fetch_add(1, Ordering::Relaxed);
        match (route, outcome) {
            (RouteRef::Request { method: "GET", template: "/a" }, Outcome::Completed(404)) => Verdict::Bad,
            _ => outcome.verdict(),
        }
    });
    let registry = registry.build().unwrap();
    let work = || {
        for _ in 0..100 {
            for (route, status) in [("/a", 200), ("/a", 404), ("/b", 200), ("/b", 404)] {
                registry.recorder().request("GET", Some(route)).finish(Outcome::Completed(status));
            }
            // An explicit verdict is nobody's to judge.
            registry.recorder().request("GET", Some("/a")).finish_as(Outcome::Completed(404), Verdict::Good);
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    // Relaxed: the threads have ended.
    assert_eq!(asked.load(Ordering::Relaxed), 2 * 4);
    assert_eq!(total(&registry), events(400, 200, 0));
}

#[test]
fn a_route_may_have_a_classifier_of_its_own() {
    let bad = |_: RouteRef<'_>, _: Outcome| Verdict::Bad;
    let excluded = |_: RouteRef<'_>, _: Outcome| Verdict::Excluded;
    let registry = builder().classify(bad).classify_route("GET /a", excluded).routes_max(0).build().unwrap();
    assert_eq!(registry.idle_classifiers(), ["GET /a"]);
    registry.recorder().request("GET", Some("/a")).finish(Outcome::Completed(200));
    assert_eq!(registry.idle_classifiers(), Vec::<String>::new());
    assert_eq!(total(&registry), events(0, 0, 1));
    let malformed = builder().classify_route("/a", bad).build().unwrap_err().to_string();
    assert!(malformed.contains(r#""/a""#) && malformed.contains("classification.rs"), "{malformed}");
    let twice = builder().classify_route("GET /a", bad).classify_route("GET /a", bad).build();
    let twice = twice.unwrap_err().to_string();
    assert!(twice.starts_with(r#"route "GET /a" has two classifiers, at "#), "{twice}");
}

#[test]
fn a_classifier_that_panics_or_records_loses_nothing() {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let panicking = builder().classify(|_: RouteRef<'_>, _: Outcome| panic!("undecided")).build().unwrap();
    for status in [200, 503] {
        panicking.recorder().request("GET", Some("/a")).finish(Outcome::Completed(status));
    }
    std::panic::set_hook(quiet);
    assert_eq!(total(&panicking), events(1, 1, 0));

    let inner = builder().build().unwrap();
    let recorder = inner.recorder();
    let recording = builder().classify(move |_: RouteRef<'_>, outcome: Outcome| {
        recorder.request("GET", Some("/a")).finish(outcome);
        outcome.verdict()
    });
    let recording = recording.build().unwrap();
    for _ in 0..3 {
        recording.recorder().request("GET", Some("/a")).finish(Outcome::Completed(200));
    }
    assert_eq!((total(&recording), total(&inner)), (events(3, 0, 0), events(1, 0, 0)));
}

#[test]
fn what_a_handler_says_overrules_but_hides_no_failure_of_the_body() {
    for (said, outcome, expected) in [
        (EventOverride::Good, Outcome::Completed(503), events(1, 0, 0)),
        (EventOverride::Good, Outcome::BodyError(200), events(0, 1, 0)),
        (EventOverride::Good, Outcome::BodyAborted(200), events(0, 0, 1)),
        (EventOverride::Good, Outcome::BodyAborted(503), events(0, 0, 1)),
        (EventOverride::Good, Outcome::Panicked, events(0, 1, 0)),
        (EventOverride::Bad, Outcome::Completed(200), events(0, 1, 0)),
        (EventOverride::Bad, Outcome::BodyAborted(200), events(0, 1, 0)),
        (EventOverride::Excluded, Outcome::Completed(200), events(0, 0, 1)),
        (EventOverride::Excluded, Outcome::BodyError(200), events(0, 0, 1)),
    ] {
        for streamed in [false, true] {
            let registry = builder().build().unwrap();
            let mut attempt = registry.recorder().request("GET", Some("/a"));
            attempt.overrule(EventOverride::Good);
            let head = if streamed { attempt.head_of_stream() } else { None };
            attempt.overrule(said);
            attempt.end_after(head, outcome);
            assert_eq!(total(&registry), expected, "{said:?} {outcome:?}");
        }
    }
    let registry = builder().build().unwrap();
    let mut attempt = registry.recorder().request("GET", Some("/a"));
    attempt.overrule(EventOverride::Bad);
    attempt.finish_as(Outcome::Completed(200), Verdict::Good);
    assert_eq!(total(&registry), events(1, 0, 0));
}

#[test]
fn what_overlaps_with_maintenance_is_excluded_and_nothing_else() {
    let step = || Duration::from_secs(1);
    let clock = Clock::manual(START);
    let registry = builder().clock(clock.clone()).build().unwrap();
    let start = || registry.recorder().request("GET", Some("/a"));
    let mut series =
        registry.recorder().request_series("GET", Some("/a"), Outcome::Completed(200), Verdict::Good);
    start().finish(Outcome::Completed(503));
    assert_eq!(total(&registry), events(0, 1, 0));
    let [before, ends_within, spans] = [start(), start(), start()];
    before.finish(Outcome::Completed(200));
    let mut streams = start();
    let head = streams.head_of_stream();
    clock.advance(step());
    let guards = [registry.maintenance(), registry.maintenance()];
    assert_eq!(registry.status().maintenance_since, Some(clock.now()));
    clock.advance(step());
    ends_within.finish_as(Outcome::Completed(503), Verdict::Bad);
    let mut streams_from_within = start();
    let _ = streams_from_within.head_of_stream();
    let [begins_within, mut overruled] = [start(), start()];
    overruled.overrule(EventOverride::Bad);
    series.record(step());
    assert_eq!(total(&registry), events(1, 1, 2));
    let [first, last] = guards;
    drop(first);
    start().finish(Outcome::Completed(503));
    let gauge = || Scrape::of(&registry).value("slo_maintenance_active", &[("service", "shop")]);
    assert_eq!((total(&registry), gauge()), (events(1, 1, 3), Some(1.0)));
    drop(last);
    clock.advance(step());
    assert_eq!((registry.status().maintenance_since, gauge()), (None, Some(0.0)));
    for attempt in [spans, begins_within, overruled, streams_from_within] {
        attempt.finish(Outcome::Completed(503));
    }
    assert_eq!(total(&registry), events(1, 1, 7));
    // Its head was sent before, and its end comes after.
    streams.end_after(head, Outcome::Completed(200));
    start().finish(Outcome::Completed(503));
    series.record(step());
    assert_eq!(total(&registry), events(3, 2, 7));
    // All of them were requests, and are recorded as such.
    assert_eq!(registry.latency("GET /a").map(|latency| latency.count()), Some(12));
}
