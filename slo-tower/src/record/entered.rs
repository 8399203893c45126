//! The time during which the handler runs on this thread.

use std::mem::ManuallyDrop;

use slo_core::{Attempt, Outcome, Scope};

use crate::classify::classify_http;

/// Entered before the inner service or future runs and left after. Dropped instead, the handler has panicked:
/// the attempt ends there, whoever may catch the panic further out.
pub(super) struct Entered<'a> {
    attempt: &'a mut Attempt,
    scope: Option<Scope>,
}

impl<'a> Entered<'a> {
    #[inline]
    pub(super) fn new(attempt: &'a mut Attempt, scope: Scope) -> Self {
        Self { attempt, scope: Some(scope) }
    }

    /// Enters again, if the attempt has not ended.
    #[inline]
    pub(super) fn again(attempt: &'a mut Attempt) -> Self {
        let scope = attempt.recorder().map(Scope::open_request);
        Self { attempt, scope }
    }

    #[inline]
    pub(super) fn leave(self) {
        // Left in peace: `Drop` is for panics.
        ManuallyDrop::new(self).take_mark();
    }

    #[inline]
    fn take_mark(&mut self) {
        if let Some(mark) = self.scope.take().and_then(Scope::close) {
            self.attempt.mark(mark);
        }
    }
}

impl Drop for Entered<'_> {
    #[cold]
    fn drop(&mut self) {
        self.take_mark();
        self.attempt.end(Outcome::Panicked, classify_http(Outcome::Panicked));
    }
}
