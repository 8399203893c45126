//! Recording a call that is no request.
use super::{Declaration, Verdict};

/// One call of an `operation`.
#[derive(Debug)]
pub struct Operation(());
impl Operation {
    /// Starts.
    #[must_use]
    pub fn start(_declaration: &'static Declaration) -> Self {
        Self(())
    }
    /// Ends.
    pub fn finish(self, _verdict: Verdict) {}
}
