//! Whether a row fires: its factor, held against its two windows.
//!
//! Ratios are compared as they are, never rounded. A row needs a few bad events besides a fast burn, so that
//! one failure at night pages nobody; it needs no minimum of traffic, which would hide a quiet total outage.

use std::time::Duration;

use crate::budget::BurnRate;
use crate::objective::{AlertForm, AlertRow, Severity, Slo};
use crate::window::{Counts, Past};

/// A row that fires, by its index in the policy, and how fast its windows burn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fired {
    pub(super) row: usize,
    pub(super) long: BurnRate,
    pub(super) short: BurnRate,
}

/// Returns whether any row of this severity could fire.
pub(super) fn can_raise(slo: &Slo, severity: Severity) -> bool {
    slo.alert_rows().any(|(_, row)| row.severity() == severity)
}

/// Returns the first row of this severity that fires.
pub(super) fn firing(slo: &Slo, severity: Severity, past: &impl Past) -> Option<Fired> {
    let mut raising = slo.alert_rows().filter(|(_, row)| row.severity() == severity);
    raising
        .find_map(|(index, row)| fires(slo, row, past).map(|(long, short)| Fired { row: index, long, short }))
}

/// Returns how fast the long and the short window of a row burn; `None` where there is no data.
pub(crate) fn burns(slo: &Slo, row: &AlertRow, past: &impl Past) -> [Option<BurnRate>; 2] {
    [row.long(slo.window()), row.short(slo.window())].map(|window| burn(slo, window, past).1)
}

/// Returns how fast a window burns; `None` where there is no data.
pub(crate) fn burn_over(slo: &Slo, window: Duration, past: &impl Past) -> Option<BurnRate> {
    burn(slo, window, past).1
}

fn fires(slo: &Slo, row: &AlertRow, past: &impl Past) -> Option<(BurnRate, BurnRate)> {
    let burns = |window| {
        let (counts, burn) = burn(slo, window, past);
        Some((counts, burn.filter(|burn| burn.get() > row.factor())?))
    };
    // The long window first: on most ticks there is nothing in it, and the short one need not be looked at.
    let (counts, long) = burns(row.long(slo.window()))?;
    let (_, short) = burns(row.short(slo.window()))?;
    (counts.bad >= slo.alerts().bad_events_min()).then_some((long, short))
}

/// Returns the events of a window, and how fast they burn in the form of the policy.
fn burn(slo: &Slo, window: Duration, past: &impl Past) -> (Counts, Option<BurnRate>) {
    let counts = past.window(window).counts;
    let burn = match slo.alerts().form() {
        AlertForm::Ratio => BurnRate::new(slo.objective(), counts),
        AlertForm::Count => {
            // Also of a calendar period the last so many days: its first ones say little of its traffic.
            let period = past.window(slo.window().duration());
            #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events, rounded beyond")]
            let expected = period.counts.total() as f64 * (window.as_secs_f64() / period.seen.as_secs_f64());
            BurnRate::of_expected(slo.objective(), counts.bad, expected)
        }
    };
    (counts, burn)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::{AlertPolicy, Objective, Sli, TimeSlices, Window};
    use crate::window::{PeriodCounts, WindowCounts};

    const HOUR: Duration = Duration::from_secs(3_600);

    /// A past of which windows are known.
    struct Known<F>(F);

    impl<F: Fn(Duration) -> WindowCounts> Past for Known<F> {
        fn window(&self, window: Duration) -> WindowCounts {
            self.0(window)
        }

        fn period(&self) -> PeriodCounts {
            unreachable!("whether a row fires does not depend on the period");
        }
    }

    fn slo(objective: &'static str) -> Slo {
        Slo::literal("x", Sli::Availability, Objective::literal(objective))
    }

    fn at(bad: u64, total: u64) -> Counts {
        Counts { good: total - bad, bad }
    }

    /// The page of 14.4 over 1 h and 5 min, alone: the other rows see no events.
    fn pages(slo: &Slo, long: Counts, short: Counts) -> bool {
        let past = Known(|window: Duration| WindowCounts {
            counts: match window.as_secs() {
                3_600 => long,
                300 => short,
                _ => Counts::default(),
            },
            seen: window,
        });
        assert_eq!(firing(slo, Severity::Ticket, &past), None);
        firing(slo, Severity::Page, &past).is_some_and(|fired| fired.row == 0)
    }

    #[test]
    fn a_row_needs_both_windows_above_its_factor_and_two_bad_events() {
        // 14.4 times the 0.1 % that may be bad is 1.44 %; the comparison is strict.
        for (long, short, expected) in [
            (at(145, 10_000), at(145, 10_000), true),
            (at(144, 10_000), at(145, 10_000), false),
            (at(145, 10_000), at(144, 10_000), false),
            (at(145, 10_000), at(0, 0), false),
            (at(1, 10), at(1, 1), false),
            (at(2, 10), at(1, 1), true),
            (at(0, 0), at(0, 0), false),
        ] {
            assert_eq!(pages(&slo("99.9%"), long, short), expected, "{long:?} {short:?}");
        }
    }

    #[test]
    fn the_floor_of_bad_events_is_the_policys() {
        for (floor, bad, expected) in [(0, 1, true), (0, 0, false), (1, 1, true), (5, 4, false), (5, 5, true)]
        {
            let slo = slo("99.9%").with_alerts(AlertPolicy::WORKBOOK.with_bad_events_min(floor));
            assert_eq!(pages(&slo, at(bad, 10), at(bad, 10)), expected, "{bad} of at least {floor}");
        }
    }

    #[test]
    fn a_count_is_held_against_what_such_a_window_has_on_average() {
        let slo = slo("99.9%").with_alerts(AlertPolicy::WORKBOOK.with_form(AlertForm::Count));
        // Half of the hours have 100 000 requests, the others ten, of which two have failed.
        let night = Known(|window: Duration| WindowCounts {
            counts: if window == Window::DAYS_30.duration() { at(2, 360 * 100_010) } else { at(2, 10) },
            seen: window,
        });
        let [by_count, _] = burns(&slo, &AlertPolicy::WORKBOOK.rows()[0], &night);
        let [by_ratio, _] =
            burns(&slo.clone().with_alerts(AlertPolicy::WORKBOOK), &AlertPolicy::WORKBOOK.rows()[0], &night);
        let [by_count, by_ratio] = [by_count, by_ratio].map(|burn| burn.expect("there is data").get());
        assert!((by_count - 0.04).abs() < 1e-4 && (by_ratio - 200.0).abs() < 1e-9, "{by_count} {by_ratio}");
        // What was seen stands for the rest: 100 events in ten minutes are 600 in an hour, whose budget is 0.6.
        for (seen, bad, expected) in [(HOUR / 6, 9, true), (HOUR / 6, 8, false), (HOUR / 12, 17, false)] {
            let past =
                Known(|window: Duration| WindowCounts { counts: at(bad, 100), seen: window.min(seen) });
            assert_eq!(firing(&slo, Severity::Page, &past).is_some(), expected, "{bad} in {seen:?}");
        }
        let nothing = Known(|_| WindowCounts::default());
        assert_eq!(firing(&slo, Severity::Page, &nothing), None);
        assert_eq!(burns(&slo, &AlertPolicy::WORKBOOK.rows()[0], &nothing), [None, None]);
    }

    #[test]
    fn severities_without_a_row_that_can_fire_are_not_raised() {
        let raised = Severity::ALL.map(|severity| can_raise(&slo("70%"), severity));
        assert_eq!(raised, [false, true]);
    }

    #[test]
    fn rows_without_room_for_two_slices_are_not_raised() {
        for (slices, expected) in [
            ("99% per 1m", 4),
            ("99% per 2m", 4),
            ("99% per 3m", 3),
            ("99% per 15m", 3),
            ("99% per 20m", 2),
            ("99% per 1h", 2),
        ] {
            let slices = TimeSlices::literal(slices);
            let slo = slo("99.9%").with_time_slices(slices);
            assert_eq!(slo.alert_rows().count(), expected, "{slices}");
            let chosen = AlertPolicy::WORKBOOK.short_row(slo.window(), slices);
            assert_eq!(chosen.is_some(), expected < 4, "{slices}");
        }
    }
}
