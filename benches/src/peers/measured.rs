//! The `measured` crate.

use std::sync::{Arc, Mutex, PoisonError};

use measured::metric::histogram::Thresholds;
use measured::text::BufferedTextEncoder;
use measured::{HistogramVec, LabelGroup, MetricGroup};
use paracord::ParaCord;

use super::prometheus::seconds;
use crate::exposition::{BOUNDS, Exposition, Labels, Metrics};
use crate::harness::Competitor;
use crate::limit::operation;

#[derive(Clone, Copy, PartialEq, Debug, LabelGroup)]
#[label(set = RequestSet)]
struct Request<'a> {
    #[label(dynamic_with = ParaCord)]
    method: &'a str,
    #[label(dynamic_with = ParaCord)]
    route: &'a str,
    #[label(dynamic_with = ParaCord)]
    status: &'a str,
}

#[derive(MetricGroup)]
struct Group {
    /// Durations.
    http_request_duration: HistogramVec<RequestSet, 14>,
}

const CHECKOUT: Request<'static> = Request { method: "GET", route: "/checkout", status: "200" };

fn group() -> Group {
    let labels =
        RequestSet { method: ParaCord::default(), route: ParaCord::default(), status: ParaCord::default() };
    let bounds = Thresholds::with_buckets(BOUNDS.try_into().expect("fourteen bounds"));
    Group { http_request_duration: HistogramVec::sparse_with_label_set_and_metadata(labels, bounds) }
}

pub(super) fn record() -> Vec<Competitor> {
    let by_labels = Arc::new(group());
    let held = Arc::clone(&by_labels);
    vec![
        operation("measured, held", move || {
            let group = Arc::clone(&held);
            let id = group.http_request_duration.with_labels(CHECKOUT);
            move |nanos| {
                let series = &group.http_request_duration;
                series.get_metric(id).observe(seconds(nanos));
            }
        }),
        operation("measured, by labels", move || {
            let group = Arc::clone(&by_labels);
            move |nanos| group.http_request_duration.observe(CHECKOUT, seconds(nanos))
        }),
    ]
}

pub(super) fn exposition() -> Exposition {
    Exposition {
        name: "measured",
        build: |_| Box::new(Exposed { group: group(), encoder: Mutex::default() }),
    }
}

struct Exposed {
    group: Group,
    encoder: Mutex<BufferedTextEncoder>,
}

impl Metrics for Exposed {
    fn observe(&self, labels: &Labels, nanos: u64) {
        let labels = Request { method: labels.method, route: &labels.route, status: &labels.code };
        self.group.http_request_duration.observe(labels, seconds(nanos));
    }

    fn render(&self, out: &mut String) {
        let mut encoder = self.encoder.lock().unwrap_or_else(PoisonError::into_inner);
        self.group.collect_group_into(&mut *encoder).expect("a buffer takes everything");
        // It hands out bytes, so nothing is copied, as in a server.
        let bytes = encoder.finish();
        if out.capacity() == 0 {
            out.push_str(&String::from_utf8_lossy(&bytes));
        }
        std::hint::black_box(bytes);
    }
}
