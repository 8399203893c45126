//! When the budget will be gone if it goes on like this.
//!
//! What is left of the budget is divided by how fast it goes: remaining share × period ÷ burn rate. The burn rate is that
//! of the last hour of a 30 day promise, which is long enough not to jump with every event and short enough to follow an
//! incident; where nothing happened in it, of six hours, a day, three days, and at last of the whole window. For other
//! promises these windows scale as those of alerts do.
//!
//! Events that are about to leave the window give some budget back, which is not counted: the answer is the earliest
//! moment, not the likeliest. A burn so slow that the window renews itself first never gets there, and has no answer.

use std::time::Duration;

use serde::Serialize;

use super::{BurnRate, ErrorBudget};
use crate::objective::{AlertPolicy, Objective, Window, format_duration};
use crate::time::nanos;
use crate::window::Counts;

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
    /// Forecasts from what happened in windows that end now; `None` without events, and if the budget lasts for the
    /// whole period at this speed.
    pub(crate) fn forecast(
        objective: Objective,
        window: Window,
        within: impl Fn(Duration) -> Counts,
    ) -> Option<Self> {
        let period = window.duration();
        let remaining = ErrorBudget::new(objective, within(period)).remaining_ratio()?;
        let policy = AlertPolicy::WORKBOOK;
        let horizons = policy.rows().iter().map(|row| row.long(window)).filter(|horizon| *horizon < period);
        let rate_over = |horizon| Some((horizon, BurnRate::new(objective, within(horizon))?));
        let (horizon, rate) = horizons.chain([period]).find_map(rate_over)?;
        let seconds = if remaining > 0.0 { remaining * period.as_secs_f64() / rate.get() } else { 0.0 };
        let window = format_duration(nanos(horizon));
        (seconds <= period.as_secs_f64()).then_some(Self { seconds, window, rate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600;

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
        let exhaustion = Exhaustion::forecast(Objective::literal("99.9%"), Window::MONTH, within)?;
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

    #[test]
    fn without_events_there_is_no_forecast() {
        for window in ["1h", "30d", "90d"] {
            let nothing = |_| Counts::default();
            assert_eq!(
                Exhaustion::forecast(Objective::literal("99%"), Window::literal(window), nothing),
                None
            );
        }
    }
}
