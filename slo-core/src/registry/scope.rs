//! Which request this thread is working on.
use super::Declaration;

/// Marks the request this thread is working on as one of `declaration`.
pub fn mark(_declaration: &'static Declaration) {}
