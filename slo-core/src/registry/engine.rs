//! The part of the control plane that remembers: the history of every SLO.

use std::time::Duration;

use super::shared::Shared;
use super::status::Events;
use crate::objective::Slo;
use crate::time::Timestamp;
use crate::window::{Counts, Histories, WindowCounts};

/// The histories of all SLOs.
#[derive(Debug)]
pub(super) struct Engine {
    histories: Histories,
}

impl Engine {
    /// Late ticks are normal on a busy machine; only so many missed in a row are a gap.
    const TICKS_PER_GAP: u32 = 6;

    pub(super) fn new(slos: &[Slo], tick_interval: Duration, now: Timestamp) -> Self {
        let gap = tick_interval.saturating_mul(Self::TICKS_PER_GAP);
        Self { histories: Histories::new(slos.iter().map(Slo::window), gap, now) }
    }

    /// Samples the totals of every SLO.
    pub(super) fn tick(&mut self, now: Timestamp, shared: &Shared) {
        self.histories.tick(now, shared.totals().into_iter().map(Events::counts));
    }

    /// Returns this moment, or that of the last tick if it is later.
    pub(super) fn not_before_the_last_tick(&self, now: Timestamp) -> Timestamp {
        self.histories.not_before_the_last_tick(now)
    }

    /// Returns what happened to an SLO within the last `window`, given its totals at `now`.
    pub(super) fn window(
        &self,
        slo: usize,
        window: Duration,
        now: Timestamp,
        totals: Counts,
    ) -> WindowCounts {
        self.histories.window(slo, window, now, totals)
    }
}
