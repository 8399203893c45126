//! The health beside the promises: in the same status and metrics, and told which budgets burn.

use std::sync::Arc;

use super::RegistryBuilder;
use crate::budget::ErrorBudget;
use crate::engine::Engine;
use crate::health::{Burn, BurnPolicy, HealthStatus, Monitor};
use crate::objective::Slo;
use crate::time::Timestamp;
use crate::window::{Counts, Past};

/// A monitor, and what it is told of the budgets.
#[derive(Debug)]
pub(super) struct Watched {
    monitor: Arc<Monitor>,
    policy: BurnPolicy,
}

impl RegistryBuilder {
    /// Shows the health of the process beside the promises: in [`Status::health`](super::Status::health) and in the metrics. Each
    /// tick tells it which budgets burn, as `policy` has it. The monitor must have been made by the clock of this registry.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use slo_core::{BurnPolicy, Clock, Monitor, Registry, TextFormat};
    ///
    /// let clock = Clock::system();
    /// let monitor = Arc::new(Monitor::new(Vec::new(), Vec::new(), 1, clock.now())?);
    /// let registry = Registry::builder("shop").clock(clock).health(Arc::clone(&monitor), BurnPolicy::new()).build()?;
    /// let mut metrics = String::new();
    /// registry.render(TextFormat::Prometheus, &mut metrics);
    /// assert!(metrics.contains("health_life{state=\"ready\"} 1\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn health(mut self, monitor: Arc<Monitor>, policy: BurnPolicy) -> Self {
        self.watched = Some(Watched { monitor, policy });
        self
    }
}

impl Watched {
    pub(super) fn status(&self, now: Timestamp) -> Arc<HealthStatus> {
        self.monitor.status(now)
    }

    /// Returns which budgets burn as of the tick that was at `now`, given what had been counted by then.
    pub(super) fn burns(
        &self,
        engine: &Engine,
        slos: &[Slo],
        totals: &[Counts],
        now: Timestamp,
    ) -> Vec<Burn> {
        let each = slos.iter().zip(engine.alerts()).zip(totals).enumerate();
        let burns = each.filter_map(|(index, ((slo, alerts), total))| {
            let firing = alerts.alarm().map(|alarm| alarm.severity);
            // A budget is some work, which nobody asks for while nothing burns.
            let remaining = (self.policy.looks_at_budgets() || firing.is_some()).then(|| {
                let past = engine.past(index, now, engine.counted(index, *total));
                ErrorBudget::new(slo.objective(), past.period().counts).remaining_ratio()
            });
            self.policy.burn(slo.name(), firing, remaining.flatten())
        });
        burns.collect()
    }

    /// Tells the monitor. No lock may be held: its listeners are told in turn.
    pub(super) fn tell(&self, now: Timestamp, burns: Vec<Burn>) {
        self.monitor.set_burns(now, burns);
    }
}
