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
/// // Of one of them already as soon as less than a quarter is left, of another one never.
/// let policy = policy.warn_below_of("checkout-availability", 0.25).warn_below_of("search-latency", 0.0);
/// # let _ = policy;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct BurnPolicy {
    warns_of_alerts: bool,
    budget_min: Option<f64>,
    /// Of single SLOs, by their names.
    budget_min_of: Vec<(String, f64)>,
    is_unready_while_paging: bool,
}

impl Default for BurnPolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl BurnPolicy {
    /// Budgets are no matter of health.
    pub const OFF: Self = Self {
        warns_of_alerts: false,
        budget_min: None,
        budget_min_of: Vec::new(),
        is_unready_while_paging: false,
    };

    /// Warns while an alert fires.
    pub const fn new() -> Self {
        let mut policy = Self::OFF;
        policy.warns_of_alerts = true;
        policy
    }

    /// Warns as well while less than this share of a budget is left: `0.1` is a tenth. What is no number never warns.
    pub const fn warn_below(mut self, share: f64) -> Self {
        self.budget_min = Some(share);
        self
    }

    /// Warns while less than this share of the budget of one SLO is left, whatever [`BurnPolicy::warn_below`] says of the
    /// others. `0.0` warns once it is overspent.
    ///
    /// An SLO without events has its whole budget, so nothing warns. There must be an SLO of this name, and the share must be
    /// one between 0 and 1: otherwise no registry is built with it.
    pub fn warn_below_of(mut self, slo: impl Into<String>, share: f64) -> Self {
        let slo = slo.into();
        self.budget_min_of.retain(|(other, _)| *other != slo);
        self.budget_min_of.push((slo, share));
        self
    }

    /// Takes the process out of service while a page fires. Only where its replicas fail each by themselves: what all of
    /// them suffer from withdraws them all.
    pub const fn unready_while_paging(mut self) -> Self {
        self.is_unready_while_paging = true;
        self
    }

    /// Returns the SLOs that are named, and the share of each below which it warns.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&str, f64)> {
        self.budget_min_of.iter().map(|(slo, share)| (&**slo, *share))
    }

    /// Returns the share of an SLO's budget below which it warns; `None` if nobody has to know how much is left.
    pub(crate) fn budget_min(&self, slo: &str) -> Option<f64> {
        self.named().find_map(|(name, share)| (name == slo).then_some(share)).or(self.budget_min)
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
            || remaining_ratio.zip(self.budget_min(slo)).is_some_and(is_low);
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
