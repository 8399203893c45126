//! What differs between two states of the health: the edges that somebody is told of.

use super::burn::Burn;
use super::life::Life;
use super::status::{CheckStatus, HealthStatus};

/// One edge.
#[cfg_attr(
    not(feature = "tracing"),
    expect(dead_code, reason = "without the log it only matters that there is one")
)]
#[derive(Clone, Copy, Debug)]
pub(super) enum Change<'a> {
    /// The process lives on in another way.
    Life {
        /// Before.
        from: Life,
        /// Since.
        to: Life,
    },
    /// A check is better or worse.
    Check {
        /// Before.
        from: &'a CheckStatus,
        /// Since.
        to: &'a CheckStatus,
    },
    /// A budget burns, or does so in another way.
    Burns(&'a Burn),
    /// It does no more.
    Recovered(&'a Burn),
}

impl HealthStatus {
    /// Returns what has changed since `before`.
    pub(super) fn changes_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = Change<'a>> {
        let life = (before.life != self.life).then_some(Change::Life { from: before.life, to: self.life });
        let checks = before.checks.iter().zip(&self.checks).filter(|(from, to)| from.level != to.level);
        let checks = checks.map(|(from, to)| Change::Check { from, to });
        let burns = self.burns.iter().filter(|burn| !before.burns.iter().any(|other| burn.is_as(other)));
        let gone = |burn: &&Burn| !self.burns.iter().any(|other| other.slo == burn.slo);
        let recovered = before.burns.iter().filter(gone);
        life.into_iter().chain(checks).chain(burns.map(Change::Burns)).chain(recovered.map(Change::Recovered))
    }
}
