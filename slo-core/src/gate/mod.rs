//! The release gate: whether the error budgets allow to release, for pipelines to ask before they do.
//!
//! An error budget is there to be spent on releases; once it is gone, what is left to do is what makes the service more
//! reliable. The policy says when that is, in the terms of the SRE workbook's example of an error budget policy.

mod decision;

use std::fmt;

pub use self::decision::{GateDecision, GateNumbers, GateReason, GateRule};
pub(crate) use self::decision::{Numbers, Standing};
use crate::objective::Severity;

/// When the error budgets allow a release: unless changed, while no page fires and every SLO has some of its budget left.
///
/// ```
/// use slo_core::{GatePolicy, Registry};
///
/// let registry = Registry::builder("shop").build()?;
/// // A tenth of each budget is kept back, and nothing may burn three times as fast as it may.
/// let policy = GatePolicy::new().budget_above(0.1).burn_max(3.0).exempt("recommendations-availability");
/// let decision = policy.decide(&registry.status());
/// assert!(decision.allowed && decision.reasons.is_empty());
/// # Ok::<(), slo_core::BuildError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct GatePolicy {
    budget_above: f64,
    burn_max: Option<f64>,
    coverage_min: Option<f64>,
    refuses: Option<Severity>,
    exempt: Vec<String>,
    asks_fleet: bool,
}

impl Default for GatePolicy {
    fn default() -> Self {
        Self::new()
    }
}

impl GatePolicy {
    /// Refuses while a page fires, and where nothing of a budget is left.
    pub const fn new() -> Self {
        Self {
            budget_above: 0.0,
            burn_max: None,
            coverage_min: None,
            refuses: Some(Severity::Page),
            exempt: Vec::new(),
            asks_fleet: false,
        }
    }

    /// Refuses unless more than this share of each budget is left: `0.1` is a tenth, `0.0` what it is unless changed, and
    /// a negative share lets budgets be overspent.
    pub fn budget_above(self, share: f64) -> Self {
        Self { budget_above: share, ..self }
    }

    /// Refuses where a budget has burned faster than this over the last hour: 1 spends exactly all of it in its window.
    pub fn burn_max(self, rate: f64) -> Self {
        Self { burn_max: Some(rate), ..self }
    }

    /// Refuses where less than this share of an SLO's window has been watched: a process without a past has a whole budget
    /// and knows nothing.
    pub fn coverage_min(self, share: f64) -> Self {
        Self { coverage_min: Some(share), ..self }
    }

    /// Refuses while a ticket fires as well, not only a page.
    pub fn refuse_tickets(self) -> Self {
        Self { refuses: Some(Severity::Ticket), ..self }
    }

    /// Looks at no alert, only at the numbers.
    pub fn allow_while_alerting(self) -> Self {
        Self { refuses: None, ..self }
    }

    /// Allows whatever becomes of the SLO of this name; the decision still tells it.
    pub fn exempt(mut self, slo: impl Into<String>) -> Self {
        self.exempt.push(slo.into());
        self
    }

    /// Goes by the budgets, burn rates and coverage of the whole fleet, as a Prometheus knows them, and by the alerts of
    /// this process. What counts in slices of time has no fleet: of that the process decides. Refuses while the fleet is not
    /// known: without an answer, by an old one, and by one that has no events of an SLO, or no process that is there now. A
    /// pipeline that is told nothing should not take it for consent.
    pub fn of_fleet(self) -> Self {
        Self { asks_fleet: true, ..self }
    }

    /// Returns whether it goes by the numbers of the fleet.
    #[must_use]
    pub const fn asks_fleet(&self) -> bool {
        self.asks_fleet
    }

    /// Refuses limits that nothing or everything keeps, and exempt SLOs that are not among these.
    pub(crate) fn check_names<'a>(&self, slos: impl Iterator<Item = &'a str>) -> Result<(), GateError> {
        let limits = [Some(self.budget_above), self.burn_max, self.coverage_min];
        let names = ["budget_above", "burn_max", "coverage_min"];
        let shares = [f64::NEG_INFINITY..=1.0, 0.0..=f64::MAX, 0.0..=1.0];
        for ((limit, name), allowed) in limits.into_iter().zip(names).zip(shares) {
            if let Some(value) = limit.filter(|limit| limit.is_infinite() || !allowed.contains(limit)) {
                return Err(GateError::Limit { name, value });
            }
        }
        let slos: Vec<&str> = slos.collect();
        match self.exempt.iter().find(|name| !slos.contains(&name.as_str())) {
            Some(name) => Err(GateError::Exempt { name: name.clone(), slos: slos.join(", ") }),
            None => Ok(()),
        }
    }
}

/// Why a policy of the release gate is refused.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GateError {
    /// A limit that no number can keep, or every one.
    Limit {
        /// Which one.
        name: &'static str,
        /// What was given.
        value: f64,
    },
    /// It goes by a fleet that nobody is asked about.
    NoFleet,
    /// There is no such SLO to exempt.
    Exempt {
        /// What was given.
        name: String,
        /// Those that there are.
        slos: String,
    },
}

impl fmt::Display for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit { name, value } => {
                let allowed = match *name {
                    "burn_max" => "a burn rate of 0 or more, such as 3.0",
                    "coverage_min" => "a share from 0 to 1, such as 0.5",
                    _ => "a share of at most 1, such as 0.1",
                };
                write!(f, "the release gate's {name} is {value}: write {allowed}")
            }
            Self::NoFleet => f.write_str(
                "the release gate goes by the fleet, but nobody is asked about it: give the builder a `fleet`, or leave \
                 `of_fleet` out",
            ),
            Self::Exempt { name, slos } if slos.is_empty() => {
                write!(f, "the release gate exempts SLO {name:?}, but there are none: remove it")
            }
            Self::Exempt { name, slos } => {
                write!(f, "the release gate exempts SLO {name:?}, which there is not: write one of {slos}")
            }
        }
    }
}

impl std::error::Error for GateError {}
