//! When the budget will be gone if it goes on like this.
//!
//! What is left of the budget is divided by how fast it goes: remaining share × window ÷ burn rate for a rolling one that is full. The
//! burn rate is that of the last hour of a 30 day promise, which is long enough not to jump with every event and short enough to follow an
//! incident; where nothing happened in it, of six hours, a day, three days, and at last of the whole window. For other
//! promises these windows scale as those of alerts do.
//!
//! A calendar period grows, and so does its budget: with each second comes the budget of a second. It is gone when what was
//! seen of the period has used up what it allows, after remaining share × seen ÷ (burn rate − 1). If the period ends
//! first there is no answer, as the next one begins with all of its budget. A rolling window of which only a part was seen, as
//! the process is young, grows just so until it is full: its budget is that of the events that there were, not of those that
//! there may be.
//!
//! Events that are about to leave the window give some budget back, which is not counted: the answer is the earliest
//! moment, not the likeliest. A burn so slow that the window renews itself first never gets there, and has no answer.

use serde::Serialize;

use super::{BurnRate, ErrorBudget};
use crate::objective::{AlertPolicy, Objective, Window, format_duration};
use crate::time::nanos;
use crate::window::{Past, PeriodCounts};

/// When the error budget will be gone, at the present burn rate.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Exhaustion {
    /// Seconds from now; zero when it is gone already.
    pub seconds: f64,
    /// Over which window the present burn rate was taken, such as `1h`.
    pub window: String,
    /// The present burn rate.
    pub rate: BurnRate,
}

impl Exhaustion {
    /// Forecasts from the past as of now; `None` without events, and if the budget lasts for the whole period at this
    /// speed.
    pub(crate) fn forecast(objective: Objective, window: Window, past: &impl Past) -> Option<Self> {
        let (period, length) = (past.period(), window.duration());
        let remaining = ErrorBudget::new(objective, period.counts).remaining_ratio()?;
        let policy = AlertPolicy::WORKBOOK;
        let horizons = policy.rows().iter().map(|row| row.long(window)).filter(|horizon| *horizon < length);
        let rate_over = |horizon| {
            let rate = BurnRate::new(objective, past.window(horizon).counts)?;
            Some((format_duration(nanos(horizon)), rate))
        };
        let over_the_period = || Some((window.to_string(), BurnRate::new(objective, period.counts)?));
        let (window, rate) = horizons.into_iter().find_map(rate_over).or_else(over_the_period)?;
        let seconds = seconds(remaining, rate, &period);
        let lasts = period.left.unwrap_or(length).as_secs_f64();
        (seconds <= lasts).then_some(Self { seconds, window, rate })
    }
}

/// Returns the seconds until nothing is left.
fn seconds(remaining: f64, rate: BurnRate, period: &PeriodCounts) -> f64 {
    let (seen, elapsed, rate) = (period.seen.as_secs_f64(), period.elapsed.as_secs_f64(), rate.get());
    if remaining <= 0.0 {
        return 0.0;
    }
    // While it grows, each second adds the budget of a second, and takes as many of them as it burns.
    let growing = if rate > 1.0 { remaining * seen / (rate - 1.0) } else { f64::INFINITY };
    // For how long it grows: a calendar period to its end, a rolling one until it is full.
    if period.left.is_some() || growing < elapsed - seen {
        return growing;
    }
    let spent = (1.0 - remaining) * seen;
    if rate > 0.0 { (elapsed - spent) / rate } else { f64::INFINITY }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::window::{Counts, WindowCounts};

    const HOUR: u64 = 3_600;

    /// A past of which windows are known, and how far a calendar period is.
    struct Known<F> {
        within: F,
        window: Window,
        passed: Option<(Duration, Duration)>,
        /// How much of what has passed was seen; all of it, if it is not said.
        seen: Option<Duration>,
    }

    impl<F> Known<F> {
        /// All of a rolling window.
        fn rolling(within: F, window: Window) -> Self {
            Self { within, window, passed: None, seen: None }
        }
    }

    impl<F: Fn(Duration) -> Counts> Past for Known<F> {
        fn window(&self, window: Duration) -> WindowCounts {
            WindowCounts { counts: (self.within)(window), seen: window }
        }

        fn period(&self) -> PeriodCounts {
            let whole = self.window.duration();
            let (elapsed, left) = self.passed.map_or((whole, None), |(elapsed, left)| (elapsed, Some(left)));
            let seen = self.seen.unwrap_or(elapsed);
            PeriodCounts { counts: (self.within)(whole), seen, elapsed, left }
        }
    }

    /// Forecasts at 99.9 % over 30 days, from bad events in a million of the whole window, and of each million in the
    /// last hour, six hours, day and three days.
    fn forecast(spent: u64, horizons: [Option<u64>; 4]) -> Option<(f64, String)> {
        let of_million = |bad: u64| Counts { good: 1_000_000 - bad, bad };
        let within = |window: Duration| match [1, 6, 24, 72]
            .map(|hours| hours * HOUR)
            .iter()
            .position(|horizon| *horizon == window.as_secs())
        {
            Some(index) => horizons[index].map_or(Counts::default(), of_million),
            None => of_million(spent),
        };
        let past = Known::rolling(within, Window::DAYS_30);
        let exhaustion = Exhaustion::forecast(Objective::literal("99.9%"), past.window, &past)?;
        Some((exhaustion.seconds / 60.0, exhaustion.window))
    }

    #[test]
    fn a_full_budget_lasts_for_the_period_divided_by_the_burn_rate() {
        let [none, all] = [None, Some(1_000_000)];
        for (spent, horizons, expected) in [
            // 14.4 times the budget: 50 h. All of it: 43.2 min.
            (0, [Some(14_400), none, none, none], Some((50.0 * 60.0, "1h"))),
            (0, [all, none, none, none], Some((43.2, "1h"))),
            // As fast as the window renews itself, and a little slower.
            (0, [Some(1_000), none, none, none], Some((30.0 * 1_440.0, "1h"))),
            (0, [Some(999), none, none, none], None),
            // Half of it is gone, and it goes twice as fast as it may.
            (500, [Some(2_000), all, all, all], Some((7.5 * 1_440.0, "1h"))),
            // Nothing burns: it is not asked what burnt before.
            (500, [Some(0), all, all, all], None),
            // Nothing happened: it is.
            (500, [none, Some(2_000), all, all], Some((7.5 * 1_440.0, "6h"))),
            (500, [none, none, Some(2_000), all], Some((7.5 * 1_440.0, "1d"))),
            (500, [none, none, none, Some(2_000)], Some((7.5 * 1_440.0, "3d"))),
            (600, [none; 4], Some((20.0 * 1_440.0, "30d"))),
            // Gone, burning or not.
            (1_000, [Some(0), none, none, none], Some((0.0, "1h"))),
            (5_000, [all, none, none, none], Some((0.0, "1h"))),
        ] {
            let actual = forecast(spent, horizons);
            let agrees = match (&actual, expected) {
                (Some((minutes, window)), Some((expected, over))) => {
                    (minutes - expected).abs() < 1e-6 && window == over
                }
                (actual, expected) => actual.is_none() && expected.is_none(),
            };
            assert!(agrees, "{spent} {horizons:?}: {actual:?} is not {expected:?}");
        }
    }

    /// Events of a second each, bad in the same share ever after: nobody forecasts, everybody waits.
    #[test]
    fn a_forecast_comes_true_also_of_a_window_that_is_not_full_yet() {
        const DAY: u64 = 24 * HOUR;
        // In percent of the budget.
        for (seen, spent, rate) in [
            (2 * HOUR, 75, 150),
            (DAY, 50, 200),
            (10 * DAY, 90, 120),
            (20 * DAY, 50, 125),
            (29 * DAY, 10, 1_440),
            (29 * DAY, 10, 101),
            (15 * DAY, 0, 150),
            (30 * DAY, 50, 200),
            (30 * DAY, 50, 90),
        ] {
            let window = Window::DAYS_30;
            let of_million = |burn: u32| {
                let bad = u64::from(burn) * 100;
                Counts { good: 1_000_000 - bad, bad }
            };
            let within = |asked| of_million(if asked == window.duration() { spent } else { rate });
            let past = Known { seen: Some(Duration::from_secs(seen)), ..Known::rolling(within, window) };
            let forecast = Exhaustion::forecast(Objective::literal("99%"), window, &past);
            // In seconds' budgets: what there may be grows until the window is full.
            let (seen, full) = (seen as f64, window.duration().as_secs_f64());
            let [spent, rate] = [spent, rate].map(|percent| f64::from(percent) / 100.0);
            let gone = |minute: &u64| {
                let later = *minute as f64 * 60.0;
                spent * seen + rate * later >= (seen + later).min(full)
            };
            let expected = (1..=30 * 1_440).find(gone).map(|minute| minute as f64 * 60.0);
            let actual = forecast.map(|forecast| forecast.seconds);
            let agrees = match (actual, expected) {
                (Some(actual), Some(expected)) => (actual - expected).abs() <= 60.0,
                (actual, expected) => actual.is_none() && expected.is_none(),
            };
            assert!(agrees, "{seen} s, {spent} spent, {rate}: {actual:?}, but {expected:?}");
        }
    }

    #[test]
    fn without_events_there_is_no_forecast() {
        for window in ["1h", "30d", "90d"] {
            let window = Window::literal(window);
            let past = Known::rolling(|_| Counts::default(), window);
            assert_eq!(Exhaustion::forecast(Objective::literal("99%"), window, &past), None);
        }
    }

    #[test]
    fn a_calendar_budget_is_gone_when_what_has_passed_has_used_it_up_or_else_lasts() {
        const DAY: Duration = Duration::from_secs(24 * HOUR);
        // At 99 %, ten days of a month have passed and twenty are to come.
        for (spent, recent, days) in [
            // Half of what ten days allow is left, and twice as much goes as comes: ten days' half, and nothing over.
            (50, 200, Some(5.0)),
            (50, 600, Some(1.0)),
            (50, 125, Some(20.0)),
            // It would be gone in the next month, which begins with all of it.
            (50, 124, None),
            // What comes is as much as goes.
            (50, 100, None),
            (50, 0, None),
            (100, 0, Some(0.0)),
        ] {
            let window = Window::literal("month");
            let of_ten_thousand = |bad: u64| Counts { good: 10_000 - bad, bad };
            let within =
                |asked: Duration| of_ten_thousand(if asked == window.duration() { spent } else { recent });
            let past = Known { passed: Some((10 * DAY, 20 * DAY)), ..Known::rolling(within, window) };
            let forecast = Exhaustion::forecast(Objective::literal("99%"), window, &past);
            let actual = forecast.map(|exhaustion| exhaustion.seconds / DAY.as_secs_f64());
            assert_eq!(actual.is_some(), days.is_some(), "{spent} {recent}: {actual:?}");
            assert!(
                actual.zip(days).is_none_or(|(actual, days)| (actual - days).abs() < 1e-6),
                "{actual:?} {days:?}"
            );
        }
        let window = Window::literal("month Europe/Berlin");
        let within = |asked: Duration| {
            if asked == window.duration() { Counts { good: 90, bad: 10 } } else { Counts::default() }
        };
        let past = Known { passed: Some((10 * DAY, 20 * DAY)), ..Known::rolling(within, window) };
        let over = Exhaustion::forecast(Objective::literal("50%"), window, &past);
        assert_eq!(over, None);
        let gone = Exhaustion::forecast(Objective::literal("99%"), window, &past).expect("it is overspent");
        assert_eq!((gone.seconds, gone.window.as_str()), (0.0, "month Europe/Berlin"));
    }
}
