//! What somebody else has kept of the time before a history begins.
//!
//! Samples only grow, and what is known begins at nothing: so all that is known is raised by what happened before, and the
//! slots before it are filled. A window that ends now and begins then is a difference, as any other.
//! What must never happen: a slot filled that lies in the time that was watched here, where what another one saw would count
//! a second time.

use std::iter;

use super::Counts;
use super::histories::Histories;
use super::ladder::Ladder;
use super::ring::{Grows, Ring};
use crate::time::Timestamp;

/// What was counted before, from nothing, by the end of each step. Moments rise, and so do the samples.
#[derive(Clone, Debug, Default)]
pub(crate) struct Before {
    /// By the index of the SLO; empty where nothing is known.
    pub(crate) histories: Vec<Vec<(Timestamp, Counts)>>,
    /// In milliseconds.
    pub(crate) watched: Vec<(Timestamp, u64)>,
}

impl Histories {
    /// Returns the moment since which there is a history here: since the start, or since what was restored begins.
    pub(crate) fn begins(&self) -> Timestamp {
        let rings = &self.watched.rings;
        // A ring that is full has forgotten since when; the finest that is not knows it best.
        let young = rings.iter().find(|ring| ring.newest - ring.oldest + 1 < ring.slots.len() as u64);
        let ring = young.unwrap_or(&rings[3]);
        Timestamp::from_unix_nanos(ring.oldest * ring.step_nanos)
    }

    /// Puts what happened before all that is known here in front of it. Of an SLO of which nothing is known then, that time
    /// counts as one in which there was no such SLO.
    pub(crate) fn prepend(&mut self, before: &Before) {
        let begins = self.begins();
        let watched = before.watched.last().map_or(0, |(_, total)| *total);
        let points = before.histories.iter().map(Vec::as_slice).chain(iter::repeat(&[][..]));
        for (history, points) in self.histories.iter_mut().zip(points) {
            let [gone, back] = &mut history.absent;
            match points.last() {
                Some((_, total)) => {
                    let zeros = || Ladder::new(history.window, begins, self.ticked, Counts::default());
                    history.ladder.get_or_insert_with(zeros).prepend(begins, points);
                    history.base = history.base.plus(*total);
                    *gone += watched;
                }
                None => *gone = 0,
            }
            *back += watched;
        }
        if watched > 0 {
            self.watched.prepend(begins, &before.watched);
            self.watched_last += watched;
        }
        self.pasts += 1;
    }
}

/// What may be raised by what was counted before.
pub(super) trait Raise: Grows {
    fn raised(self, by: Self) -> Self;
}

impl Raise for u64 {
    fn raised(self, by: Self) -> Self {
        self.saturating_add(by)
    }
}

impl Raise for Counts {
    fn raised(self, by: Self) -> Self {
        self.plus(by)
    }
}

impl<T: Raise> Ladder<T> {
    fn prepend(&mut self, begins: Timestamp, points: &[(Timestamp, T)]) {
        let Some((_, total)) = points.last() else { return };
        self.last = self.last.raised(*total);
        for ring in &mut self.rings {
            ring.slots.iter_mut().for_each(|sample| *sample = sample.raised(*total));
            ring.prepend(begins, points);
        }
    }
}

impl<T: Raise> Ring<T> {
    fn prepend(&mut self, begins: Timestamp, points: &[(Timestamp, T)]) {
        let ceil = |at: Timestamp| at.unix_nanos().div_ceil(self.step_nanos);
        let (first, end) = (ceil(points[0].0), ceil(begins).min(self.newest + 1));
        let first = first.max((self.newest + 1).saturating_sub(self.slots.len() as u64));
        for slot in first..end {
            *self.slot(slot) = sample(points, Timestamp::from_unix_nanos(slot * self.step_nanos));
        }
        if first < end {
            self.oldest = self.oldest.min(first);
        }
    }
}

/// Returns the sample of a moment: between two points what happened has happened evenly.
fn sample<T: Grows>(points: &[(Timestamp, T)], at: Timestamp) -> T {
    let next = points.partition_point(|(point, _)| *point <= at);
    let Some((before, sample)) = next.checked_sub(1).map(|index| points[index]) else { return points[0].1 };
    points.get(next).map_or(sample, |(after, later)| {
        sample.towards(
            *later,
            at.unix_nanos() - before.unix_nanos(),
            after.unix_nanos() - before.unix_nanos(),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::objective::Window;

    const GAP: Duration = Duration::from_secs(60);
    const START: Timestamp = Timestamp::from_unix_seconds(1_699_999_200);
    const TICK: Duration = Duration::from_secs(10);

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        /// One process watched throughout; the other one began later, and is told by the first what it had counted by then.
        #[test]
        fn a_history_that_was_put_in_front_is_as_good_as_ones_own(
            hours in prop::collection::vec((0..50_u64, 0..5_u64), 100..200),
            own in 1..4_000_u64,
        ) {
            let (mut whole, mut now, mut totals) = (Histories::new([Window::DAYS_30], GAP, START), START, Counts::default());
            let mut points = vec![(START, Counts::default())];
            for (good, bad) in &hours {
                for _ in 0..360 {
                    now = now.plus(TICK);
                    totals = totals.plus(Counts { good: *good, bad: *bad });
                    whole.tick(now, [totals]);
                    points.push((now, totals));
                }
            }
            let (mut late, before) = (Histories::new([Window::DAYS_30], GAP, now), totals);
            let watched = points.iter().map(|(at, _)| (*at, at.since(START).as_secs() * 1_000)).collect();
            let prepended = Before { histories: vec![points], watched };
            for tick in 0..own {
                now = now.plus(TICK);
                totals = totals.plus(Counts { good: tick % 7, bad: tick % 3 });
                whole.tick(now, [totals]);
                late.tick(now, [totals.since(before)]);
                // It takes a while until the answer is there.
                if tick == 3.min(own - 1) {
                    late.prepend(&prepended);
                }
            }
            for window in [300_u64, 3_600, 7_200, 21_600, 86_400, 259_200, 2_592_000] {
                let window = Duration::from_secs(window);
                let [whole, late] = [(&whole, totals), (&late, totals.since(before))]
                    .map(|(histories, totals)| histories.window(0, window, now, totals));
                prop_assert_eq!(whole, late, "{:?}", window);
            }
        }
    }

    #[test]
    fn nothing_is_put_where_there_is_a_history_of_ones_own() {
        let begins = START.plus(Duration::from_secs(5 * 86_400));
        let mut histories = Histories::new([Window::DAYS_30], GAP, begins);
        let mut now = begins;
        for tick in 0..10_000_u64 {
            now = now.plus(TICK);
            histories.tick(now, [Counts { good: tick, bad: 0 }]);
        }
        prop_assert_is_close(histories.begins(), begins);
        let points = [0, 86_400, 6 * 86_400].map(|at| (START.plus(Duration::from_secs(at)), at));
        let counts = points.map(|(at, count)| (at, Counts { good: count, bad: 0 }));
        let own = |histories: &Histories, window| {
            histories.window(0, Duration::from_secs(window), now, Counts { good: 9_999, bad: 0 }).counts.good
        };
        let before = [3_600, 21_600, 86_400].map(|window| own(&histories, window));
        histories.prepend(&Before { histories: vec![counts.to_vec()], watched: points.to_vec() });
        assert_eq!([3_600, 21_600, 86_400].map(|window| own(&histories, window)), before);
    }

    fn prop_assert_is_close(actual: Timestamp, expected: Timestamp) {
        let hour = Duration::from_secs(3_600);
        assert!(actual.since(expected) < hour && expected.since(actual) < hour, "{actual:?} {expected:?}");
    }

    /// Of two SLOs only the first was known before.
    #[cfg(feature = "store")]
    #[test]
    fn what_was_put_in_front_is_saved_with_the_rest() {
        use crate::window::{SavedHistories, SavedHistory};

        let begins = START.plus(Duration::from_secs(5 * 86_400));
        let mut histories = Histories::new([Window::DAYS_30, Window::DAYS_30], GAP, begins);
        let (mut now, mut own) = (begins, Counts::default());
        for _ in 0..500 {
            (now, own.good) = (now.plus(TICK), own.good + 3);
            histories.tick(now, [own, own]);
        }
        let points = [0, 86_400, 5 * 86_400].map(|at| (START.plus(Duration::from_secs(at)), at));
        let counts = points.map(|(at, count)| (at, Counts { good: count, bad: count / 100 })).to_vec();
        let watched = points.map(|(at, seconds)| (at, 1_000 * seconds)).to_vec();
        histories.prepend(&Before { histories: vec![counts, Vec::new()], watched });
        let day = Duration::from_secs(86_400);
        let known = |histories: &Histories, totals: Counts| {
            [0, 1]
                .map(|slo| [day, 4 * day, 30 * day].map(|window| histories.window(slo, window, now, totals)))
        };
        let before = known(&histories, own);
        assert_eq!(before[0][2].counts.good, 5 * 86_400 + own.good);
        assert_eq!(before[0][2].seen, 5 * day + Duration::from_secs(5_000));
        assert_eq!((before[1][2].counts, before[1][2].seen), (own, Duration::from_secs(5_000)));

        let history =
            |slo| SavedHistory { samples: histories.newer_than(slo, None), absent: histories.absent(slo) };
        let watched = histories.watched_newer_than(None);
        let saved =
            SavedHistories { marks: histories.marks(), watched, histories: vec![history(0), history(1)] };
        let mut next = Histories::new([Window::DAYS_30, Window::DAYS_30], GAP, now);
        next.restore(&saved, now);
        for slo in [0, 1] {
            let last = next.last(slo).expect("there were events");
            assert_eq!(last, histories.base(slo).plus(own));
            assert_eq!(known(&next, last)[slo], before[slo]);
        }
        assert_eq!((next.pasts(), histories.pasts()), (0, 1));
    }
}
