//! Layers that record through OpenTelemetry, each with a reader, without which the SDK does nothing.

use axum::routing::get;
use axum_otel_metrics::HttpMetricsLayerBuilder;
use opentelemetry_030::metrics::MeterProvider as _;
use opentelemetry_instrumentation_tower::http::server::LayerBuilder;
use opentelemetry_sdk::metrics as sdk;
use opentelemetry_sdk_030::metrics as sdk_030;
use opentelemetry_sdk_032::metrics as sdk_032;
use tower_otel_http_metrics::HTTPMetricsLayerBuilder;

use super::names::HEAVY_LAYERS;
use crate::layer::{Entry, over_tower};
use crate::traffic::{hello, router};

macro_rules! entry {
    ($name:expr, $layer:expr) => {{
        let layer = $layer;
        Entry {
            name: $name,
            tower: Some(over_tower($name, layer.clone())),
            router: Box::new(move |routes| router(routes, &get(hello)).layer(layer.clone())),
        }
    }};
}

pub(super) fn layers() -> Vec<Entry> {
    let [_, axum_otel_metrics, instrumentation_tower, tower_otel] = HEAVY_LAYERS;
    let new = sdk::SdkMeterProvider::builder().with_reader(sdk::ManualReader::builder().build()).build();
    // This layer takes its meter from the global provider alone.
    opentelemetry::global::set_meter_provider(new);
    let reader = sdk_032::ManualReader::builder().build();
    let middle = sdk_032::SdkMeterProvider::builder().with_reader(reader).build();
    let reader = sdk_030::ManualReader::builder().build();
    let old = sdk_030::SdkMeterProvider::builder().with_reader(reader).build();
    // Dropped, it would shut its reader down: it lives as long as the process.
    let old: &'static sdk_030::SdkMeterProvider = Box::leak(Box::new(old));
    vec![
        entry!(axum_otel_metrics, HttpMetricsLayerBuilder::new().with_provider(middle.clone()).build()),
        entry!(
            instrumentation_tower,
            LayerBuilder::builder().with_tracing(false).build().expect("a complete layer")
        ),
        entry!(
            tower_otel,
            HTTPMetricsLayerBuilder::builder()
                .with_meter(old.meter("bench"))
                .build()
                .expect("a complete layer")
        ),
    ]
}
