//! The names under which peers are reported, for those that look for them.

/// The fastest recorder that can be shared and read.
pub const METRIKEN: &str = "metriken ShardedCounterHistogram";
/// The layer most services use.
pub const AXUM_PROMETHEUS: &str = "axum-prometheus";
/// The layers through OpenTelemetry, and axum-prometheus.
pub const HEAVY_LAYERS: [&str; 4] =
    [AXUM_PROMETHEUS, "axum-otel-metrics", "opentelemetry-instrumentation-tower", "tower-otel-http-metrics"];
/// The other crate whose annotations promise.
pub const AUTOMETRICS_PROMISED: &str = "autometrics (prometheus) with an SLO";
/// The exporter of the `metrics` facade.
pub const EXPORTER_BUCKETS: &str = "metrics-exporter-prometheus, buckets";
/// Who prints what Prometheus scrapes.
pub const SCRAPED: [&str; 5] =
    ["fastmetrics", "prometheus-client", "measured", "prometheus", EXPORTER_BUCKETS];
