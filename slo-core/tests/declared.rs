//! What `#[slo]` leaves in a binary: promises that are found, and bound to the routes that keep them.
//!
//! A binary of its own, because declarations are part of every registry in it.

use std::sync::Barrier;
use std::time::Duration;

use proptest::prelude::*;
use slo_core::{
    Attempt, Clock, Declaration, Declared, Events, LatencyEnd, Objective, Operation, Outcome, Recorder,
    Registry, RegistryBuilder, Scope, Sli, Slo, Subject, TextFormat, Threshold, Timestamp, Verdict,
    inventory, mark,
};

const OBJECTIVE: Objective = Objective::literal("99%");
static CHECKOUT_SLOS: [Slo; 2] = [
    Slo::literal("checkout-availability", Sli::Availability, OBJECTIVE),
    Slo::literal("checkout-latency", Sli::Latency { threshold: Threshold::literal("250ms") }, OBJECTIVE),
];
static SEARCH_SLOS: [Slo; 1] = [Slo::literal("search-availability", Sli::Availability, OBJECTIVE)];
static RESTOCK_SLOS: [Slo; 1] = [Slo::literal("restock-availability", Sli::Availability, OBJECTIVE)];
const REPORT_NANOS: u64 = 1_000_000;
const REPORT_SLI: Sli = Sli::Latency { threshold: Threshold::literal("1ms") };
static REPORT_SLOS: [Slo; 4] = [
    Slo::literal("report-latency", REPORT_SLI, OBJECTIVE),
    Slo::literal("report-head", REPORT_SLI, OBJECTIVE).with_latency_end(LatencyEnd::Head),
    Slo::literal("report-body", REPORT_SLI, OBJECTIVE).with_latency_end(LatencyEnd::Body),
    Slo::literal("report-availability", Sli::Availability, OBJECTIVE).with_latency_end(LatencyEnd::Head),
];
static CHECKOUT: Declaration =
    Declaration::new("checkout", Subject::Handler { route: None }, &CHECKOUT_SLOS, &[]);
static SEARCH: Declaration =
    Declaration::new("search", Subject::Handler { route: Some("GET /search") }, &SEARCH_SLOS, &[]);
static RESTOCK: Declaration = Declaration::new("restock", Subject::Operation, &RESTOCK_SLOS, &[]);

static REPORT: Declaration = Declaration::new("report", Subject::Handler { route: None }, &REPORT_SLOS, &[]);

inventory::submit! { Declared(&REPORT) }
inventory::submit! { Declared(&CHECKOUT) }
inventory::submit! { Declared(&SEARCH) }
inventory::submit! { Declared(&RESTOCK) }

fn builder() -> RegistryBuilder {
    Registry::builder("shop").clock(Clock::manual(Timestamp::from_unix_seconds(1_700_000_000)))
}

fn request(recorder: Recorder, template: &str, declaration: Option<&'static Declaration>) -> Attempt {
    let mut attempt = recorder.request("POST", Some(template));
    declaration.into_iter().for_each(|declaration| attempt.mark(declaration));
    attempt
}

/// Asserts good, bad and excluded events of an SLO.
fn check(registry: &Registry, slo: &str, [good, bad, excluded]: [u64; 3]) {
    let total = registry.status().slo(slo).expect("it is declared").total;
    assert_eq!(total, Events { good, bad, excluded }, "{slo}");
}

#[test]
fn endings_before_the_handlers_first_run_count_once_it_has_run() {
    let registry = builder().build().expect("it is valid");
    let recorder = registry.recorder();
    request(recorder, "/checkout", None).finish_as(Outcome::Completed(422), Verdict::Good);
    drop(request(recorder, "/checkout", None));
    check(&registry, "checkout-availability", [0, 0, 0]);
    request(recorder, "/checkout", Some(&CHECKOUT)).finish_as(Outcome::Completed(503), Verdict::Bad);
    check(&registry, "checkout-availability", [1, 1, 1]);
    request(recorder, "/checkout", None).finish_as(Outcome::Completed(422), Verdict::Good);
    check(&registry, "checkout-availability", [2, 1, 1]);
    request(recorder, "/elsewhere", None).finish_as(Outcome::Completed(200), Verdict::Good);
    check(&registry, "checkout-availability", [2, 1, 1]);
    assert_eq!(registry.status().slos[0].routes, ["POST /checkout"]);
}

/// Nobody knows yet whose they are, so they wait: as many as there are, judged to the nanosecond.
#[test]
fn an_outage_before_the_handlers_first_run_is_not_lost() {
    const ENDINGS: u64 = 1_000;
    let registry = builder().build().expect("it is valid");
    let recorder = registry.recorder();
    let after = |nanos, outcome, verdict| {
        let attempt = request(recorder, "/checkout", None);
        registry.clock().advance(Duration::from_nanos(nanos));
        attempt.finish_as(outcome, verdict);
    };
    for _ in 0..ENDINGS {
        after(250_000_000, Outcome::Completed(503), Verdict::Bad);
        after(250_000_000, Outcome::Completed(400), Verdict::Good);
        after(250_000_001, Outcome::CancelledBeforeHead, Verdict::Cancelled);
        after(250_000_001, Outcome::Completed(200), Verdict::Excluded);
    }
    check(&registry, "checkout-availability", [0, 0, 0]);
    request(recorder, "/checkout", Some(&CHECKOUT)).finish_as(Outcome::Completed(200), Verdict::Good);
    check(&registry, "checkout-availability", [1 + ENDINGS, ENDINGS, 2 * ENDINGS]);
    check(&registry, "checkout-latency", [1 + ENDINGS, ENDINGS, 2 * ENDINGS]);
}

/// The ending of an answer that did not come from its handler.
#[derive(Clone, Copy, Debug)]
struct Followed {
    verdict: Verdict,
    to_head: u64,
    after: u64,
    is_stream: bool,
}

impl Followed {
    fn end(self, registry: &Registry) {
        let (mut attempt, clock) = (request(registry.recorder(), "/report", None), registry.clock());
        clock.advance(Duration::from_nanos(self.to_head));
        let head = if self.is_stream { attempt.head_of_stream() } else { attempt.head_of_body() };
        clock.advance(Duration::from_nanos(self.after));
        attempt.end_after_as(head, Outcome::Completed(422), self.verdict);
    }

    /// Adds to good, bad and excluded what it is for the latency to this end.
    fn add(self, [good, bad, excluded]: &mut [u64; 3], end: LatencyEnd) {
        let nanos = match end {
            LatencyEnd::Head => self.to_head,
            LatencyEnd::Usual if self.is_stream => self.to_head,
            LatencyEnd::Usual | LatencyEnd::Body => self.to_head + self.after,
        };
        match self.verdict {
            Verdict::Excluded => *excluded += 1,
            _ if nanos > REPORT_NANOS => *bad += 1,
            Verdict::Good => *good += 1,
            Verdict::Bad | Verdict::Cancelled => *excluded += 1,
        }
    }
}

proptest! {
    #[test]
    fn held_endings_are_judged_by_the_end_each_promise_asks_for(
        endings in prop::collection::vec(followed(), 1..40),
        first_run in any::<prop::sample::Index>(),
    ) {
        let registry = builder().build().expect("it is valid");
        let (before, after) = endings.split_at(first_run.index(endings.len()));
        before.iter().for_each(|ending| ending.end(&registry));
        check(&registry, "report-latency", [0, 0, 0]);
        request(registry.recorder(), "/report", Some(&REPORT)).finish_as(Outcome::Completed(200), Verdict::Good);
        after.iter().for_each(|ending| ending.end(&registry));
        for slo in &REPORT_SLOS[..3] {
            let mut expected = [1, 0, 0];
            endings.iter().for_each(|ending| ending.add(&mut expected, slo.latency_end()));
            check(&registry, slo.name(), expected);
        }
        let total = registry.status().slo("report-availability").expect("it is declared").total;
        let bad = endings.iter().filter(|ending| ending.verdict == Verdict::Bad).count() as u64;
        prop_assert_eq!((total.bad, total.good + total.bad + total.excluded), (bad, 1 + endings.len() as u64));
    }
}

fn followed() -> impl Strategy<Value = Followed> {
    let verdicts = vec![Verdict::Good, Verdict::Bad, Verdict::Cancelled, Verdict::Excluded];
    let nanos = || prop_oneof![0..2 * REPORT_NANOS, REPORT_NANOS - 1..=REPORT_NANOS + 1, Just(0)];
    (prop::sample::select(verdicts), nanos(), nanos(), any::<bool>())
        .prop_map(|(verdict, to_head, after, is_stream)| Followed { verdict, to_head, after, is_stream })
}

/// A writer knows no handler: what it records counts like a request that never reached its own.
#[test]
fn what_a_writer_records_counts_for_the_handler_of_its_route() {
    let registry = builder().build().expect("it is valid");
    let recorder = registry.recorder();
    let open = || recorder.request_series("POST", Some("/checkout"), Outcome::Completed(503), Verdict::Bad);
    let mut early = open();
    early.record(Duration::from_millis(251));
    check(&registry, "checkout-availability", [0, 0, 0]);
    request(recorder, "/checkout", Some(&CHECKOUT)).finish_as(Outcome::Completed(200), Verdict::Good);
    check(&registry, "checkout-availability", [1, 1, 0]);
    let mut late = open();
    for series in [&mut early, &mut late] {
        series.record(Duration::from_millis(250));
    }
    check(&registry, "checkout-availability", [1, 3, 0]);
    check(&registry, "checkout-latency", [1, 1, 2]);
    let mut restock = recorder.operation_series("restock", Outcome::InnerError, Verdict::Bad);
    restock.record_nanos(1);
    check(&registry, "restock-availability", [0, 1, 0]);
}

/// What matches no route shares one constant, and counts for nobody but who marks it.
#[test]
fn unmatched_requests_are_bound_to_nobodys_promises() {
    let registry = builder().build().expect("it is valid");
    let scanned = || registry.recorder().request("GET", None);
    scanned().finish_as(Outcome::Completed(404), Verdict::Good);
    let mut marked = scanned();
    marked.mark(&CHECKOUT);
    marked.finish_as(Outcome::Completed(200), Verdict::Good);
    scanned().finish_as(Outcome::Completed(404), Verdict::Good);
    check(&registry, "checkout-availability", [1, 0, 0]);
    assert_eq!(registry.status().slos[0].routes, Vec::<String>::new());
}

/// However the first runs and the endings before them interleave, each of them counts once.
#[test]
fn a_route_that_is_learnt_by_many_threads_at_once_counts_each_ending_once() {
    const THREADS: u64 = 4;
    for _ in 0..500 {
        let registry = builder().build().expect("it is valid");
        let (recorder, together) = (registry.recorder(), Barrier::new(4));
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let end = |marked| {
                        request(recorder, "/checkout", marked)
                            .finish_as(Outcome::Completed(200), Verdict::Good);
                    };
                    (0..8).for_each(|_| end(None));
                    let first_run = request(recorder, "/checkout", Some(&CHECKOUT));
                    together.wait();
                    first_run.finish_as(Outcome::Completed(200), Verdict::Good);
                    end(None);
                });
            }
        });
        check(&registry, "checkout-availability", [10 * THREADS, 0, 0]);
    }
}

/// Strangers share the overflow route: none of them says what the others promise.
#[test]
fn the_overflow_route_is_bound_to_nobodys_promises() {
    let registry = builder().routes_max(0).build().expect("it is valid");
    let recorder = registry.recorder();
    request(recorder, "/other", None).finish_as(Outcome::Completed(500), Verdict::Bad);
    request(recorder, "/checkout", Some(&CHECKOUT)).finish_as(Outcome::Completed(200), Verdict::Good);
    request(recorder, "/other", None).finish_as(Outcome::Completed(500), Verdict::Bad);
    request(recorder, "/checkout", Some(&CHECKOUT)).finish_as(Outcome::Completed(200), Verdict::Good);
    check(&registry, "checkout-availability", [2, 0, 0]);
    recorder.request("GET", Some("/search")).finish_as(Outcome::Completed(200), Verdict::Good);
    check(&registry, "search-availability", [1, 0, 0]);
}

#[test]
fn a_declared_route_is_bound_before_its_first_request() {
    let registry = builder().build().expect("it is valid");
    registry.recorder().request("GET", Some("/search")).finish_as(Outcome::Completed(500), Verdict::Bad);
    check(&registry, "search-availability", [0, 1, 0]);
}

#[test]
fn a_mark_belongs_to_the_innermost_scope_and_its_outer_ones() {
    let registry = builder().build().expect("it is valid");
    mark(&CHECKOUT);
    let outer = Scope::open(registry.recorder());
    let inner = Scope::open(registry.recorder());
    mark(&CHECKOUT);
    mark(&SEARCH);
    assert!(std::ptr::eq(inner.close().expect("it is marked"), &CHECKOUT));
    mark(&SEARCH);
    assert!(std::ptr::eq(outer.close().expect("it is marked"), &CHECKOUT));
    let next = Scope::open(registry.recorder());
    assert!(next.close().is_none());
}

#[test]
fn a_scope_that_is_closed_apart_leaves_the_mark_around_it() {
    let registry = builder().build().expect("it is valid");
    let outer = Scope::open_request(registry.recorder());
    let apart = Scope::open(registry.recorder());
    mark(&SEARCH);
    apart.close_apart();
    mark(&CHECKOUT);
    let apart = Scope::open(registry.recorder());
    mark(&SEARCH);
    apart.close_apart();
    assert!(std::ptr::eq(outer.close().expect("it is marked"), &CHECKOUT));
}

/// Operations count where they run: in the scope's registry, or the installed one, or nowhere. One test,
/// because only one registry of a process can be installed.
#[test]
fn operations_count_in_the_scope_they_run_in() {
    let (scoped, installed) =
        (builder().build().expect("it is valid"), builder().build().expect("it is valid"));
    Operation::start(&RESTOCK).finish(Verdict::Good);
    let mut metrics = String::new();
    scoped.render(TextFormat::Prometheus, &mut metrics);
    assert!(metrics.contains("\nslo_series_overflow_total{kind=\"unattributed\"} 1\n"), "{metrics}");
    assert!(installed.install().is_ok() && installed.install().is_ok() && scoped.install().is_err());
    let scope = Scope::open(scoped.recorder());
    Operation::start(&RESTOCK).finish(Verdict::Good);
    drop(scope);
    Operation::start(&RESTOCK).finish(Verdict::Bad);
    drop(Operation::start(&RESTOCK));
    check(&scoped, "restock-availability", [1, 0, 0]);
    check(&installed, "restock-availability", [0, 1, 1]);
    drop(installed);
    assert!(scoped.install().is_ok());
    scoped.clock().advance(Duration::from_secs(1));
    Operation::start(&RESTOCK).finish(Verdict::Good);
    check(&scoped, "restock-availability", [2, 0, 0]);
}

#[test]
fn a_registry_without_the_declared_promises_has_none() {
    let registry = builder().without_declared().build().expect("it is valid");
    assert!(registry.status().slos.is_empty());
}
