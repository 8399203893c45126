//! What is said of a whole fleet, beside what this process says of itself.

use serde::Serialize;

use super::status::BurnRateStatus;
use crate::time::Timestamp;
use crate::window::Counts;

/// One SLO over all processes that a Prometheus knows of, as it last answered. What is `None` is not known, or there were
/// no events.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FleetStatus {
    /// When the server was asked that answered; `None` if none has yet.
    pub at: Option<Timestamp>,
    /// How many seconds ago that was.
    pub age_seconds: Option<f64>,
    /// Whether that is longer ago than three intervals between questions, or never was.
    pub stale: bool,
    /// Why the last question was not answered; `None` if it was.
    pub error: Option<String>,
    /// Processes that were there.
    pub processes: u64,
    /// Events within the window, rounded from what the server estimates.
    pub events: Option<Counts>,
    /// Share of good events within the window.
    pub sli_ratio: Option<f64>,
    /// Share of the window's error budget that is left; negative when overspent.
    pub budget_remaining_ratio: Option<f64>,
    /// The burn rate over the same windows as of this process.
    pub burn_rates: Vec<BurnRateStatus>,
    /// Share of the window for which the server has data of some process.
    pub coverage: Option<f64>,
}
