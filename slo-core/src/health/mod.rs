//! Whether the process is well: checks, what their results mean, and the life of the process.
//!
//! Nothing here runs by itself, waits or reads a clock: a runner asks what is due, runs it and says how it ended. So every
//! rule is a table over moments. Endpoints read what is settled; no request ever runs a check.
//! What must never happen: a dependency that takes the whole fleet down because each process restarts itself over it. So
//! what a check is about decides what it may gate.

mod burn;
mod change;
mod check;
mod finding;
mod freshness;
mod last_success;
mod life;
mod monitor;
mod report;
mod rules;
mod runtime;
mod state;
mod status;
mod told;
#[cfg_attr(not(feature = "tracing"), path = "not_traced.rs")]
mod traced;

pub use self::burn::{Burn, BurnPolicy};
pub use self::check::{Check, CheckError, CheckRun, Probe};
pub use self::finding::{Finding, Reading};
pub use self::freshness::Freshness;
pub use self::last_success::LastSuccess;
pub use self::life::Life;
pub use self::monitor::{HealthListener, Monitor, Run};
pub use self::report::{Fault, Level, Report};
pub use self::rules::{CheckRules, Gate};
pub use self::runtime::{RuntimeReader, RuntimeStatus};
pub use self::status::{CheckStatus, Failure, HealthStatus, ProbeAnswer};
