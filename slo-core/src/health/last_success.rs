//! When a job last succeeded, as told by its own code.
//!
//! The job stores a moment; the check reads it. Neither waits for the other, so a job that hangs is noticed as one that does
//! not succeed any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::check::Check;
use super::finding::Finding;
use super::freshness::Freshness;
use crate::time::{Clock, Timestamp};

/// When something last succeeded. Clones share one moment; to mark it costs a look at the clock and one store.
///
/// ```
/// use slo_core::{Clock, Freshness, LastSuccess};
/// use std::time::Duration;
///
/// let exported = LastSuccess::new(&Clock::system());
/// // The export runs every hour: worth a look when one is missing, a failure when three are.
/// let hour = Duration::from_secs(3_600);
/// let check = exported.check("hourly-export", Freshness::new(2 * hour, 4 * hour));
/// assert!(check.fault().is_none());
///
/// // In the job, after each run that worked:
/// assert_eq!(exported.last(), None);
/// exported.succeeded();
/// assert!(exported.last().is_some());
/// ```
#[derive(Clone, Debug)]
pub struct LastSuccess {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    clock: Clock,
    watched_since: Timestamp,
    /// In nanoseconds since the epoch; zero is never.
    unix_nanos: AtomicU64,
}

impl LastSuccess {
    /// Watches from now on, as the clock has it: the registry's, which is [`Clock::system`] outside of tests.
    #[must_use]
    pub fn new(clock: &Clock) -> Self {
        let (clock, watched_since) = (clock.clone(), clock.now());
        Self { shared: Arc::new(Shared { clock, watched_since, unix_nanos: AtomicU64::new(0) }) }
    }

    /// Notes that it has succeeded, now. Takes no lock.
    pub fn succeeded(&self) {
        self.store(self.shared.clock.now());
    }

    /// Notes when it has succeeded, from what is known otherwise: what a job has written down before a restart. Whoever
    /// notes last is believed, so that a moment that was wrong does not stay.
    pub fn succeeded_at(&self, moment: Timestamp) {
        // The date may have been set, or gone on without us, since our clock was read for the first time: what counts is
        // how long ago it was.
        let (now, date) = (self.shared.clock.now(), self.shared.clock.date());
        self.store(if moment > date { now.plus(moment.since(date)) } else { now.minus(date.since(moment)) });
    }

    fn store(&self, moment: Timestamp) {
        // Relaxed: a lone moment; no other memory depends on it. Zero is never, so the epoch itself is moved by a nanosecond.
        self.shared.unix_nanos.store(moment.unix_nanos().max(1), Ordering::Relaxed);
    }

    /// Returns when it last succeeded; `None` if it never has.
    #[must_use]
    pub fn last(&self) -> Option<Timestamp> {
        // Relaxed: as where it is stored.
        let unix_nanos = self.shared.unix_nanos.load(Ordering::Relaxed);
        (unix_nanos != 0).then(|| Timestamp::from_unix_nanos(unix_nanos))
    }

    /// Makes a check of it, in the process itself: it gates nothing, and may gate anything.
    pub fn check(&self, name: impl Into<String>, freshness: Freshness) -> Check {
        let last = self.clone();
        let check = Check::in_process(name, move || last.report(freshness, last.shared.clock.now()));
        // An age does not flap: what is too old is so at once.
        let check = check.fail_after(1);
        match freshness.fault() {
            Some(fault) => check.refused(fault),
            None => check,
        }
    }

    /// Judges it as [`Freshness::report`] does, but for what has never succeeded: that has the same times, from when it has been
    /// watched, and reasons of its own. A job that runs at night need not have run when the process starts.
    pub fn report(&self, freshness: Freshness, now: Timestamp) -> Finding {
        let last = self.last();
        match freshness.fault() {
            None if last.is_none() => {
                let watched = now.since(self.shared.watched_since);
                freshness
                    .judge(watched, |watched| format!("has never succeeded in the {watched} since the start"))
                    .into()
            }
            _ => freshness.report(last, now),
        }
    }
}
