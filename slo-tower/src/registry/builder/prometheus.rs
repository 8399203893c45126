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

    /// Shows in `/slo`, beside each SLO of this process, what all processes of the service have counted together, as a
    /// Prometheus knows it. Asked each minute by a thread of its own; see
    /// [`RegistryBuilder::fleet`](slo_core::RegistryBuilder::fleet).
    ///
    /// ```
    /// use slo_tower::{Prometheus, SloRegistry};
    ///
    /// let mimir = Prometheus::new("http://127.0.0.1:9009/prometheus")?;
    /// let mimir = mimir.matching(r#"job="shop""#)?.header("X-Scope-OrgID", "payments")?;
    /// let slos = SloRegistry::builder("shop").fleet(mimir).build()?;
    /// assert!(slos.status().slos.iter().filter_map(|slo| slo.fleet.as_ref()).all(|fleet| fleet.stale));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn fleet(mut self, prometheus: Prometheus) -> Self {
        self.builder = self.builder.fleet(prometheus);
        self
    }
}
