//! What one thread has counted, or one held series.
//!
//! Its owner has a shard alone and adds to it without locks or read-modify-write. When the owner ends the shard goes
//! back, counts and all, and the next new one carries on adding to it: shards are as many as threads and held series
//! ever lived at the same time, and nothing is ever merged, moved or lost.

use std::array;
use std::sync::Arc;

use super::goal::{Goal, Judgement};
use super::held::Held;
use super::outcome::Verdict;
use super::route::OVERFLOW;
use super::status;
use super::tally::Tally;
use super::took::Took;
use crate::histogram::{Cells, Layout};
use crate::sync::{AtomicBool, Counter, OnceLock, Ordering, Segments};

/// One owner's counters.
#[derive(Debug)]
pub(crate) struct Shard {
    owned: AtomicBool,
    /// By SLO, then by [`Judgement`].
    events: Box<[[Counter; 3]]>,
    routes: Segments<OnceLock<Arc<Tally>>>,
    series: Segments<OnceLock<Arc<Tally>>>,
    held: Segments<OnceLock<Arc<Held>>>,
    /// How long streams lasted, by route.
    streams: Segments<OnceLock<Arc<Cells>>>,
    /// Requests beyond the maximum of routes.
    pub(super) routes_overflowed: Counter,
    /// Requests beyond the maximum of series.
    pub(super) series_overflowed: Counter,
}

impl Shard {
    /// A shard owned by the calling thread.
    pub(super) fn new(slos: usize, routes_max: usize, series_max: usize) -> Self {
        Self {
            owned: AtomicBool::new(true),
            events: (0..slos).map(|_| array::from_fn(|_| Counter::new())).collect(),
            routes: Segments::new(routes_max),
            series: Segments::new(series_max),
            held: Segments::new(routes_max),
            streams: Segments::new(routes_max),
            routes_overflowed: Counter::new(),
            series_overflowed: Counter::new(),
        }
    }

    /// Takes the shard if nobody owns it. Callers hold the lock on the list of shards.
    pub(super) fn claim(&self) -> bool {
        // Acquire: sees all that the last owner added before it released the shard.
        let free = !self.owned.load(Ordering::Acquire);
        if free {
            // Relaxed: only claimants write `true`, and the lock on the list keeps them apart.
            self.owned.store(true, Ordering::Relaxed);
        }
        free
    }

    /// Hands the shard back, on the thread that owns it.
    pub(super) fn release(&self) {
        // Release: publishes the owner's last additions to the Acquire load of the next owner in `claim`.
        self.owned.store(false, Ordering::Release);
    }

    /// Returns the cells of a route, new on its first request; only the owner adds to them.
    pub(super) fn route(&self, route: usize, layout: &Layout) -> &Arc<Tally> {
        self.routes.touch(route).get_or_init(|| Tally::new(layout))
    }

    /// Returns the cells of a series of a route, new on its first request; only the owner adds to them.
    pub(super) fn series_of(&self, route: usize, series: usize, layout: &Layout) -> &Arc<Tally> {
        self.series.touch(series).get_or_init(|| match series {
            // Many routes share it.
            OVERFLOW => Tally::new(layout),
            _ => Tally::of_series(self.route(route, layout), layout),
        })
    }

    /// Counts one event for every goal, on the thread that owns the shard.
    #[inline(always)]
    pub(super) fn judge<T: Took>(&self, goals: &[Goal], verdict: Verdict, took: T) {
        let events = &*self.events;
        for goal in goals {
            events[goal.slo()][goal.judge(verdict, took) as usize].add(1);
        }
    }

    pub(super) fn started(&self, route: usize) -> u64 {
        self.route_of(route).map_or(0, |route| route.started.get())
    }

    pub(super) fn finished(&self, route: usize) -> u64 {
        self.route_of(route).map_or(0, |route| route.finished.get())
    }

    fn route_of(&self, route: usize) -> Option<&Tally> {
        self.routes.get(route)?.get().map(|tally| &**tally)
    }

    pub(super) fn cells(&self, series: usize) -> Option<&Cells> {
        self.series.get(series)?.get().map(|tally| &tally.cells)
    }

    /// Adds the events of every SLO.
    pub(super) fn add_events(&self, totals: &mut [status::Events]) {
        for (total, own) in totals.iter_mut().zip(&self.events) {
            let of = |judgement: Judgement| own[judgement as usize].get();
            total.good += of(Judgement::Good);
            total.bad += of(Judgement::Bad);
            total.excluded += of(Judgement::Excluded);
        }
    }

    /// Returns the cells of endings a route holds, new with the first one; only the owner adds to them.
    pub(super) fn held(&self, route: usize, layout: &Layout) -> Arc<Held> {
        Arc::clone(self.held.touch(route).get_or_init(|| Arc::new(Held::new(layout))))
    }

    /// Returns the cells of a route's streams, new with the first one; only the owner adds to them.
    pub(super) fn streams(&self, route: usize, layout: &Layout) -> Arc<Cells> {
        Arc::clone(self.streams.touch(route).get_or_init(|| Arc::new(Cells::new(layout))))
    }

    pub(super) fn streams_of(&self, route: usize) -> Option<&Cells> {
        self.streams.get(route)?.get().map(|cells| &**cells)
    }

    pub(super) fn held_of(&self, route: usize) -> Option<&Held> {
        self.held.get(route)?.get().map(|held| &**held)
    }
}
