//! One series, held by whoever records into it again and again.
//!
//! Code that measures durations itself (a proxy, a driver, a batch) has nothing to start and to end. It holds a
//! writer instead: everything is looked up when that is made, and a recording is an addition to its cells. The writer
//! owns a shard and is needed exclusively to record, so that no two threads ever add to one cell.

use std::sync::Arc;
use std::time::Duration;

use super::directory;
use super::goal::Goal;
use super::outcome::{Outcome, Verdict};
use super::recorder::Recorder;
use super::route::{OVERFLOW, Protocol};
use super::shard::Shard;
use super::shared::Shared;
use super::tally::Tally;
use super::unmarked::Unmarked;
use crate::naming::ROUTE_UNMATCHED;
use crate::time::nanos;

impl Recorder {
    /// Returns a writer of the requests of a route that end with this outcome and verdict; without a template they
    /// match no route. See [`SeriesWriter`].
    ///
    /// Method and template must come from a bounded set: the route table, never the request's own text.
    pub fn request_series(
        &self,
        method: &str,
        template: Option<&str>,
        outcome: Outcome,
        verdict: Verdict,
    ) -> SeriesWriter {
        let template = template.unwrap_or(ROUTE_UNMATCHED);
        self.series(Protocol::Http, method, template, (outcome, verdict))
    }

    /// Returns a writer of the runs of an operation that end with this outcome and verdict. See [`SeriesWriter`].
    ///
    /// The name must come from a bounded set.
    pub fn operation_series(&self, name: &str, outcome: Outcome, verdict: Verdict) -> SeriesWriter {
        self.series(Protocol::Operation, "", name, (outcome, verdict))
    }

    fn series(
        &self,
        protocol: Protocol,
        method: &str,
        name: &str,
        ending: (Outcome, Verdict),
    ) -> SeriesWriter {
        let state =
            directory::find(self.id).and_then(|shared| open(shared, (protocol, method, name), ending));
        SeriesWriter(state.unwrap_or(State::Nowhere))
    }
}

/// Writes one series for code that measures durations itself: requests of one route, or runs of one operation, that
/// all end alike. Made by [`Recorder::request_series`] and [`Recorder::operation_series`].
///
/// Each recording is one event that has ended: it counts in the histogram and for every SLO of the route, as if an
/// [`Attempt`](super::Attempt) had been finished, but was never under way, and so never among the active ones.
///
/// A writer belongs to one thread at a time and may move to another. It has counters of its own, some ten kilobytes,
/// which the next writer or thread carries on with when it is dropped: make one and keep it, not one for each event.
/// Once the registry is gone, nobody reads what is recorded; its memory lasts as long as its writers. Of a route that the
/// registry leaves out, nothing is recorded.
///
/// It knows no beginnings: maintenance excludes what is recorded meanwhile, and not what began then and is recorded later.
///
/// ```
/// use std::time::Duration;
/// use slo_core::{Objective, Outcome, Registry, Sli, Slo, Threshold, Verdict};
///
/// let threshold = Threshold::parse("5ms")?;
/// let fast = Slo::new("query-latency", Sli::Latency { threshold }, Objective::parse("99%")?)?;
/// let registry = Registry::builder("shop").slo(fast.with_operation("query")?).build()?;
/// let mut queries = registry.recorder().operation_series("query", Outcome::Completed(0), Verdict::Good);
/// for millis in [1, 2, 40] {
///     queries.record(Duration::from_millis(millis));
/// }
/// let total = registry.status().slo("query-latency").expect("declared above").total;
/// assert_eq!((total.good, total.bad), (2, 1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "a writer records nothing by itself"]
pub struct SeriesWriter(State);

#[derive(Debug)]
enum State {
    Usual(Writer),
    Unusual(Writer, Box<Unusual>),
    /// The registry was gone when it was made, or leaves the route out.
    Nowhere,
}

impl SeriesWriter {
    /// Counts one event that took this long; more than 584 years count as these.
    #[inline]
    pub fn record(&mut self, duration: Duration) {
        self.record_nanos(nanos(duration));
    }

    /// Counts one event that took this many nanoseconds.
    #[inline]
    pub fn record_nanos(&mut self, nanos: u64) {
        if let State::Usual(writer) = &self.0
            && let Some(cells) = writer.tally.cells.at(&writer.shared.layout, nanos)
            && !writer.shared.maintenance.are_under_way()
        {
            cells.add(nanos);
            writer.shard.judge(&writer.goals, writer.verdict, nanos);
        } else {
            self.record_unusual(nanos);
        }
    }

    #[inline(never)]
    fn record_unusual(&mut self, nanos: u64) {
        match &mut self.0 {
            State::Usual(writer) => {
                writer.record(nanos);
            }
            State::Unusual(writer, unusual) => {
                let bucket = writer.record(nanos);
                unusual.record(writer, nanos, bucket);
            }
            State::Nowhere => {}
        }
    }
}

/// A shard, and what one event of the series adds to in it.
#[derive(Debug)]
struct Writer {
    shared: Arc<Shared>,
    shard: Arc<Shard>,
    tally: Arc<Tally>,
    goals: Box<[Goal]>,
    verdict: Verdict,
}

impl Writer {
    /// Returns what an event is that is recorded now.
    fn verdict(&self) -> Verdict {
        if self.shared.maintenance.are_under_way() { Verdict::Excluded } else { self.verdict }
    }

    fn record(&self, nanos: u64) -> usize {
        self.shard.judge(&self.goals, self.verdict(), nanos);
        self.tally.cells.record(&self.shared.layout, nanos)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.shard.release();
    }
}

/// What else an event counts for, of a series that found no room or whose promises are not known.
#[derive(Debug)]
struct Unusual {
    route_overflowed: bool,
    series_overflowed: bool,
    /// Its handler has not run yet, or it has none.
    unmarked: Option<Unmarked>,
}

impl Unusual {
    fn record(&mut self, writer: &Writer, nanos: u64, bucket: usize) {
        writer.shard.routes_overflowed.add(self.route_overflowed.into());
        writer.shard.series_overflowed.add(self.series_overflowed.into());
        if let Some(unmarked) = &mut self.unmarked {
            unmarked.judge(&writer.shared, &writer.shard, (writer.verdict(), nanos), bucket);
        }
    }
}

/// Looks up all that a writer needs; `None` for a route that does not exist, or is left out.
fn open(
    shared: Arc<Shared>,
    (protocol, method, name): (Protocol, &str, &str),
    (outcome, verdict): (Outcome, Verdict),
) -> Option<State> {
    if protocol == Protocol::Http && shared.left_out.has(method, name) {
        return None;
    }
    let index = shared.routes.find_or_add(protocol, method, name);
    let route = shared.routes.get(index)?;
    let outcome = Outcome::of_code(outcome.code() & route.told());
    let series = match index {
        OVERFLOW => OVERFLOW,
        _ => shared.routes.series_of(route, index, outcome),
    };
    // What is bound stays bound; what is not may be one day.
    let bound = route.bound();
    let unusual = Unusual {
        route_overflowed: index == OVERFLOW,
        series_overflowed: series == OVERFLOW && index != OVERFLOW,
        unmarked: (shared.has_declarations && bound.is_none()).then(|| Unmarked::new(index, route)),
    };
    let is_usual = index != OVERFLOW && series != OVERFLOW && unusual.unmarked.is_none();
    let goals = [shared.goals(route.own()), shared.goals(bound)].concat().into();
    let shard = shared.claim_shard();
    let tally = Arc::clone(shard.series_of(index, series, &shared.layout));
    let writer = Writer { shared, shard, tally, goals, verdict };
    Some(if is_usual { State::Usual(writer) } else { State::Unusual(writer, Box::new(unusual)) })
}
