//! Histograms of the OpenTelemetry SDK.

use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider as _;
use opentelemetry_sdk::metrics::{ManualReader, SdkMeterProvider};

use super::prometheus::seconds;
use crate::exposition::BOUNDS;
use crate::harness::Competitor;
use crate::limit::operation;

pub(super) fn record() -> Vec<Competitor> {
    let provider = SdkMeterProvider::builder().with_reader(ManualReader::builder().build()).build();
    let meter = provider.meter("bench");
    let histogram =
        meter.f64_histogram("http.server.request.duration").with_boundaries(BOUNDS.to_vec()).build();
    let labelled = histogram.clone();
    vec![
        operation("OpenTelemetry, no attributes", move || {
            let (histogram, provider) = (histogram.clone(), provider.clone());
            move |nanos| {
                histogram.record(seconds(nanos), &[]);
                let _alive = &provider;
            }
        }),
        operation("OpenTelemetry, 3 attributes", move || {
            let histogram = labelled.clone();
            move |nanos| {
                histogram.record(
                    seconds(nanos),
                    &[
                        KeyValue::new("http.request.method", "GET"),
                        KeyValue::new("http.route", "/checkout"),
                        KeyValue::new("http.response.status_code", 200),
                    ],
                );
            }
        }),
    ]
}
