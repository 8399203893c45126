//! The status, read SLO by SLO.
//!
//! Reading a thousand SLOs takes milliseconds, and who answers requests must not work that long at a stretch. So the
//! totals of all SLOs are read at one point, which is short, and the rest is worked out for one SLO at a time.
//! What must never happen: two SLOs of one answer whose totals were read at different points, or windows that end at
//! another point, however long the reader takes and whatever is ticked meanwhile.

use std::sync::Arc;

use super::feeds::Feeds;
use super::shared::Shared;
use super::status::{self, Events, SloStatus, Status};
use super::{Registry, lock};
use crate::alert::AlertStates;
use crate::time::Timestamp;
use crate::window::Counts;

/// Totals that were read, and how far the SLOs have been worked out.
#[derive(Debug)]
pub(crate) struct Reading {
    at: Timestamp,
    /// Where windows end: whoever ticks by hand may be ahead of the clock.
    end: Timestamp,
    totals: Vec<Events>,
    /// What the budgets are made of: these events, or slices of time.
    counted: Vec<Counts>,
    /// Of the last tick before the totals were read.
    alerts: Box<[AlertStates]>,
    next: usize,
}

impl Reading {
    /// Reads the totals of every SLO.
    pub(crate) fn begin(shared: &Shared) -> Self {
        let at = shared.clock.now();
        // Under the lock: slices of time are those of the tick that the windows and the alerts are of.
        let engine = lock(&shared.engine);
        let (end, alerts) = (engine.not_before_the_last_tick(at), engine.alerts().into());
        let totals = shared.totals();
        let counted = totals.iter().enumerate().map(|(slo, total)| engine.counted(slo, total.counts()));
        Self { at, end, counted: counted.collect(), totals, alerts, next: 0 }
    }

    /// Returns the next SLO, without its incident, its routes and their latencies.
    pub(crate) fn next(&mut self, shared: &Shared) -> Option<SloStatus> {
        let (slo, total) = (shared.slos.get(self.next)?, self.totals[self.next]);
        let engine = lock(&shared.engine);
        let past = engine.past(self.next, self.end, self.counted[self.next]);
        let mut status = status::slo_status(slo, self.end, total, &past, &self.alerts[self.next]);
        status.fleet = shared.asking.fleet(self.next, slo, self.at);
        self.next += 1;
        Some(status)
    }

    /// Returns the status without any SLO.
    pub(crate) fn head(&self, shared: &Shared) -> Status {
        Status {
            service: shared.service.to_string(),
            at: self.at,
            maintenance_since: shared.maintenance.since(),
            health: shared.watched.as_ref().map(|watched| watched.status(self.at)),
            state: shared.state(),
            overrides: shared.overridden.status(),
            slos: Vec::new(),
        }
    }
}

/// Reads a [`Status`] one SLO at a time, for those who must not work long at a stretch. Made by
/// [`Registry::read_status`].
///
/// ```
/// use slo_core::{Objective, Registry, Sli, Slo};
/// let slo = Slo::new("billing-availability", Sli::Availability, Objective::parse("99%")?)?.with_operation("billing")?;
/// let registry = Registry::builder("shop").slo(slo).build()?;
/// let mut reader = registry.read_status();
/// assert_eq!(reader.head().service, "shop");
/// assert_eq!(reader.next().map(|slo| slo.name).as_deref(), Some("billing-availability"));
/// assert!(reader.next().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StatusReader {
    registry: Registry,
    reading: Reading,
    feeds: Feeds,
    /// The incidents that are open, by the index of the SLO.
    incidents: Vec<(usize, String)>,
}

impl StatusReader {
    pub(super) fn new(registry: Registry) -> Self {
        let shared = Arc::clone(&registry.handle.shared);
        let (reading, feeds) = (Reading::begin(&shared), Feeds::of(&shared));
        Self { registry, reading, feeds, incidents: shared.open_incidents() }
    }

    /// Returns the status as it is before its SLOs: [`Status::slos`] is empty.
    #[must_use]
    pub fn head(&self) -> Status {
        self.reading.head(self.registry.shared())
    }
}

impl Iterator for StatusReader {
    type Item = SloStatus;

    fn next(&mut self) -> Option<SloStatus> {
        let index = self.reading.next;
        let mut slo = self.reading.next(self.registry.shared())?;
        self.feeds.add_to(&mut slo, index, self.registry.shared());
        let open = self.incidents.iter_mut().find(|(of, _)| *of == index);
        slo.incident = open.map(|(_, id)| std::mem::take(id));
        Some(slo)
    }
}
