//! What all threads of one registry share. The data plane only reads it.

use std::sync::{Arc, PoisonError};

use super::asking::Asking;
use super::classify::Policy;
use super::goal::{Goal, Goals};
use super::incidents::Incidents;
use super::ledger::Ledger;
use super::left_out::LeftOut;
use super::listeners::Listeners;
use super::maintenance::Periods;
use super::outcome::{Outcome, Verdict};
use super::overrides::Overridden;
use super::pushing::Pushing;
use super::route::RouteId;
use super::routes::Routes;
use super::saver::Saver;
use super::shard::Shard;
use super::state_status::StateStatus;
use super::status::Events;
use super::watched::Watched;
use super::{Declaration, lock};
use crate::engine::Engine;
use crate::histogram::{Cells, Histogram, Layout};
use crate::objective::{LatencyEnd, Slo, Threshold};
use crate::sync::{Mutex, MutexGuard, RwLock};
use crate::time::{Clock, Timestamp};
use crate::window::Counts;

/// The body of a registry.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) service: Box<str>,
    pub(crate) clock: Clock,
    pub(crate) slos: Box<[Slo]>,
    pub(crate) layout: Layout,
    pub(crate) routes: Routes,
    pub(super) maintenance: Periods,
    policy: Policy,
    pub(super) left_out: LeftOut,
    /// The promises that go together, by the index that routes are bound to.
    goals: Box<[Goals]>,
    /// Whether a handler may say which promises its route keeps.
    pub(super) has_declarations: bool,
    pub(super) engine: Mutex<Engine>,
    pub(super) incidents: Mutex<Incidents>,
    /// Locked for as long as a tick takes, so that ticks come one after the other.
    ledger: Mutex<Ledger>,
    listeners: Listeners,
    pub(super) watched: Option<Watched>,
    /// None if nothing is saved.
    pub(super) saver: Option<Saver>,
    pub(crate) pushing: Pushing,
    pub(super) asking: Asking,
    pub(super) overridden: Overridden,
    /// The first one is the last resort: it is nobody's, for threads in their own destruction.
    shards: RwLock<Vec<Arc<Shard>>>,
    /// One thread at a time uses the last resort.
    last_resort: Mutex<Arc<Shard>>,
}

impl Shared {
    pub(super) fn new(
        service: Box<str>,
        clock: Clock,
        slos: Box<[Slo]>,
        goals: Box<[Goals]>,
        (routes, policy, left_out): (Routes, Policy, LeftOut),
        (engine, listeners, watched, saver, pushing, asking, overridden): (
            Engine,
            Listeners,
            Option<Watched>,
            Option<Saver>,
            Pushing,
            Asking,
            Overridden,
        ),
    ) -> Self {
        let has_declarations = goals.iter().any(|goals| !goals.declarations.is_empty());
        let thresholds = slos.iter().filter_map(|slo| slo.sli().threshold());
        let layout = Layout::with_thresholds(thresholds.map(Threshold::nanos));
        let (routes_max, series_max) = routes.capacity();
        let last_resort = Arc::new(Shard::new(slos.len(), routes_max, series_max));
        let shards = RwLock::new(vec![Arc::clone(&last_resort)]);
        let incidents = Mutex::new(Incidents::new(&slos, &engine, clock.now()));
        let (engine, last_resort) = (Mutex::new(engine), Mutex::new(last_resort));
        Self {
            service,
            clock,
            slos,
            layout,
            routes,
            maintenance: Periods::new(),
            policy,
            left_out,
            goals,
            has_declarations,
            engine,
            incidents,
            ledger: Mutex::default(),
            listeners,
            watched,
            saver,
            pushing,
            asking,
            overridden,
            shards,
            last_resort,
        }
    }

    /// Samples the totals of every SLO, and tells whoever listens which alerts have changed.
    pub(super) fn tick(&self, now: Timestamp) {
        let mut ledger = lock(&self.ledger);
        let mut engine = lock(&self.engine);
        // Read under the lock: who ticks later must not have read earlier.
        let totals: Vec<Counts> = self.totals().into_iter().map(Events::counts).collect();
        engine.tick(now, &self.slos, &totals, |transition| {
            self.listeners.queue(transition, self.slos.len());
        });
        self.pushing.observe(&engine, &self.slos, &totals, now);
        let seen = lock(&self.incidents).look(&engine, &self.slos, (now, &totals));
        let now = engine.not_before_the_last_tick(now);
        let burns = self.watched.iter().map(|watched| watched.burns(&engine, &self.slos, &totals, now));
        let burns: Vec<_> = burns.collect();
        drop(engine);
        if !seen.is_empty() {
            lock(&self.incidents).go_on(self, &ledger, seen);
        }
        ledger.read_on(self);
        drop(ledger);
        self.listeners.tell(&self.service);
        self.watched.iter().zip(burns).for_each(|(watched, burns)| watched.tell(now, burns));
        if let Some(saver) = &self.saver {
            saver.ticked(self);
        }
    }

    /// Samples the totals of every SLO once more: there is nobody left to be told of alerts, but a last save.
    #[cfg(feature = "store")]
    pub(super) fn sample(&self) {
        let mut engine = lock(&self.engine);
        let totals: Vec<Counts> = self.totals().into_iter().map(Events::counts).collect();
        engine.sample(self.clock.now(), &totals);
    }

    /// Says something about the saved state in the log.
    #[cfg(feature = "store")]
    pub(super) fn say(&self, level: crate::store::Level, what: &str) {
        crate::store::say(&self.service, level, what);
    }

    /// Returns how it stands with the saved state; `None` if there is none.
    pub(super) fn state(&self) -> Option<StateStatus> {
        self.saver.as_ref().map(Saver::status)
    }

    pub(super) fn listeners(&self) -> &Listeners {
        &self.listeners
    }

    /// Gives the caller a shard of its own: one that an ended thread or a writer left, or a new one.
    pub(super) fn claim_shard(&self) -> Arc<Shard> {
        let mut shards = self.shards.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(free) = shards.iter().find(|shard| shard.claim()) {
            return Arc::clone(free);
        }
        let (routes_max, series_max) = self.routes.capacity();
        let shard = Arc::new(Shard::new(self.slos.len(), routes_max, series_max));
        shards.push(Arc::clone(&shard));
        shard
    }

    /// Lends the shard that nobody owns for good. One thread at a time has it.
    pub(super) fn last_resort(&self) -> MutexGuard<'_, Arc<Shard>> {
        lock(&self.last_resort)
    }

    /// Returns the goals at an index; none for a route that promises nothing.
    pub(super) fn goals(&self, index: Option<usize>) -> &[Goal] {
        index.map_or(&[], |index| &self.goals[index].goals)
    }

    /// Returns the index of a declaration's goals, if this registry has it.
    pub(super) fn goals_of(&self, declaration: &Declaration) -> Option<usize> {
        self.goals.iter().position(|goals| goals.is_of(declaration))
    }

    /// Asks the classifier of a route about the code of an outcome. Nothing may be lent out meanwhile.
    pub(super) fn classify(&self, route: RouteId, code: u16) -> Option<Verdict> {
        let known = self.routes.get(route.index())?;
        Some(self.policy.ask(route.index(), known, Outcome::of_code(code & known.told())))
    }

    /// Returns the index of a route by the name that people write.
    pub(super) fn route_called(&self, name: &str) -> Option<usize> {
        self.routes.iter().find(|(_, route)| route.name() == name).map(|(index, _)| index)
    }

    /// Returns the routes that have a classifier of their own and no request yet.
    pub(super) fn idle_classifiers(&self) -> impl Iterator<Item = String> {
        let idle = self.policy.routes().filter(|route| self.sum(|shard| shard.started(*route)) == 0);
        idle.filter_map(|route| Some(self.routes.get(route)?.name()))
    }

    /// Sums something over all shards.
    fn sum(&self, mut of: impl FnMut(&Shard) -> u64) -> u64 {
        let mut sum = 0;
        self.for_each_shard(|shard| sum += of(shard));
        sum
    }

    fn for_each_shard(&self, mut visit: impl FnMut(&Shard)) {
        let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
        shards.iter().for_each(|shard| visit(shard));
    }

    /// Returns the events of every SLO since the registry was built.
    pub(crate) fn totals(&self) -> Vec<Events> {
        let mut totals = vec![Events::default(); self.slos.len()];
        let bound: Vec<_> =
            self.routes.iter().filter_map(|(index, route)| Some((index, route.bound()?))).collect();
        self.for_each_shard(|shard| {
            shard.add_events(&mut totals);
            for (route, goals) in &bound {
                if let Some(held) = shard.held_of(*route) {
                    held.judge(&self.layout, self.goals(Some(*goals)), &mut totals);
                }
            }
        });
        totals
    }

    /// Returns how many attempts of each of these routes, beginning with `first`, have started and not ended.
    pub(crate) fn active<const ROUTES: usize>(&self, first: usize) -> [u64; ROUTES] {
        let mut active = [0_u64; ROUTES];
        let shards = self.shards.read().unwrap_or_else(PoisonError::into_inner);
        // Ends first: a request that ends in between is then still seen as started, so this is never negative.
        for shard in shards.iter() {
            (first..)
                .zip(&mut active)
                .for_each(|(route, sum)| *sum = sum.wrapping_sub(shard.finished(route)));
        }
        for shard in shards.iter() {
            (first..).zip(&mut active).for_each(|(route, sum)| *sum = sum.wrapping_add(shard.started(route)));
        }
        active
    }

    /// Returns how many requests were counted in an overflow route and in an overflow series, and how many
    /// changes of alerts no listener was told of.
    pub(crate) fn overflowed(&self) -> (u64, u64, u64) {
        let routes = self.sum(|shard| shard.routes_overflowed.get());
        (routes, self.sum(|shard| shard.series_overflowed.get()), self.listeners.dropped())
    }

    /// Visits what each thread has recorded of a series.
    pub(crate) fn for_each_cells_of(&self, series: usize, mut visit: impl FnMut(&Cells)) {
        self.for_each_shard(|shard| shard.cells(series).into_iter().for_each(&mut visit));
    }

    /// Adds the buckets of a series to `histogram`.
    pub(super) fn add_buckets(&self, series: usize, histogram: &mut Histogram) {
        self.for_each_cells_of(series, |cells| histogram.add_buckets(cells));
    }

    /// Adds all that is known of the latencies of a series to `histogram`.
    pub(super) fn add_latencies(&self, series: usize, histogram: &mut Histogram) {
        self.for_each_cells_of(series, |cells| {
            histogram.add_cells(cells);
            histogram.add_buckets(cells);
        });
    }

    /// Visits how long the streams of a route lasted; `false` if there was none.
    pub(crate) fn for_each_stream_of(&self, route: usize, mut visit: impl FnMut(&Cells)) -> bool {
        let mut any = false;
        self.for_each_shard(|shard| {
            if let Some(cells) = shard.streams_of(route) {
                any = true;
                visit(cells);
            }
        });
        any
    }

    /// Returns whether some SLO looks at the heads of answers whose bodies have a known length.
    pub(super) fn looks_at_heads(&self) -> bool {
        let looks = |slo: &Slo| slo.latency_end() == LatencyEnd::Head && slo.sli().threshold().is_some();
        self.slos.iter().any(looks)
    }

    /// Returns the SLOs of the goals at an index; none for a route that promises nothing.
    pub(super) fn slos_of(&self, goals: Option<usize>) -> impl Iterator<Item = usize> {
        self.goals(goals).iter().map(Goal::slo)
    }
}
