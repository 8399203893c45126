//! What the application itself records through `metrics-exporter-prometheus`, on the same `/metrics`.

use metrics_exporter_prometheus::PrometheusHandle;

use crate::registry::SloRegistryBuilder;

impl SloRegistryBuilder {
    /// Appends what the application records through the `metrics` facade to `/metrics`.
    ///
    /// ```
    /// use metrics_exporter_prometheus::PrometheusBuilder;
    /// use slo_tower::SloRegistry;
    /// let recorder = PrometheusBuilder::new().build_recorder();
    /// let slos = SloRegistry::builder("shop").append_metrics(recorder.handle()).build()?;
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    pub fn append_metrics(self, handle: PrometheusHandle) -> Self {
        self.append(move || handle.render())
    }
}
