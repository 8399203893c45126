//! Service level objectives inside the process.

pub mod naming;

mod objective;
mod registry;
mod time;

pub use self::objective::{AlertPolicy, AlertRow, Objective, ObjectiveError, Severity, Sli, Slo, Threshold, Window};
pub use self::registry::{Declaration, Declared, Operation, Outcome, Subject, Verdict, mark};
pub use self::time::{Clock, Timestamp};

#[doc(hidden)]
pub use inventory;
