//! The one read model of health: what every probe, page and metric says of it.

use serde::Serialize;

use super::burn::Burn;
use super::finding::Reading;
use super::life::Life;
use super::report::{Fault, Level};
use super::rules::Gate;
use super::runtime::RuntimeStatus;
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
    /// Whether somebody holds the start.
    pub is_held: bool,
    /// In the order in which they were given.
    pub checks: Vec<CheckStatus>,
    /// The promises that are being broken, as of the last tick.
    pub burns: Vec<Burn>,
    /// The runtimes that are watched, in the order of their checks.
    pub runtimes: Vec<RuntimeStatus>,
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
    /// The numbers that its last run has read; none where that did not report, or too long ago.
    pub readings: Vec<Reading>,
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
    /// What gates nothing, and budgets that burn, can make it a success with a warning, but no failure.
    #[must_use]
    pub fn readiness(&self, excluded: &[&str]) -> ProbeAnswer {
        let life = self.life_without(excluded).level;
        let gating = self.gating(Gate::Readiness, excluded).map(|check| check.level);
        // What has not run yet is no reason to look either.
        let others = self.gating(Gate::Informational, excluded).filter(|check| check.reported.is_some());
        let others = others.map(|check| check.level.min(Level::Warn));
        let burns = self.burns.iter().map(|burn| burn.level);
        ProbeAnswer::of(gating.chain(others).chain(burns).chain([life]))
    }

    /// Returns whether the process is neither starting, but for these checks, nor draining.
    #[must_use]
    pub fn life_without(&self, excluded: &[&str]) -> ProbeAnswer {
        match self.life {
            Life::Ready => ProbeAnswer::of([Level::Pass].into_iter()),
            Life::Starting if !self.is_held => self.startup_without(excluded),
            Life::Starting | Life::Draining => ProbeAnswer::of([Level::Fail].into_iter()),
        }
    }

    /// Returns whether the process has started; from then on it has.
    #[must_use]
    pub fn startup(&self) -> ProbeAnswer {
        self.startup_without(&[])
    }

    /// Returns whether the process has started but for these checks.
    #[must_use]
    pub fn startup_without(&self, excluded: &[&str]) -> ProbeAnswer {
        let mut gating = self.gating(Gate::Startup, excluded);
        let has_started = self.has_started || (!self.is_held && gating.all(|check| check.has_passed));
        ProbeAnswer::of([if has_started { Level::Pass } else { Level::Fail }].into_iter())
    }

    /// Returns the worst of all checks, whatever they gate: what people want to see.
    #[must_use]
    pub fn overall(&self) -> Level {
        self.liveness(&[]).level.max(self.readiness(&[]).level)
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
}
