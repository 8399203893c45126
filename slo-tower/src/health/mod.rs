//! Health as a service author sees it: what runs the checks, and one handle that everything else reads and steers.
//!
//! The checks run on a thread of their own, so that they go on while the service's runtime is stalled, which is when they
//! matter, and are never shed with its requests. No endpoint ever runs one.

mod runner;
mod self_probe;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::Arc;

use slo_core::{Check, CheckError, Clock, HealthListener, HealthStatus, Monitor, Timestamp};
use tokio::sync::watch;

use self::runner::Runner;
pub(crate) use self::self_probe::{Sightings, self_probe};

/// The health of a service. A cheap handle: clones share one state.
#[derive(Clone)]
pub struct Health {
    shared: Arc<Shared>,
    /// Stops with the last handle; none where nothing runs by itself.
    runner: Option<Arc<Runner>>,
}

/// What the runner keeps as well.
struct Shared {
    monitor: Arc<Monitor>,
    clock: Clock,
    changes: watch::Sender<Arc<HealthStatus>>,
    sightings: Sightings,
}

impl Health {
    pub(crate) fn new(
        checks: Vec<Check>,
        mut listeners: Vec<HealthListener>,
        clock: Clock,
        sightings: Sightings,
    ) -> Result<Self, CheckError> {
        let now = clock.now();
        // Replaced below by what the monitor settles first.
        let nothing = Monitor::new(Vec::new(), Vec::new(), 0, now)?.status(now);
        let changes = watch::Sender::new(nothing);
        let told = changes.clone();
        listeners.push(Box::new(move |_, after| drop(told.send_replace(Arc::new(after.clone())))));
        let seed = RandomState::new().hash_one(std::process::id());
        let monitor = Arc::new(Monitor::new(checks, listeners, seed, now)?);
        changes.send_replace(monitor.status(now));
        Ok(Self { shared: Arc::new(Shared { monitor, clock, changes, sightings }), runner: None })
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

    /// Runs the checks by itself from now on.
    pub(crate) fn start(mut self) -> io::Result<Self> {
        self.runner = Some(Arc::new(Runner::start(Arc::clone(&self.shared))?));
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

    /// Makes the service unready for good; `false` if it was before.
    pub fn drain(&self) -> bool {
        self.shared.monitor.drain(self.shared.clock.now())
    }

    /// Returns what is told of every change: only the last one where several came in between.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Arc<HealthStatus>> {
        self.shared.changes.subscribe()
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Health").field(&self.shared.monitor).finish()
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
