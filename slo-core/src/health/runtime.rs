//! What is known of the runtimes on which the process runs its tasks.

use std::time::Duration;

use serde::Serialize;

/// How late a runtime polls its tasks, by whoever watches it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RuntimeStatus {
    /// The check that says whether it stands still.
    pub check: String,
    /// The longest that a task had to wait for its turn, lately.
    pub lag_seconds: f64,
    /// How often it has stood still.
    pub stalls: u64,
}

impl RuntimeStatus {
    /// What was seen of the runtime that `check` is about.
    #[must_use]
    pub fn new(check: impl Into<String>, lag: Duration, stalls: u64) -> Self {
        Self { check: check.into(), lag_seconds: lag.as_secs_f64(), stalls }
    }
}

/// Says how a runtime is. It is asked under a lock, and must neither wait nor ask for the health.
pub type RuntimeReader = Box<dyn Fn() -> RuntimeStatus + Send + Sync>;
