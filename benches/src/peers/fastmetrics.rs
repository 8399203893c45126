//! The `fastmetrics` crate.

use fastmetrics::derive::LabelSet;
use fastmetrics::format::text::{self, TextProfile};
use fastmetrics::metrics::family::Family;
use fastmetrics::metrics::histogram::Histogram;
use fastmetrics::registry::Registry;

use super::prometheus::seconds;
use crate::exposition::{BOUNDS, Exposition, Labels, Metrics};

#[derive(Clone, Eq, PartialEq, Hash, LabelSet)]
struct Request {
    method: &'static str,
    route: String,
    status: u16,
}

pub(super) fn exposition() -> Exposition {
    Exposition { name: "fastmetrics", build: |_| Box::new(Exposed::new()) }
}

struct Exposed {
    registry: Registry,
    family: Family<Request, Histogram>,
}

impl Exposed {
    fn new() -> Self {
        let mut registry = Registry::builder().build().expect("a registry");
        let family = Family::new(|| Histogram::new(BOUNDS.iter().copied()));
        registry.register("http_request_duration", "Durations", family.clone()).expect("registered once");
        Self { registry, family }
    }
}

impl Metrics for Exposed {
    fn observe(&self, labels: &Labels, nanos: u64) {
        let labels = Request { method: labels.method, route: labels.route.clone(), status: labels.status };
        self.family.with_or_new(&labels, |histogram| histogram.observe(seconds(nanos)));
    }

    fn render(&self, out: &mut String) {
        text::encode(out, &self.registry, TextProfile::default()).expect("a string takes everything");
    }
}
