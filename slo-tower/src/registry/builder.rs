//! What a registry is made of: promises, classifiers, what is left out.

#[cfg(feature = "alertmanager")]
mod alertmanager;
#[cfg(feature = "openslo")]
mod openslo;
#[cfg(feature = "prometheus")]
mod prometheus;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use slo_core::{
    AlertTransition, BuildError, BurnPolicy, Check, Classify, Clock, GatePolicy, HealthListener,
    HealthStatus, Registry, RegistryBuilder, Slo,
};

use super::SloRegistry;
use crate::classify::HttpClassifier;
use crate::endpoint::{Appended, ProbeSettings};
use crate::health::{DrainTimes, Health, Notifying, Pulse, Runtimes, Sightings, self_probe};
use crate::record::Exclude;
use crate::route::RequestHead;

/// Where orchestrators, scrapers and we ourselves ask a service how it is.
const PROBES: [&str; 14] = [
    "/healthz",
    "/livez",
    "/livez/*",
    "/metrics",
    "/readyz",
    "/readyz/*",
    "/slo",
    "/slo/dashboard.json",
    "/slo/gate",
    "/slo/incidents",
    "/slo/incidents/*",
    "/slo/rules.yaml",
    "/startupz",
    "/startupz/*",
];
/// The same in gRPC.
const GRPC_PROBES: [&str; 2] = ["grpc.health.v1.Health/*", "POST /grpc.health.v1.Health/*"];

/// Collects the promises of a service. Made by [`SloRegistry::builder`].
#[must_use]
pub struct SloRegistryBuilder {
    pub(super) builder: RegistryBuilder,
    appended: Appended,
    exclude: Option<Exclude>,
    counts_probes: bool,
    checks: Vec<Check>,
    health_listeners: Vec<HealthListener>,
    burn_policy: BurnPolicy,
    pub(super) gate: GatePolicy,
    probes: ProbeSettings,
    self_probe: Option<SocketAddr>,
    clock: Clock,
    drain_times: DrainTimes,
    pub(super) notifying: Notifying,
    pub(super) runtimes: Runtimes,
}

impl SloRegistryBuilder {
    pub(super) fn new(service: String) -> Self {
        let builder = Registry::builder(service).classify(HttpClassifier::new());
        let (checks, health_listeners) = (Vec::new(), Vec::new());
        let (appended, exclude, self_probe) = (Appended::default(), None, None);
        let (burn_policy, probes, clock) = (BurnPolicy::new(), ProbeSettings::new(), Clock::system());
        let (drain_times, notifying, runtimes) = Default::default();
        Self {
            builder,
            appended,
            exclude,
            counts_probes: false,
            checks,
            health_listeners,
            burn_policy,
            gate: GatePolicy::new(),
            probes,
            self_probe,
            clock,
            drain_times,
            notifying,
            runtimes,
        }
    }

    /// Adds a promise that no `#[slo]` declares.
    #[track_caller]
    pub fn slo(mut self, slo: Slo) -> Self {
        self.builder = self.builder.slo(slo);
        self
    }

    /// Leaves out what `#[slo]` declares in this binary.
    pub fn without_declared(mut self) -> Self {
        self.builder = self.builder.without_declared();
        self
    }

    /// Knows a route from the start, written as method and template, `GET /orders/{id}`, or as a gRPC method,
    /// `shop.Shop/Buy`: it always has room, and is exposed before its first request. What an SLO names needs no second
    /// mention.
    #[track_caller]
    pub fn route(mut self, route: impl Into<String>) -> Self {
        self.builder = self.builder.route(route);
        self
    }

    /// Decides what outcomes mean: an [`HttpClassifier`] as it is made, unless changed.
    ///
    /// A thread asks once for each route and outcome and keeps the answer, so no request is dearer for it.
    ///
    /// ```
    /// use slo_tower::{HttpClassifier, SloRegistry};
    ///
    /// let slos = SloRegistry::builder("shop").classify(HttpClassifier::new().excluded(429)).build()?;
    /// # let _ = slos;
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    pub fn classify(mut self, classifier: impl Classify) -> Self {
        self.builder = self.builder.classify(classifier);
        self
    }

    /// Decides what outcomes mean on one route, written as method and template, `GET /orders/{id}`, or as a gRPC method,
    /// `shop.Shop/Buy`.
    ///
    /// [`Registry::idle_classifiers`] lists the routes that no request has matched yet, so that a mistyped one is
    /// found.
    ///
    /// ```
    /// use slo_tower::{HttpClassifier, SloRegistry};
    ///
    /// // The catalogue knows every article: what is missing here is our fault.
    /// let articles = HttpClassifier::new().bad(404);
    /// let slos = SloRegistry::builder("shop").classify_route("GET /articles/{id}", articles).build()?;
    /// assert_eq!(slos.idle_classifiers(), ["GET /articles/{id}"]);
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    #[track_caller]
    pub fn classify_route(mut self, route: impl Into<String>, classifier: impl Classify) -> Self {
        self.builder = self.builder.classify_route(route, classifier);
        self
    }

    /// Neither records nor counts the requests of a route, written as method and template, `GET /internal/ping`, or the
    /// calls of a gRPC method, `shop.Shop/Ping`. A star at its end stands for all that may follow. Requests that match no
    /// route are told by their path. Operations that run within such a request count where they would without the layer.
    ///
    /// A route that an SLO names is counted nevertheless; an annotated handler should name its `route` for that. Costs
    /// nothing on any other route.
    #[track_caller]
    pub fn leave_out(mut self, route: impl Into<String>) -> Self {
        self.builder = self.builder.leave_out(route);
        self
    }

    /// Counts probes like everything else.
    ///
    /// Unless told so, a registry leaves out `GET` and `HEAD` of `/livez`, `/readyz` and `/startupz`, also with a check behind
    /// them, of `/healthz`, `/metrics`, `/slo` and `/slo/incidents`, and `/grpc.health.v1.Health/*`, as [`SloRegistryBuilder::leave_out`] does: orchestrators and scrapers
    /// ask for them so often that they would hide what users see. `/health` is not among them, as it may well be a page
    /// for users; add it if it is not.
    pub fn count_probes(mut self) -> Self {
        self.counts_probes = true;
        self
    }

    /// Neither records nor counts the requests of which `is_excluded` says so by their head: those of a load test, say.
    ///
    /// It is asked about every request; more than one may be given. Where it panics, the request is counted. It is kept
    /// as long as the process lives.
    ///
    /// ```
    /// use slo_tower::SloRegistry;
    ///
    /// let slos = SloRegistry::builder("shop")
    ///     .exclude(|request| request.headers.contains_key("x-load-test"))
    ///     .leave_out("GET /health")
    ///     .build()?;
    /// # let _ = slos;
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    pub fn exclude<F>(mut self, is_excluded: F) -> Self
    where
        F: for<'a> Fn(RequestHead<'a>) -> bool + Send + Sync + 'static,
    {
        self.exclude = Some(Exclude::new(is_excluded, self.exclude));
        self
    }

    /// Tells `listener` of every alert that fires or resolves, once, in the order in which they do; more than one may be
    /// given. It is called by a thread for that, or of a registry that was only built by whoever ticks; see
    /// [`RegistryBuilder::on_alert`](slo_core::RegistryBuilder::on_alert).
    ///
    /// ```
    /// use slo_tower::SloRegistry;
    ///
    /// let slos = SloRegistry::builder("shop")
    ///     .on_alert(|alert| println!("{} {}: {}", alert.severity.as_str(), alert.change.as_str(), alert.slo))
    ///     .build()?;
    /// # let _ = slos;
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    pub fn on_alert(mut self, listener: impl Fn(&AlertTransition) + Send + Sync + 'static) -> Self {
        self.builder = self.builder.on_alert(listener);
        self
    }

    /// Adds a check of the service's health. It runs by itself on a registry that is started.
    ///
    /// ```
    /// use slo_tower::{Check, SloRegistry};
    ///
    /// let database = Check::new("database", || async { Ok::<(), std::io::Error>(()) });
    /// let slos = SloRegistry::builder("shop").check(database).build()?;
    /// assert!(slos.health().status().check("database").is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// Tells `listener` of every change of the service's health: what was and what is. It is called by whoever made the
    /// change, outside of every lock, so it should hand over what takes long.
    pub fn on_health(
        mut self,
        listener: impl Fn(&HealthStatus, &HealthStatus) + Send + Sync + 'static,
    ) -> Self {
        self.health_listeners.push(Box::new(listener));
        self
    }

    /// Decides what promises that are being broken mean for the readiness: a warning while an alert fires, unless changed.
    ///
    /// ```
    /// use slo_tower::{BurnPolicy, SloRegistry};
    ///
    /// let slos = SloRegistry::builder("shop").burn_policy(BurnPolicy::new().warn_below(0.1)).build()?;
    /// # let _ = slos;
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    pub fn burn_policy(mut self, policy: BurnPolicy) -> Self {
        self.burn_policy = policy;
        self
    }

    /// Decides what `/livez`, `/readyz` and `/startupz` say, and to whom: no more than a status, unless changed.
    pub fn probes(mut self, settings: ProbeSettings) -> Self {
        self.probes = settings;
        self
    }

    /// Asks the service's own listener for `/livez` now and then, over HTTP/1.1, as a check called `self-probe`.
    ///
    /// It fails where nobody answers, or somebody else does in the probes' stead: a layer that sheds or limits has
    /// come between, which kills busy services. It warns where the request waits for more than half a second before it
    /// reaches them. It gates nothing.
    ///
    /// ```no_run
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use slo_tower::SloRegistry;
    ///
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    /// let slos = SloRegistry::builder("shop").self_probe(listener.local_addr()?).start()?;
    /// # let _ = slos;
    /// # Ok(())
    /// # }
    /// ```
    pub const fn self_probe(mut self, address: SocketAddr) -> Self {
        self.self_probe = Some(address);
        self
    }

    /// Goes on accepting for this long when the service drains: five seconds unless changed. Whoever sends requests learns
    /// with such a delay that it is not ready any more: the period of a probe times its failure threshold, and what it takes
    /// to tell everybody.
    ///
    /// More than a day is a day.
    pub fn drain_delay(mut self, delay: Duration) -> Self {
        self.drain_times.delay = delay;
        self
    }

    /// Waits at most this long, once the service has stopped accepting, for what is under way: 20 seconds unless changed.
    ///
    /// Together with the delay it should be less than the time after which the process is killed, which in Kubernetes is
    /// `terminationGracePeriodSeconds`, 30 seconds; what a `preStop` hook takes is taken from that too.
    ///
    /// More than a day is a day.
    pub fn drain_timeout(mut self, timeout: Duration) -> Self {
        self.drain_times.timeout = timeout;
        self
    }

    /// Takes moments and durations from another clock; tests advance theirs by hand.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Expects a tick this often: ten seconds unless changed.
    pub fn tick_interval(mut self, interval: Duration) -> Self {
        self.builder = self.builder.tick_interval(interval);
        self
    }

    /// Tells at most this many routes apart: 1 000 unless changed, and never fewer than are declared by name.
    /// What comes after shares one series.
    pub fn routes_max(mut self, routes: u16) -> Self {
        self.builder = self.builder.routes_max(routes);
        self
    }

    /// Keeps at most this many latency series: 10 000 unless changed, and never fewer than are declared by name.
    /// What comes after shares one.
    pub fn series_max(mut self, series: u16) -> Self {
        self.builder = self.builder.series_max(series);
        self
    }

    /// Appends metrics from elsewhere to `/metrics`, in the Prometheus text format 0.0.4.
    ///
    /// Families that we write ourselves are left out of it, and while something is appended `/metrics` answers in
    /// that format only: OpenMetrics names counters differently, and protocol buffers, with their native histograms, take
    /// no text.
    ///
    /// `render` is called for each scrape and appended in one piece, however long it is: by the worker that answers or,
    /// where the answer is compressed, by a thread outside of any runtime.
    pub fn append(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.appended = Appended::new(render);
        self
    }

    /// Builds the registry and leaves the ticking to the caller, and its checks alone: for tests and simulations.
    ///
    /// # Errors
    ///
    /// As [`RegistryBuilder::build`].
    pub fn build(self) -> Result<SloRegistry, BuildError> {
        self.finish(Vec::new(), RegistryBuilder::build, |health, _| Ok(health))
    }

    /// Builds the registry, ticks it on a thread of its own and runs its checks on another, until the last handle is gone. The
    /// tokio runtime that this is called in, if any, is [watched](SloRegistryBuilder::stall_after).
    ///
    /// # Errors
    ///
    /// As [`RegistryBuilder::start`].
    pub fn start(self) -> Result<SloRegistry, BuildError> {
        let pulses = self.runtimes.begin();
        self.finish(pulses, RegistryBuilder::start, Health::start)
    }

    fn finish(
        self,
        pulses: Vec<Arc<Pulse>>,
        make: impl FnOnce(RegistryBuilder) -> Result<Registry, BuildError>,
        run: impl FnOnce(Health, Notifying) -> io::Result<Health>,
    ) -> Result<SloRegistry, BuildError> {
        let mut builder = self.builder;
        if !self.counts_probes {
            let each =
                PROBES.into_iter().flat_map(|path| ["GET", "HEAD"].map(|method| format!("{method} {path}")));
            builder = each.chain(GRPC_PROBES.map(str::to_owned)).fold(builder, RegistryBuilder::leave_out);
        }
        if let Some(status) = self.probes.wrong_status() {
            return Err(BuildError::FailureStatus { status });
        }
        let (mut checks, sightings) = (self.checks, Sightings::default());
        let probe = |address| self_probe(address, sightings.clone(), self.clock.clone());
        checks.extend(self.self_probe.map(probe));
        let (clock, times) = (self.clock.clone(), self.drain_times);
        let health = Health::new(checks, pulses, self.health_listeners, clock, sightings, times)?;
        let registry = make(builder.clock(self.clock).health(health.monitor(), self.burn_policy))?;
        self.gate.check(&registry.status())?;
        let exclude = self.exclude.map(|exclude| &*Box::leak(Box::new(exclude)));
        let health = run(health, self.notifying).map_err(BuildError::Thread)?;
        let (probes, gate) = (Arc::new(self.probes), Arc::new(self.gate));
        Ok(SloRegistry { registry, health, appended: self.appended, exclude, probes, gate })
    }
}

impl fmt::Debug for SloRegistryBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SloRegistryBuilder")
            .field("builder", &self.builder)
            .field("checks", &self.checks)
            .finish_non_exhaustive()
    }
}
