//! Whether an alert is due, since when, and why: the policy's rows, held against the windows at every tick.

mod evaluate;
#[cfg(feature = "store")]
mod saved;
mod state;
#[cfg_attr(not(feature = "tracing"), path = "not_traced.rs")]
mod traced;

pub(crate) use self::evaluate::{burn_over, burns};
#[cfg(feature = "store")]
pub(crate) use self::saved::SavedAlerts;
pub(crate) use self::state::{Alarm, AlertStates};
pub(crate) use self::traced::trace;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::budget::BurnRate;
use crate::objective::{Severity, Slo, format_duration};
use crate::time::{Timestamp, nanos};

/// The state of one severity of one SLO, as of the last tick.
///
/// Burns are measured in the form of the SLO's policy. What is `None` is so because nothing fires.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AlertStatus {
    /// How urgent it is.
    pub severity: Severity,
    /// Whether any of its rows fires.
    pub active: bool,
    /// The tick since which it has fired without a break.
    pub since: Option<Timestamp>,
    /// The row that fires; of several, the one that stands first in the policy.
    pub row: Option<AlertRowStatus>,
    /// How fast the row's long window burns.
    pub long_burn: Option<BurnRate>,
    /// How fast the row's short window burns.
    pub short_burn: Option<BurnRate>,
    /// Share of the error budget that is spent over the SLO's window; above 1 when overspent.
    pub budget_spent: Option<f64>,
    /// When it last resolved; `None` if it never did.
    pub resolved: Option<Timestamp>,
}

/// An [`AlertRow`](crate::AlertRow) with the windows it has for one SLO.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AlertRowStatus {
    /// The burn rate that both windows exceed.
    pub factor: f64,
    /// The long window, such as `1h`.
    pub long: String,
    /// The short window, such as `5m`.
    pub short: String,
}

impl AlertRowStatus {
    pub(crate) fn new(slo: &Slo, row: usize) -> Self {
        let row = slo.alerts().rows()[row];
        let window = |window| format_duration(nanos(window));
        let (long, short) = (window(row.long(slo.window())), window(row.short(slo.window())));
        Self { factor: row.factor(), long, short }
    }
}

/// An alert that has begun to fire, or has resolved. Each is reported once, at the tick that sees it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AlertTransition {
    /// The name of the SLO.
    pub slo: String,
    /// The user's own labels of the SLO.
    pub labels: BTreeMap<String, String>,
    /// How urgent the alert is.
    pub severity: Severity,
    /// What has become of it.
    pub change: AlertChange,
    /// The tick that saw it.
    pub at: Timestamp,
    /// The tick since which it has fired; when it fires, the same as `at`.
    pub since: Timestamp,
    /// The row that fires, or that was the last to.
    pub row: AlertRowStatus,
    /// How fast the row's long window burns; `None` if it has no events any more.
    pub long_burn: Option<BurnRate>,
    /// How fast the row's short window burns; `None` if it has no events any more.
    pub short_burn: Option<BurnRate>,
    /// Share of the error budget that is spent over the SLO's window; above 1 when overspent.
    pub budget_spent: Option<f64>,
}

/// What has become of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AlertChange {
    /// It has begun to fire.
    Fired,
    /// No row fires any more.
    Resolved,
}

impl AlertChange {
    /// Returns the word for it: `fired` or `resolved`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fired => "fired",
            Self::Resolved => "resolved",
        }
    }
}
