//! The `metrics` facade with its Prometheus exporter, and the layer built on it.

use std::sync::OnceLock;

use axum::routing::get;
use axum_prometheus::PrometheusMetricLayer;
use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::names::{AXUM_PROMETHEUS, EXPORTER_BUCKETS};
use super::prometheus::seconds;
use crate::exposition::{BOUNDS, Exposition, Labels, Metrics};
use crate::harness::Competitor;
use crate::layer::{Entry, over_tower};
use crate::limit::operation;
use crate::traffic::{hello, router};

const NAME: &str = "http_request_duration";

/// Installs the recorder once for the process, as the facade wants it.
fn installed() -> &'static PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| with_buckets().install_recorder().expect("nobody else installs a recorder"))
}

fn with_buckets() -> PrometheusBuilder {
    PrometheusBuilder::new().set_buckets(BOUNDS).expect("there are bounds")
}

pub(super) fn record() -> Vec<Competitor> {
    let recorders = vec![
        operation("metrics, held", || {
            installed();
            let held =
                metrics::histogram!(NAME, "method" => "GET", "route" => "/checkout", "status" => "200");
            move |nanos| held.record(seconds(nanos))
        }),
        operation("metrics, macro with 3 static labels", || {
            installed();
            |nanos| {
                metrics::histogram!(NAME, "method" => "GET", "route" => "/checkout", "status" => "200")
                    .record(seconds(nanos));
            }
        }),
        operation("metrics, macro with 3 owned labels", || {
            installed();
            |nanos| {
                let own = |text: &str| text.to_owned();
                metrics::histogram!(
                    NAME,
                    "method" => own("GET"), "route" => own("/checkout"), "status" => own("200")
                )
                .record(seconds(nanos));
            }
        }),
    ];
    // Without upkeep it keeps every single observation.
    recorders.into_iter().map(|one| one.resting(|| installed().run_upkeep())).collect()
}

pub(super) fn layers() -> Vec<Entry> {
    installed();
    let tower = over_tower(AXUM_PROMETHEUS, axum_prometheus()).resting(|| installed().run_upkeep());
    vec![Entry {
        name: AXUM_PROMETHEUS,
        tower: Some(tower),
        router: Box::new(|routes| router(routes, &get(hello)).layer(axum_prometheus())),
    }]
}

pub(super) fn axum_prometheus() -> PrometheusMetricLayer<'static> {
    installed();
    PrometheusMetricLayer::new()
}

pub(super) fn expositions() -> Vec<Exposition> {
    vec![
        Exposition { name: EXPORTER_BUCKETS, build: |_| Box::new(Exposed::new(with_buckets())) },
        Exposition {
            name: "metrics-exporter-prometheus, default",
            build: |_| Box::new(Exposed::new(PrometheusBuilder::new())),
        },
    ]
}

struct Exposed {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Exposed {
    fn new(builder: PrometheusBuilder) -> Self {
        let recorder = builder.build_recorder();
        Self { handle: recorder.handle(), recorder }
    }
}

impl Metrics for Exposed {
    fn observe(&self, labels: &Labels, nanos: u64) {
        let labels = vec![
            Label::from_static_parts("method", labels.method),
            Label::new("route", labels.route.clone()),
            Label::new("status", labels.code.clone()),
        ];
        let metadata = Metadata::new(module_path!(), Level::INFO, None);
        self.recorder.register_histogram(&Key::from_parts(NAME, labels), &metadata).record(seconds(nanos));
    }

    fn render(&self, out: &mut String) {
        // It hands out a new text, so nothing is copied, as in a server.
        let text = self.handle.render();
        if out.capacity() == 0 {
            out.push_str(&text);
        }
        std::hint::black_box(text);
    }
}
