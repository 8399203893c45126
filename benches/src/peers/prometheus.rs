//! The `prometheus` crate.

use prometheus::{Histogram, HistogramOpts, HistogramVec, Registry, TextEncoder};

use crate::exposition::{BOUNDS, Exposition, Labels, Metrics};
use crate::harness::Competitor;
use crate::limit::operation;

pub(super) fn record() -> Vec<Competitor> {
    let family = family(BOUNDS);
    let held: Histogram = family.with_label_values(&["GET", "/checkout", "200"]);
    vec![
        operation("prometheus, held", move || {
            let held = held.clone();
            move |nanos| held.observe(seconds(nanos))
        }),
        operation("prometheus, with_label_values", move || {
            let family = family.clone();
            move |nanos| family.with_label_values(&["GET", "/checkout", "200"]).observe(seconds(nanos))
        }),
    ]
}

pub(super) fn exposition() -> Exposition {
    Exposition { name: "prometheus", build: |bounds| Box::new(Exposed::new(bounds)) }
}

pub(super) fn family(bounds: &[f64]) -> HistogramVec {
    let options = HistogramOpts::new("http_request_duration", "Durations.").buckets(bounds.to_vec());
    HistogramVec::new(options, &["method", "route", "status"]).expect("valid names")
}

#[inline]
pub(super) fn seconds(nanos: u64) -> f64 {
    nanos as f64 * 1e-9
}

struct Exposed {
    registry: Registry,
    family: HistogramVec,
}

impl Exposed {
    fn new(bounds: &[f64]) -> Self {
        let (registry, family) = (Registry::new(), family(bounds));
        registry.register(Box::new(family.clone())).expect("registered once");
        Self { registry, family }
    }
}

impl Metrics for Exposed {
    fn observe(&self, labels: &Labels, nanos: u64) {
        self.family.with_label_values(&[labels.method, &labels.route, &labels.code]).observe(seconds(nanos));
    }

    fn render(&self, out: &mut String) {
        TextEncoder::new().encode_utf8(&self.registry.gather(), out).expect("a string takes everything");
    }
}
