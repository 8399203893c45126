//! When the error budgets allow a release.

use std::sync::Arc;

use slo_core::{GateDecision, GatePolicy};

use super::{SloRegistry, SloRegistryBuilder};
use crate::endpoint::GateService;

impl SloRegistryBuilder {
    /// Allows releases by this policy, at `GET /slo/gate` and by [`SloRegistry::gate`]: unless changed, while no page
    /// fires and every SLO has some of its budget left.
    ///
    /// A pipeline asks before it deploys; `curl --fail-with-body` ends with an error, and shows the reasons, where it may
    /// not.
    ///
    /// ```
    /// use slo_tower::{BuildError, GatePolicy, Objective, Sli, Slo, SloRegistry};
    ///
    /// let slo = Slo::new("job-availability", Sli::Availability, Objective::parse("99%")?)?.with_operation("job")?;
    /// let exempting = |name| SloRegistry::builder("shop").slo(slo.clone()).gate(GatePolicy::new().exempt(name)).build();
    /// assert!(exempting("job-availability")?.gate().allowed);
    /// let error = exempting("jobs-availability").map(drop).unwrap_err();
    /// assert!(matches!(error, BuildError::Gate(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn gate(mut self, policy: GatePolicy) -> Self {
        self.gate = policy;
        self
    }
}

impl SloRegistry {
    /// Returns whether the error budgets allow a release now, and if not, why.
    ///
    /// ```
    /// let slos = slo_tower::SloRegistry::builder("shop").build()?;
    /// assert!(slos.gate().allowed); // It has promised nothing.
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    #[must_use]
    pub fn gate(&self) -> GateDecision {
        self.gate.decide(&self.status())
    }

    /// Returns the service that answers `GET /slo/gate`, for servers other than axum.
    #[must_use]
    pub fn gate_service(&self) -> GateService {
        GateService::new(self.registry.clone(), Arc::clone(&self.gate))
    }
}
