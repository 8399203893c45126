//! Requests that are left out by what their head says.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::route::RequestHead;

type Predicate = dyn for<'a> Fn(RequestHead<'a>) -> bool + Send + Sync;

/// What users say of heads.
pub(crate) struct Exclude {
    predicate: Box<Predicate>,
    /// Asked first.
    before: Option<Box<Self>>,
}

impl Exclude {
    pub(crate) fn new(
        predicate: impl for<'a> Fn(RequestHead<'a>) -> bool + Send + Sync + 'static,
        before: Option<Self>,
    ) -> Self {
        Self { predicate: Box::new(predicate), before: before.map(Box::new) }
    }

    /// Returns whether the request is left out. A panic of users changes no response.
    #[cold]
    pub(super) fn has(&self, head: RequestHead<'_>) -> bool {
        self.before.as_ref().is_some_and(|before| before.has(head))
            || catch_unwind(AssertUnwindSafe(|| (self.predicate)(head))).unwrap_or(false)
    }
}

impl fmt::Debug for Exclude {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exclude").finish_non_exhaustive()
    }
}
