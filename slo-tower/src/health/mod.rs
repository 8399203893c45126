//! Health as a service author sees it: what runs the checks, and one handle that everything else reads and steers.
//!
//! The checks run on a thread of their own, so that they go on while the service's runtime is stalled, which is when they
//! matter, and are never shed with its requests. No endpoint ever runs one.

mod closing;
mod drain;
#[cfg(feature = "tonic")]
mod grpc;
#[cfg(feature = "tonic")]
mod grpc_messages;
mod runner;
mod self_probe;
#[cfg_attr(not(feature = "signal"), path = "no_signals.rs")]
mod signals;
mod stall;
#[cfg_attr(not(all(feature = "systemd", unix)), path = "no_systemd.rs")]
mod systemd;

use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use slo_core::{Check, CheckError, Clock, HealthListener, HealthStatus, Monitor, Timestamp};
use tokio::sync::watch;

pub use self::closing::{DrainFuture, DrainLayer, Draining};
pub(crate) use self::drain::DrainTimes;
use self::drain::{Drain, reached};
#[cfg(feature = "tonic")]
pub use self::grpc::{GrpcHealth, ServiceError};
use self::runner::Runner;
pub(crate) use self::self_probe::{Sightings, self_probe};
use self::signals::Listening;
pub(crate) use self::stall::{Pulse, Runtimes};
pub(crate) use self::systemd::Notifying;

/// The health of a service. A cheap handle: clones share one state.
#[derive(Clone)]
pub struct Health {
    shared: Arc<Shared>,
    /// Stops with the last handle; none where nothing runs by itself.
    runner: Option<Arc<Runner>>,
    /// Listens once somebody has asked for it.
    listening: Arc<Listening>,
}

/// What the runner keeps as well.
struct Shared {
    monitor: Arc<Monitor>,
    clock: Clock,
    changes: watch::Sender<Arc<HealthStatus>>,
    sightings: Sightings,
    drain: Drain,
    #[cfg_attr(not(all(feature = "systemd", unix)), allow(dead_code, reason = "only systemd asks"))]
    pulses: Vec<Arc<Pulse>>,
    /// Looked at with every answer. Never freed: a shared count would be what the threads that answer fight over.
    is_draining: &'static AtomicBool,
}

impl Shared {
    /// Begins to drain; `false` if it has begun before.
    fn drain(&self) -> bool {
        // Before anybody is told: a listener that hangs must not keep the process from ending.
        self.begin_drain();
        self.monitor.drain(self.clock.now())
    }

    /// Begins to drain and tells nobody yet.
    fn begin_drain(&self) {
        // Relaxed: the lock of the deadlines orders it before what they start; whoever answers needs no more.
        self.is_draining.store(true, Ordering::Relaxed);
        self.drain.begin();
    }
}

impl Health {
    pub(crate) fn new(
        mut checks: Vec<Check>,
        pulses: Vec<Arc<Pulse>>,
        mut listeners: Vec<HealthListener>,
        clock: Clock,
        sightings: Sightings,
        times: DrainTimes,
    ) -> Result<Self, CheckError> {
        let now = clock.now();
        // Replaced below by what the monitor settles first.
        let nothing = Monitor::new(Vec::new(), Vec::new(), 0, now)?.status(now);
        let changes = watch::Sender::new(nothing);
        let told = changes.clone();
        // First, as others may take their time.
        listeners.insert(0, Box::new(move |_, after| drop(told.send_replace(Arc::new(after.clone())))));
        let seed = RandomState::new().hash_one(std::process::id());
        checks.extend(pulses.iter().map(Pulse::check));
        let runtimes = pulses.iter().map(Pulse::reader).collect();
        let monitor = Monitor::new(checks, listeners, seed, now)?.with_runtimes(runtimes, now);
        let monitor = Arc::new(monitor);
        changes.send_replace(monitor.status(now));
        let is_draining = &*Box::leak(Box::new(AtomicBool::new(false)));
        let drain = Drain::new(times);
        let shared = Shared { monitor, clock, changes, sightings, drain, pulses, is_draining };
        Ok(Self { shared: Arc::new(shared), runner: None, listening: Arc::default() })
    }

    /// Returns what the registry shows beside the promises.
    pub(crate) fn monitor(&self) -> Arc<Monitor> {
        Arc::clone(&self.shared.monitor)
    }

    /// Returns what waits for probes of our own.
    pub(crate) fn sightings(&self) -> &Sightings {
        &self.shared.sightings
    }

    /// Returns the moment it is.
    pub(crate) fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Runs the checks by itself from now on, and tells the service manager of what becomes of them.
    pub(crate) fn start(mut self, notifying: Notifying) -> io::Result<Self> {
        self.runner = Some(Arc::new(Runner::start(Arc::clone(&self.shared), notifying)?));
        Ok(self)
    }

    /// Returns what is known now. No check runs for it.
    #[must_use]
    pub fn status(&self) -> Arc<HealthStatus> {
        self.shared.monitor.status(self.shared.clock.now())
    }

    /// Keeps the service from being ready until the guard is dropped: for what is started in code rather than looked at
    /// by a check. A service that was ready is not until then.
    ///
    /// ```
    /// use slo_tower::SloRegistry;
    /// let slos = SloRegistry::builder("shop").build()?;
    /// let loading = slos.health().hold_start();
    /// assert!(!slos.health().status().readiness(&[]).is_success);
    /// drop(loading);
    /// assert!(slos.health().status().readiness(&[]).is_success);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "the start is held until this is dropped"]
    pub fn hold_start(&self) -> StartHold {
        self.shared.monitor.hold_start(self.shared.clock.now());
        StartHold { shared: Arc::clone(&self.shared) }
    }

    /// Runs the checks that are due by the registry's clock, all of them together, and waits until they have ended: for
    /// tests and simulations on a registry that is built rather than started, whose clock is moved by hand.
    ///
    /// A check that blocks does so here. One that waits is cut off after its timeout by tokio's clock, which tests may
    /// pause.
    ///
    /// ```
    /// use std::time::Duration;
    /// use slo_tower::{Check, Clock, SloRegistry, Timestamp};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    /// let warm = Check::new("cache-warm", || async { Ok::<(), std::io::Error>(()) }).gates_startup();
    /// let slos = SloRegistry::builder("shop").check(warm).clock(clock.clone()).build()?;
    /// assert!(!slos.health().status().readiness(&[]).is_success);
    /// clock.advance(Duration::from_secs(1)); // The first runs are spread over a tenth of the interval.
    /// slos.health().run_due().await;
    /// assert!(slos.health().status().readiness(&[]).is_success);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime with a timer, if a check that waits is due.
    pub async fn run_due(&self) {
        runner::run_once(&self.shared).await;
    }

    /// Makes the service unready for good; `false` if it was before. Once the
    /// [delay](crate::SloRegistryBuilder::drain_delay) is over, [`Health::drained`] ends.
    ///
    /// For whoever is told to go by other means than a signal: a request, a lost lease.
    pub fn drain(&self) -> bool {
        self.shared.drain()
    }

    /// Waits until the service has drained for so long that it should stop to accept connections: what graceful shutdowns
    /// of servers take. It may be waited for any number of times, and ends at once when that is over.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use slo_tower::SloRegistry;
    /// use std::time::Duration;
    /// use tokio::time::Instant;
    ///
    /// let slos = SloRegistry::builder("shop").drain_delay(Duration::from_secs(2)).build()?;
    /// let (start, drained) = (Instant::now(), slos.health().drained());
    /// slos.health().drain();
    /// assert!(!slos.health().status().readiness(&[]).is_success); // at once
    /// drained.await;
    /// assert_eq!(start.elapsed().as_secs(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn drained(&self) -> impl Future<Output = ()> + Send + use<> {
        // It keeps the handle: as long as somebody waits for a signal, somebody listens.
        let health = self.clone();
        async move { reached(health.shared.drain.deadlines(), |deadlines| deadlines.stop).await }
    }

    /// Returns whether the drain has begun, perhaps a moment before the status says so.
    #[cfg(feature = "tonic")]
    fn is_draining(&self) -> bool {
        // Relaxed: as where it is set.
        self.shared.is_draining.load(Ordering::Relaxed)
    }

    /// Waits until nothing that is under way is waited for any more.
    pub(crate) async fn given_up(&self) {
        reached(self.shared.drain.deadlines(), |deadlines| deadlines.give_up).await;
    }

    /// Returns what is told of every change: only the last one where several came in between.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Arc<HealthStatus>> {
        self.shared.changes.subscribe()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Health").field(&self.shared.monitor).field(&self.listening).finish()
    }
}

/// Holds the start until it is dropped. Made by [`Health::hold_start`].
pub struct StartHold {
    shared: Arc<Shared>,
}

impl Drop for StartHold {
    fn drop(&mut self) {
        self.shared.monitor.release_start(self.shared.clock.now());
    }
}

impl fmt::Debug for StartHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartHold").finish_non_exhaustive()
    }
}
