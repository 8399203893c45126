//! Times in which nothing is promised.
//!
//! What overlaps with maintenance, by however little, does not count for any SLO: it may have suffered from it. All that
//! an ending event looks at for this is one number, which changes only when maintenance begins and ends.
//! What must never happen: maintenance that has no end because somebody forgot it.

use std::sync::Arc;

use super::shared::Shared;
use super::{Registry, lock};
use crate::sync::{AtomicU64, Mutex, Ordering};
use crate::time::Timestamp;

/// Whether there is maintenance, and until when there was.
#[derive(Debug)]
pub(super) struct Periods {
    /// Attempts that started before this count of the clock overlap with maintenance: none yet, those before the end of
    /// the last one, or all.
    until: AtomicU64,
    under_way: Mutex<UnderWay>,
}

#[derive(Debug, Default)]
struct UnderWay {
    guards: usize,
    since: Option<Timestamp>,
}

impl Periods {
    const NEVER: u64 = 0;
    const STILL: u64 = u64::MAX;

    pub(super) fn new() -> Self {
        Self { until: AtomicU64::new(Self::NEVER), under_way: Mutex::new(UnderWay::default()) }
    }

    /// Returns whether an attempt that is under way, and started at this count of the clock, overlaps with maintenance.
    #[inline]
    pub(super) fn reach(&self, started: u64) -> bool {
        // Relaxed: a lone number; what ends at the very moment it changes may fall on either side.
        started < self.until.load(Ordering::Relaxed)
    }

    /// Returns whether there is maintenance now.
    #[inline]
    pub(super) fn are_under_way(&self) -> bool {
        // Relaxed: as above.
        self.until.load(Ordering::Relaxed) == Self::STILL
    }

    /// Returns since when there is maintenance; `None` if there is none.
    pub(super) fn since(&self) -> Option<Timestamp> {
        lock(&self.under_way).since
    }
}

/// Maintenance, until it is dropped. Made by [`Registry::maintenance`].
#[derive(Debug)]
#[must_use = "maintenance ends when it is dropped"]
pub struct Maintenance {
    shared: Arc<Shared>,
}

impl Registry {
    /// Begins maintenance: what overlaps with it is recorded as ever, but excluded from every SLO, whatever it ends
    /// like. It ends with the last guard.
    ///
    /// An event overlaps if it was under way at any moment of the maintenance, so also one that began before and
    /// ends after it. Of a stream only its beginning, up to its head, and its end are looked at. Budgets, burn rates and
    /// alerts see no events meanwhile.
    ///
    /// ```
    /// use slo_core::{Objective, Outcome, Registry, Sli, Slo};
    ///
    /// let slo = Slo::new("orders-availability", Sli::Availability, Objective::parse("99%")?)?.with_route("GET /orders")?;
    /// let registry = Registry::builder("shop").slo(slo).build()?;
    /// {
    ///     let _migration = registry.maintenance();
    ///     registry.recorder().request("GET", Some("/orders")).finish(Outcome::Completed(503));
    ///     assert!(registry.status().maintenance_since.is_some());
    /// }
    /// let status = registry.status();
    /// assert_eq!(status.maintenance_since, None);
    /// let total = status.slo("orders-availability").expect("declared above").total;
    /// assert_eq!((total.good, total.bad, total.excluded), (0, 0, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn maintenance(&self) -> Maintenance {
        let shared = Arc::clone(&self.handle.shared);
        {
            let periods = &shared.maintenance;
            let mut under_way = lock(&periods.under_way);
            under_way.guards += 1;
            under_way.since.get_or_insert_with(|| shared.clock.now());
            // Relaxed: see `reach`; the lock keeps two writers apart.
            periods.until.store(Periods::STILL, Ordering::Relaxed);
        }
        Maintenance { shared }
    }
}

impl Drop for Maintenance {
    fn drop(&mut self) {
        let periods = &self.shared.maintenance;
        let mut under_way = lock(&periods.under_way);
        under_way.guards -= 1;
        if under_way.guards == 0 {
            under_way.since = None;
            // What started at this very count overlaps as well.
            let until = self.shared.clock.ticks().saturating_add(1);
            // Relaxed: see `reach`; the lock keeps two writers apart.
            periods.until.store(until, Ordering::Relaxed);
        }
    }
}
