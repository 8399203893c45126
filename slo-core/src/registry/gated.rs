//! What the release gate goes by: the status, as everybody else.

use super::status::{BurnRateStatus, SloStatus, Status};
use crate::budget::BurnRate;
use crate::gate::{GateDecision, GateError, GatePolicy, Numbers, Standing};

impl GatePolicy {
    /// Decides by this status.
    ///
    /// ```
    /// use slo_core::{Clock, GatePolicy, GateRule, Objective, Outcome, Registry, Sli, Slo, Timestamp};
    ///
    /// let slo = Slo::new("job-availability", Sli::Availability, Objective::parse("99%")?)?.with_operation("job")?;
    /// let registry = Registry::builder("shop").slo(slo).build()?;
    /// for outcome in [Outcome::Completed(0), Outcome::Panicked] {
    ///     registry.attempt("job").finish(outcome);
    /// }
    /// let decision = GatePolicy::new().decide(&registry.status());
    /// assert!(!decision.allowed);
    /// assert_eq!(decision.reasons[0].rule, GateRule::Budget);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn decide(&self, status: &Status) -> GateDecision {
        let standings = status.slos.iter().map(|slo| standing(slo, self.asks_fleet()));
        self.decide_by(&status.service, status.at, standings)
    }

    /// Looks whether the policy can decide by such a status.
    ///
    /// # Errors
    ///
    /// If a limit is one that nothing or everything keeps, an exempt SLO does not exist, or the policy goes by a fleet that
    /// nobody is asked about.
    pub fn check(&self, status: &Status) -> Result<(), GateError> {
        self.check_names(status.slos.iter().map(|slo| &*slo.name))?;
        let lacks_fleet = |slo: &SloStatus| slo.slices.is_none() && slo.fleet.is_none();
        if self.asks_fleet() && status.slos.iter().any(lacks_fleet) {
            return Err(GateError::NoFleet);
        }
        Ok(())
    }
}

fn standing(slo: &SloStatus, asks_fleet: bool) -> Standing<'_> {
    // The most urgent one stands first.
    let firing = slo.alerts.iter().find(|alert| alert.active).map(|alert| {
        let factor = alert.row.as_ref().map(|row| row.factor);
        (alert.severity, alert.long_burn.map(BurnRate::get), factor)
    });
    let numbers = if asks_fleet && slo.slices.is_none() { of_fleet(slo) } else { Ok(of_process(slo)) };
    Standing { slo: &slo.name, firing, numbers }
}

fn of_process(slo: &SloStatus) -> Numbers {
    let (remaining, coverage) = (slo.budget.remaining_ratio, Some(slo.coverage));
    Numbers { remaining, burn: burn(&slo.burn_rates), coverage }
}

fn of_fleet(slo: &SloStatus) -> Result<Numbers, String> {
    let fleet = slo.fleet.as_ref().ok_or("no Prometheus is asked")?;
    if fleet.stale {
        return Err(fleet
            .error
            .clone()
            .unwrap_or_else(|| "there is no answer yet, or only an old one".to_owned()));
    }
    // A server that is asked for the wrong labels, or scrapes nobody any more, answers all the same.
    if fleet.events.is_none() {
        return Err("the Prometheus knows of none of its events".to_owned());
    }
    if fleet.processes == 0 {
        return Err("the Prometheus sees no process of it".to_owned());
    }
    let (remaining, coverage) = (fleet.budget_remaining_ratio, fleet.coverage);
    Ok(Numbers { remaining, burn: burn(&fleet.burn_rates), coverage })
}

fn burn(rates: &[BurnRateStatus]) -> Option<f64> {
    let last_hour = rates.iter().find(|burn| burn.window == Numbers::BURN_WINDOW)?;
    last_hour.rate.map(BurnRate::get)
}
