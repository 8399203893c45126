//! Alerts as events of `tracing`: one for each that fires or resolves.

use tracing::{Level, event};

use super::{AlertChange, AlertTransition};
use crate::budget::BurnRate;
use crate::objective::Severity;

/// Says what has become of an alert: a page that fires is an error, a ticket a warning, and the end of either is
/// information. What is not known is left out.
pub(crate) fn trace(service: &str, transition: &AlertTransition) {
    macro_rules! say {
        ($level:ident) => {
            event!(
                target: "slo::alert",
                Level::$level,
                service,
                slo = transition.slo.as_str(),
                severity = transition.severity.as_str(),
                factor = transition.row.factor,
                long_window = transition.row.long.as_str(),
                short_window = transition.row.short.as_str(),
                long_burn = transition.long_burn.map(BurnRate::get),
                short_burn = transition.short_burn.map(BurnRate::get),
                budget_spent = transition.budget_spent,
                lasted_seconds = (transition.at - transition.since).as_secs_f64(),
                "alert {}",
                transition.change.as_str(),
            )
        };
    }
    match (transition.change, transition.severity) {
        (AlertChange::Fired, Severity::Page) => say!(ERROR),
        (AlertChange::Fired, Severity::Ticket) => say!(WARN),
        (AlertChange::Resolved, Severity::Page | Severity::Ticket) => say!(INFO),
    }
}
