//! Every counter and gauge, one family after the other.
//!
//! What has no value (a ratio without events) yields no sample: a gap in a graph is honest, a zero is not.

use std::time::Duration;

use crate::naming::{self, Family, label};
use crate::registry::{Protocol, Shared, SloStatus, Status};

/// The value of a sample.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    Counter(u64),
    Gauge(f64),
}

/// Receives a sample: its family, its labels and its value.
pub(super) trait Visit: FnMut(&'static Family, &[(&str, &str)], Value) {}

impl<T: FnMut(&'static Family, &[(&str, &str)], Value)> Visit for T {}

/// Visits all samples of a registry but the histograms.
pub(super) fn visit(shared: &Shared, status: &Status, visit: &mut impl Visit) {
    active(shared, visit);
    declared(status, visit);
    counted(status, visit);
    judged(status, visit);
    let (routes, series) = shared.overflowed();
    visit(&naming::SLO_OVERFLOW, &[(label::KIND, "route")], Value::Counter(routes));
    visit(&naming::SLO_OVERFLOW, &[(label::KIND, "series")], Value::Counter(series));
}

fn active(shared: &Shared, visit: &mut impl Visit) {
    for protocol in Protocol::ALL {
        for (index, route) in shared.routes.iter().filter(|(_, route)| route.protocol == protocol) {
            #[expect(clippy::cast_precision_loss, reason = "fewer than 2^53 requests are in flight")]
            let value = Value::Gauge(shared.active(index) as f64);
            let http = [(label::HTTP_METHOD, &*route.method), (label::HTTP_ROUTE, &*route.template)];
            match protocol {
                Protocol::Http => visit(&naming::HTTP_ACTIVE, &http, value),
                Protocol::Operation => {
                    visit(&naming::OPERATION_ACTIVE, &[(label::OPERATION, &*route.template)], value);
                }
            }
        }
    }
}

fn declared(status: &Status, visit: &mut impl Visit) {
    for slo in &status.slos {
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
    for slo in &status.slos {
        visit(&naming::SLO_OBJECTIVE, &[(label::SLO, &slo.name)], Value::Gauge(slo.objective.ratio()));
    }
}

fn counted(status: &Status, visit: &mut impl Visit) {
    for slo in &status.slos {
        let total = slo.total.good + slo.total.bad;
        visit(&naming::SLO_EVENTS, &[(label::SLO, &slo.name)], Value::Counter(total));
    }
    for slo in &status.slos {
        visit(&naming::SLO_BAD_EVENTS, &[(label::SLO, &slo.name)], Value::Counter(slo.total.bad));
    }
}

fn judged(status: &Status, visit: &mut impl Visit) {
    let mut gauge = |family: &'static Family, value: fn(&SloStatus) -> Option<f64>| {
        for slo in &status.slos {
            if let Some(value) = value(slo) {
                let window = slo.window.to_string();
                let labels = [(label::SLO, slo.name.as_str()), (label::WINDOW, window.as_str())];
                let labels = if family.name == naming::SLO_SLI.name { &labels[..] } else { &labels[..1] };
                visit(family, labels, Value::Gauge(value));
            }
        }
    };
    gauge(&naming::SLO_SLI, |slo| slo.sli_ratio);
    gauge(&naming::SLO_BUDGET, |slo| slo.budget.remaining_ratio);
    gauge(&naming::SLO_COVERAGE, |slo| Some(slo.coverage));
    for slo in &status.slos {
        for burn in &slo.burn_rates {
            if let Some(rate) = burn.rate {
                let labels = [(label::SLO, slo.name.as_str()), (label::WINDOW, burn.window.as_str())];
                visit(&naming::SLO_BURN_RATE, &labels, Value::Gauge(rate.get()));
            }
        }
    }
    for slo in &status.slos {
        for alert in &slo.alerts {
            let labels = [(label::SLO, slo.name.as_str()), (label::SEVERITY, alert.severity.as_str())];
            visit(&naming::SLO_ALERT, &labels, Value::Gauge(f64::from(u8::from(alert.active))));
        }
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
