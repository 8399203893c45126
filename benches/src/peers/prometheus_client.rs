//! The `prometheus-client` crate.

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::prometheus::seconds;
use crate::exposition::{BOUNDS, Exposition, Labels, Metrics};
use crate::harness::Competitor;
use crate::limit::operation;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Static {
    method: &'static str,
    route: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Owned {
    method: &'static str,
    route: String,
    status: String,
}

type Series<L> = Family<L, Histogram, fn() -> Histogram>;

fn family<L: Clone + Eq + std::hash::Hash>() -> Series<L> {
    Family::new_with_constructor(|| Histogram::new(BOUNDS.iter().copied()))
}

pub(super) fn record() -> Vec<Competitor> {
    let family: Series<Static> = family();
    const CHECKOUT: Static = Static { method: "GET", route: "/checkout", status: "200" };
    let held = family.get_or_create(&CHECKOUT).clone();
    vec![
        operation("prometheus-client, held", move || {
            let held = held.clone();
            move |nanos| held.observe(seconds(nanos))
        }),
        operation("prometheus-client, Family", move || {
            let family = family.clone();
            move |nanos| family.get_or_create(&CHECKOUT).observe(seconds(nanos))
        }),
    ]
}

pub(super) fn exposition() -> Exposition {
    Exposition { name: "prometheus-client", build: |_| Box::new(Exposed::new()) }
}

struct Exposed {
    registry: Registry,
    family: Series<Owned>,
}

impl Exposed {
    fn new() -> Self {
        let (mut registry, family) = (Registry::default(), family::<Owned>());
        registry.register("http_request_duration", "Durations", family.clone());
        Self { registry, family }
    }
}

impl Metrics for Exposed {
    fn observe(&self, labels: &Labels, nanos: u64) {
        let labels =
            Owned { method: labels.method, route: labels.route.clone(), status: labels.code.clone() };
        self.family.get_or_create(&labels).observe(seconds(nanos));
    }

    fn render(&self, out: &mut String) {
        text::encode(out, &self.registry).expect("a string takes everything");
    }
}
