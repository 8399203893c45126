//! Whether the runtimes of the service still poll their tasks.
//!
//! A few tasks on each runtime are asked once a second, by a check that runs on the thread of the checks, and say when they
//! were polled. That thread is not the runtime's; one of our own would see no more: whoever would tell of what it saw runs on
//! this one. So a check is all that is needed, and the log, probes, metrics and systemd learn of a stall as of any other
//! failure.
//! What must never happen: a service that is restarted although it works. What is not known is no stall: that of a runtime
//! that has ended, or of a time in which this thread was not run itself. Nor does a runtime of one thread that nobody drives
//! look unlike one that is blocked, so unless somebody has said that it is driven it restarts nobody.

mod beat;
mod watch;

use std::fmt;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slo_core::{Check, Clock, Finding, RuntimeReader, RuntimeStatus};
use tokio::runtime::{Handle, RuntimeFlavor};

use self::beat::Beat;
use self::watch::{Patience, Watch};

/// The check of the runtime in which the registry was started; those of others are named after it.
const CHECK: &str = "tokio-runtime";
/// One task for each worker, so that none that is stuck behind a worker speaks for all; more would say no more.
const TASKS_MAX: usize = 8;
/// The longest that the rules of a check take.
const DAY: Duration = Duration::from_secs(86_400);

/// Which runtimes to watch.
#[derive(Debug)]
pub(crate) struct Runtimes {
    /// Unless it is the usual time; whoever gives one says that the own runtime is driven.
    pub(crate) stall_after: Option<Duration>,
    /// Whether that in which the registry is started is one of them.
    pub(crate) is_own_watched: bool,
    pub(crate) others: Vec<(String, Handle)>,
}

impl Default for Runtimes {
    fn default() -> Self {
        Self { stall_after: None, is_own_watched: true, others: Vec::new() }
    }
}

impl Runtimes {
    /// Begins to watch, from within the runtime that is to be watched, if there is one.
    pub(crate) fn begin(&self) -> Vec<Arc<Pulse>> {
        let patience = Patience::of(self.stall_after.unwrap_or(Patience::STALL_AFTER));
        let clock = Clock::system();
        let start = |check, runtime: &Handle| Pulse::start(check, runtime, patience, clock.clone());
        let own = Handle::try_current().ok().filter(|_| self.is_own_watched).map(|runtime| {
            let is_driven = runtime.runtime_flavor() != RuntimeFlavor::CurrentThread;
            let mut pulse = start(CHECK.to_owned(), &runtime);
            pulse.is_informational = !is_driven && self.stall_after.is_none();
            pulse
        });
        let named = |(name, runtime): &(String, Handle)| start(format!("{CHECK}-{name}"), runtime);
        own.into_iter().chain(self.others.iter().map(named)).map(Arc::new).collect()
    }
}

/// One runtime that is watched, until this is dropped.
pub(crate) struct Pulse {
    check: String,
    /// Not the registry's, which may be one that a test moves: runtimes run in real time.
    clock: Clock,
    patience: Patience,
    /// Nobody is restarted for it.
    is_informational: bool,
    beats: Box<[Arc<Beat>]>,
    watch: Mutex<Watch>,
}

impl Pulse {
    fn start(check: String, runtime: &Handle, patience: Patience, clock: Clock) -> Self {
        let tasks = runtime.metrics().num_workers().clamp(1, TASKS_MAX);
        let beats = (0..tasks).map(|_| Beat::start(runtime, clock.clone())).collect();
        let watch = Mutex::new(Watch::new(tasks, patience, clock.now()));
        Self { check, clock, patience, is_informational: false, beats, watch }
    }

    /// Returns the check that observes the runtime.
    pub(crate) fn check(self: &Arc<Self>) -> Check {
        let pulse = Arc::clone(self);
        // It looks at nothing outside of the process, but unlike others of that kind it never blocks, and so needs no thread
        // for each of its runs. That a run took long, or is long ago, says that its thread was not run, as after a
        // suspend: that is no news of the runtime.
        let check = Check::new(self.check.clone(), move || ready(pulse.find()));
        let check =
            if self.is_informational { check } else { check.gates_liveness_although_outside_the_process() };
        check
            .interval(self.patience.interval)
            .failing_interval(self.patience.interval)
            .jitter(0.0)
            .fail_after(1)
            .timeout(DAY)
            .stale_after(DAY)
    }

    /// Returns what says how the runtime is, of what was observed.
    pub(crate) fn reader(self: &Arc<Self>) -> RuntimeReader {
        let pulse = Arc::clone(self);
        Box::new(move || {
            let watch = pulse.lock();
            RuntimeStatus::new(&*pulse.check, watch.worst_lag(), watch.stalls())
        })
    }

    fn find(&self) -> Finding {
        let watch = self.observe();
        Finding::from(watch.report()).with("lag_seconds", watch.lag().as_secs_f64())
    }

    /// Observes the runtime, and returns whether it has polled a task within this time.
    #[cfg_attr(not(all(feature = "systemd", unix)), allow(dead_code, reason = "only systemd asks"))]
    pub(super) fn answers_within(&self, limit: Duration) -> bool {
        self.observe().answers_within(limit)
    }

    fn observe(&self) -> MutexGuard<'_, Watch> {
        let mut watch = self.lock();
        // Under the lock, so that nobody observes an earlier moment after this one.
        let now = self.clock.now();
        watch.observe(now, |task| self.beats[task].answers(), |task| self.beats[task].ask());
        watch
    }

    fn lock(&self) -> MutexGuard<'_, Watch> {
        // Valid after every statement, also after a panic elsewhere.
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.beats.iter().for_each(|beat| beat.close());
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pulse").field(&self.check).finish()
    }
}
