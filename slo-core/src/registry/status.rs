//! The one read model: what every exporter, endpoint and report says of the SLOs.
//!
//! All numbers of one SLO come from one reading of its counters, so they agree with each other.
//! What has no answer is `None`, never a number.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::alert::{AlertStates, AlertStatus};
use crate::budget::{BurnRate, ErrorBudget, Exhaustion};
use crate::histogram::Histogram;
use crate::objective::{AlertRow, LatencyEnd, Objective, Slo, Threshold, Window, format_duration};
use crate::time::{Timestamp, nanos};
use crate::window::{Counts, WindowCounts};

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
    /// The user's own labels.
    pub labels: BTreeMap<String, String>,
    /// The routes whose requests count, as far as they are known yet.
    pub routes: Vec<String>,
    /// Events since the process started.
    pub total: Events,
    /// Events within the window.
    pub events: Counts,
    /// Share of good events within the window; `None` without events.
    pub sli_ratio: Option<f64>,
    /// The error budget of the window.
    pub budget: BudgetStatus,
    /// The burn rate over five minutes, an hour, each window of the alert policy and the SLO's own, shortest
    /// first. Always of the bad events against those beside them; what an alert by
    /// [`AlertForm::Count`](crate::AlertForm::Count) goes by is in its own state.
    pub burn_rates: Vec<BurnRateStatus>,
    /// When the budget will be gone at the present burn rate; `None` without events, and while it lasts for the whole
    /// window.
    pub exhaustion: Option<Exhaustion>,
    /// Share of the window for which there is data.
    pub coverage: f64,
    /// One state per severity the policy can raise, as of the last tick.
    pub alerts: Vec<AlertStatus>,
    /// Latencies of the routes since the process started; `None` before the first.
    pub latency: Option<LatencyStatus>,
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

/// An [`ErrorBudget`] in numbers of events.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BudgetStatus {
    /// Bad events that the window's traffic allows.
    pub allowed: f64,
    /// Bad events there were.
    pub spent: u64,
    /// Bad events still allowed; negative when the promise is broken.
    pub remaining: f64,
    /// Share of the budget that is left; `None` without events.
    pub remaining_ratio: Option<f64>,
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

/// Works one SLO out from its totals and what is known of any window that ends with them, all but its routes and their
/// latencies.
pub(super) fn slo_status(
    slo: &Slo,
    total: Events,
    within: impl Fn(Duration) -> WindowCounts,
    alerts: &AlertStates,
) -> SloStatus {
    let period = slo.window().duration();
    let whole = within(period);
    let budget = ErrorBudget::new(slo.objective(), whole.counts);
    let burn_rate = |window: Duration| BurnRateStatus {
        window: format_duration(nanos(window)),
        rate: BurnRate::new(slo.objective(), within(window).counts),
    };
    SloStatus {
        name: slo.name().to_owned(),
        sli: slo.sli().kind(),
        threshold: slo.sli().threshold(),
        latency_end: slo.sli().threshold().map(|_| slo.latency_end()),
        objective: slo.objective(),
        window: slo.window(),
        labels: slo.labels().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        routes: Vec::new(),
        total,
        events: whole.counts,
        sli_ratio: whole.counts.good_ratio(),
        budget: BudgetStatus {
            allowed: budget.allowed(),
            spent: budget.spent(),
            remaining: budget.remaining(),
            remaining_ratio: budget.remaining_ratio(),
        },
        burn_rates: burn_windows(slo).into_iter().map(burn_rate).collect(),
        exhaustion: Exhaustion::forecast(slo.objective(), slo.window(), |window| within(window).counts),
        coverage: whole.seen.as_secs_f64() / period.as_secs_f64(),
        alerts: alerts.statuses(slo),
        latency: None,
    }
}

/// The windows everybody asks for, those of the rows that can fire, and the SLO's own, shortest first.
fn burn_windows(slo: &Slo) -> Vec<Duration> {
    let both = |row: &AlertRow| [row.short(slo.window()), row.long(slo.window())];
    let mut windows: Vec<Duration> = slo.alerts().rows_for(slo.objective()).flat_map(both).collect();
    windows.extend([300, 3_600].map(Duration::from_secs));
    windows.push(slo.window().duration());
    windows.sort_unstable();
    windows.dedup();
    windows
}
