//! What may still go wrong, and how fast it is going wrong.
//!
//! Event-weighted throughout: a budget is a number of events, not a mean of ratios. Without events there is
//! no answer, and `None` says so.

mod forecast;

pub use self::forecast::Exhaustion;

use serde::Serialize;

use crate::objective::Objective;
use crate::window::Counts;

/// The bad events that a promise allows over its window, and what became of them.
///
/// ```
/// use slo_core::{Counts, ErrorBudget, Objective};
/// let budget = ErrorBudget::new(Objective::literal("99.9%"), Counts { good: 99_950, bad: 50 });
/// assert_eq!(budget.allowed(), 100.0);
/// assert_eq!(budget.remaining(), 50.0);
/// assert_eq!(budget.remaining_ratio(), Some(0.5));
/// assert_eq!(ErrorBudget::new(Objective::literal("99.9%"), Counts::default()).remaining_ratio(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorBudget {
    objective: Objective,
    counts: Counts,
}

impl ErrorBudget {
    /// The budget of this objective after these events.
    #[must_use]
    pub const fn new(objective: Objective, counts: Counts) -> Self {
        Self { objective, counts }
    }

    /// Returns how many of the events may be bad: total × (1 − objective).
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events, rounded beyond")]
    pub fn allowed(&self) -> f64 {
        self.counts.total() as f64 * self.objective.error_budget_ratio()
    }

    /// Returns how many are bad.
    #[must_use]
    pub const fn spent(&self) -> u64 {
        self.counts.bad
    }

    /// Returns how many more may be bad; negative when the promise is broken.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events, rounded beyond")]
    pub fn remaining(&self) -> f64 {
        self.allowed() - self.counts.bad as f64
    }

    /// Returns the share of the budget that is left, or `None` if there were no events. Negative when the
    /// promise is broken.
    #[must_use]
    pub fn remaining_ratio(&self) -> Option<f64> {
        // The same as 1 − burn rate over the whole window.
        Some(1.0 - BurnRate::new(self.objective, self.counts)?.get())
    }

    /// Returns the share of the budget that is spent, or `None` if there were no events. Above 1 when the promise is
    /// broken.
    pub(crate) fn spent_ratio(&self) -> Option<f64> {
        Some(1.0 - self.remaining_ratio()?)
    }
}

/// The spending speed of an error budget: 1 spends exactly all of it over the SLO window.
///
/// The ratio of bad events divided by the ratio that may be bad (SRE workbook, chapter 5).
///
/// ```
/// use slo_core::{BurnRate, Counts, Objective};
/// let objective = Objective::literal("99.9%");
/// // Ten requests in an hour, one of them bad: a burn of 100.
/// let burn = BurnRate::new(objective, Counts { good: 9, bad: 1 }).expect("there were events");
/// assert!((burn.get() - 100.0).abs() < 1e-9);
/// assert_eq!(BurnRate::new(objective, Counts::default()), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct BurnRate(f64);

impl BurnRate {
    /// The speed at which these events spend the budget of this objective; `None` if there were no events.
    #[must_use]
    pub fn new(objective: Objective, counts: Counts) -> Option<Self> {
        Some(Self(counts.bad_ratio()? / objective.error_budget_ratio()))
    }

    /// The speed at which so many bad events spend the budget of so many expected events; `None` if none is expected.
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events, rounded beyond")]
    pub(crate) fn of_expected(objective: Objective, bad: u64, expected: f64) -> Option<Self> {
        let is_known = expected > 0.0 && expected.is_finite();
        is_known.then(|| Self(bad as f64 / expected / objective.error_budget_ratio()))
    }

    /// A rate that was worked out, and saved, before.
    #[cfg(feature = "store")]
    pub(crate) const fn restored(rate: f64) -> Self {
        Self(rate)
    }

    /// Returns the rate.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_agree_with_arithmetic_by_hand() {
        for (objective, good, bad, remaining) in [
            ("99.9%", 9_990, 10, 0.0),
            ("99.9%", 9_980, 20, -1.0),
            ("99.9%", 0, 5, -999.0),
            ("99%", 7_100, 100, -0.388_888_888_888_888_9),
            ("99.9995%", 1_999_999, 1, 0.9),
            ("50%", 3, 1, 0.5),
        ] {
            let budget = ErrorBudget::new(Objective::literal(objective), Counts { good, bad });
            let ratio = budget.remaining_ratio().unwrap();
            assert!((ratio - remaining).abs() < 1e-9, "{objective} {good} {bad}: {ratio}");
            assert!((budget.remaining() - ratio * budget.allowed()).abs() < 1e-6);
        }
    }
}
