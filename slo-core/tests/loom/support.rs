//! What the models share: how far they look, and a registry small enough to be made a million times.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use loom::model::Builder;
use slo_core::{
    Attempt, Clock, Events, Objective, Outcome, Recorder, Registry, RegistryBuilder, SeriesWriter, Sli, Slo,
    TextFormat, Timestamp, Verdict,
};

/// How long the latency of every attempt is that [`attempt`] starts.
pub(crate) const LATENCY: Duration = Duration::from_millis(7);
const PREEMPTIONS: usize = 2;
/// Steps of one interleaving; more is taken for a loop that never ends.
const STEPS_MAX: usize = 20_000;

/// Runs a model in every interleaving, and says how many there were.
pub(crate) fn explore(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound.get_or_insert(PREEMPTIONS);
    builder.max_branches = STEPS_MAX;
    // How often the time is looked at, in interleavings.
    builder.checkpoint_interval = 1_000;
    let runs = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&runs);
    let (bound, limit) = (builder.preemption_bound, builder.max_duration);
    #[expect(clippy::disallowed_methods, reason = "how long the proof took is no part of it")]
    let start = Instant::now();
    builder.check(move || {
        // Relaxed: counted on one thread, read after all.
        count.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let (took, cut) = (start.elapsed(), limit.is_some_and(|limit| start.elapsed() >= limit));
    println!(
        "model {name}: {} interleavings with up to {} preemptions in {:.1} s{}",
        // Relaxed: as above.
        runs.load(Ordering::Relaxed),
        bound.unwrap_or(PREEMPTIONS),
        took.as_secs_f64(),
        if cut { ", stopped by LOOM_MAX_DURATION" } else { "" },
    );
}

pub(crate) fn promise(name: &'static str) -> Slo {
    Slo::new(name, Sli::Availability, Objective::literal("99%")).expect("the name is plain")
}

/// A builder on a clock that already shows [`LATENCY`], with hardly any room.
pub(crate) fn builder() -> RegistryBuilder {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    Registry::builder("shop").clock(clock).routes_max(2).series_max(4)
}

/// A registry that promises the availability of `GET /a` and knows nothing else.
pub(crate) fn registry() -> Registry {
    let promised = promise("a").with_route("GET /a").expect("the route is well formed");
    builder().without_declared().slo(promised).build().expect("the promise is valid")
}

/// Starts a request of a route, then lets [`LATENCY`] pass.
pub(crate) fn attempt(registry: &Registry, template: &str) -> Attempt {
    let attempt = registry.recorder().request("GET", Some(template));
    registry.clock().advance(LATENCY);
    attempt
}

pub(crate) fn succeed(recorder: Recorder, template: &str) {
    recorder.request("GET", Some(template)).finish_as(Outcome::Completed(200), Verdict::Good);
}

pub(crate) fn fail(recorder: Recorder, template: &str) {
    recorder.request("GET", Some(template)).finish_as(Outcome::Completed(500), Verdict::Bad);
}

/// Returns a writer of the successes of a route.
pub(crate) fn writer(recorder: Recorder, template: &str) -> SeriesWriter {
    recorder.request_series("GET", Some(template), Outcome::Completed(200), Verdict::Good)
}

/// Returns the totals of an SLO.
pub(crate) fn totals(registry: &Registry, slo: &str) -> Events {
    registry.status().slo(slo).expect("it is declared").total
}

/// Returns the samples of the exposition whose line begins like this.
pub(crate) fn samples(registry: &Registry, beginning: &str) -> Vec<f64> {
    let mut text = String::new();
    registry.render(TextFormat::Prometheus, &mut text);
    let lines = text.lines().filter(|line| line.starts_with(beginning));
    let value = |line: &str| line.rsplit(' ').next().and_then(|value| value.parse().ok());
    lines.map(|line| value(line).expect("a line ends with its value")).collect()
}
