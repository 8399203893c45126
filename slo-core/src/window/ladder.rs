//! Rings of growing steps, so that any window up to ninety days is one look-up.
//!
//! | step | reaches back | error of the window's length |
//! |---|---|---|
//! | 10 s | 1 h | under 3.4 % of 5 min |
//! | 1 min | 6 h | under 0.9 % of 2 h |
//! | 5 min | 3 d | under 0.4 % of 1 d |
//! | 1 h | the SLO window | under 0.14 % of 30 d |
//!
//! A window is at least as long as asked for and at most one step longer.

use std::time::Duration;

use super::ring::{Ring, Sample};
use super::{Counts, WindowCounts};
use crate::objective::Window;
use crate::time::Timestamp;

const HOUR: Duration = Duration::from_secs(3_600);

/// The history of one SLO's totals.
#[derive(Debug)]
pub(crate) struct Ladder {
    rings: Vec<Ring>,
    last: Sample,
    ticked: Timestamp,
}

impl Ladder {
    /// Starts watching at `now`.
    pub(crate) fn new(window: Window, now: Timestamp) -> Self {
        let start = Sample::default();
        let window = window.duration();
        let reach = [(10, HOUR), (60, 6 * HOUR), (300, 72 * HOUR), (3_600, window)];
        let rung = |(step, span): (u64, Duration)| {
            Ring::new(Duration::from_secs(step), span.min(window), now, start)
        };
        Self { rings: reach.into_iter().map(rung).collect(), last: start, ticked: now }
    }

    /// Takes a sample. A `now` before the last tick counts as the last tick: time stands still, never turns.
    /// Time since the last tick counts as watched if it is at most `gap`; otherwise nobody was watching.
    pub(crate) fn tick(&mut self, now: Timestamp, gap: Duration, counts: Counts) {
        let now = now.max(self.ticked);
        let sample = self.current(now, gap, counts);
        for ring in &mut self.rings {
            ring.push(now, self.last, sample);
        }
        (self.last, self.ticked) = (sample, now);
    }

    /// Returns what happened within the last `window`, given the totals at `now`.
    pub(crate) fn window(
        &self,
        window: Duration,
        now: Timestamp,
        gap: Duration,
        counts: Counts,
    ) -> WindowCounts {
        let now = now.max(self.ticked);
        let current = self.current(now, gap, counts);
        let ring = self.rings.iter().find(|ring| ring.reaches(window)).or(self.rings.last());
        let base = ring.map_or(Sample::default(), |ring| ring.at(now.minus(window), self.last));
        let seen = Duration::from_millis(current.seen_millis.saturating_sub(base.seen_millis));
        WindowCounts {
            counts: Counts {
                good: current.counts.good.saturating_sub(base.counts.good),
                bad: current.counts.bad.saturating_sub(base.counts.bad),
            },
            seen: seen.min(window),
        }
    }

    fn current(&self, now: Timestamp, gap: Duration, counts: Counts) -> Sample {
        let elapsed = now - self.ticked;
        let watched = if elapsed <= gap { elapsed } else { Duration::ZERO };
        #[expect(clippy::cast_possible_truncation, reason = "584 million years fit")]
        Sample { counts, seen_millis: self.last.seen_millis + watched.as_millis() as u64 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

        /// Events of the window itself are all counted; none older than one step more is.
        #[test]
        fn windows_agree_with_a_model_that_keeps_every_event(
            steps in prop::collection::vec((prop_oneof![8 => 1..60_u64, 1 => 60..90_000_u64], 0..3_usize, 0..3_usize), 1..300),
        ) {
            let start = Timestamp::from_unix_seconds(1_700_000_003);
            let (mut ladder, mut now, mut totals) = (Ladder::new(Window::MONTH, start), start, Counts::default());
            let mut naive = Naive { events: Vec::new() };
            for (seconds, good, bad) in steps {
                now = now.plus(Duration::from_secs(seconds));
                totals.good += good as u64;
                totals.bad += bad as u64;
                naive.events.extend((0..good).map(|_| (now, false)).chain((0..bad).map(|_| (now, true))));
                ladder.tick(now, GAP, totals);
            }
            for window in WINDOWS {
                let seen = ladder.window(Duration::from_secs(window), now, GAP, totals).counts;
                let least = naive.count(now.minus(Duration::from_secs(window)));
                let most = naive.count(now.minus(Duration::from_secs(window + step_of(window))));
                // The tick that fills a slot may come late within it, and what it saw then lies before the window.
                let latest = naive.count(now.minus(Duration::from_secs(window)).plus(Duration::from_secs(step_of(window))));
                prop_assert!(seen.good <= most.good && seen.bad <= most.bad, "{window}: {seen:?} > {most:?}");
                prop_assert!(seen.good >= latest.good && seen.bad >= latest.bad, "{window}: {seen:?} < {latest:?}");
                prop_assert!(least.total() <= most.total());
            }
        }
    }

    #[test]
    fn a_young_window_says_how_much_it_has_seen() {
        let start = Timestamp::from_unix_seconds(1_700_000_000);
        let mut ladder = Ladder::new(Window::MONTH, start);
        let mut now = start;
        for _ in 0..36 {
            now = now.plus(Duration::from_secs(10));
            ladder.tick(now, GAP, Counts { good: 1, bad: 0 });
        }
        let seen =
            |window| ladder.window(Duration::from_secs(window), now, GAP, Counts { good: 1, bad: 0 }).seen;
        assert_eq!(seen(300).as_secs(), 300);
        assert_eq!(seen(3_600).as_secs(), 360);
    }

    #[test]
    fn a_gap_is_not_watched_and_a_clock_set_back_stands_still() {
        let start = Timestamp::from_unix_seconds(1_700_000_000);
        let mut ladder = Ladder::new(Window::MONTH, start);
        let totals = Counts { good: 10, bad: 5 };
        let later = start.plus(Duration::from_secs(7_200));
        ladder.tick(later, GAP, totals);
        let day = |ladder: &Ladder, now| ladder.window(Duration::from_secs(86_400), now, GAP, totals);
        assert_eq!(day(&ladder, later), WindowCounts { counts: totals, seen: Duration::ZERO });
        ladder.tick(start, GAP, totals);
        assert_eq!(day(&ladder, start).counts, totals);
        let after = later.plus(Duration::from_secs(10));
        ladder.tick(after, GAP, totals);
        assert_eq!(day(&ladder, after).seen, Duration::from_secs(10));
    }
}
