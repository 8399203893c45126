//! What one thread has resolved of one route: every cell that a request of it adds to.
//!
//! The first request of a route on a thread looks everything up and may allocate; every one after that finds
//! it here, one index away, whatever the number of routes, series and SLOs.

use std::sync::Arc;

use super::Declaration;
use super::attempt::Ended;
use super::goal::Goal;
use super::held::Held;
use super::outcome::Outcome;
use super::route::{OVERFLOW, Protocol, Route};
use super::shard::{InFlight, Shard};
use super::shared::Shared;
use crate::histogram::Cells;

/// A route, as one thread records it.
#[derive(Debug)]
pub(super) struct Hot {
    index: usize,
    /// The index, as attempts carry it.
    id: u32,
    route: Arc<Route>,
    /// The method as the recording layer writes it: a text that is never freed, so its address tells. None
    /// until an attempt has started on this thread.
    method: Option<&'static str>,
    in_flight: Arc<InFlight>,
    /// The promises made for the route by name.
    own: Vec<Goal>,
    series: Vec<HotSeries>,
    /// The handlers that marked the route's requests: nearly always one.
    marked: Vec<Marked>,
    held: Option<Arc<Held>>,
}

/// Where an outcome is counted.
#[derive(Debug)]
struct HotSeries {
    code: u16,
    /// The series is shared with everything else that found no room.
    overflowed: bool,
    cells: Arc<Cells>,
}

/// A handler, and what it promises.
#[derive(Debug)]
struct Marked {
    declaration: &'static Declaration,
    goals: Vec<Goal>,
}

impl Hot {
    /// Resolves a route on the thread that owns the shard.
    #[cold]
    pub(super) fn new(shared: &Shared, shard: &Shard, index: usize) -> Option<Self> {
        let route = Arc::clone(shared.routes.get(index)?);
        let own = shared.goals(route.own()).to_vec();
        Some(Self {
            index,
            id: u32::try_from(index).ok()?,
            route,
            method: None,
            in_flight: shard.in_flight(index),
            own,
            series: Vec::new(),
            marked: Vec::new(),
            held: None,
        })
    }

    /// Remembers the address of the method's text.
    pub(super) fn is_called(&mut self, method: &'static str) {
        self.method = Some(method);
    }

    /// Returns whether this is the route of a method and a template.
    #[inline]
    pub(super) fn serves(&self, protocol: Protocol, method: &'static str, template: &str) -> bool {
        self.method.is_some_and(|own| std::ptr::eq(own, method))
            && self.route.protocol == protocol
            && *self.route.template == *template
    }

    /// Counts the start of an attempt and returns the route.
    #[inline]
    pub(super) fn start(&self, shard: &Shard) -> u32 {
        self.in_flight.started.add(1);
        if self.index == OVERFLOW {
            shard.routes_overflowed.add(1);
        }
        self.id
    }

    /// Counts the end of an attempt.
    #[inline]
    pub(super) fn finish(&mut self, shared: &Shared, shard: &Shard, ended: &Ended) {
        self.in_flight.finished.add(1);
        let (verdict, nanos) = (ended.verdict, ended.nanos);
        let outcome = self.route.told(ended.outcome);
        let code = outcome.code();
        let bucket = match self.series.iter().find(|series| series.code == code) {
            Some(series) => series.record(shared, shard, nanos),
            None => self.add_series(shared, shard, outcome).record(shared, shard, nanos),
        };
        shard.judge(&self.own, verdict, nanos);
        let Some(mark) = ended.mark else { return self.judge_unmarked(shared, shard, ended, bucket) };
        match self.marked.iter().find(|known| std::ptr::eq(mark, known.declaration)) {
            Some(known) => shard.judge(&known.goals, verdict, nanos),
            None => shard.judge(&self.learn(shared, mark).goals, verdict, nanos),
        }
    }

    #[cold]
    fn add_series(&mut self, shared: &Shared, shard: &Shard, outcome: Outcome) -> &HotSeries {
        let series = if self.index == OVERFLOW {
            OVERFLOW
        } else {
            shared.routes.series_of(&self.route, self.index, outcome)
        };
        let overflowed = series == OVERFLOW && self.index != OVERFLOW;
        self.series.push(HotSeries {
            code: outcome.code(),
            overflowed,
            cells: shard.series(series, &shared.layout),
        });
        &self.series[self.series.len() - 1]
    }

    /// Remembers a handler's promises, and binds the route to the first handler that marks it. A route that
    /// several handlers serve stays bound to the first; each request still counts for its own.
    #[cold]
    fn learn(&mut self, shared: &Shared, mark: &'static Declaration) -> &Marked {
        let index = shared.goals_of(mark);
        if let Some(index) = index.filter(|_| self.route.has_a_handler()) {
            self.route.bind(index);
        }
        self.marked.push(Marked { declaration: mark, goals: shared.goals(index).to_vec() });
        &self.marked[self.marked.len() - 1]
    }

    /// Judges a request that never reached its handler by what its route is bound to, or holds it until the
    /// handler has run.
    fn judge_unmarked(&mut self, shared: &Shared, shard: &Shard, ended: &Ended, bucket: usize) {
        if let Some(goals) = self.route.bound() {
            shard.judge(shared.goals(Some(goals)), ended.verdict, ended.nanos);
        } else if let Some(held) = &self.held {
            held.add(ended.verdict, bucket);
        } else if self.route.has_a_handler() {
            self.held.insert(shard.held(self.index, &shared.layout)).add(ended.verdict, bucket);
        }
    }
}

impl HotSeries {
    #[inline]
    fn record(&self, shared: &Shared, shard: &Shard, nanos: u64) -> usize {
        if self.overflowed {
            shard.series_overflowed.add(1);
        }
        self.cells.record(&shared.layout, nanos)
    }
}
