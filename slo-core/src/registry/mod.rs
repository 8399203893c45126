//! The registry.
mod declare;
mod operation;
mod outcome;
mod scope;
pub use self::declare::{Declaration, Declared, Subject};
pub use self::operation::Operation;
pub use self::outcome::{Outcome, Verdict};
pub use self::scope::mark;
