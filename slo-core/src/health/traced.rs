//! The health as events of `tracing`: one for each edge, none for a run that changes nothing.

use tracing::{Level as Log, event};

use super::change::Change;
use super::report::{Fault, Level};
use super::status::{CheckStatus, HealthStatus};
use crate::objective::Severity;

/// Says what has changed: a warning where somebody should look, information where it is over or was meant.
pub(super) fn trace(before: &HealthStatus, after: &HealthStatus) {
    for change in after.changes_since(before) {
        match change {
            Change::Life { from, to } => {
                event!(
                    target: "slo::health",
                    Log::INFO,
                    from = from.as_str(),
                    to = to.as_str(),
                    "process is {}",
                    to.as_str(),
                );
            }
            Change::Check { from, to } => trace_check(from, to),
            Change::Burns(burn) => {
                event!(
                    target: "slo::health",
                    Log::WARN,
                    slo = burn.slo.as_str(),
                    severity = burn.firing.map(Severity::as_str),
                    remaining_ratio = burn.remaining_ratio,
                    "budget burns",
                );
            }
            Change::Recovered(burn) => {
                event!(target: "slo::health", Log::INFO, slo = burn.slo.as_str(), "budget burns no more");
            }
        }
    }
}

fn trace_check(from: &CheckStatus, to: &CheckStatus) {
    macro_rules! say {
        ($level:ident, $what:literal) => {
            event!(
                target: "slo::health",
                Log::$level,
                check = to.name.as_str(),
                gate = to.gate,
                from = from.level.as_str(),
                to = to.level.as_str(),
                reason = to.fault.as_ref().map(Fault::to_string),
                $what,
            )
        };
    }
    match to.level {
        Level::Pass => say!(INFO, "check passes"),
        Level::Warn => say!(WARN, "check warns"),
        Level::Unknown => say!(WARN, "check is silent"),
        Level::Fail => say!(WARN, "check fails"),
    }
}
