//! What stands in for the cycle counter where there is none to read: in the interpreter miri, which knows no
//! machine instructions.

use std::time::Instant;

/// Counts nanoseconds, with the methods of [`quanta::Clock`] that we use.
#[derive(Clone)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "one of the two places that read the machine's clocks")]
    pub(super) fn new() -> Self {
        Self { start: Instant::now() }
    }

    #[expect(clippy::disallowed_methods, reason = "as above")]
    pub(super) fn raw(&self) -> u64 {
        super::nanos(Instant::now().duration_since(self.start))
    }

    pub(super) fn delta_as_nanos(&self, earlier: u64, later: u64) -> u64 {
        later.saturating_sub(earlier)
    }
}
