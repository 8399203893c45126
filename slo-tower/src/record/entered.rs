//! The time during which the handler runs on this thread.

use std::mem::ManuallyDrop;

use slo_core::{Attempt, Outcome, Recorder, Scope};

use crate::classify::classify_http;

/// Entered before the inner service or future runs and left after. Dropped instead, the handler has panicked:
/// the attempt ends there, whoever may catch the panic further out.
pub(super) struct Entered<'a> {
    attempt: &'a mut Option<Attempt>,
    scope: Option<Scope>,
}

impl<'a> Entered<'a> {
    #[inline]
    pub(super) fn new(attempt: &'a mut Option<Attempt>, recorder: Recorder) -> Self {
        Self { attempt, scope: Some(Scope::open_request(recorder)) }
    }

    #[inline]
    pub(super) fn leave(self) {
        // Left in peace: `Drop` is for panics.
        ManuallyDrop::new(self).take_mark();
    }

    #[inline]
    fn take_mark(&mut self) {
        let mark = self.scope.take().and_then(Scope::close);
        if let (Some(mark), Some(attempt)) = (mark, self.attempt.as_mut()) {
            attempt.mark(mark);
        }
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.take_mark();
        if let Some(attempt) = self.attempt.take() {
            attempt.finish(Outcome::Panicked, classify_http(Outcome::Panicked));
        }
    }
}
