//! Our counters and gauges, published through the `metrics` facade.

use slo_core::FacadePublisher;

use crate::registry::SloRegistry;

impl SloRegistry {
    /// Returns what publishes our counters and gauges to whatever `metrics` recorder is installed, for
    /// applications whose metrics already go somewhere that way.
    ///
    /// ```
    /// use slo_tower::SloRegistry;
    /// let slos = SloRegistry::builder("shop").build()?;
    /// let publisher = slos.facade_publisher();
    /// // Now and then, for example every ten seconds:
    /// publisher.publish();
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    #[must_use]
    pub fn facade_publisher(&self) -> FacadePublisher {
        FacadePublisher::new((**self).clone())
    }
}
