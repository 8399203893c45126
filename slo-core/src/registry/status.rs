//! The one read model: what every exporter, endpoint and report says of the SLOs.
//!
//! All numbers of one SLO come from one reading of its counters, so they agree with each other.
//! What has no answer is `None`, never a number.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::fleet_status::FleetStatus;
use super::overrides_status::OverridesStatus;
use super::state_status::StateStatus;
use crate::alert::{AlertStates, AlertStatus};
use crate::budget::{BurnRate, ErrorBudget, Exhaustion};
use crate::health::{HealthStatus, Level, Life};
use crate::histogram::Histogram;
use crate::objective::{
    AlertRow, LatencyEnd, Objective, Slo, Threshold, TimeSlices, Window, format_duration,
};
use crate::time::{Timestamp, nanos};
use crate::window::{Counts, Past};

/// All SLOs of a registry at one moment.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Status {
    /// The service that promises.
    pub service: String,
    /// When the counters were read.
    pub at: Timestamp,
    /// Since when there is maintenance, in which nothing counts; `None` if there is none.
    pub maintenance_since: Option<Timestamp>,
    /// The health of the process, where it is watched. Serialised without the checks and their reasons: as its life and
    /// what the probes are told.
    #[serde(serialize_with = "summary")]
    pub health: Option<Arc<HealthStatus>>,
    /// How it stands with the saved state; `None` if nothing is saved.
    pub state: Option<StateStatus>,
    /// What a file changes of the promises; `None` if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overrides: Option<OverridesStatus>,
    /// In the order of declaration.
    pub slos: Vec<SloStatus>,
}

impl Status {
    /// Returns the SLO of this name.
    #[must_use]
    pub fn slo(&self, name: &str) -> Option<&SloStatus> {
        self.slos.iter().find(|slo| slo.name == name)
    }
}

/// One SLO at one moment.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct SloStatus {
    /// The name, the value of the `slo` label.
    pub name: String,
    /// What makes an event good: `availability`, `latency` or `combined`.
    pub sli: &'static str,
    /// The longest good duration, in seconds when serialised.
    pub threshold: Option<Threshold>,
    /// Where the latency ends; `None` if the promise looks at no time.
    pub latency_end: Option<LatencyEnd>,
    /// The promised share of good events.
    pub objective: Objective,
    /// The period of the promise.
    pub window: Window,
    /// Since when and until when the present calendar period is; `None` if the window is rolling.
    pub period: Option<PeriodStatus>,
    /// The slices of time that count instead of events, if they do.
    pub slices: Option<TimeSlices>,
    /// The user's own labels.
    pub labels: BTreeMap<String, String>,
    /// The routes whose requests count, as far as they are known yet.
    pub routes: Vec<String>,
    /// Events since the process started.
    pub total: Events,
    /// Events within the window, which of a calendar period is what has passed of it; slices of time that have ended, if
    /// those count.
    pub events: Counts,
    /// Share of good ones among these; `None` without any.
    pub sli_ratio: Option<f64>,
    /// The error budget of the window.
    pub budget: BudgetStatus,
    /// The burn rate over five minutes, an hour, each window of the alert policy and the SLO's own, shortest
    /// first. Always of the bad events against those beside them; what an alert by
    /// [`AlertForm::Count`](crate::AlertForm::Count) goes by is in its own state.
    pub burn_rates: Vec<BurnRateStatus>,
    /// When the budget will be gone at the present burn rate; `None` without events, and while it lasts for the whole
    /// window, or until the calendar period ends.
    pub exhaustion: Option<Exhaustion>,
    /// Share of the window for which there is data; of a calendar period, of what has passed of it.
    pub coverage: f64,
    /// One state per severity the policy can raise, as of the last tick.
    pub alerts: Vec<AlertStatus>,
    /// The name of the incident that is open, under which [`Registry::incident`](crate::Registry::incident) has its
    /// report; `None` while no alert fires.
    pub incident: Option<String>,
    /// Latencies of the routes since the process started; `None` before the first.
    pub latency: Option<LatencyStatus>,
    /// The same SLO over all processes of the service; `None` if nobody is asked about them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fleet: Option<FleetStatus>,
}

/// Events since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Events {
    /// Events that kept the promise.
    pub good: u64,
    /// Events that broke it.
    pub bad: u64,
    /// Events that do not count.
    pub excluded: u64,
}

impl Events {
    /// Returns the events that count.
    #[must_use]
    pub const fn counts(self) -> Counts {
        Counts { good: self.good, bad: self.bad }
    }
}

/// A calendar period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PeriodStatus {
    /// Its first moment.
    pub begin: Timestamp,
    /// The first moment of the next one.
    pub end: Timestamp,
}

/// An [`ErrorBudget`] in numbers of events, or of slices of time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BudgetStatus {
    /// What is counted.
    pub unit: BudgetUnit,
    /// How many may be bad, given how many there were.
    pub allowed: f64,
    /// How many are bad.
    pub spent: u64,
    /// How many more may be bad; negative when the promise is broken.
    pub remaining: f64,
    /// Share of the budget that is left; `None` without any.
    pub remaining_ratio: Option<f64>,
}

/// What a budget is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BudgetUnit {
    /// Requests, or calls.
    Events,
    /// Slices of time, see [`Slo::with_time_slices`].
    Slices,
}

/// A burn rate over one window.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BurnRateStatus {
    /// The window, such as `5m`.
    pub window: String,
    /// The rate; `None` without events in the window.
    pub rate: Option<BurnRate>,
}

/// Quantiles of a latency distribution, in seconds, within 1 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LatencyStatus {
    /// Requests measured.
    pub count: u64,
    /// The median.
    pub p50: f64,
    /// Nine in ten are faster.
    pub p90: f64,
    /// Ninety-nine in a hundred are faster.
    pub p99: f64,
    /// All but one in a thousand are faster.
    pub p999: f64,
}

impl LatencyStatus {
    pub(super) fn of(histogram: &Histogram) -> Option<Self> {
        let seconds = |share| histogram.quantile(share).map(|quantile| quantile.as_secs_f64());
        Some(Self {
            count: histogram.count(),
            p50: seconds(0.5)?,
            p90: seconds(0.9)?,
            p99: seconds(0.99)?,
            p999: seconds(0.999)?,
        })
    }
}

/// What everybody may know of the health.
#[derive(Serialize)]
struct HealthSummary {
    life: Life,
    liveness: Level,
    readiness: Level,
    startup: Level,
    overall: Level,
}

fn summary<S: Serializer>(health: &Option<Arc<HealthStatus>>, serializer: S) -> Result<S::Ok, S::Error> {
    let summary = health.as_ref().map(|health| HealthSummary {
        life: health.life,
        liveness: health.liveness(&[]).level,
        readiness: health.readiness(&[]).level,
        startup: health.startup().level,
        overall: health.overall(),
    });
    summary.serialize(serializer)
}

/// Works one SLO out from its totals and its past as of when they were read, all but its routes and their latencies.
pub(super) fn slo_status(
    slo: &Slo,
    at: Timestamp,
    total: Events,
    past: &impl Past,
    alerts: &AlertStates,
) -> SloStatus {
    let whole = past.period();
    SloStatus {
        name: slo.name().to_owned(),
        sli: slo.sli().kind(),
        threshold: slo.sli().threshold(),
        latency_end: slo.sli().threshold().map(|_| slo.latency_end()),
        objective: slo.objective(),
        window: slo.window(),
        period: whole.left.map(|left| PeriodStatus { begin: at.minus(whole.elapsed), end: at.plus(left) }),
        slices: slo.time_slices(),
        labels: slo.labels().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        routes: Vec::new(),
        total,
        events: whole.counts,
        sli_ratio: whole.counts.good_ratio(),
        budget: budget_status(slo, whole.counts),
        burn_rates: burn_rates(slo, whole.counts, past),
        exhaustion: Exhaustion::forecast(slo.objective(), slo.window(), past),
        coverage: whole.coverage(),
        alerts: alerts.statuses(slo),
        incident: None,
        latency: None,
        fleet: None,
    }
}

fn budget_status(slo: &Slo, counts: Counts) -> BudgetStatus {
    let budget = ErrorBudget::new(slo.objective(), counts);
    BudgetStatus {
        unit: slo.time_slices().map_or(BudgetUnit::Events, |_| BudgetUnit::Slices),
        allowed: budget.allowed(),
        spent: budget.spent(),
        remaining: budget.remaining(),
        remaining_ratio: budget.remaining_ratio(),
    }
}

/// Returns the windows everybody asks for and those of the rows that can fire, shortest first.
pub(super) fn burn_windows(slo: &Slo) -> Vec<Duration> {
    let both = |(_, row): (usize, &AlertRow)| [row.short(slo.window()), row.long(slo.window())];
    let mut windows: Vec<Duration> = slo.alert_rows().flat_map(both).collect();
    windows.extend([300, 3_600].map(Duration::from_secs));
    windows.sort_unstable();
    windows.dedup();
    windows
}

/// Returns the rates over the windows everybody asks for, those of the rows that can fire, and the SLO's own, shortest first.
fn burn_rates(slo: &Slo, whole: Counts, past: &impl Past) -> Vec<BurnRateStatus> {
    let windows = burn_windows(slo);
    let rate =
        |window: String, counts| BurnRateStatus { window, rate: BurnRate::new(slo.objective(), counts) };
    let own = slo.window().to_string();
    let rolling = windows.into_iter().map(|window| (format_duration(nanos(window)), window));
    let rolling = rolling.filter(|(name, _)| *name != own);
    let mut rates: Vec<_> = rolling.map(|(name, window)| rate(name, past.window(window).counts)).collect();
    // No window is longer: an hour is the shortest that a promise may have.
    rates.push(rate(own, whole));
    rates
}
