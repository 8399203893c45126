//! The states an alert goes through: inactive, firing, resolved.
//!
//! They change at ticks only, so that everybody who asks between two ticks gets the same answer, and each change is
//! reported once. A severity fires while any of its rows does, and has resolved as soon as none does any more: the short
//! windows end it soon after the trouble, the long ones keep a flapping service from flapping too. What a status says of
//! an alert is of the last tick; its burn rates are of now.

use std::collections::BTreeMap;

use super::evaluate::{self, Fired};
use super::{AlertChange, AlertRowStatus, AlertStatus, AlertTransition};
use crate::budget::{BurnRate, ErrorBudget};
use crate::objective::{Severity, Slo};
use crate::time::Timestamp;
use crate::window::Past;

/// The states of all severities of one SLO.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AlertStates {
    /// In the order of [`Severity::ALL`].
    pub(super) states: [State; Severity::ALL.len()],
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    pub(super) firing: Option<Firing>,
    pub(super) resolved: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Firing {
    pub(super) since: Timestamp,
    pub(super) fired: Fired,
    pub(super) budget_spent: Option<f64>,
}

/// The most urgent of what fires for an SLO.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Alarm {
    pub(crate) severity: Severity,
    /// Index of the row in the policy.
    pub(crate) row: usize,
    pub(crate) long_burn: BurnRate,
    pub(crate) short_burn: BurnRate,
}

/// What is measured of an alert.
#[derive(Clone, Copy, Debug)]
struct Measured {
    long_burn: Option<BurnRate>,
    short_burn: Option<BurnRate>,
    budget_spent: Option<f64>,
}

impl AlertStates {
    /// Moves on to `now`, given the past as of then, and reports what has changed.
    pub(crate) fn tick(
        &mut self,
        slo: &Slo,
        now: Timestamp,
        past: &impl Past,
        report: &mut impl FnMut(AlertTransition),
    ) {
        for (state, severity) in self.states.iter_mut().zip(Severity::ALL) {
            let before = state.firing;
            state.firing = evaluate::firing(slo, severity, past).map(|fired| Firing {
                since: before.map_or(now, |firing| firing.since),
                fired,
                budget_spent: budget_spent(slo, past),
            });
            let transition = |change, firing: &Firing, measured| {
                AlertTransition::new(slo, severity, (change, now), firing.since, (firing.fired.row, measured))
            };
            match (&before, &state.firing) {
                (None, Some(firing)) => report(transition(AlertChange::Fired, firing, firing.measured())),
                (Some(last), None) => {
                    state.resolved = Some(now);
                    let [long_burn, short_burn] =
                        evaluate::burns(slo, &slo.alerts().rows()[last.fired.row], past);
                    let budget_spent = budget_spent(slo, past);
                    let measured = Measured { long_burn, short_burn, budget_spent };
                    report(transition(AlertChange::Resolved, last, measured));
                }
                (None, None) | (Some(_), Some(_)) => {}
            }
        }
    }

    /// Returns the most urgent of what fires, as of the last tick.
    pub(crate) fn alarm(&self) -> Option<Alarm> {
        let firing = Severity::ALL.into_iter().zip(&self.states);
        firing.filter_map(|(severity, state)| Some((severity, state.firing?.fired))).next().map(
            |(severity, fired)| Alarm {
                severity,
                row: fired.row,
                long_burn: fired.long,
                short_burn: fired.short,
            },
        )
    }

    /// Returns the state of every severity that the SLO's policy can raise.
    pub(crate) fn statuses(&self, slo: &Slo) -> Vec<AlertStatus> {
        let states = Severity::ALL.into_iter().zip(&self.states);
        let raised = states.filter(|(severity, _)| evaluate::can_raise(slo, *severity));
        raised.map(|(severity, state)| state.status(slo, severity)).collect()
    }
}

impl State {
    fn status(&self, slo: &Slo, severity: Severity) -> AlertStatus {
        let firing = self.firing.as_ref();
        let measured = firing.map(Firing::measured);
        AlertStatus {
            severity,
            active: firing.is_some(),
            since: firing.map(|firing| firing.since),
            row: firing.map(|firing| AlertRowStatus::new(slo, firing.fired.row)),
            long_burn: measured.and_then(|measured| measured.long_burn),
            short_burn: measured.and_then(|measured| measured.short_burn),
            budget_spent: measured.and_then(|measured| measured.budget_spent),
            resolved: self.resolved,
        }
    }
}

impl Firing {
    fn measured(&self) -> Measured {
        let (long_burn, short_burn) = (Some(self.fired.long), Some(self.fired.short));
        Measured { long_burn, short_burn, budget_spent: self.budget_spent }
    }
}

impl AlertTransition {
    fn new(
        slo: &Slo,
        severity: Severity,
        (change, at): (AlertChange, Timestamp),
        since: Timestamp,
        (row, measured): (usize, Measured),
    ) -> Self {
        let labels: BTreeMap<_, _> =
            slo.labels().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let row = AlertRowStatus::new(slo, row);
        let (slo, Measured { long_burn, short_burn, budget_spent }) = (slo.name().to_owned(), measured);
        Self { slo, labels, severity, change, at, since, row, long_burn, short_burn, budget_spent }
    }
}

fn budget_spent(slo: &Slo, past: &impl Past) -> Option<f64> {
    ErrorBudget::new(slo.objective(), past.period().counts).spent_ratio()
}
