//! Whom the registry asks for what it cannot know itself.

use slo_core::Prometheus;

use super::SloRegistryBuilder;

impl SloRegistryBuilder {
    /// Fills the windows with what a Prometheus has kept from before the registry was built: for a service that is restarted
    /// and has no disk. Asked by a thread of its own, so a start is never delayed and a server that is down does no
    /// harm; see [`RegistryBuilder::restore_from`](slo_core::RegistryBuilder::restore_from).
    ///
    /// ```
    /// use slo_tower::{Prometheus, SloRegistry};
    ///
    /// let prometheus = Prometheus::new("http://127.0.0.1:9090")?.matching(r#"job="shop""#)?;
    /// let slos = SloRegistry::builder("shop").restore_from(prometheus).build()?;
    /// # let _ = slos;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn restore_from(mut self, prometheus: Prometheus) -> Self {
        self.builder = self.builder.restore_from(prometheus);
        self
    }
}
