//! Writers that hold one series: what they count is what attempts would have counted.

use std::thread;
use std::time::Duration;

use proptest::prelude::*;
use slo_core::{Events, Outcome, Recorder, Registry, SeriesWriter, Sli, Verdict};

use super::counting::ends;
use super::model::{About, Ended, Model, OPERATION, ROUTES, THRESHOLD_NANOS, Took, promises};
use super::support::{Scrape, on_route, registry};

const WRITERS: usize = 4;

/// What a writer is about, and how all its events end.
#[derive(Clone, Copy, Debug)]
struct Kind {
    about: About,
    outcome: Outcome,
    verdict: Verdict,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// One event of this many nanoseconds, here or on a thread of its own.
    Record(usize, u64, bool),
    /// A writer is dropped and another made.
    Replace(usize, Kind),
    /// An attempt of the same kind, beside the writer.
    Attempt(usize),
}

fn open(recorder: Recorder, kind: Kind) -> SeriesWriter {
    match kind.about {
        About::Route(route) => {
            recorder.request_series("GET", Some(ROUTES[route]), kind.outcome, kind.verdict)
        }
        About::Operation => recorder.operation_series(OPERATION, kind.outcome, kind.verdict),
    }
}

fn kind() -> impl Strategy<Value = Kind> {
    let about = prop_oneof![3 => (0..ROUTES.len()).prop_map(About::Route), 1 => Just(About::Operation)];
    let outcome = prop_oneof![
        prop::sample::select(vec![200_u16, 204, 500]).prop_map(Outcome::Completed),
        Just(Outcome::BodyAborted(200)),
        Just(Outcome::InnerError),
    ];
    let verdict =
        prop::sample::select(vec![Verdict::Good, Verdict::Bad, Verdict::Cancelled, Verdict::Excluded]);
    (about, outcome, verdict).prop_map(|(about, outcome, verdict)| Kind { about, outcome, verdict })
}

fn step() -> impl Strategy<Value = Step> {
    // Near the threshold, anywhere, and beyond what the histogram tells apart.
    let nanos =
        prop_oneof![THRESHOLD_NANOS - 1..=THRESHOLD_NANOS + 1, 0..20_000_000_000_u64, 1_u64 << 42..1 << 43];
    prop_oneof![
        8 => (0..WRITERS, nanos, any::<bool>())
            .prop_map(|(writer, nanos, elsewhere)| Step::Record(writer, nanos, elsewhere)),
        2 => (0..WRITERS, kind()).prop_map(|(writer, kind)| Step::Replace(writer, kind)),
        2 => (0..WRITERS).prop_map(Step::Attempt),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_writers_record_is_counted_as_a_model_counts_it(
        first in prop::collection::vec(kind(), WRITERS),
        ends in ends(),
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let (registry, _) = registry(promises(&ends).into_iter().map(|(slo, _)| slo));
        let (recorder, model) = (registry.recorder(), Model { ends, ..Model::default() });
        let mut writers: Vec<_> = first.into_iter().map(|kind| (open(recorder, kind), kind)).collect();
        for step in steps {
            match step {
                Step::Record(writer, nanos, elsewhere) => {
                    let (series, Kind { about, outcome, verdict }) = &mut writers[writer];
                    if elsewhere {
                        thread::scope(|scope| drop(scope.spawn(|| series.record_nanos(nanos))));
                    } else {
                        series.record(Duration::from_nanos(nanos));
                    }
                    let (about, outcome, verdict) = (*about, *outcome, *verdict);
                    model.add(Ended { about, outcome, verdict, took: Took::plain(nanos) });
                }
                Step::Replace(writer, kind) => writers[writer] = (open(recorder, kind), kind),
                Step::Attempt(writer) => {
                    let Kind { about, outcome, verdict } = writers[writer].1;
                    let attempt = match about {
                        About::Route(route) => recorder.request("GET", Some(ROUTES[route])),
                        About::Operation => recorder.operation(OPERATION),
                    };
                    attempt.finish_as(outcome, verdict);
                    model.add(Ended { about, outcome, verdict, took: Took::plain(0) });
                }
            }
        }
        model.assert_same(&registry);
        // What was never under way is not active, and hides nothing that is.
        let lasting = recorder.request("GET", Some(ROUTES[0]));
        let active = [("http_route", ROUTES[0])];
        prop_assert_eq!(Scrape::of(&registry).value("http_server_active_requests", &active), Some(1.0));
        drop((lasting, writers));
    }
}

#[test]
fn a_writer_beyond_the_maximum_counts_where_all_strangers_are() {
    const COUNT: &str = "http_server_request_duration_seconds_count";
    let promised = on_route("a", Sli::Availability, "GET /a");
    let builder = Registry::builder("shop").slo(promised).routes_max(0).series_max(0);
    let registry = builder.build().expect("it is valid");
    let recorder = registry.recorder();
    let open = |route| recorder.request_series("GET", Some(route), Outcome::Completed(503), Verdict::Bad);
    let (mut declared, mut stranger) = (open("/a"), open("/b"));
    for _ in 0..3 {
        declared.record_nanos(1);
        stranger.record_nanos(1);
    }
    let scrape = Scrape::of(&registry);
    assert_eq!(scrape.sum(COUNT, &[("http_route", "_OVERFLOW")]), 6.0);
    for kind in ["route", "series"] {
        assert_eq!(scrape.value("slo_series_overflow_total", &[("kind", kind)]), Some(3.0), "{kind}");
    }
    assert_eq!(registry.status().slos[0].total, Events { good: 0, bad: 3, excluded: 0 });
}

#[test]
fn a_writer_of_a_registry_that_is_gone_counts_nowhere() {
    let promised = || on_route("a", Sli::Availability, "GET /a");
    let (gone, _) = registry([promised()]);
    let recorder = gone.recorder();
    let open = || recorder.request_series("GET", Some("/a"), Outcome::Completed(200), Verdict::Good);
    let mut before = open();
    drop(gone);
    let (next, _) = registry([promised()]);
    let mut after = open();
    for series in [&mut before, &mut after] {
        series.record(Duration::MAX);
    }
    assert_eq!(next.status().slos[0].total, Events::default());
}

#[test]
fn a_writer_of_a_route_that_is_left_out_counts_nowhere() {
    let promised = on_route("promised", Sli::Availability, "GET /debug/promised");
    let builder = Registry::builder("shop").without_declared().slo(promised);
    let registry = builder.leave_out("GET /livez").leave_out("GET /debug/*").build().unwrap();
    let good = (Outcome::Completed(200), Verdict::Good);
    for (method, route, counts) in [
        ("GET", "/livez", None),
        ("GET", "/debug/vars", None),
        ("GET", "/debug/promised", Some(1)),
        ("POST", "/livez", Some(1)),
    ] {
        let mut series = registry.recorder().request_series(method, Some(route), good.0, good.1);
        series.record(Duration::from_millis(1));
        let counted = registry.latency(&format!("{method} {route}")).map(|latency| latency.count());
        assert_eq!(counted, counts, "{method} {route}");
    }
}

#[test]
fn a_writer_without_a_template_counts_as_unmatched() {
    let (registry, _) = registry([]);
    let mut series = registry.recorder().request_series("GET", None, Outcome::Completed(404), Verdict::Good);
    series.record(Duration::MAX);
    let unmatched = [("http_route", "_UNMATCHED"), ("le", "10.0")];
    let count = [("http_route", "_UNMATCHED"), ("http_response_status_code", "404")];
    let scrape = Scrape::of(&registry);
    assert_eq!(scrape.value("http_server_request_duration_seconds_count", &count), Some(1.0));
    assert_eq!(scrape.sum("http_server_request_duration_seconds_bucket", &unmatched), 0.0);
}
