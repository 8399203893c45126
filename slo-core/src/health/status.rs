//! The one read model of health: what every probe, page and metric says of it.

use std::fmt::Write as _;

use serde::Serialize;

use super::life::Life;
use super::report::{Fault, Level};
use super::rules::Gate;
use crate::time::Timestamp;

/// The health of the process at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HealthStatus {
    /// When it was worked out.
    pub at: Timestamp,
    /// Where in its life the process is.
    pub life: Life,
    /// Whether everything that gates the start has passed once.
    pub has_started: bool,
    /// In the order in which they were given.
    pub checks: Vec<CheckStatus>,
}

/// One check at one moment.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CheckStatus {
    /// Its name.
    pub name: String,
    /// What it decides: `informational`, `startup`, `readiness` or `liveness`.
    pub gate: &'static str,
    /// How well it is; no worse than a warning where the check is not critical.
    pub level: Level,
    /// Whether there is a result that is not too old.
    pub is_known: bool,
    /// Why it is not well.
    pub fault: Option<Fault>,
    /// Since when the last results say so.
    pub since: Option<Timestamp>,
    /// When it last reported.
    pub reported: Option<Timestamp>,
    /// How long its last run took.
    pub took_seconds: Option<f64>,
    /// When it last passed, or warned.
    pub last_success: Option<Timestamp>,
    /// Its last failure, which is kept when it has recovered.
    pub last_failure: Option<Failure>,
    /// Whether it has ever passed.
    pub has_passed: bool,
    /// How many runs passed, warned and failed.
    pub runs: [u64; 3],
}

/// A run that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Failure {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub fault: Fault,
}

/// What a probe is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProbeAnswer {
    /// The worst of what it looks at.
    pub level: Level,
    /// Whether the answer is a success: passing, or passing with a warning.
    pub is_success: bool,
}

impl ProbeAnswer {
    fn of(levels: impl Iterator<Item = Level>) -> Self {
        // In the order of the levels: fail, then unknown, then warn, then pass.
        let level = levels.max().unwrap_or(Level::Pass);
        Self { level, is_success: level <= Level::Warn }
    }
}

impl HealthStatus {
    /// Returns the check of this name.
    #[must_use]
    pub fn check(&self, name: &str) -> Option<&CheckStatus> {
        self.checks.iter().find(|check| check.name == name)
    }

    /// Returns whether the process should go on living. A check that has not run yet says nothing against it; one that has
    /// stopped reporting does.
    #[must_use]
    pub fn liveness(&self, excluded: &[&str]) -> ProbeAnswer {
        let checks = self.gating(Gate::Liveness, excluded);
        ProbeAnswer::of(checks.filter(|check| check.reported.is_some()).map(|check| check.level))
    }

    /// Returns whether the process should get requests: it is ready and not draining, and all that gates readiness is well.
    #[must_use]
    pub fn readiness(&self, excluded: &[&str]) -> ProbeAnswer {
        let life = match self.life {
            Life::Ready => Level::Pass,
            Life::Starting | Life::Draining => Level::Fail,
        };
        let checks = self.gating(Gate::Readiness, excluded);
        ProbeAnswer::of(checks.map(|check| check.level).chain([life]))
    }

    /// Returns whether the process has started; from then on it has.
    #[must_use]
    pub fn startup(&self) -> ProbeAnswer {
        ProbeAnswer::of([if self.has_started { Level::Pass } else { Level::Fail }].into_iter())
    }

    /// Returns the worst of all checks, whatever they gate: what people want to see.
    #[must_use]
    pub fn overall(&self) -> Level {
        let gating = [self.liveness(&[]), self.readiness(&[])].map(|answer| answer.level);
        // What gates nothing is no reason to fail.
        let others = self.checks.iter().filter(|check| check.gate == Gate::Informational.as_str());
        let others = others.map(|check| check.level.min(Level::Warn));
        others.chain(gating).max().unwrap_or(Level::Pass)
    }

    /// Returns the checks that decide this.
    pub fn gating<'a>(
        &'a self,
        gate: Gate,
        excluded: &'a [&'a str],
    ) -> impl Iterator<Item = &'a CheckStatus> {
        let gates = move |check: &&CheckStatus| check.gate == gate.as_str();
        self.checks.iter().filter(gates).filter(move |check| !excluded.contains(&check.name.as_str()))
    }

    /// Writes what a change of this status is about, for the log: `database: pass → fail`.
    pub(super) fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        if before.life != self.life {
            changes.push(format!("{} → {}", before.life.as_str(), self.life.as_str()));
        }
        for (check, was) in self.checks.iter().zip(&before.checks) {
            if check.level != was.level {
                let mut change = format!("{}: {} → {}", check.name, was.level.as_str(), check.level.as_str());
                if let Some(fault) = &check.fault {
                    // Writing to a text cannot fail.
                    let _ = write!(change, " ({fault})");
                }
                changes.push(change);
            }
        }
        changes
    }
}
