//! What the gate says, and why.

use serde::Serialize;

use super::GatePolicy;
use crate::objective::Severity;
use crate::time::Timestamp;

/// Whether to release, with the reasons why not.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GateDecision {
    /// Whether the error budgets allow a release.
    pub allowed: bool,
    /// The service that was asked.
    pub service: String,
    /// The moment that the numbers are of.
    pub at: Timestamp,
    /// Whose numbers they are.
    pub numbers: GateNumbers,
    /// Why not; empty if it is allowed.
    pub reasons: Vec<GateReason>,
    /// What would be a reason, were its SLO not exempt.
    pub exempted: Vec<GateReason>,
}

/// Whose budgets decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GateNumbers {
    /// Those of the process that was asked.
    Process,
    /// Those of all processes.
    Fleet,
}

/// One reason to wait.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GateReason {
    /// The SLO.
    pub slo: String,
    /// The rule that it breaks.
    pub rule: GateRule,
    /// The number that breaks it; `None` where there is none.
    pub value: Option<f64>,
    /// What it is held against.
    pub limit: Option<f64>,
    /// The reason in words.
    pub text: String,
}

/// A rule of the gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum GateRule {
    /// An alert fires.
    Alert,
    /// Too little of the budget is left.
    Budget,
    /// The budget burns too fast.
    Burn,
    /// Too little of the window was watched.
    Coverage,
    /// The fleet's numbers are not known.
    Fleet,
}

/// What the gate goes by, of one SLO.
#[derive(Debug)]
pub(crate) struct Standing<'a> {
    pub(crate) slo: &'a str,
    /// The most urgent alert that fires, how fast the budget burns, and how fast it may.
    pub(crate) firing: Option<(Severity, Option<f64>, Option<f64>)>,
    /// Or why they are not known.
    pub(crate) numbers: Result<Numbers, String>,
}

/// The numbers of one SLO, of whomever; what is `None` has no meaning yet, as there were no events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers {
    pub(crate) remaining: Option<f64>,
    /// Over [`Numbers::BURN_WINDOW`].
    pub(crate) burn: Option<f64>,
    pub(crate) coverage: Option<f64>,
}

impl Numbers {
    /// Long enough to mean something, short enough to be about now.
    pub(crate) const BURN_WINDOW: &str = "1h";
}

impl GatePolicy {
    /// Decides by how all SLOs stand.
    pub(crate) fn decide_by<'a>(
        &self,
        service: &str,
        at: Timestamp,
        standings: impl Iterator<Item = Standing<'a>>,
    ) -> GateDecision {
        let all = standings.flat_map(|standing| self.reasons(&standing));
        let (exempted, reasons): (Vec<_>, Vec<_>) = all.partition(|reason| self.exempt.contains(&reason.slo));
        GateDecision {
            allowed: reasons.is_empty(),
            service: service.to_owned(),
            at,
            numbers: if self.asks_fleet { GateNumbers::Fleet } else { GateNumbers::Process },
            reasons,
            exempted,
        }
    }

    fn reasons(&self, standing: &Standing<'_>) -> Vec<GateReason> {
        let slo = standing.slo;
        let mut reasons = Vec::new();
        let mut add = |rule, value, limit, text| {
            reasons.push(GateReason { slo: slo.to_owned(), rule, value, limit, text });
        };
        let refused = |severity| self.refuses.is_some_and(|least| severity >= least);
        if let Some((severity, burn, factor)) = standing.firing.filter(|(severity, ..)| refused(*severity)) {
            let text = format!("a {} fires for {slo}: end the incident first", severity.as_str());
            add(GateRule::Alert, burn, factor, text);
        }
        let numbers = match &standing.numbers {
            Ok(numbers) => numbers,
            Err(why) => {
                let text = format!("what the fleet does about {slo} is not known: {why}");
                add(GateRule::Fleet, None, None, text);
                return reasons;
            }
        };
        // Compared as the numbers are, not as they are written.
        if let Some(left) = numbers.remaining.filter(|left| *left <= self.budget_above) {
            let (has, needed) = (percent(left), percent(self.budget_above));
            let text =
                format!("{slo} has {has} of its error budget left, and a release needs more than {needed}");
            add(GateRule::Budget, Some(left), Some(self.budget_above), text);
        }
        if let Some((rate, most)) = numbers.burn.zip(self.burn_max).filter(|(rate, most)| rate > most) {
            let text = format!(
                "{slo} has burned its budget {rate:.2} times as fast as it may for an hour, and a release allows {most}"
            );
            add(GateRule::Burn, Some(rate), Some(most), text);
        }
        // What nobody has watched is no share of the window.
        let known = numbers.coverage.unwrap_or(0.0);
        if let Some(least) = self.coverage_min.filter(|least| known < *least) {
            let (has, needed) = (percent(known), percent(least));
            let text =
                format!("only {has} of the window of {slo} has been watched, and a release needs {needed}");
            add(GateRule::Coverage, Some(known), Some(least), text);
        }
        reasons
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
