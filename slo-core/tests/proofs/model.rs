//! A registry that cannot be wrong: it keeps every event and counts them when asked.

use std::collections::BTreeMap;
use std::sync::Mutex;

use slo_core::{Events, LatencyEnd, Outcome, Registry, Sli, Slo, Verdict};

use super::support::{Scrape, latency, on_route, slo};

pub(crate) const ROUTES: [&str; 3] = ["/a", "/b", "/unpromised"];
pub(crate) const OPERATION: &str = "restock";
/// The threshold of every promise below that looks at time.
pub(crate) const THRESHOLD_NANOS: u64 = 1_000_000;

/// What an attempt was about: a route by its index, or the operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum About {
    Route(usize),
    Operation,
}

/// One attempt that ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) about: About,
    pub(crate) outcome: Outcome,
    pub(crate) verdict: Verdict,
    pub(crate) took: Took,
}

/// How long an attempt took, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Took {
    pub(crate) to_head: u64,
    pub(crate) to_end: u64,
    pub(crate) is_stream: bool,
}

impl Took {
    /// Something of which there is only one duration.
    pub(crate) const fn plain(nanos: u64) -> Self {
        Self { to_head: nanos, to_end: nanos, is_stream: false }
    }

    fn to(self, end: LatencyEnd) -> u64 {
        match end {
            LatencyEnd::Head => self.to_head,
            LatencyEnd::Usual if self.is_stream => self.to_head,
            LatencyEnd::Usual | LatencyEnd::Body => self.to_end,
        }
    }
}

/// Every event, in no particular order.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// What the promises look at, one after the other.
    pub(crate) ends: Vec<LatencyEnd>,
    pub(crate) ended: Mutex<Vec<Ended>>,
}

/// Every promise with what it is about. Their latencies end where these say, all of them used in turn.
pub(crate) fn promises(ends: &[LatencyEnd]) -> Vec<(Slo, About)> {
    let mut ends = ends.iter().copied().cycle();
    let mut end = || ends.next().unwrap_or_default();
    let threshold = latency("1ms").threshold().expect("it looks at time");
    let mut promises = Vec::new();
    for (index, route) in ROUTES.iter().enumerate().take(2) {
        for sli in [Sli::Availability, latency("1ms"), Sli::Combined { threshold }] {
            let name = format!("r{index}-{}", sli.kind());
            let slo = on_route(&name, sli, &format!("GET {route}")).with_latency_end(end());
            promises.push((slo, About::Route(index)));
        }
    }
    let job = slo("restock-combined", Sli::Combined { threshold }).with_latency_end(end());
    promises.push((job.with_operation(OPERATION).expect("it is plain"), About::Operation));
    promises
}

impl Model {
    pub(crate) fn add(&self, ended: Ended) {
        self.ended.lock().expect("nobody panics with the lock").push(ended);
    }

    /// Asserts that the registry counted the same, and nothing else.
    pub(crate) fn assert_same(&self, registry: &Registry) {
        let ended = self.ended.lock().expect("nobody panics with the lock");
        let status = registry.status();
        for (slo, about) in promises(&self.ends) {
            let of = || ended.iter().filter(|ended| ended.about == about);
            let mut expected = Events::default();
            of().for_each(|ended| count(&mut expected, &slo, ended));
            let counted = status.slo(slo.name()).expect("it was promised").total;
            assert_eq!(counted, expected, "{}", slo.name());
            // Exactly once: what started and ended is good, bad or excluded.
            assert_eq!(counted.good + counted.bad + counted.excluded, of().count() as u64, "{}", slo.name());
        }
        let scrape = Scrape::of(registry);
        assert_series(&ended, &scrape);
        assert_streams(&ended, &scrape, registry);
    }
}

/// The table in the docs of [`Sli`], written down once more.
fn count(events: &mut Events, slo: &Slo, ended: &Ended) {
    let sli = slo.sli();
    let slow = ended.took.to(slo.latency_end()) > THRESHOLD_NANOS && sli != Sli::Availability;
    let looks_at_success = !matches!(sli, Sli::Latency { .. });
    let counter = match ended.verdict {
        Verdict::Excluded => &mut events.excluded,
        Verdict::Good | Verdict::Bad | Verdict::Cancelled if slow => &mut events.bad,
        Verdict::Good => &mut events.good,
        Verdict::Bad if looks_at_success => &mut events.bad,
        Verdict::Bad | Verdict::Cancelled => &mut events.excluded,
    };
    *counter += 1;
}

/// Asserts that every series has as many latencies, and the same sum of them, as events were kept.
fn assert_series(ended: &[Ended], scrape: &Scrape) {
    let mut expected: BTreeMap<[String; 3], (f64, u64)> = BTreeMap::new();
    for ended in ended {
        let (count, nanos) = expected.entry(series(ended)).or_default();
        (*count, *nanos) = (*count + 1.0, *nanos + ended.took.to(LatencyEnd::Usual));
    }
    for family in ["http_server_request_duration_seconds", "slo_operation_duration_seconds"] {
        for sample in scrape.all(&format!("{family}_count"), &[]) {
            let label = |name: &str| sample.labels.get(name).cloned().unwrap_or_default();
            let about = if family.starts_with("slo") { label("operation") } else { label("http_route") };
            let key = [about, label("http_response_status_code"), label("error_type")];
            let (count, nanos) = expected.remove(&key).unwrap_or_default();
            assert_eq!(sample.value, count, "{key:?}");
            let labels: Vec<_> = sample.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
            let exact = std::time::Duration::from_nanos(nanos).as_secs_f64();
            let sums: Vec<_> = scrape.all(&format!("{family}_sum"), &labels).map(|sum| sum.value).collect();
            assert!(sums.contains(&exact), "{key:?}: {exact} is none of {sums:?}");
        }
    }
    assert!(expected.is_empty(), "not exposed: {expected:?}");
}

/// Asserts that every route has as many streams as were kept, lasting as long, and no other.
fn assert_streams(ended: &[Ended], scrape: &Scrape, registry: &Registry) {
    for (index, route) in ROUTES.iter().enumerate() {
        let streams = ended.iter().filter(|ended| ended.about == About::Route(index) && ended.took.is_stream);
        let lasted: Vec<_> = streams.map(|ended| ended.took.to_end).collect();
        let labels = [("http_request_method", "GET"), ("http_route", *route)];
        let of = |sample: &str| scrape.value(&format!("slo_stream_duration_seconds_{sample}"), &labels);
        let histogram = registry.stream_duration(&format!("GET {route}"));
        if lasted.is_empty() {
            assert!(of("count").is_none() && histogram.is_none(), "{route}");
            continue;
        }
        let (histogram, sum) =
            (histogram.expect("there are streams"), std::time::Duration::from_nanos(lasted.iter().sum()));
        assert_eq!((histogram.count(), histogram.sum()), (lasted.len() as u64, sum), "{route}");
        let expected = (Some(lasted.len() as f64), Some(sum.as_secs_f64()));
        assert_eq!((of("count"), of("sum")), expected, "{route}");
    }
}

/// The labels an event is exposed with: what it was about, the status, the error.
fn series(ended: &Ended) -> [String; 3] {
    let about = match ended.about {
        About::Route(route) => ROUTES[route],
        About::Operation => OPERATION,
    };
    let status = match ended.about {
        About::Route(_) => ended.outcome.status().map_or(String::new(), |status| status.to_string()),
        About::Operation => String::new(),
    };
    let error = match ended.outcome {
        Outcome::Completed(500) if ended.about != About::Operation => "500",
        Outcome::Completed(_) => "",
        Outcome::BodyError(_) => "body_error",
        Outcome::BodyAborted(_) => "body_aborted",
        Outcome::CancelledBeforeHead => "cancelled",
        Outcome::Panicked => "panic",
        Outcome::InnerError => "error",
        Outcome::TimedOut(_) => "timeout",
        Outcome::Shed(_) => "shed",
    };
    [about.to_owned(), status, error.to_owned()]
}
