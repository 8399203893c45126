//! What burning budgets mean for the health of the process.
//!
//! A budget that burns is a reason to look, not a reason to send requests elsewhere: the other replicas have the same
//! code and the same dependencies, and fewer of them burn it faster. So it warns.

use std::fmt;

use serde::Serialize;

use super::report::Level;
use crate::objective::Severity;

/// When a promise that is being broken shows in the health: while one of its alerts fires, unless changed.
///
/// ```
/// use slo_core::BurnPolicy;
/// // Also as soon as less than a tenth of a budget is left.
/// let policy = BurnPolicy::new().warn_below(0.1);
/// assert_ne!(policy, BurnPolicy::OFF);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct BurnPolicy {
    warns_of_alerts: bool,
    budget_min: Option<f64>,
    is_unready_while_paging: bool,
}

impl Default for BurnPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl BurnPolicy {
    /// Budgets are no matter of health.
    pub const OFF: Self = Self { warns_of_alerts: false, budget_min: None, is_unready_while_paging: false };

    /// Warns while an alert fires.
    pub const fn new() -> Self {
        Self { warns_of_alerts: true, ..Self::OFF }
    }

    /// Warns as well while less than this share of a budget is left: `0.1` is a tenth. What is no number never warns.
    pub const fn warn_below(self, share: f64) -> Self {
        Self { budget_min: Some(share), ..self }
    }

    /// Takes the process out of service while a page fires. Only where its replicas fail each by themselves: what all of
    /// them suffer from withdraws them all.
    pub const fn unready_while_paging(self) -> Self {
        Self { is_unready_while_paging: true, ..self }
    }

    /// Returns whether anybody has to know how much of the budgets is left.
    pub(crate) const fn looks_at_budgets(&self) -> bool {
        self.budget_min.is_some()
    }

    /// Returns what is to be said of a promise, if anything.
    pub(crate) fn burn(
        &self,
        slo: &str,
        firing: Option<Severity>,
        remaining_ratio: Option<f64>,
    ) -> Option<Burn> {
        let is_low = |(ratio, least): (f64, f64)| ratio < least;
        let warns = (self.warns_of_alerts && firing.is_some())
            || remaining_ratio.zip(self.budget_min).is_some_and(is_low);
        let fails = self.is_unready_while_paging && firing == Some(Severity::Page);
        let level = if fails { Level::Fail } else { Level::Warn };
        (warns || fails).then(|| Burn { slo: slo.to_owned(), level, firing, remaining_ratio })
    }
}

/// A promise that is being broken, as of the last tick.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Burn {
    /// The name of the SLO.
    pub slo: String,
    /// What it means for the readiness: a warning, unless the policy says more.
    pub level: Level,
    /// The most urgent alert that fires.
    pub firing: Option<Severity>,
    /// Share of the budget that is left, as far as somebody asked; negative when overspent.
    pub remaining_ratio: Option<f64>,
}

impl Burn {
    /// Returns whether it says the same, but for how much is left.
    pub(super) fn is_as(&self, other: &Self) -> bool {
        (&self.slo, self.level, self.firing) == (&other.slo, other.level, other.firing)
    }
}

/// Why: `page firing, 4.2% of the budget left`.
impl fmt::Display for Burn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let firing = self.firing.map(|severity| format!("{} firing", severity.as_str()));
        let left = self.remaining_ratio.map(|ratio| format!("{:.1}% of the budget left", ratio * 100.0));
        f.write_str(&firing.into_iter().chain(left).collect::<Vec<_>>().join(", "))
    }
}
