//! In place of `signals` where nobody can ask for them.

/// Whether anybody listens: nobody does.
#[derive(Debug, Default)]
pub(super) struct Listening;
