//! Who saves: after each tick, and once more when the last handle goes.
//!
//! A started registry saves on a thread of its own, so that a disk that takes its time delays no tick; a registry that
//! is ticked by hand saves within the tick, so that tests know when. There is no queue: whoever saves takes what is
//! newer than what he saved before, and a disk that was full for an hour has missed nothing that is still in memory.
//! What must never happen: a tick, a request or an end of the process that waits for a disk that does not answer.

mod documents;
mod past;
mod reports;
mod saving;
mod settings;

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Duration;

pub(super) use self::settings::Settings;

use self::documents::Documents;
use self::reports::Reports;
use self::saving::Saving;
use super::lock;
use super::shared::Shared;
use super::state_status::{StateFailure, StateStatus};
use crate::store::Level;
use crate::sync::{Condvar, Mutex};
use crate::time::Timestamp;

/// How long the last handle waits for the last save.
const PATIENCE: Duration = Duration::from_secs(2);

/// What saves a registry.
#[derive(Debug)]
pub(crate) struct Saver {
    saving: Mutex<Saving>,
    documents: Mutex<Documents>,
    reports: Mutex<Reports>,
    state: Mutex<StateStatus>,
    work: Mutex<Work>,
    woken: Condvar,
    /// A save that takes longer has stalled.
    stalled_after: Duration,
}

#[derive(Debug, Default)]
struct Work {
    /// Whether there is a thread that saves.
    has_thread: bool,
    is_due: bool,
    /// Since when something is being saved.
    since: Option<Timestamp>,
    /// Whether the last handle has gone.
    is_last: bool,
    is_done: bool,
}

impl Saver {
    fn new(saving: Saving, documents: Documents, state: StateStatus, stalled_after: Duration) -> Self {
        Self {
            saving: Mutex::new(saving),
            documents: Mutex::new(documents),
            reports: Mutex::new(Reports::default()),
            state: Mutex::new(state),
            work: Mutex::new(Work::default()),
            woken: Condvar::new(),
            stalled_after,
        }
    }

    /// Saves what the last tick saw, or has it saved.
    pub(super) fn ticked(&self, shared: &Shared) {
        let mut work = lock(&self.work);
        if !work.has_thread {
            drop(work);
            return self.save(shared, false);
        }
        work.is_due = true;
        let now = shared.clock.now();
        let stalled = work.since.is_some_and(|since| now - since > self.stalled_after);
        drop(work);
        self.woken.notify_all();
        if stalled {
            self.fails(shared, StateFailure::Stalled, "the disk does not answer");
        }
    }

    /// Returns how it stands.
    pub(super) fn status(&self) -> StateStatus {
        *lock(&self.state)
    }

    fn save(&self, shared: &Shared, is_last: bool) {
        let mut saving = lock(&self.saving);
        let saved = panic::catch_unwind(AssertUnwindSafe(|| {
            self.keep_reports(shared);
            saving.save(shared, &self.documents, is_last)
        }));
        let saved = saved.unwrap_or_else(|payload| {
            // Its destructor may panic as well, and nothing would be saved any more.
            std::mem::forget(payload);
            Some(Err(std::io::Error::other("saving has panicked")))
        });
        match saved {
            Some(Ok(at)) => self.succeeds(shared, at),
            Some(Err(error)) => self.fails(shared, StateFailure::of(&error), &error.to_string()),
            None => {}
        }
    }

    fn succeeds(&self, shared: &Shared, at: Timestamp) {
        let mut state = lock(&self.state);
        state.saved_at = Some(at);
        let failed = state.failure.take().is_some();
        drop(state);
        if failed {
            shared.say(Level::Info, "the state is saved again, with all that was counted meanwhile");
        }
    }

    /// Says so once for each kind of failure in a row.
    fn fails(&self, shared: &Shared, failure: StateFailure, why: &str) {
        let before = lock(&self.state).failure.replace(failure);
        if before != Some(failure) {
            shared.say(
                Level::Warn,
                &format!(
                    "the state cannot be saved ({why}): a restart would lose what is counted from now on"
                ),
            );
        }
    }

    /// Saves whenever something is due, until the last handle has gone.
    fn run(&self, shared: &Shared) {
        loop {
            let mut work = self.wait_while(Duration::from_secs(3_600), |work| !work.is_due && !work.is_last);
            if !work.is_due && !work.is_last {
                continue;
            }
            (work.is_due, work.since) = (false, Some(shared.clock.now()));
            let is_last = work.is_last;
            drop(work);
            if is_last {
                return self.end(shared);
            }
            self.save(shared, false);
            lock(&self.work).since = None;
        }
    }

    /// Saves what was counted since the last tick, too, and leaves the directory to the next process.
    fn end(&self, shared: &Shared) {
        shared.sample();
        self.save(shared, true);
        lock(&self.saving).close();
        lock(&self.work).is_done = true;
        self.woken.notify_all();
    }

    fn wait_while(
        &self,
        duration: Duration,
        mut condition: impl FnMut(&Work) -> bool,
    ) -> crate::sync::MutexGuard<'_, Work> {
        let work = lock(&self.work);
        let waited = self.woken.wait_timeout_while(work, duration, |work| condition(work));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Saves once more when it is dropped, which is when the last handle of the registry goes.
#[derive(Debug)]
pub(super) struct LastSave(Arc<Shared>);

impl LastSave {
    /// For a registry that is ticked by hand; none if it saves nothing.
    pub(super) fn of(shared: &Arc<Shared>) -> Option<Self> {
        shared.saver.as_ref().map(|_| Self(Arc::clone(shared)))
    }

    /// For a registry that ticks by itself: from now on it saves on a thread of its own.
    pub(super) fn start(shared: &Arc<Shared>) -> std::io::Result<Option<Self>> {
        let Some(saver) = &shared.saver else { return Ok(None) };
        lock(&saver.work).has_thread = true;
        spawn(shared, Saver::run)?;
        Ok(Some(Self(Arc::clone(shared))))
    }
}

impl Drop for LastSave {
    fn drop(&mut self) {
        let Some(saver) = &self.0.saver else { return };
        let mut work = lock(&saver.work);
        work.is_last = true;
        let has_thread = work.has_thread;
        drop(work);
        saver.woken.notify_all();
        // A disk that does not answer must not keep the process from ending, so another thread asks it.
        if !has_thread && spawn(&self.0, Saver::end).is_err() {
            return saver.end(&self.0);
        }
        let is_done = saver.wait_while(PATIENCE, |work| !work.is_done).is_done;
        if !is_done {
            let what = "the disk does not answer: what was counted since the last save is lost";
            saver.fails(&self.0, StateFailure::Stalled, what);
        }
    }
}

fn spawn(shared: &Arc<Shared>, work: fn(&Saver, &Shared)) -> std::io::Result<()> {
    let shared = Arc::clone(shared);
    let run = move || {
        if let Some(saver) = &shared.saver {
            work(saver, &shared);
        }
    };
    thread::Builder::new().name("slo-save".into()).spawn(run).map(drop)
}
