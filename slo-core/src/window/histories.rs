//! The histories of all SLOs of a registry.
//!
//! How long the process has watched is the same for all of them and is kept once. The events of an SLO are kept from
//! the first tick that sees one: until then a history would be zeros, and a service may declare far more than it is
//! asked for.

use std::time::Duration;

use super::ladder::Ladder;
use super::{Counts, WindowCounts};
use crate::objective::Window;
use crate::time::Timestamp;

/// Histories by the index of the SLO.
#[derive(Debug)]
pub(crate) struct Histories {
    pub(super) histories: Vec<History>,
    /// How many milliseconds the process has watched.
    pub(super) watched: Ladder<u64>,
    pub(super) watched_last: u64,
    started: Timestamp,
    pub(super) ticked: Timestamp,
    /// Ticks further apart than this leave a gap in the coverage.
    gap: Duration,
    /// How often a past was put in front of all that is known, which changes every sample.
    #[cfg_attr(
        not(any(feature = "prometheus", feature = "store")),
        expect(dead_code, reason = "nobody puts one there, nobody saves")
    )]
    pub(super) pasts: u32,
}

#[derive(Debug)]
pub(super) struct History {
    pub(super) window: Duration,
    /// None until there are events.
    pub(super) ladder: Option<Ladder<Counts>>,
    /// From when until when, in time watched, there was no such SLO.
    pub(super) absent: [u64; 2],
    /// What was counted before this process began to; its own totals come on top.
    pub(super) base: Counts,
}

impl Histories {
    /// Starts watching at `now`. Time between two ticks counts as watched if it is at most `gap`; otherwise nobody
    /// was watching.
    pub(crate) fn new(windows: impl IntoIterator<Item = Window>, gap: Duration, now: Timestamp) -> Self {
        let (base, absent) = (Counts::default(), [0; 2]);
        let history = |window: Window| History { window: window.reach(), ladder: None, absent, base };
        let histories: Vec<_> = windows.into_iter().map(history).collect();
        let longest = histories.iter().map(|history| history.window).max().unwrap_or_default();
        let watched = Ladder::new(longest, now, now, 0);
        Self { histories, watched, watched_last: 0, started: now, ticked: now, gap, pasts: 0 }
    }

    /// Takes a sample of the totals of each SLO. A `now` before the last tick counts as the last tick: time stands
    /// still, never turns.
    pub(crate) fn tick(&mut self, now: Timestamp, totals: impl IntoIterator<Item = Counts>) {
        let now = self.not_before_the_last_tick(now);
        let watched = self.watched_at(now);
        for (history, counts) in self.histories.iter_mut().zip(totals) {
            if history.ladder.is_some() || counts != Counts::default() {
                let zeros = || Ladder::new(history.window, self.started, self.ticked, Counts::default());
                history.ladder.get_or_insert_with(zeros).tick(now, history.base.plus(counts));
            }
        }
        self.watched.tick(now, watched);
        (self.watched_last, self.ticked) = (watched, now);
    }

    /// Returns this moment, or that of the last tick if it is later.
    pub(crate) fn not_before_the_last_tick(&self, now: Timestamp) -> Timestamp {
        now.max(self.ticked)
    }

    /// Returns the moment of the last tick.
    pub(crate) const fn ticked(&self) -> Timestamp {
        self.ticked
    }

    /// Returns whether time up to this moment, or up to the last tick if that is later, is watched since that one.
    pub(crate) fn watches(&self, now: Timestamp) -> bool {
        now.since(self.ticked) <= self.gap
    }

    /// Returns what happened to an SLO within the last `window`, given its totals at `now`. Ticks after that change
    /// nothing but how exactly the window begins.
    pub(crate) fn window(
        &self,
        slo: usize,
        window: Duration,
        now: Timestamp,
        totals: Counts,
    ) -> WindowCounts {
        let (begin, latest) = (now.minus(window), self.not_before_the_last_tick(now));
        let History { ladder, absent: [gone, back], base, .. } = &self.histories[slo];
        let before = |ladder: &Ladder<Counts>| ladder.at(begin, latest);
        let (totals, before) = (base.plus(totals), ladder.as_ref().map_or(Counts::default(), before));
        let watched_before = self.watched.at(begin, latest);
        let absent = back.saturating_sub(watched_before.max(*gone));
        let watched = self.watched_at(now).saturating_sub(watched_before).saturating_sub(absent);
        WindowCounts {
            counts: Counts {
                good: totals.good.saturating_sub(before.good),
                bad: totals.bad.saturating_sub(before.bad),
            },
            seen: Duration::from_millis(watched).min(window),
        }
    }

    fn watched_at(&self, now: Timestamp) -> u64 {
        if now < self.ticked {
            return self.watched.at(now, self.ticked);
        }
        let elapsed = now - self.ticked;
        let watched = if elapsed <= self.gap { elapsed } else { Duration::ZERO };
        #[expect(clippy::cast_possible_truncation, reason = "584 million years fit")]
        let watched = watched.as_millis() as u64;
        self.watched_last + watched
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::Timestamp;

    const GAP: Duration = Duration::from_secs(60);
    const WINDOWS: [u64; 8] = [300, 1_800, 3_600, 7_200, 21_600, 86_400, 259_200, 2_592_000];

    /// Every event kept, as the ladder must see it: credited to the tick that first saw it.
    struct Naive {
        events: Vec<(Timestamp, bool)>,
    }

    impl Naive {
        fn count(&self, from: Timestamp) -> Counts {
            let within =
                |bad| self.events.iter().filter(|event| event.0 > from && event.1 == bad).count() as u64;
            Counts { good: within(false), bad: within(true) }
        }
    }

    fn step_of(window: u64) -> u64 {
        match window {
            0..=3_600 => 10,
            3_601..=21_600 => 60,
            21_601..=259_200 => 300,
            _ => 3_600,
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// A window is as long as asked, give or take the step it begins in.
        #[test]
        fn windows_agree_with_a_model_that_keeps_every_event(
            steps in prop::collection::vec((prop_oneof![8 => 1..60_u64, 1 => 60..90_000_u64], 0..3_usize, 0..3_usize), 1..300),
        ) {
            let start = Timestamp::from_unix_seconds(1_700_000_003);
            let (mut histories, mut now, mut totals) = (Histories::new([Window::DAYS_30], GAP, start), start, Counts::default());
            let mut naive = Naive { events: Vec::new() };
            for (seconds, good, bad) in steps {
                now = now.plus(Duration::from_secs(seconds));
                totals.good += good as u64;
                totals.bad += bad as u64;
                naive.events.extend((0..good).map(|_| (now, false)).chain((0..bad).map(|_| (now, true))));
                histories.tick(now, [totals]);
            }
            for window in WINDOWS {
                let seen = histories.window(0, Duration::from_secs(window), now, totals).counts;
                let most = naive.count(now.minus(Duration::from_secs(window + step_of(window))));
                // The tick that ends the step may come late, within the next one.
                let latest = naive.count(now.minus(Duration::from_secs(window)).plus(Duration::from_secs(2 * step_of(window))));
                prop_assert!(seen.good <= most.good && seen.bad <= most.bad, "{window}: {seen:?} > {most:?}");
                prop_assert!(seen.good >= latest.good && seen.bad >= latest.bad, "{window}: {seen:?} < {latest:?}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        /// Also where one is read from a ring of longer steps than the other: whatever a longer window has missed, the
        /// shorter one within it has.
        #[test]
        fn a_longer_window_never_has_less_than_a_shorter_one_that_ends_with_it(
            steps in prop::collection::vec((prop_oneof![8 => 1..60_u64, 2 => 60..5_000_u64, 1 => 0..90_000_u64], 0..3_u64, 0..3_u64), 1..300),
            beside in prop::collection::vec((prop::sample::select(vec![3_600_u64, 21_600, 259_200]), 0..8_000_u64), 1..60),
            later in 0..90_u64,
        ) {
            let start = Timestamp::from_unix_seconds(1_700_000_003);
            let (mut histories, mut now, mut totals) = (Histories::new([Window::DAYS_30], GAP, start), start, Counts::default());
            for (seconds, good, bad) in steps {
                now = now.plus(Duration::from_secs(seconds));
                totals = totals.plus(Counts { good, bad });
                histories.tick(now, [totals]);
            }
            now = now.plus(Duration::from_secs(later));
            let mut windows: Vec<u64> = beside.iter().map(|(reach, off)| (reach + off).saturating_sub(4_000)).collect();
            windows.extend(WINDOWS);
            windows.sort_unstable();
            let seen = windows.iter().map(|window| histories.window(0, Duration::from_secs(*window), now, totals));
            let seen: Vec<_> = windows.iter().zip(seen).collect();
            for pair in seen.windows(2) {
                let [(short, less), (long, more)] = pair else { unreachable!("a pair") };
                prop_assert!(
                    less.counts.good <= more.counts.good && less.counts.bad <= more.counts.bad && less.seen <= more.seen,
                    "{short} s: {less:?}, {long} s: {more:?}"
                );
            }
        }
    }

    #[test]
    fn the_history_of_a_promise_fits_into_64_kib_whatever_its_window() {
        let now = Timestamp::from_unix_seconds(1_700_000_000);
        for window in ["1h", "7d", "30d", "90d", "month Europe/Berlin", "quarter Europe/Berlin"] {
            let ladder = Ladder::new(Window::literal(window).reach(), now, now, Counts::default());
            let bytes: usize = ladder.rings.iter().map(|ring| size_of_val(&*ring.slots)).sum();
            let bytes = bytes + size_of::<Ladder<Counts>>() + size_of::<History>();
            assert!(bytes <= 64 * 1_024, "{window}: {bytes}");
        }
    }

    /// Of a minute's events every tick sees a sixth, so no window may be longer at one tick than at another.
    #[test]
    fn windows_of_even_traffic_are_as_long_as_asked_at_every_tick() {
        let start = Timestamp::from_unix_seconds(1_699_999_200);
        let (mut histories, mut now, mut totals) =
            (Histories::new([Window::DAYS_30], GAP, start), start, Counts::default());
        for tick in 0..2 * 259_200 {
            now = now.plus(Duration::from_secs(10));
            (totals.good, totals.bad) = (totals.good + 5, totals.bad + 1);
            histories.tick(now, [totals]);
            if tick >= 259_200 && tick % 97 == 0 {
                for window in WINDOWS {
                    let seen = histories.window(0, Duration::from_secs(window), now, totals);
                    assert_eq!(
                        seen.counts,
                        Counts { good: window / 2, bad: window / 10 },
                        "{window} at {tick}"
                    );
                    assert_eq!(seen.seen.as_secs(), window);
                }
            }
        }
    }

    #[test]
    fn a_young_window_says_how_much_it_has_seen() {
        let start = Timestamp::from_unix_seconds(1_700_000_000);
        let mut histories = Histories::new([Window::DAYS_30], GAP, start);
        let mut now = start;
        for _ in 0..36 {
            now = now.plus(Duration::from_secs(10));
            histories.tick(now, [Counts { good: 1, bad: 0 }]);
        }
        let seen =
            |window| histories.window(0, Duration::from_secs(window), now, Counts { good: 1, bad: 0 }).seen;
        assert_eq!(seen(300).as_secs(), 300);
        assert_eq!(seen(3_600).as_secs(), 360);
    }

    #[test]
    fn a_gap_is_not_watched_and_a_clock_set_back_stands_still() {
        let start = Timestamp::from_unix_seconds(1_700_000_000);
        let mut histories = Histories::new([Window::DAYS_30], GAP, start);
        let totals = Counts { good: 10, bad: 5 };
        let later = start.plus(Duration::from_secs(7_200));
        histories.tick(later, [totals]);
        let day = |histories: &Histories, now| histories.window(0, Duration::from_secs(86_400), now, totals);
        assert_eq!(day(&histories, later), WindowCounts { counts: totals, seen: Duration::ZERO });
        histories.tick(start, [totals]);
        assert_eq!(day(&histories, start).counts, totals);
        let after = later.plus(Duration::from_secs(10));
        histories.tick(after, [totals]);
        assert_eq!(day(&histories, after).seen, Duration::from_secs(10));
    }

    #[test]
    fn a_history_that_begins_late_is_one_of_zeros() {
        let start = Timestamp::from_unix_seconds(1_700_000_000);
        // The second one has a bad event from the start, so it is kept from the start; the rest is alike.
        let mut histories = Histories::new([Window::DAYS_30, Window::DAYS_30], GAP, start);
        let (mut now, first) = (start, Counts { good: 0, bad: 1 });
        for ticks in [0, 1, 50, 5_000] {
            for _ in 0..ticks {
                now = now.plus(Duration::from_secs(10));
                histories.tick(now, [Counts::default(), first]);
            }
            assert!(histories.histories[0].ladder.is_none());
        }
        for good in 1..400 {
            now = now.plus(Duration::from_secs(10));
            histories.tick(now, [Counts { good, bad: 0 }, Counts { good, bad: 1 }]);
            for window in WINDOWS {
                let seen = [0, 1].map(|slo| {
                    let totals = Counts { good, bad: slo as u64 };
                    histories.window(slo, Duration::from_secs(window), now, totals)
                });
                assert_eq!((seen[0].counts.good, seen[0].seen), (seen[1].counts.good, seen[1].seen));
            }
        }
    }
}
