//! What all threads of one registry share. The data plane only reads it.

use std::sync::{Arc, Mutex, RwLock};

use super::engine::Engine;
use super::goal::{Goal, Goals};
use super::route::Route;
use super::routes::Routes;
use super::shard::Shard;
use super::{Declaration, lock};
use crate::histogram::{Histogram, Layout};
use crate::objective::{Slo, Threshold};
use crate::time::Clock;
use crate::window::Counts;

/// The body of a registry.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) service: Box<str>,
    pub(crate) clock: Clock,
    pub(crate) slos: Box<[Slo]>,
    pub(crate) layout: Layout,
    pub(crate) routes: Routes,
    /// The promises that go together, by the index that routes are bound to.
    goals: Box<[Goals]>,
    pub(super) engine: Mutex<Engine>,
    shards: RwLock<Vec<Arc<Shard>>>,
    /// For threads in their own destruction, one at a time.
    last_resort: Mutex<Shard>,
}

impl Shared {
    pub(super) fn new(
        service: Box<str>,
        clock: Clock,
        slos: Box<[Slo]>,
        goals: Box<[Goals]>,
        routes: Routes,
        engine: Engine,
    ) -> Self {
        let thresholds = slos.iter().filter_map(|slo| slo.sli().threshold());
        let layout = Layout::with_thresholds(thresholds.map(Threshold::nanos));
        let (routes_max, series_max) = routes.capacity();
        let last_resort = Mutex::new(Shard::new(slos.len(), routes_max, series_max));
        let (engine, shards) = (Mutex::new(engine), RwLock::default());
        Self { service, clock, slos, layout, routes, goals, engine, shards, last_resort }
    }

    /// Gives the calling thread a shard of its own: one that an ended thread left, or a new one.
    pub(super) fn claim_shard(&self) -> Arc<Shard> {
        let mut shards = self.shards.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(free) = shards.iter().find(|shard| shard.claim()) {
            return Arc::clone(free);
        }
        let (routes_max, series_max) = self.routes.capacity();
        let shard = Arc::new(Shard::new(self.slos.len(), routes_max, series_max));
        shards.push(Arc::clone(&shard));
        shard
    }

    /// Lends the shard that nobody owns for good.
    pub(super) fn with_last_resort<R>(&self, work: impl FnOnce(&Shard) -> R) -> R {
        work(&lock(&self.last_resort))
    }

    /// Returns the goals at an index; none for a route that promises nothing.
    pub(super) fn goals(&self, index: Option<usize>) -> &[Goal] {
        index.map_or(&[], |index| &self.goals[index].goals)
    }

    /// Returns the index of a declaration's goals, if this registry has it.
    pub(super) fn goals_of(&self, declaration: &Declaration) -> Option<usize> {
        self.goals.iter().position(|goals| goals.is_of(declaration))
    }

    /// Sums something over all shards.
    fn sum(&self, mut of: impl FnMut(&Shard) -> u64) -> u64 {
        let mut sum = 0;
        self.for_each_shard(|shard| sum += of(shard));
        sum
    }

    fn for_each_shard(&self, mut visit: impl FnMut(&Shard)) {
        let shards = self.shards.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        shards.iter().for_each(|shard| visit(shard));
        visit(&lock(&self.last_resort));
    }

    /// Returns the totals of an SLO since the registry was built.
    pub(crate) fn counts(&self, slo: usize) -> Counts {
        let mut counts = Counts::default();
        self.for_each_shard(|shard| {
            let part = shard.counts(slo);
            counts.good += part.good;
            counts.bad += part.bad;
        });
        counts
    }

    pub(crate) fn excluded(&self, slo: usize) -> u64 {
        self.sum(|shard| shard.excluded(slo))
    }

    /// Returns how many attempts of a route have started and not ended.
    pub(crate) fn active(&self, route: usize) -> u64 {
        // Ends first: a request that ends in between is then still seen as started, so this is never negative.
        let finished = self.sum(|shard| shard.finished(route));
        self.sum(|shard| shard.started(route)).saturating_sub(finished)
    }

    /// Returns how many requests were counted in an overflow route and in an overflow series.
    pub(crate) fn overflowed(&self) -> (u64, u64) {
        (self.sum(|shard| shard.routes_overflowed.get()), self.sum(|shard| shard.series_overflowed.get()))
    }

    /// Adds the buckets of a series to `histogram`.
    pub(crate) fn add_buckets(&self, series: usize, histogram: &mut Histogram) {
        self.for_each_shard(|shard| {
            if let Some(cells) = shard.cells(series) {
                histogram.add_buckets(cells);
            }
        });
    }

    /// Returns the latencies of all series of the routes that `wanted` picks.
    pub(crate) fn latencies(&self, wanted: impl Fn(usize) -> bool) -> Histogram {
        let mut histogram = Histogram::new(&self.layout);
        for (index, _) in self.routes.series().filter(|(_, series)| wanted(series.route)) {
            self.for_each_shard(|shard| {
                if let Some(cells) = shard.cells(index) {
                    histogram.add_cells(cells);
                    histogram.add_buckets(cells);
                }
            });
        }
        histogram
    }

    /// Returns the routes whose requests count for an SLO, as far as they are known.
    pub(crate) fn routes_of(&self, slo: usize) -> Vec<usize> {
        let counts = |goals: usize| self.goals[goals].goals.iter().any(|goal| goal.slo == slo);
        let feeds = |route: &Route| {
            route.own().is_some_and(counts) || matches!(route.bound(), Ok(Some(goals)) if counts(goals))
        };
        self.routes.iter().filter(|(_, route)| feeds(route)).map(|(index, _)| index).collect()
    }
}
