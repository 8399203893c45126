//! Every counter and gauge, one family after the other.
//!
//! What has no value (a ratio without events) yields no sample: a gap in a graph is honest, a zero is not. Samples
//! come in small steps, so that whoever prints them can stop after any of them.

use std::time::Duration;

use super::health;
use crate::health::HealthStatus;
use crate::naming::{self, Family, label};
use crate::registry::{Protocol, Shared, SloStatus, Status, unattributed};

/// The value of a sample.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    Counter(u64),
    Gauge(f64),
}

/// Receives a sample: its family, its labels and its value.
pub(super) type Visit<'a> = &'a mut dyn FnMut(&'static Family, &[(&str, &str)], Value);

/// Samples of one kind, in the order of the catalogue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// Requests in flight, of some routes in each step.
    Active(Protocol),
    /// What is said of an SLO, one in each step.
    Slo(fn(&Status, &SloStatus, Visit<'_>)),
    /// Whether there is maintenance, in one step.
    Maintenance,
    /// What is said of the health, in one step.
    Health(fn(&HealthStatus, Visit<'_>)),
    /// How it stands with the saved state, in one step.
    State,
    /// Whether a file that changes promises is obeyed, in one step.
    Overrides,
    /// What became of pushed alerts, in one step for each family.
    Notifications,
    /// What exceeded a maximum, in one step.
    Overflow,
}

impl Part {
    /// All parts, which together are all samples of a registry but the histograms.
    pub(super) const ALL: [Self; 27] = [
        Self::Active(Protocol::Http),
        Self::Active(Protocol::Rpc),
        Self::Active(Protocol::Operation),
        Self::Slo(info),
        Self::Slo(|_, slo, visit| {
            visit(&naming::SLO_OBJECTIVE, &[(label::SLO, &slo.name)], Value::Gauge(slo.objective.ratio()));
        }),
        Self::Slo(|_, slo, visit| {
            let total = slo.total.good + slo.total.bad;
            visit(&naming::SLO_EVENTS, &[(label::SLO, &slo.name)], Value::Counter(total));
        }),
        Self::Slo(|_, slo, visit| {
            visit(&naming::SLO_BAD_EVENTS, &[(label::SLO, &slo.name)], Value::Counter(slo.total.bad));
        }),
        Self::Slo(sli),
        Self::Slo(|_, slo, visit| {
            if let Some(ratio) = slo.budget.remaining_ratio {
                visit(&naming::SLO_BUDGET, &[(label::SLO, &slo.name)], Value::Gauge(ratio));
            }
        }),
        Self::Slo(|_, slo, visit| {
            visit(&naming::SLO_COVERAGE, &[(label::SLO, &slo.name)], Value::Gauge(slo.coverage));
        }),
        Self::Slo(burn_rates),
        Self::Slo(|_, slo, visit| {
            if let Some(exhaustion) = &slo.exhaustion {
                let labels = [(label::SLO, slo.name.as_str())];
                visit(&naming::SLO_EXHAUSTION, &labels, Value::Gauge(exhaustion.seconds));
            }
        }),
        Self::Slo(alerts),
        Self::Notifications,
        Self::Maintenance,
        Self::Health(health::levels),
        Self::Health(health::runs),
        Self::Health(health::durations),
        Self::Health(health::successes),
        Self::Health(health::readings),
        Self::Health(health::probes),
        Self::Health(health::life),
        Self::Health(health::lags),
        Self::Health(health::stalls),
        Self::State,
        Self::Overrides,
        Self::Overflow,
    ];

    /// Visits the samples of a step; `false` if there is no such step.
    pub(super) fn step(self, step: usize, shared: &Shared, status: &Status, visit: Visit<'_>) -> bool {
        match self {
            Self::Active(protocol) => active(protocol, step, shared, visit),
            Self::Slo(say) => match status.slos.get(step) {
                Some(slo) => {
                    say(status, slo, visit);
                    true
                }
                None => false,
            },
            Self::Maintenance => {
                if step == 0 {
                    let active = f64::from(u8::from(status.maintenance_since.is_some()));
                    let labels = [(label::SERVICE, status.service.as_str())];
                    visit(&naming::SLO_MAINTENANCE, &labels, Value::Gauge(active));
                }
                step == 0
            }
            Self::Health(say) => match status.health.as_deref().filter(|_| step == 0) {
                Some(health) => {
                    say(health, visit);
                    true
                }
                None => false,
            },
            Self::State => {
                if step == 0 {
                    state(status, visit);
                }
                step == 0
            }
            Self::Overrides => {
                if step == 0 {
                    overrides(status, visit);
                }
                step == 0
            }
            Self::Notifications => notifications(step, shared, visit),
            Self::Overflow => {
                if step == 0 {
                    overflow(shared, visit);
                }
                step == 0
            }
        }
    }
}

/// So many routes are asked together, under one lock, and close enough in time for the number of a busy route.
const ROUTES: usize = 32;

fn active(protocol: Protocol, step: usize, shared: &Shared, visit: Visit<'_>) -> bool {
    let first = step * ROUTES;
    if shared.routes.get(first).is_none() {
        return false;
    }
    for (index, active) in (first..).zip(shared.active::<ROUTES>(first)) {
        let Some(route) = shared.routes.get(index).filter(|route| route.protocol == protocol) else {
            continue;
        };
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 requests are in flight")]
        let value = Value::Gauge(active as f64);
        let http = [(label::HTTP_METHOD, &*route.method), (label::HTTP_ROUTE, &*route.template)];
        match protocol {
            Protocol::Http => visit(&naming::HTTP_ACTIVE, &http, value),
            Protocol::Rpc => visit(&naming::RPC_ACTIVE, &[(label::RPC_METHOD, &*route.template)], value),
            Protocol::Operation => {
                visit(&naming::OPERATION_ACTIVE, &[(label::OPERATION, &*route.template)], value);
            }
        }
    }
    true
}

fn info(status: &Status, slo: &SloStatus, visit: Visit<'_>) {
    let window = slo.window.to_string();
    let threshold = slo.threshold.map(|threshold| seconds(threshold.nanos()));
    let mut labels = vec![
        (label::SLO, slo.name.as_str()),
        (label::SERVICE, status.service.as_str()),
        (label::SLI, slo.sli),
        (label::WINDOW, window.as_str()),
        (label::THRESHOLD, threshold.as_deref().unwrap_or_default()),
    ];
    labels.extend(slo.labels.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    visit(&naming::SLO_INFO, &labels, Value::Gauge(1.0));
}

fn sli(_: &Status, slo: &SloStatus, visit: Visit<'_>) {
    if let Some(ratio) = slo.sli_ratio {
        let labels = [(label::SLO, slo.name.as_str()), (label::WINDOW, &slo.window.to_string())];
        visit(&naming::SLO_SLI, &labels, Value::Gauge(ratio));
    }
}

fn burn_rates(_: &Status, slo: &SloStatus, visit: Visit<'_>) {
    for burn in &slo.burn_rates {
        if let Some(rate) = burn.rate {
            let labels = [(label::SLO, slo.name.as_str()), (label::WINDOW, burn.window.as_str())];
            visit(&naming::SLO_BURN_RATE, &labels, Value::Gauge(rate.get()));
        }
    }
}

fn alerts(_: &Status, slo: &SloStatus, visit: Visit<'_>) {
    for alert in &slo.alerts {
        let labels = [(label::SLO, slo.name.as_str()), (label::SEVERITY, alert.severity.as_str())];
        visit(&naming::SLO_ALERT, &labels, Value::Gauge(f64::from(u8::from(alert.active))));
    }
}

fn state(status: &Status, visit: Visit<'_>) {
    let Some(state) = status.state else { return };
    let labels = [(label::SERVICE, status.service.as_str())];
    if let Some(saved_at) = state.saved_at {
        let seconds = Duration::from_nanos(saved_at.unix_nanos()).as_secs_f64();
        visit(&naming::SLO_STATE_SAVED, &labels, Value::Gauge(seconds));
    }
    let failing = f64::from(u8::from(state.failure.is_some()));
    visit(&naming::SLO_STATE_FAILING, &labels, Value::Gauge(failing));
}

fn overrides(status: &Status, visit: Visit<'_>) {
    if let Some(overrides) = &status.overrides {
        let labels = [(label::SERVICE, status.service.as_str())];
        let failing = f64::from(u8::from(overrides.failing));
        visit(&naming::SLO_OVERRIDES_FAILING, &labels, Value::Gauge(failing));
    }
}

fn notifications(step: usize, shared: &Shared, visit: Visit<'_>) -> bool {
    match step {
        0 => shared.pushing.each_result(|alertmanager, result, count| {
            let labels = [(label::ALERTMANAGER, alertmanager), (label::RESULT, result)];
            visit(&naming::NOTIFICATIONS, &labels, Value::Counter(count));
        }),
        1 => shared.pushing.each_queue(|alertmanager, queued| {
            let labels = [(label::ALERTMANAGER, alertmanager)];
            #[expect(clippy::cast_precision_loss, reason = "a few thousand at most")]
            visit(&naming::NOTIFICATIONS_QUEUED, &labels, Value::Gauge(queued as f64));
        }),
        _ => return false,
    }
    true
}

fn overflow(shared: &Shared, visit: Visit<'_>) {
    let (routes, series, alerts) = shared.overflowed();
    let kinds = [("alert", alerts), ("route", routes), ("series", series), ("unattributed", unattributed())];
    for (kind, count) in kinds {
        visit(&naming::SLO_OVERFLOW, &[(label::KIND, kind)], Value::Counter(count));
    }
}

/// Writes a boundary in seconds as Prometheus itself would: `0.25`, `1.0`, `4e-05`. As a label it must be the
/// same text everywhere.
pub(super) fn seconds(nanos: u64) -> String {
    let text = format!("{:?}", Duration::from_nanos(nanos).as_secs_f64());
    match text.split_once("e-") {
        Some((mantissa, exponent)) => format!("{mantissa}e-{exponent:0>2}"),
        None => text,
    }
}
