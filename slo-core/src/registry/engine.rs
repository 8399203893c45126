//! The part of the control plane that remembers: one ladder of samples per SLO.

use std::time::Duration;

use super::shared::Shared;
use crate::objective::Slo;
use crate::time::Timestamp;
use crate::window::{Counts, Ladder, WindowCounts};

/// The histories of all SLOs.
#[derive(Debug)]
pub(super) struct Engine {
    ladders: Vec<Ladder>,
    /// Ticks further apart than this leave a gap in the coverage.
    gap: Duration,
}

impl Engine {
    /// Late ticks are normal on a busy machine; only so many missed in a row are a gap.
    const TICKS_PER_GAP: u32 = 6;

    pub(super) fn new(slos: &[Slo], tick_interval: Duration, now: Timestamp) -> Self {
        let ladders = slos.iter().map(|slo| Ladder::new(slo.window(), now)).collect();
        Self { ladders, gap: tick_interval.saturating_mul(Self::TICKS_PER_GAP) }
    }

    /// Samples the totals of every SLO.
    pub(super) fn tick(&mut self, now: Timestamp, shared: &Shared) {
        for (slo, ladder) in self.ladders.iter_mut().enumerate() {
            ladder.tick(now, self.gap, shared.counts(slo));
        }
    }

    /// Returns what happened to an SLO within the last `window`, given its totals at `now`.
    pub(super) fn window(
        &self,
        slo: usize,
        window: Duration,
        now: Timestamp,
        totals: Counts,
    ) -> WindowCounts {
        self.ladders[slo].window(window, now, self.gap, totals)
    }
}
