//! Samples of the totals, one per step, the oldest overwritten by the newest.
//!
//! Slot `n` holds the totals as they were at the first tick at or after `n` steps since the epoch. Steps
//! without a tick (a late tick, a suspended machine) hold the totals of the last tick before them: what was
//! counted meanwhile is credited to the moment it was first seen. Nothing is lost, nothing counted twice.

use std::time::Duration;

use super::Counts;
use crate::time::{Timestamp, nanos};

/// The totals at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) counts: Counts,
    /// How long the process has watched, in all.
    pub(crate) seen_millis: u64,
}

/// Samples at multiples of one step.
#[derive(Debug)]
pub(super) struct Ring {
    step_nanos: u64,
    slots: Box<[Sample]>,
    /// The slots that hold a sample: from the first since the start, to the newest.
    oldest: u64,
    newest: u64,
}

impl Ring {
    /// A ring that reaches `span` back from now, starting with `start` at `now`.
    pub(super) fn new(step: Duration, span: Duration, now: Timestamp, start: Sample) -> Self {
        let step_nanos = nanos(step);
        let length = span.as_nanos().div_ceil(step.as_nanos()) + 1;
        let slot = now.unix_nanos() / step_nanos;
        let slots = vec![start; usize::try_from(length).unwrap_or(usize::MAX)].into();
        Self { step_nanos, slots, oldest: slot, newest: slot }
    }

    /// Returns whether the ring reaches this far back.
    pub(super) fn reaches(&self, span: Duration) -> bool {
        nanos(span).div_ceil(self.step_nanos) < self.slots.len() as u64
    }

    /// Keeps `sample` for the step that `now` is in, unless that step has one already. Steps since the last
    /// tick that had none get `before`, the sample of that tick.
    pub(super) fn push(&mut self, now: Timestamp, before: Sample, sample: Sample) {
        let slot = now.unix_nanos() / self.step_nanos;
        if slot <= self.newest {
            return;
        }
        let length = self.slots.len() as u64;
        for missed in (self.newest + 1).max(slot.saturating_sub(length))..slot {
            *self.slot(missed) = before;
        }
        *self.slot(slot) = sample;
        self.newest = slot;
        self.oldest = self.oldest.max((slot + 1).saturating_sub(length));
    }

    /// Returns the sample of the step that `moment` is in; the first one if the ring is younger, and `last`,
    /// the sample of the last tick, if no tick has come that far.
    pub(super) fn at(&self, moment: Timestamp, last: Sample) -> Sample {
        let slot = (moment.unix_nanos() / self.step_nanos).max(self.oldest);
        if slot > self.newest { last } else { self.slots[self.index(slot)] }
    }

    fn slot(&mut self, slot: u64) -> &mut Sample {
        let index = self.index(slot);
        &mut self.slots[index]
    }

    #[expect(clippy::cast_possible_truncation, reason = "less than the length")]
    fn index(&self, slot: u64) -> usize {
        (slot % self.slots.len() as u64) as usize
    }
}
