//! The health beside the promises: in the same status and metrics, and told which budgets burn.

use std::sync::Arc;

use super::RegistryBuilder;
use super::build_error::BuildError;
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
    /// Refuses a policy that names an SLO which is not there, or a share that is none.
    pub(super) fn check(&self, slos: &[Slo]) -> Result<(), BuildError> {
        for (name, share) in self.policy.named() {
            if !slos.iter().any(|slo| slo.name() == name) {
                let near = nearest(name, slos.iter().map(Slo::name)).map(str::to_owned);
                return Err(BuildError::UnknownBudget { name: name.to_owned(), near });
            }
            if !(0.0..=1.0).contains(&share) {
                return Err(BuildError::BudgetShare { name: name.to_owned(), share });
            }
        }
        Ok(())
    }

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
            let remaining = (self.policy.budget_min(slo.name()).is_some() || firing.is_some()).then(|| {
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

/// Returns the name most like what was written, if any is like it.
fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // What is less alike is another name, and not a slip.
    const LIKENESS_MIN: f64 = 0.7;
    let scored = names.map(|name| (strsim::jaro_winkler(name, written), name));
    let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness >= LIKENESS_MIN).map(|(_, name)| name)
}
