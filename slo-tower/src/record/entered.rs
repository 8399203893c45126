//! The time during which the handler runs on this thread.

use std::mem::{ManuallyDrop, take};

use slo_core::{Attempt, Outcome, Scope};

use super::protocol::Call;

/// Entered before the inner service or future runs and left after. Dropped instead, the handler has panicked:
/// the attempt ends there, whoever may catch the panic further out.
pub(super) struct Entered<'a, C: Call> {
    attempt: Attempt,
    /// Stepped out of, or none, if nothing is recorded: operations then count where they would without us.
    scope: Option<Scope>,
    call: &'a mut C,
}

impl<'a, C: Call> Entered<'a, C> {
    #[inline]
    pub(super) fn new(attempt: Attempt, scope: Scope, call: &'a mut C) -> Self {
        if attempt.is_ended() {
            scope.step_out();
        }
        Self { attempt, scope: Some(scope), call }
    }

    /// Enters again, if the attempt has not ended.
    #[inline]
    pub(super) fn again(attempt: Attempt, call: &'a mut C) -> Self {
        let scope = attempt.recorder().map(C::open);
        Self { attempt, scope, call }
    }

    /// Gives the attempt back, with the mark that the handler made.
    #[inline]
    pub(super) fn leave(self) -> Attempt {
        // Left in peace: `Drop` is for panics.
        let mut this = ManuallyDrop::new(self);
        if let Some(mark) = this.scope.take().and_then(Scope::close) {
            this.attempt.mark(mark);
        }
        let mut attempt = take(&mut this.attempt);
        this.call.ran(&mut attempt);
        attempt
    }
}

impl<C: Call> Drop for Entered<'_, C> {
    // Inlined, with all that is long in another function: otherwise everything here would have to lie in memory, and
    // not in registers, for the sake of a panic.
    #[inline(always)]
    fn drop(&mut self) {
        panicked(take(&mut self.attempt), self.scope.take(), self.call);
    }
}

#[cold]
#[inline(never)]
fn panicked<C: Call>(mut attempt: Attempt, scope: Option<Scope>, call: &mut C) {
    if let Some(mark) = scope.and_then(Scope::close) {
        attempt.mark(mark);
    }
    call.ran(&mut attempt);
    attempt.end(Outcome::Panicked);
}
