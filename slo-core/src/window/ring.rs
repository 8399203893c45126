//! Samples of the totals, one per step, the oldest overwritten by the newest.
//!
//! Slot `n` holds the totals as they were at the first tick at or after `n` steps since the epoch. Steps
//! without a tick (a late tick, a suspended machine) hold the totals of the last tick before them: what was
//! counted meanwhile is credited to the moment it was first seen. Nothing is lost, nothing counted twice.
//!
//! Between two samples what happened is taken to have happened evenly. A window that began with whole steps would be longer
//! at some ticks than at others, and an alert right at its threshold would fire and resolve with every step.

use std::time::Duration;

use super::Counts;
use crate::time::{Timestamp, nanos};

/// What only grows.
pub(crate) trait Grows: Copy {
    /// Returns this sample after `elapsed` of the `step` in which it grows to `later`, rounded down: single events stay in a
    /// window until their step has left it.
    fn towards(self, later: Self, elapsed: u64, step: u64) -> Self;

    /// Returns this sample, or as much of it as there is in one that is known to be later.
    fn at_most(self, later: Self) -> Self;
}

impl Grows for u64 {
    #[expect(clippy::cast_possible_truncation, reason = "no more than what it is a share of")]
    fn towards(self, later: Self, elapsed: u64, step: u64) -> Self {
        let grown = u128::from(later.saturating_sub(self)) * u128::from(elapsed) / u128::from(step);
        self + grown as Self
    }

    fn at_most(self, later: Self) -> Self {
        self.min(later)
    }
}

impl Grows for Counts {
    fn towards(self, later: Self, elapsed: u64, step: u64) -> Self {
        let good = self.good.towards(later.good, elapsed, step);
        Self { good, bad: self.bad.towards(later.bad, elapsed, step) }
    }

    fn at_most(self, later: Self) -> Self {
        Self { good: self.good.min(later.good), bad: self.bad.min(later.bad) }
    }
}

/// Samples at multiples of one step.
#[derive(Debug)]
pub(super) struct Ring<T> {
    pub(super) step_nanos: u64,
    pub(super) slots: Box<[T]>,
    /// The slots that hold a sample: from the first since the start, to the newest.
    pub(super) oldest: u64,
    pub(super) newest: u64,
}

impl<T: Grows> Ring<T> {
    /// A ring that reaches `span` back, and has held `sample` from the start until the last tick.
    pub(super) fn new(
        step: Duration,
        span: Duration,
        start: Timestamp,
        ticked: Timestamp,
        sample: T,
    ) -> Self {
        let step_nanos = nanos(step);
        let length = u64::try_from(span.as_nanos().div_ceil(step.as_nanos()) + 1).unwrap_or(u64::MAX);
        let slots = vec![sample; usize::try_from(length).unwrap_or(usize::MAX)].into();
        let [start, newest] = [start, ticked].map(|moment| moment.unix_nanos() / step_nanos);
        Self { step_nanos, slots, oldest: start.max((newest + 1).saturating_sub(length)), newest }
    }

    /// Returns whether the ring reaches this far back.
    pub(super) fn reaches(&self, span: Duration) -> bool {
        span <= self.reach()
    }

    /// Returns how far back the ring reaches.
    pub(super) const fn reach(&self) -> Duration {
        Duration::from_nanos((self.slots.len() as u64 - 1) * self.step_nanos)
    }

    /// Keeps `sample` for the step that `now` is in, unless that step has one already. Steps since the last
    /// tick that had none get `before`, the sample of that tick.
    pub(super) fn push(&mut self, now: Timestamp, before: T, sample: T) {
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

    /// Returns the sample of a moment; the first one if the ring is younger, and `last`, the sample of the last tick, if
    /// no tick has come that far.
    pub(super) fn at(&self, moment: Timestamp, last: T) -> T {
        let slot = moment.unix_nanos() / self.step_nanos;
        if slot < self.oldest {
            return self.slots[self.index(self.oldest)];
        }
        if slot > self.newest {
            return last;
        }
        let next = if slot < self.newest { self.slots[self.index(slot + 1)] } else { last };
        self.slots[self.index(slot)].towards(next, moment.unix_nanos() % self.step_nanos, self.step_nanos)
    }

    pub(super) fn slot(&mut self, slot: u64) -> &mut T {
        let index = self.index(slot);
        &mut self.slots[index]
    }

    #[expect(clippy::cast_possible_truncation, reason = "less than the length")]
    pub(super) fn index(&self, slot: u64) -> usize {
        (slot % self.slots.len() as u64) as usize
    }
}
