//! Whether an alert is due: the policy's rows, held against the windows.
//!
//! Ratios are compared as they are, never rounded. A row needs a few bad events besides a fast burn, so that
//! one failure at night pages nobody; it needs no minimum of traffic, which would hide a quiet total outage.

use std::time::Duration;

use serde::Serialize;

use crate::budget::BurnRate;
use crate::objective::{AlertRow, Severity, Slo};
use crate::window::Counts;

/// Bad events in the long window without which no row fires.
pub const BAD_EVENTS_MIN: u64 = 2;

/// The state of one severity of one SLO.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AlertStatus {
    /// How urgent it would be.
    pub severity: Severity,
    /// Whether any of its rows fires.
    pub active: bool,
}

/// Returns the state of every severity the SLO's policy can raise.
pub(crate) fn evaluate(slo: &Slo, counts: impl Fn(Duration) -> Counts) -> Vec<AlertStatus> {
    let rows =
        |severity| slo.alerts().rows_for(slo.objective()).filter(move |row| row.severity() == severity);
    let raised = Severity::ALL.into_iter().filter(|severity| rows(*severity).next().is_some());
    raised
        .map(|severity| AlertStatus { severity, active: rows(severity).any(|row| fires(slo, row, &counts)) })
        .collect()
}

fn fires(slo: &Slo, row: &AlertRow, counts: &impl Fn(Duration) -> Counts) -> bool {
    let burns = |counts| BurnRate::new(slo.objective(), counts).is_some_and(|burn| burn.get() > row.factor());
    let long = counts(row.long(slo.window()));
    long.bad >= BAD_EVENTS_MIN && burns(long) && burns(counts(row.short(slo.window())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::{Objective, Sli};

    /// The page of 14.4 over 1 h and 5 min, alone: the other rows see no events.
    fn pages(long: Counts, short: Counts) -> bool {
        let slo = Slo::literal("x", Sli::Availability, Objective::literal("99.9%"));
        let state = evaluate(&slo, |window| match window.as_secs() {
            3_600 => long,
            300 => short,
            _ => Counts::default(),
        });
        assert_eq!((state[0].severity, state[1].severity), (Severity::Page, Severity::Ticket));
        assert!(!state[1].active);
        state[0].active
    }

    #[test]
    fn a_row_needs_both_windows_above_its_factor_and_two_bad_events() {
        let at = |bad, total| Counts { good: total - bad, bad };
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
            assert_eq!(pages(long, short), expected, "{long:?} {short:?}");
        }
    }

    #[test]
    fn severities_without_a_row_that_can_fire_are_not_reported() {
        let slo = Slo::literal("x", Sli::Availability, Objective::literal("70%"));
        let severities: Vec<_> =
            evaluate(&slo, |_| Counts::default()).into_iter().map(|s| s.severity).collect();
        assert_eq!(severities, [Severity::Ticket]);
    }
}
