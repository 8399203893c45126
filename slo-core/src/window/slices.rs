//! From events to slices of time.
//!
//! Histories, budgets and alerts are made of two numbers that only grow. They may as well be the good and the bad slices of
//! time as the good and the bad events, and what stands between is this: the totals of events go in at each tick, the
//! slices that have ended come out.
//!
//! Slices lie one after the other, aligned to the clock. An event belongs to the slice of the tick that first saw it, where a
//! tick on the boundary is the last one of the slice that ends there. So what was counted while nobody ticked is in the slice in
//! which the next tick falls, and the slices between, in which nobody saw anything, count for nothing. No
//! event is in two slices, and none is judged before its slice has ended.

use super::Counts;
use crate::objective::TimeSlices;
use crate::time::{Timestamp, nanos};

/// The slices of one SLO.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slices {
    slices: TimeSlices,
    state: SliceState,
}

/// What is to be kept of slices so that another process may go on with them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SliceState {
    /// The slice that has not ended yet, in slices since the epoch.
    pub(crate) open: u64,
    /// The events when it began.
    pub(crate) begin: Counts,
    /// The events at the last tick.
    pub(crate) last: Counts,
    /// The good and the bad slices that have ended.
    pub(crate) ended: Counts,
}

impl Slices {
    pub(crate) fn new(slices: TimeSlices, now: Timestamp) -> Self {
        let open = now.unix_nanos() / nanos(slices.duration());
        Self { slices, state: SliceState { open, ..SliceState::default() } }
    }

    /// Takes the totals of the events at a tick and returns those of the slices.
    pub(crate) fn tick(&mut self, now: Timestamp, totals: Counts) -> Counts {
        let step = nanos(self.slices.duration());
        let slot = now.unix_nanos().saturating_sub(1) / step;
        if slot > self.state.open {
            self.end(self.state.last, slot);
        }
        self.state.last = totals;
        if now.unix_nanos() / step > slot.max(self.state.open) {
            self.end(totals, slot + 1);
        }
        self.state.ended
    }

    /// Returns the good and the bad slices that have ended by the last tick.
    pub(crate) const fn ended(&self) -> Counts {
        self.state.ended
    }

    /// Returns what another process needs to go on.
    #[cfg_attr(not(any(test, feature = "store")), expect(dead_code, reason = "only what saves asks"))]
    pub(crate) const fn state(&self) -> SliceState {
        self.state
    }

    /// Goes on where another process was.
    #[cfg_attr(not(any(test, feature = "store")), expect(dead_code, reason = "only what saves asks"))]
    pub(crate) fn set_state(&mut self, state: SliceState) {
        self.state = state;
    }

    /// Judges the slice that is open by the events up to these, and opens another.
    fn end(&mut self, events: Counts, next: u64) {
        let SliceState { begin, ended, .. } = &mut self.state;
        let within = events.since(*begin);
        let (good, total) = (u128::from(within.good), u128::from(within.total()));
        let wanted = total * u128::from(self.slices.threshold().parts_per_billion());
        if total > 0 {
            let kept = good * 1_000_000_000 >= wanted;
            *(if kept { &mut ended.good } else { &mut ended.bad }) += 1;
        }
        *begin = events;
        self.state.open = next;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// The model keeps every event with the tick that saw it, and judges all slices at the end.
        #[test]
        fn slices_agree_with_a_model_that_keeps_every_event(
            minutes in prop::sample::select(vec![1_u64, 5, 15, 60]),
            threshold in prop::sample::select(vec!["50%", "90%", "99%"]),
            start in 0..7_200_u64,
            steps in prop::collection::vec((prop_oneof![8 => 0..7_u64, 1 => 0..1_000_u64], 0..20_u64, 0..3_u64), 1..400),
        ) {
            let slices = TimeSlices::parse(&format!("{threshold} per {minutes}m")).unwrap();
            // Half of the histories tick on the boundaries of slices.
            let start = 1_700_000_400 + if start % 2 == 0 { start / 600 * 600 } else { start };
            let (mut now, mut totals) = (start, Counts::default());
            let mut adapter = Slices::new(slices, Timestamp::from_unix_seconds(start));
            let mut events: BTreeMap<u64, Counts> = BTreeMap::new();
            for (tens, good, bad) in steps {
                now += 10 * tens;
                totals.good += good;
                totals.bad += bad;
                let seen = adapter.tick(Timestamp::from_unix_seconds(now), totals);
                // A tick that repeats one on a boundary comes after the slice has ended.
                let step = minutes * 60;
                let slot = if tens == 0 && now % step == 0 { now / step } else { now.saturating_sub(1) / step };
                let slice = events.entry(slot).or_default();
                slice.good += good;
                slice.bad += bad;
                let ended = events.iter().filter(|(slot, counts)| (**slot + 1) * step <= now && counts.total() > 0);
                let good = |counts: &Counts| counts.good as f64 / counts.total() as f64 * 100.0 >= threshold.trim_end_matches('%').parse::<f64>().unwrap();
                let (good, bad): (Vec<_>, Vec<_>) = ended.partition(|(_, counts)| good(counts));
                prop_assert_eq!(seen, Counts { good: good.len() as u64, bad: bad.len() as u64 }, "at {}", now);
                prop_assert_eq!(adapter.ended(), seen);
            }
        }
    }

    #[test]
    fn a_slice_is_judged_at_its_end_and_none_without_events() {
        let mut slices = Slices::new(TimeSlices::literal("90% per 1m"), Timestamp::from_unix_seconds(600));
        let (mut good, mut bad) = (0, 0);
        for (second, more_good, more_bad, expected) in [
            (610, 9, 1, (0, 0)),
            // Nine in ten are just enough.
            (660, 0, 0, (1, 0)),
            (670, 8, 2, (1, 0)),
            // Late: the slice from 660 ends with what was seen of it, and this is the one from 780.
            (805, 0, 100, (1, 1)),
            (840, 0, 0, (1, 2)),
            // Nothing happens.
            (900, 0, 0, (1, 2)),
            (8_400, 0, 0, (1, 2)),
        ] {
            (good, bad) = (good + more_good, bad + more_bad);
            let seen = slices.tick(Timestamp::from_unix_seconds(second), Counts { good, bad });
            assert_eq!((seen.good, seen.bad), expected, "{second}");
        }
    }

    #[test]
    fn another_process_goes_on_where_one_was() {
        let new = || Slices::new(TimeSlices::literal("99% per 5m"), Timestamp::from_unix_seconds(0));
        let (mut whole, mut first) = (new(), new());
        let totals = |tick: u64| Counts { good: tick * 3, bad: tick / 50 };
        for tick in 1..200 {
            let now = Timestamp::from_unix_seconds(tick * 10);
            if tick == 77 {
                let mut next = new();
                next.set_state(first.state());
                first = next;
            }
            assert_eq!(first.tick(now, totals(tick)), whole.tick(now, totals(tick)));
        }
        assert!(whole.ended().bad > 0 && whole.ended().good > 0);
    }
}
