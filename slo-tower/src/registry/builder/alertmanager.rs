//! Whom the registry pushes alerts to.

use slo_core::Alertmanager;

use super::SloRegistryBuilder;

impl SloRegistryBuilder {
    /// Pushes every alert to an Alertmanager, or to all of a cluster; more than one may be given.
    ///
    /// Neither ticks nor requests wait for it; what still fires when the last handle goes is resolved, which that handle
    /// waits for, two seconds at most. See [`Alertmanager`].
    ///
    /// ```
    /// use slo_tower::{Alertmanager, SloRegistry};
    ///
    /// let alertmanager = Alertmanager::new("http://127.0.0.1:9093")?.label("cluster", "eu")?;
    /// let slos = SloRegistry::builder("shop").alertmanager(alertmanager).build()?;
    /// # let _ = slos;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn alertmanager(mut self, alertmanager: Alertmanager) -> Self {
        self.builder = self.builder.alertmanager(alertmanager);
        self
    }
}
