//! The time during which the inner service runs on this thread.

use std::mem::{ManuallyDrop, take};

use slo_core::{Attempt, Outcome, Scope};

/// Entered before the inner service or future runs and left after. Dropped instead, it has panicked: the attempt ends
/// there, whoever may catch the panic further out.
pub(super) struct Running {
    attempt: Attempt,
    /// None if nothing is recorded: operations then count where they would without us.
    scope: Option<Scope>,
}

impl Running {
    #[inline]
    pub(super) fn enter(attempt: Attempt) -> Self {
        let scope = attempt.recorder().map(Scope::open);
        Self { attempt, scope }
    }

    #[inline]
    pub(super) fn leave(self) -> Attempt {
        // Left in peace: `Drop` is for panics.
        let mut this = ManuallyDrop::new(self);
        if let Some(scope) = this.scope.take() {
            scope.close_apart();
        }
        take(&mut this.attempt)
    }
}

impl Drop for Running {
    #[inline]
    fn drop(&mut self) {
        panicked(take(&mut self.attempt), self.scope.take());
    }
}

#[cold]
#[inline(never)]
fn panicked(mut attempt: Attempt, scope: Option<Scope>) {
    if let Some(scope) = scope {
        scope.close_apart();
    }
    attempt.end(Outcome::Panicked);
}
