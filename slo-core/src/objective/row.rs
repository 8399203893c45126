//! One row of an alert policy: how fast, for how long, how urgent.
//!
//! A row fires while both its long and its short window burn faster than its factor. The long window makes
//! the alert worth waking up for, the short one lets it end when the trouble ends. The short one is derived, as
//! people who type both get one of them wrong.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::policy_error::AlertPolicyError;
use super::{Objective, TimeSlices, Window};

const STEP: Duration = Duration::from_secs(120);

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody should look within days.
    Ticket,
    /// Somebody should look now.
    Page,
}

impl Severity {
    /// Every severity, most urgent first.
    pub const ALL: [Self; 2] = [Self::Page, Self::Ticket];

    /// Returns the value of the `severity` label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

/// One row of a policy: fire while the long *and* the short window burn faster than the factor.
///
/// The windows are those of a 30 day promise and scale with the promise's own window, so that a row means the
/// same share of the budget, as far as windows of a few minutes can.
///
/// ```
/// use slo_core::{AlertPolicy, Objective, Window};
/// let page = AlertPolicy::WORKBOOK.rows()[0];
/// assert_eq!((page.factor(), page.budget_spent(Window::DAYS_30)), (14.4, 0.02));
/// assert_eq!(page.long(Window::DAYS_30).as_secs(), 3_600);
/// assert_eq!(page.short(Window::DAYS_30).as_secs(), 300);
/// assert!(!page.can_fire(Objective::literal("90%")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlertRow {
    severity: Severity,
    /// Of a 30 day promise.
    long_seconds: u64,
    factor: f64,
}

impl AlertRow {
    /// A row with a long window of a 30 day promise; the short one is a twelfth of it.
    ///
    /// Whether it can fire depends on the objective, and is checked where both meet: when the registry is built.
    ///
    /// ```
    /// use slo_core::{AlertRow, Severity, Window};
    /// use std::time::Duration;
    /// let row = AlertRow::new(Severity::Page, Duration::from_secs(2 * 3_600), 10.0)?;
    /// assert_eq!(row.short(Window::DAYS_30), Duration::from_secs(10 * 60));
    /// let error = AlertRow::new(Severity::Page, Duration::from_secs(3_600), 0.5).unwrap_err();
    /// assert_eq!(error.to_string(), "alert factor 0.5 keeps the promise: write at least 1");
    /// # Ok::<(), slo_core::AlertPolicyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the factor is below 1 or no number; if the window is shorter than two minutes, or no whole number of two
    /// minutes; if the row could only fire after the whole budget is gone (factor × window beyond 30 days).
    pub const fn new(severity: Severity, long: Duration, factor: f64) -> Result<Self, AlertPolicyError> {
        // A burn below 1 keeps the promise: alerting on it would cry wolf.
        if !(factor >= 1.0 && factor.is_finite()) {
            return Err(AlertPolicyError::Factor { factor });
        }
        let seconds = long.as_secs();
        if seconds == 0 || long.subsec_nanos() != 0 || !seconds.is_multiple_of(STEP.as_secs()) {
            return Err(AlertPolicyError::Window { long });
        }
        if factor * long.as_secs_f64() > Window::DAYS_30.duration().as_secs_f64() {
            return Err(AlertPolicyError::Budget { long, factor });
        }
        Ok(Self { severity, long_seconds: seconds, factor })
    }

    /// The same for literals; in a `const` a wrong row fails the build.
    ///
    /// # Panics
    ///
    /// If [`AlertRow::new`] refuses the row.
    #[must_use]
    pub const fn literal(severity: Severity, long: Duration, factor: f64) -> Self {
        match Self::new(severity, long, factor) {
            Ok(row) => row,
            Err(error) => panic!("{}", error.reason()),
        }
    }

    /// Returns how urgent the row is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// Returns the burn rate that must be exceeded.
    #[must_use]
    pub const fn factor(&self) -> f64 {
        self.factor
    }

    /// Returns the long window, for a promise over `window`: scaled, and rounded up to two minutes, so that the
    /// short one is a whole number of ticks of ten seconds.
    ///
    /// ```
    /// use slo_core::{AlertPolicy, Window};
    /// let page = AlertPolicy::WORKBOOK.rows()[0];
    /// let week = Window::literal("7d");
    /// assert_eq!((page.long(week).as_secs(), page.short(week).as_secs()), (14 * 60, 70));
    /// let hour = Window::literal("1h");
    /// assert_eq!((page.long(hour).as_secs(), page.short(hour).as_secs()), (2 * 60, 10));
    /// ```
    #[must_use]
    pub fn long(&self, window: Window) -> Duration {
        let scaled = self.long_seconds * window.duration().as_secs();
        let month = Window::DAYS_30.duration().as_secs();
        Duration::from_secs(scaled.div_ceil(month).next_multiple_of(STEP.as_secs()))
    }

    /// Returns the short window, a twelfth of the long one.
    #[must_use]
    pub fn short(&self, window: Window) -> Duration {
        self.long(window) / 12
    }

    /// Returns whether the short window has room for two slices of time.
    pub(super) fn holds(&self, window: Window, slices: TimeSlices) -> bool {
        self.short(window) >= 2 * slices.duration()
    }

    /// Returns the share of the budget that is gone when the long window has burnt at the factor throughout:
    /// factor × long ÷ period, as in table 5-8 of the SRE workbook. For promises over less than a few days,
    /// whose alert windows are rounded up, it is more than for a month.
    #[must_use]
    pub fn budget_spent(&self, window: Window) -> f64 {
        self.factor * self.long(window).as_secs_f64() / window.duration().as_secs_f64()
    }

    /// Returns whether even a total outage burns faster than the factor: factor × (1 − objective) < 1. By
    /// [`AlertForm::Count`](super::AlertForm::Count) that is so with even traffic: an outage at a peak may burn faster, but a
    /// row that must wait for one is refused or left out all the same.
    #[must_use]
    pub fn can_fire(&self, objective: Objective) -> bool {
        self.factor * objective.error_budget_ratio() < 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_rows_say_what_to_write() {
        for (minutes, factor, expected) in [
            (60, 14.4, None),
            (2, 1.0, None),
            (30 * 1_440, 1.0, None),
            (60, 0.99, Some("alert factor 0.99 keeps the promise: write at least 1")),
            (60, f64::NAN, Some("alert factor NaN keeps the promise: write at least 1")),
            (60, f64::INFINITY, Some("alert factor inf keeps the promise: write at least 1")),
            (0, 2.0, Some("alert window 0d is no whole number of two minutes: write one, such as 1h")),
            (3, 2.0, Some("alert window 3m is no whole number of two minutes: write one, such as 1h")),
            (
                30 * 1_440 + 2,
                1.0,
                Some(
                    "alert at 1 times the budget over 43202m fires after the budget is gone: write a shorter window or a lower factor",
                ),
            ),
            (
                4_320,
                14.4,
                Some(
                    "alert at 14.4 times the budget over 3d fires after the budget is gone: write a shorter window or a lower factor",
                ),
            ),
        ] {
            let row = AlertRow::new(Severity::Page, Duration::from_secs(minutes * 60), factor);
            assert_eq!(row.err().map(|error| error.to_string()).as_deref(), expected, "{minutes} {factor}");
        }
        let fine = AlertRow::new(Severity::Page, Duration::from_millis(120_001), 2.0);
        assert!(matches!(fine, Err(AlertPolicyError::Window { .. })));
    }
}
