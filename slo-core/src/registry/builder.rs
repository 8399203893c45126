//! From declarations to a registry, or to an error that says where to look.

use std::collections::HashSet;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::asking::Asking;
use super::build_error::BuildError;
use super::classify::{Classify, Policy};
use super::declare::{Declaration, Subject, declared};
use super::driver::Driver;
use super::left_out::LeftOut;
use super::listeners::Listeners;
use super::overrides::{Overrides, Promises};
use super::promised::{OwnClassifier, Promised};
use super::pushing::Pushing;
use super::routes::Routes;
use super::saver::{LastSave, Settings};
use super::shared::Shared;
use super::watched::Watched;
use super::{Handle, Registry};
use crate::alert::AlertTransition;
use crate::engine::Engine;
use crate::histogram::Layout;
use crate::objective::Slo;
use crate::time::Clock;
use crate::worker::Workers;

/// Collects the promises of a registry. Made by [`Registry::builder`].
#[derive(Debug)]
#[must_use]
pub struct RegistryBuilder {
    pub(super) service: String,
    pub(super) slos: Vec<(Slo, &'static Location<'static>)>,
    pub(super) declarations: Vec<&'static Declaration>,
    clock: Clock,
    tick_interval: Duration,
    routes_max: u16,
    series_max: u16,
    policy: Policy,
    own_classifiers: Vec<OwnClassifier>,
    left_out: Vec<(String, &'static Location<'static>)>,
    routes: Vec<(String, &'static Location<'static>)>,
    listeners: Listeners,
    pub(super) watched: Option<Watched>,
    pub(super) saving: Settings,
    pub(super) pushing: Pushing,
    pub(super) asking: Asking,
    pub(super) overrides: Overrides,
}

impl RegistryBuilder {
    pub(super) fn new(service: String) -> Self {
        let mut declarations: Vec<_> = declared().collect();
        // The linker's order means nothing.
        declarations
            .sort_by_key(|declaration| (declaration.location().file(), declaration.location().line()));
        Self {
            service,
            slos: Vec::new(),
            declarations,
            clock: Clock::system(),
            tick_interval: Duration::from_secs(10),
            routes_max: 1_000,
            series_max: 10_000,
            policy: Policy::default(),
            own_classifiers: Vec::new(),
            left_out: Vec::new(),
            routes: Vec::new(),
            listeners: Listeners::default(),
            watched: None,
            saving: Settings::default(),
            pushing: Pushing::default(),
            asking: Asking::default(),
            overrides: Overrides::default(),
        }
    }

    /// Adds a promise that no `#[slo]` declares.
    #[track_caller]
    pub fn slo(mut self, slo: Slo) -> Self {
        self.slos.push((slo, Location::caller()));
        self
    }

    /// Leaves out what `#[slo]` declares in this binary: only promises added by [`RegistryBuilder::slo`] count.
    pub fn without_declared(mut self) -> Self {
        self.declarations.clear();
        self
    }

    /// Knows a route from the start, written as method and template, `GET /orders/{id}`, or as a gRPC method,
    /// `shop.Shop/Buy`: it always has room, and is exposed before its first request. What an SLO names needs no second
    /// mention.
    #[track_caller]
    pub fn route(mut self, route: impl Into<String>) -> Self {
        self.routes.push((route.into(), Location::caller()));
        self
    }

    /// Decides what outcomes mean: [`RouteRef::usual_verdict`](super::RouteRef::usual_verdict) unless changed.
    pub fn classify(mut self, classifier: impl Classify) -> Self {
        self.policy.replace(Box::new(classifier));
        self
    }

    /// Decides what outcomes mean on one route, written as method and template, `GET /orders/{id}`, or as a gRPC
    /// method, `shop.Shop/Buy`. The route always has room, and [`Registry::idle_classifiers`] says whether anything ever matched it.
    #[track_caller]
    pub fn classify_route(mut self, route: impl Into<String>, classifier: impl Classify) -> Self {
        let (route, location) = (route.into(), Location::caller());
        self.own_classifiers.push(OwnClassifier { route, classifier: Box::new(classifier), location });
        self
    }

    /// Neither records nor counts the requests of a route, written as method and template, or the calls of a gRPC
    /// method; a star at its end stands for all that may follow. A route that an SLO names is counted nevertheless.
    ///
    /// ```
    /// use slo_core::{Outcome, Registry};
    ///
    /// let registry = Registry::builder("shop").leave_out("GET /livez").leave_out("GET /debug/*").build()?;
    /// for route in ["/livez", "/debug/{*rest}", "/orders"] {
    ///     registry.recorder().request("GET", Some(route)).finish(Outcome::Completed(200));
    /// }
    /// assert!(registry.latency("GET /livez").is_none());
    /// assert!(registry.latency("GET /debug/{*rest}").is_none());
    /// assert_eq!(registry.latency("GET /orders").map(|latency| latency.count()), Some(1));
    /// # Ok::<(), slo_core::BuildError>(())
    /// ```
    #[track_caller]
    pub fn leave_out(mut self, route: impl Into<String>) -> Self {
        self.left_out.push((route.into(), Location::caller()));
        self
    }

    /// Tells `listener` of every alert that fires or resolves, once, in the order in which they do; more than one may be
    /// given.
    ///
    /// It is called outside of every lock, so it may use the registry: by a thread for that where the registry was started,
    /// otherwise by whoever ticks. While it works nobody else is told. Of what waits for it the oldest is dropped beyond 1 024
    /// changes, which `slo_series_overflow_total` counts; the last handle of a started registry waits for it, two seconds
    /// at most. Where it panics, nothing else is lost. A registry that it keeps never goes.
    ///
    /// ```
    /// use slo_core::{AlertChange, Clock, Objective, Outcome, Registry, Severity, Sli, Slo, Timestamp};
    /// use std::sync::mpsc;
    ///
    /// let (sender, alerts) = mpsc::channel();
    /// let slo = Slo::new("job-availability", Sli::Availability, Objective::parse("99.9%")?)?.with_operation("job")?;
    /// let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    /// let registry = Registry::builder("worker")
    ///     .slo(slo)
    ///     .clock(clock.clone())
    ///     .on_alert(move |alert| drop(sender.send(alert.clone())))
    ///     .build()?;
    /// for _ in 0..2 {
    ///     registry.attempt("job").finish(Outcome::InnerError);
    /// }
    /// registry.tick(clock.now());
    /// let page = alerts.recv()?;
    /// assert_eq!((page.slo.as_str(), page.severity, page.change), ("job-availability", Severity::Page, AlertChange::Fired));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_alert(mut self, listener: impl Fn(&AlertTransition) + Send + Sync + 'static) -> Self {
        self.listeners.add(listener);
        self
    }

    /// Takes moments and durations from another clock; tests advance theirs by hand.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Expects a tick this often: ten seconds unless changed. Ticks more than six times as far apart leave a
    /// gap in the coverage.
    pub fn tick_interval(mut self, interval: Duration) -> Self {
        self.tick_interval = interval;
        self
    }

    /// Tells at most this many routes apart: 1 000 unless changed, and never fewer than are declared by name.
    /// What comes after shares one series.
    pub fn routes_max(mut self, routes: u16) -> Self {
        self.routes_max = routes;
        self
    }

    /// Keeps at most this many latency series: 10 000 unless changed, and never fewer than routes are declared
    /// by name. What comes after shares one.
    pub fn series_max(mut self, series: u16) -> Self {
        self.series_max = series.min(u16::MAX - 1);
        self
    }

    /// Builds the registry and leaves the ticking to the caller: for tests and simulations.
    ///
    /// # Errors
    ///
    /// If the service has no name, two SLOs have the same name, an alert was chosen that can never fire or only too late, or
    /// there are more thresholds than boundaries, or a thread that pushes cannot be started.
    pub fn build(self) -> Result<Registry, BuildError> {
        let (shared, workers) = self.assemble()?;
        let last_save = LastSave::of(&shared);
        Ok(Registry::new(Handle::new(shared, None, workers, last_save)))
    }

    /// Builds the registry and ticks it on a thread of its own, until the last handle is gone.
    ///
    /// # Errors
    ///
    /// Like [`RegistryBuilder::build`], and if the thread cannot be started.
    pub fn start(self) -> Result<Registry, BuildError> {
        let interval = self.tick_interval;
        let (shared, mut workers) = self.assemble()?;
        let last_save = LastSave::start(&shared).map_err(BuildError::Thread)?;
        workers.0.push(Listeners::start(&shared).map_err(BuildError::Thread)?);
        let driver = Driver::start(Arc::clone(&shared), interval).map_err(BuildError::Thread)?;
        Ok(Registry::new(Handle::new(shared, Some(driver), workers, last_save)))
    }

    /// Returns how many routes and operations are declared by name.
    fn named(&self) -> usize {
        let declared = self.declarations.iter().filter_map(|declaration| match declaration.subject() {
            Subject::Handler { route } => route,
            Subject::Operation => Some(declaration.name()),
        });
        let added = self.slos.iter().filter_map(|(slo, _)| slo.route().or(slo.operation()));
        let classified = self.own_classifiers.iter().map(|own| &*own.route);
        let mentioned = self.routes.iter().map(|(route, _)| &**route);
        added.chain(declared).chain(classified).chain(mentioned).collect::<HashSet<_>>().len()
    }

    fn assemble(mut self) -> Result<(Arc<Shared>, Workers), BuildError> {
        if self.service.is_empty() {
            return Err(BuildError::ServiceName);
        }
        if self.tick_interval.is_zero() {
            return Err(BuildError::TickInterval);
        }
        let Promises { changed, added, overridden } = self.overridden()?;
        self.slos.extend(added);
        // What is declared comes first, and always has room.
        let named = self.named();
        let routes = Routes::new(named.max(self.routes_max.into()), named.max(self.series_max.into()));
        let mut promised = Promised::new(routes, changed);
        for (slo, location) in self.slos {
            promised.add_slo(slo, location)?;
        }
        for declaration in self.declarations {
            promised.add_declaration(declaration)?;
        }
        for (route, location) in self.routes {
            promised.add_route(&route).map_err(|error| BuildError::Invalid { error, location })?;
        }
        let mut policy = self.policy;
        promised.add_classifiers(self.own_classifiers, &mut policy)?;
        let Promised { slos, goals, routes, .. } = promised;
        let (slos, declared_at): (Vec<Slo>, Vec<_>) = slos.into_iter().unzip();
        if let Some(watched) = &self.watched {
            watched.check(&slos)?;
        }
        let thresholds = slos.iter().filter_map(|slo| slo.sli().threshold()).collect::<HashSet<_>>().len();
        if thresholds > Layout::THRESHOLDS_MAX {
            return Err(BuildError::TooManyThresholds { thresholds });
        }
        let (left_out, locations): (_, Vec<_>) = self.left_out.into_iter().unzip();
        let left_out = LeftOut::new(left_out, slos.iter())
            .map_err(|(index, error)| BuildError::Invalid { error, location: locations[index] })?;
        let now = self.clock.now();
        let mut engine = Engine::new(&slos, self.tick_interval, now)
            .map_err(|(index, error)| BuildError::of_calendar(&slos[index], error, declared_at[index]))?;
        let patience = self.tick_interval.saturating_mul(Engine::TICKS_PER_GAP);
        let saver = self.saving.open(&self.service, &mut engine, &slos, (now, patience))?;
        let (mut pushing, asking) = (self.pushing, self.asking);
        let mut workers =
            pushing.start((&self.service, slos.len()), &self.clock).map_err(BuildError::Thread)?;
        let shared = Shared::new(
            self.service.into(),
            self.clock,
            slos.into(),
            goals.into(),
            (routes, policy, left_out),
            (engine, self.listeners, self.watched, saver, pushing, asking, overridden),
        );
        if let Some(saver) = &shared.saver {
            saver.take_up_reports(&shared);
        }
        let shared = Arc::new(shared);
        workers.extend(Asking::start(&shared).map_err(BuildError::Thread)?);
        Ok((shared, Workers(workers)))
    }
}
