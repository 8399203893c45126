//! Health as a service author sees it: what runs the checks, and one handle that everything else reads and steers.
//!
//! The checks run on a thread of their own, so that they go on while the service's runtime is stalled, which is when they
//! matter, and are never shed with its requests. No endpoint ever runs one.

mod runner;

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::sync::Arc;

use slo_core::{Check, CheckError, Clock, HealthListener, HealthStatus, Monitor};
use tokio::sync::watch;

use self::runner::Runner;

/// The health of a service. A cheap handle: clones share one state.
#[derive(Clone)]
pub struct Health {
    shared: Arc<Shared>,
    /// Stops with the last handle; none where nothing runs by itself.
    runner: Option<Arc<Runner>>,
}

/// What the runner keeps as well.
struct Shared {
    monitor: Monitor,
    clock: Clock,
    changes: watch::Sender<Arc<HealthStatus>>,
}

impl Health {
    pub(crate) fn new(
        checks: Vec<Check>,
        mut listeners: Vec<HealthListener>,
        clock: Clock,
    ) -> Result<Self, CheckError> {
        let now = clock.now();
        // Replaced below by what the monitor settles first.
        let nothing = Monitor::new(Vec::new(), Vec::new(), 0, now)?.status(now);
        let changes = watch::Sender::new(nothing);
        let told = changes.clone();
        listeners.push(Box::new(move |_, after| drop(told.send_replace(Arc::new(after.clone())))));
        let seed = RandomState::new().hash_one(std::process::id());
        let monitor = Monitor::new(checks, listeners, seed, now)?;
        changes.send_replace(monitor.status(now));
        Ok(Self { shared: Arc::new(Shared { monitor, clock, changes }), runner: None })
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
