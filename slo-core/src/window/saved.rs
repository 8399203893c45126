//! Histories as they are saved: what is newer than what was saved before, and the way back.
//!
//! A slot never changes once it is filled, so saving one twice does no harm, and whoever failed to save for an hour
//! asks for an hour's slots. Samples are written as differences, for they only grow.
//! What must never happen: a sample that is less than the one before it, or a slot that counts as filled and is not.

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Counts;
use super::histories::Histories;
use super::ladder::Ladder;
use super::ring::{Grows, Ring};
use crate::time::Timestamp;

/// The newest slot of each ring: everything up to it was saved.
pub(crate) type Marks = [u64; 4];

/// More than any ring has, so that a damaged number of a slot cannot ask for more memory than there is.
const SLOTS_MAX: u64 = 4_096;

/// A total that only grows.
pub(crate) trait Sample: Grows + Default {
    /// The difference of two samples, as it is written.
    type Step: Serialize + DeserializeOwned;

    fn since(self, before: Self) -> Self::Step;

    /// Returns the sample that is this much later; `None` if there is no such number.
    fn then(self, step: Self::Step) -> Option<Self>;
}

/// Samples of one ladder: those of all slots in a row, for each ring, and the last one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Samples<T> {
    rings: [Slots<T>; 4],
    pub(crate) last: T,
}

/// The samples of the slots from `first` on.
#[derive(Clone, Debug, Default, PartialEq)]
struct Slots<T> {
    first: u64,
    samples: Vec<T>,
}

/// All histories of a registry, as they were saved at one tick.
#[derive(Debug)]
pub(crate) struct SavedHistories {
    pub(crate) marks: Marks,
    /// In milliseconds.
    pub(crate) watched: Samples<u64>,
    /// By the index of the SLO.
    pub(crate) histories: Vec<SavedHistory>,
}

/// The history of one SLO.
#[derive(Clone, Debug, Default)]
pub(crate) struct SavedHistory {
    /// None if there were no events.
    pub(crate) samples: Option<Samples<Counts>>,
    /// From when until when, in milliseconds watched, there was no such SLO.
    pub(crate) absent: [u64; 2],
}

impl<T: Sample> Samples<T> {
    /// Appends what was saved later, which knows better where both know something. Up to these marks nothing had changed,
    /// and so nothing was saved.
    pub(crate) fn extend(&mut self, marks: Marks, newer: Self) {
        for ((own, mark), newer) in self.rings.iter_mut().zip(marks).zip(newer.rings) {
            own.fill(mark, self.last);
            own.extend(newer);
        }
        self.last = newer.last;
    }

    /// Moves every ring back from where its newest slot was to where it is.
    pub(crate) fn move_back(&mut self, from: Marks, to: Marks) {
        for ((slots, from), to) in self.rings.iter_mut().zip(from).zip(to) {
            let ahead = from.saturating_sub(to);
            let before_time = usize::try_from(ahead.saturating_sub(slots.first)).unwrap_or(usize::MAX);
            slots.samples.drain(..before_time.min(slots.samples.len()));
            slots.first = slots.first.saturating_sub(ahead);
        }
    }
}

impl<T: Sample> Slots<T> {
    const fn end(&self) -> u64 {
        self.first.saturating_add(self.samples.len() as u64)
    }

    /// Fills the slots up to this one.
    fn fill(&mut self, mark: u64, last: T) {
        let end = mark.saturating_add(1);
        if end - end.min(self.end()) >= SLOTS_MAX {
            // Nothing that was known before is within reach any more.
            *self = Self { first: end - SLOTS_MAX, samples: Vec::new() };
        }
        self.samples.extend((self.end()..end).map(|_| last));
    }

    fn extend(&mut self, newer: Self) {
        if newer.first > self.end() {
            // There was no way to know what lies between.
            *self = newer;
            return;
        }
        let slots = |from: u64, to: u64| usize::try_from(to.saturating_sub(from)).unwrap_or(usize::MAX);
        self.samples.truncate(slots(self.first, newer.first));
        self.samples.extend(newer.samples.into_iter().skip(slots(newer.first, self.first)));
        if self.samples.len() as u64 > 2 * SLOTS_MAX {
            let surplus = self.samples.len() as u64 - SLOTS_MAX;
            self.samples.drain(..usize::try_from(surplus).unwrap_or(usize::MAX));
            self.first += surplus;
        }
    }
}

impl<T: Sample> Ring<T> {
    fn newer_than(&self, mark: Option<u64>) -> Slots<T> {
        let first = mark.map_or(self.oldest, |mark| self.oldest.max(mark + 1));
        let samples = (first..=self.newest).map(|slot| self.slots[self.index(slot)]).collect();
        Slots { first, samples }
    }

    /// Takes samples that were saved when the newest slot was `mark`. Where that is later than now, the clock was wrong,
    /// then or now: the whole ring is moved, so that it ends now.
    fn refill(&mut self, mark: u64, slots: &Slots<T>) {
        let (ahead, length) = (mark.saturating_sub(self.newest), self.slots.len() as u64);
        let reach = (self.newest + 1).saturating_sub(length);
        for (saved, sample) in (slots.first..).zip(&slots.samples) {
            if let Some(slot) = saved.checked_sub(ahead).filter(|slot| (reach..=self.newest).contains(slot)) {
                *self.slot(slot) = *sample;
            }
        }
        if !slots.samples.is_empty() {
            self.oldest = slots.first.saturating_sub(ahead).clamp(reach, self.newest);
        }
    }
}

impl<T: Sample> Ladder<T> {
    /// Returns the slots after these, or all.
    fn newer_than(&self, marks: Option<Marks>) -> Samples<T> {
        let ring = |index: usize| self.rings[index].newer_than(marks.map(|marks| marks[index]));
        Samples { rings: [ring(0), ring(1), ring(2), ring(3)], last: self.last }
    }

    fn refill(&mut self, marks: Marks, samples: &Samples<T>) {
        for ((ring, mark), slots) in self.rings.iter_mut().zip(marks).zip(&samples.rings) {
            ring.refill(mark, slots);
        }
    }
}

impl Histories {
    /// Goes on from histories that were saved before this process began, at `now`. What lies between is not watched.
    pub(crate) fn restore(&mut self, saved: &SavedHistories, now: Timestamp) {
        let longest = self.histories.iter().map(|history| history.window).max().unwrap_or_default();
        let watched = saved.watched.last;
        self.watched = Ladder::new(longest, now, now, watched);
        self.watched.refill(saved.marks, &saved.watched);
        (self.watched_last, self.ticked) = (watched, now);
        for (history, saved_history) in self.histories.iter_mut().zip(&saved.histories) {
            history.absent = saved_history.absent;
            if let Some(samples) = &saved_history.samples {
                let mut ladder = Ladder::new(history.window, now, now, samples.last);
                ladder.refill(saved.marks, samples);
                history.ladder = Some(ladder);
            }
        }
    }

    /// Returns how often a past was put in front of all that is known: what was saved before that is another past.
    pub(crate) const fn pasts(&self) -> u32 {
        self.pasts
    }

    /// Returns what of the samples of an SLO is not in the totals that it is told.
    pub(crate) fn base(&self, slo: usize) -> Counts {
        self.histories[slo].base
    }

    /// Returns from when until when, in milliseconds watched, there was no such SLO.
    pub(crate) fn absent(&self, slo: usize) -> [u64; 2] {
        self.histories[slo].absent
    }

    /// Returns the newest slots, which are the same for all histories.
    pub(crate) fn marks(&self) -> Marks {
        [0, 1, 2, 3].map(|ring| self.watched.rings[ring].newest)
    }

    /// Returns how long the process has watched, in milliseconds.
    pub(crate) fn watched_newer_than(&self, marks: Option<Marks>) -> Samples<u64> {
        self.watched.newer_than(marks)
    }

    /// Returns the total of the last tick that was sampled; `None` if there never was an event.
    pub(crate) fn last(&self, slo: usize) -> Option<Counts> {
        Some(self.histories[slo].ladder.as_ref()?.last)
    }

    /// Returns the slots of an SLO after these, or all; `None` if there never was an event.
    pub(crate) fn newer_than(&self, slo: usize, marks: Option<Marks>) -> Option<Samples<Counts>> {
        Some(self.histories[slo].ladder.as_ref()?.newer_than(marks))
    }
}

impl Sample for u64 {
    type Step = u64;

    fn since(self, before: Self) -> u64 {
        self.wrapping_sub(before)
    }

    fn then(self, step: u64) -> Option<Self> {
        self.checked_add(step)
    }
}

impl Sample for Counts {
    type Step = (u64, u64);

    fn since(self, before: Self) -> (u64, u64) {
        (self.good.wrapping_sub(before.good), self.bad.wrapping_sub(before.bad))
    }

    fn then(self, (good, bad): (u64, u64)) -> Option<Self> {
        Some(Self { good: self.good.checked_add(good)?, bad: self.bad.checked_add(bad)? })
    }
}

impl<T: Sample> Serialize for Samples<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let steps = |slots: &Slots<T>| {
            let before = std::iter::once(T::default()).chain(slots.samples.iter().copied());
            let steps = slots.samples.iter().zip(before).map(|(sample, before)| sample.since(before));
            (slots.first, steps.collect::<Vec<_>>())
        };
        let [tens, minutes, fives, hours] = &self.rings;
        let rings = (steps(tens), steps(minutes), steps(fives), steps(hours));
        (rings, self.last.since(T::default())).serialize(serializer)
    }
}

impl<'de, T: Sample> Deserialize<'de> for Samples<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (rings, last) = <([(u64, Vec<T::Step>); 4], T::Step)>::deserialize(deserializer)?;
        let mut samples = Self::default();
        let too_large = || D::Error::custom("a sum beyond all numbers");
        for (slots, (first, steps)) in samples.rings.iter_mut().zip(rings) {
            let mut before = T::default();
            for step in steps {
                before = before.then(step).ok_or_else(too_large)?;
                slots.samples.push(before);
            }
            slots.first = first;
            first.checked_add(slots.samples.len() as u64).ok_or_else(too_large)?;
        }
        samples.last = T::default().then(last).ok_or_else(too_large)?;
        Ok(samples)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::objective::Window;

    /// A tick that comes while a file is written is in some of its pieces only.
    #[test]
    fn a_later_frame_knows_better_than_a_slot_that_was_only_filled() {
        let mut now = Timestamp::from_unix_seconds(1_700_000_000);
        let mut histories = Histories::new([Window::DAYS_30], Duration::from_secs(60), now);
        let mut tick = |histories: &mut Histories, good| {
            now = now.plus(Duration::from_secs(10));
            histories.tick(now, [Counts { good, bad: 0 }]);
            histories.marks()
        };
        let begun = tick(&mut histories, 1);
        let mut saved = histories.newer_than(0, None).expect("there are events");
        let ended = tick(&mut histories, 5);
        tick(&mut histories, 7);
        saved.extend(ended, histories.newer_than(0, Some(begun)).expect("there are events"));
        assert_eq!(Some(saved), histories.newer_than(0, None));
    }
}
