//! An incident as others read it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::alert::AlertRowStatus;
use crate::objective::Severity;
use crate::time::Timestamp;
use crate::window::Counts;

/// One incident of one SLO: when, how bad, and what it was made of.
///
/// It begins before anybody is told: with the tick before the one at which a short window of the alert policy began to
/// burn above 1; of a promise about slices of time that is where the first bad slice ended. [`IncidentReport::to_markdown`] makes the draft of a post-mortem of it. Serialised, moments are seconds
/// since the Unix epoch, exact to the microsecond, and what nobody knows is `null`.
///
/// All numbers go from the beginning to the end of the alert, or to the moment of reading while it lasts; an alert ends
/// some minutes after the trouble, and what was good by then is in them as well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IncidentReport {
    /// The name of the SLO and the second of the beginning: `checkout-availability-1700000000`.
    pub id: String,
    /// The service that promises.
    pub service: String,
    /// The name of the SLO.
    pub slo: String,
    /// What makes an event good: `availability`, `latency` or `combined`.
    pub sli: String,
    /// The promised share of good events, as it is written: `99.9%`.
    pub objective: String,
    /// The longest good duration, as it is written: `250ms`.
    pub threshold: Option<String>,
    /// The period of the promise, as it is written: `30d`.
    pub window: String,
    /// The user's own labels of the SLO.
    pub labels: BTreeMap<String, String>,
    /// The most urgent severity that fired.
    pub severity: Severity,
    /// The trouble began within one tick after this moment, as far as can be told.
    #[serde(deserialize_with = "moment")]
    pub began: Timestamp,
    /// When the first alert fired.
    #[serde(deserialize_with = "moment")]
    pub detected: Timestamp,
    /// The last tick that saw bad events. Alerts resolve some time after the trouble is over, so it ends here rather than
    /// there.
    #[serde(deserialize_with = "moment")]
    pub last_bad: Timestamp,
    /// When no alert fired any more; `None` while one does.
    #[serde(deserialize_with = "moment_or_none")]
    pub resolved: Option<Timestamp>,
    /// The moment up to which everything is counted.
    #[serde(deserialize_with = "moment")]
    pub measured: Timestamp,
    /// How fast the budget burned at worst, over the short window of the row that fired.
    pub peak_burn: f64,
    /// Events that count for the SLO, from beginning to end.
    pub events: Counts,
    /// What it cost.
    pub budget: IncidentBudget,
    /// What happened when, in order.
    pub timeline: Vec<IncidentEntry>,
    /// How many entries were left out of the middle of the timeline.
    pub timeline_left_out: u64,
    /// Where the bad events were, by route and outcome, the most first; at most
    /// [`IncidentReport::CONTRIBUTIONS_MAX`].
    pub contributions: Vec<IncidentContribution>,
    /// Bad events of the routes and outcomes beyond these.
    pub contributions_other: u64,
    /// Bad events of the SLO without those of all routes and outcomes.
    ///
    /// Series know outcomes and latencies, not verdicts. What a handler overruled, what fell into maintenance, and what
    /// two handlers on one route promise apart is counted right for the SLO and may be missing here (above zero), or
    /// too many (below). So is a latency that ends elsewhere than the histogram's.
    pub contributions_unexplained: i64,
    /// Latencies of the SLO's routes from its last incident, or the start of the process, to the beginning. They are
    /// read with the tick that sees the first bad events, so what it sees is here and not in those that follow. `None`
    /// without requests, and where so many incidents began at one tick that not all could be read.
    pub latency_before: Option<IncidentLatency>,
    /// Latencies from the beginning to the end, or to the moment of reading; of an incident that outlived its process,
    /// from the start of the next one.
    pub latency_during: Option<IncidentLatency>,
}

impl IncidentReport {
    /// Routes and outcomes that are listed by themselves.
    pub const CONTRIBUTIONS_MAX: usize = 10;
    /// Entries of the timeline.
    pub const TIMELINE_MAX: usize = super::timeline::Timeline::ENTRIES_MAX;
    /// Reports that are kept of one SLO.
    pub const REPORTS_MAX: usize = 8;

    /// Returns whether an alert still fires.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.resolved.is_none()
    }

    /// Returns how long it lasted, or has lasted so far.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.resolved.unwrap_or(self.measured).since(self.began)
    }

    /// Returns how long it took until an alert fired.
    #[must_use]
    pub const fn detection_delay(&self) -> Duration {
        self.detected.since(self.began)
    }
}

/// What an incident cost of the error budget; all `None` if the SLO's window has no events.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IncidentBudget {
    /// What the budget is made of: `events`, or `slices` of time.
    pub unit: String,
    /// How many bad ones the SLO's window allows.
    pub allowed: Option<f64>,
    /// Share of them that were bad in this incident; above 1 when it alone broke the promise.
    pub spent_by_incident: Option<f64>,
    /// Share that is spent over the window by everything.
    pub spent: Option<f64>,
    /// Share that is left; negative when the promise is broken.
    pub remaining: Option<f64>,
}

/// One moment of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IncidentEntry {
    /// When.
    #[serde(deserialize_with = "moment")]
    pub at: Timestamp,
    /// What happened.
    pub change: IncidentChange,
    /// How urgent it was from then on; `None` while no alert fired.
    pub severity: Option<Severity>,
    /// The row that fired, or was the last to.
    pub row: Option<AlertRowStatus>,
    /// How fast its long window burned; `None` where there were no events.
    pub long_burn: Option<f64>,
    /// How fast its short window burned; `None` where there were no events.
    pub short_burn: Option<f64>,
    /// Share of the SLO's budget that was spent; `None` where there were no events.
    pub budget_spent: Option<f64>,
    /// Events since the incident began.
    pub events: Counts,
}

/// What became of an incident at some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum IncidentChange {
    /// The budget began to burn; nobody was told yet.
    Began,
    /// The first alert fired.
    Opened,
    /// It became more urgent, or burned twice as fast as at the last entry of this kind.
    Worsened,
    /// It became less urgent.
    Eased,
    /// No alert fired any more.
    Resolved,
    /// One fired again, so soon that it is the same incident.
    Reopened,
    /// The process ended and another one carried on.
    Continued,
}

impl IncidentChange {
    /// Returns the word for it, such as `worsened`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Opened => "opened",
            Self::Worsened => "worsened",
            Self::Eased => "eased",
            Self::Resolved => "resolved",
            Self::Reopened => "reopened",
            Self::Continued => "continued",
        }
    }
}

/// Bad events of one route that ended alike.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IncidentContribution {
    /// The route, such as `POST /checkout`, or the operation.
    pub route: String,
    /// The status that was sent: a number of HTTP, or the name of a gRPC code.
    pub status: Option<String>,
    /// How it failed: the status again, `panic`, `timeout` and the like; `None` if it succeeded, if too late.
    pub error_type: Option<String>,
    /// Events that ended so.
    pub events: u64,
    /// How many of them were bad.
    pub bad: u64,
}

impl IncidentContribution {
    pub(crate) fn new(
        route: String,
        [status, error_type]: [Option<String>; 2],
        [events, bad]: [u64; 2],
    ) -> Self {
        Self { route, status, error_type, events, bad }
    }

    /// Returns whether both are of one route and ended alike.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (&self.route, &self.status, &self.error_type) == (&other.route, &other.status, &other.error_type)
    }
}

/// Quantiles of latencies, in seconds, within 1 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IncidentLatency {
    /// Requests measured.
    pub count: u64,
    /// The median.
    pub p50: f64,
    /// Nine in ten were faster.
    pub p90: f64,
    /// Ninety-nine in a hundred were faster.
    pub p99: f64,
    /// All but one in a thousand were faster.
    pub p999: f64,
}

impl IncidentLatency {
    pub(super) fn of(cells: &crate::histogram::KeptCells) -> Option<Self> {
        let seconds = |share| cells.quantile(share).map(|quantile| quantile.as_secs_f64());
        let (p50, p90, p99, p999) = (seconds(0.5)?, seconds(0.9)?, seconds(0.99)?, seconds(0.999)?);
        Some(Self { count: cells.count(), p50, p90, p99, p999 })
    }
}

/// Reads a moment as it is written: seconds, of which a number holds no more than the microseconds.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    f64::deserialize(deserializer).map(from_seconds)
}

fn moment_or_none<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    Ok(Option::<f64>::deserialize(deserializer)?.map(from_seconds))
}

fn from_seconds(seconds: f64) -> Timestamp {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates at both ends")]
    let micros = (seconds * 1e6).round() as u64;
    Timestamp::from_unix_nanos(micros.saturating_mul(1_000))
}

/// Cuts a moment to what is written of it.
pub(super) const fn to_micros(moment: Timestamp) -> Timestamp {
    Timestamp::from_unix_nanos(moment.unix_nanos() / 1_000 * 1_000)
}
