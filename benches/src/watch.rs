//! The one place here that reads the machine's clock, independent of what is measured.

use std::time::Instant;

/// Counts nanoseconds from its making. Copies count from the same moment.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    origin: Instant,
}

impl Watch {
    /// Starts to count.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "measuring is about the machine's time")]
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Returns the nanoseconds so far.
    #[inline]
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "584 years fit")]
    pub fn nanos(&self) -> u64 {
        self.origin.elapsed().as_nanos() as u64
    }
}
