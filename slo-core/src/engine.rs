//! What remembers: the history of every SLO and the states of its alerts.
//!
//! Knows nothing of threads, locks and clocks: totals and moments come in, changes come out. The registry drives it with
//! what was counted, the simulation with what might be.

use std::time::Duration;

use crate::alert::{AlertStates, AlertTransition};
use crate::objective::Slo;
use crate::time::Timestamp;
use crate::window::{Counts, Histories, WindowCounts};

/// The histories and the alerts of some SLOs, by their index.
#[derive(Debug)]
pub(crate) struct Engine {
    histories: Histories,
    alerts: Box<[AlertStates]>,
}

impl Engine {
    /// Late ticks are normal on a busy machine; only so many missed in a row are a gap.
    const TICKS_PER_GAP: u32 = 6;

    pub(crate) fn new(slos: &[Slo], tick_interval: Duration, now: Timestamp) -> Self {
        let gap = tick_interval.saturating_mul(Self::TICKS_PER_GAP);
        let histories = Histories::new(slos.iter().map(Slo::window), gap, now);
        Self { histories, alerts: vec![AlertStates::default(); slos.len()].into() }
    }

    /// Samples the totals of every SLO, then reports the alerts that have changed.
    pub(crate) fn tick(
        &mut self,
        now: Timestamp,
        slos: &[Slo],
        totals: &[Counts],
        mut report: impl FnMut(AlertTransition),
    ) {
        let now = self.histories.not_before_the_last_tick(now);
        self.histories.tick(now, totals.iter().copied());
        for (index, (slo, alerts)) in slos.iter().zip(&mut self.alerts).enumerate() {
            let within = |window| self.histories.window(index, window, now, totals[index]);
            alerts.tick(slo, now, within, &mut report);
        }
    }

    /// Returns this moment, or that of the last tick if it is later.
    pub(crate) fn not_before_the_last_tick(&self, now: Timestamp) -> Timestamp {
        self.histories.not_before_the_last_tick(now)
    }

    /// Returns what happened to an SLO within the last `window`, given its totals at `now`.
    pub(crate) fn window(
        &self,
        slo: usize,
        window: Duration,
        now: Timestamp,
        totals: Counts,
    ) -> WindowCounts {
        self.histories.window(slo, window, now, totals)
    }

    /// Returns the states of the alerts of every SLO, as of the last tick.
    pub(crate) fn alerts(&self) -> &[AlertStates] {
        &self.alerts
    }
}
