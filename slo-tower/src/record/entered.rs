//! The time during which the handler runs on this thread.

use std::mem::{ManuallyDrop, take};

use slo_core::{Attempt, Outcome, Scope};

/// Entered before the inner service or future runs and left after. Dropped instead, the handler has panicked:
/// the attempt ends there, whoever may catch the panic further out.
pub(super) struct Entered {
    attempt: Attempt,
    /// Stepped out of, or none, if nothing is recorded: operations then count where they would without us.
    scope: Option<Scope>,
}

impl Entered {
    #[inline]
    pub(super) fn new(attempt: Attempt, scope: Scope) -> Self {
        if attempt.is_ended() {
            scope.step_out();
        }
        Self { attempt, scope: Some(scope) }
    }

    /// Enters again, if the attempt has not ended.
    #[inline]
    pub(super) fn again(attempt: Attempt) -> Self {
        let scope = attempt.recorder().map(Scope::open_request);
        Self { attempt, scope }
    }

    /// Gives the attempt back, with the mark that the handler made.
    #[inline]
    pub(super) fn leave(self) -> Attempt {
        // Left in peace: `Drop` is for panics.
        let mut this = ManuallyDrop::new(self);
        if let Some(mark) = this.scope.take().and_then(Scope::close) {
            this.attempt.mark(mark);
        }
        take(&mut this.attempt)
    }
}

impl Drop for Entered {
    // Inlined, with all that is long in another function: otherwise everything here would have to lie in memory, and
    // not in registers, for the sake of a panic.
    #[inline(always)]
    fn drop(&mut self) {
        panicked(take(&mut self.attempt), self.scope.take());
    }
}

#[cold]
#[inline(never)]
fn panicked(mut attempt: Attempt, scope: Option<Scope>) {
    if let Some(mark) = scope.and_then(Scope::close) {
        attempt.mark(mark);
    }
    attempt.end(Outcome::Panicked);
}
