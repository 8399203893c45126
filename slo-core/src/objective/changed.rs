//! A promise about the same events that is another one: what an operator may change without a build.

use super::{Objective, Sli, Slo};

impl Slo {
    /// Promises another share.
    pub(crate) const fn with_objective(mut self, objective: Objective) -> Self {
        self.objective = objective;
        self
    }

    /// Judges the events by something else.
    pub(crate) const fn with_sli(mut self, sli: Sli) -> Self {
        self.sli = sli;
        self
    }

    /// Promises a share of the events rather than of the time.
    pub(crate) const fn without_time_slices(mut self) -> Self {
        self.slices = None;
        self
    }

    /// Forgets a label, so that it can be given anew.
    pub(crate) fn without_label(mut self, name: &str) -> Self {
        self.labels.retain(|(other, _)| other != name);
        self
    }
}
