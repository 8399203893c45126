//! What is known of the past of one promise.
//!
//! There are two questions, and all arithmetic asks nothing else: what happened in the last hour, and what happened in the
//! period of the promise. Who asks need not know whether that is a calendar's, nor whether events or slices are counted.

use std::time::Duration;

use super::{Counts, WindowCounts};

/// The past of one SLO, as of one moment.
pub(crate) trait Past {
    /// Returns what happened within the last `window`; it may have begun in the period before.
    fn window(&self, window: Duration) -> WindowCounts;

    /// Returns what happened in the period of the promise.
    fn period(&self) -> PeriodCounts;
}

/// What is known of the period of a promise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct PeriodCounts {
    pub(crate) counts: Counts,
    /// How long the process watched within what has passed of the period.
    pub(crate) seen: Duration,
    /// How much of it has passed; all of it, if it is a rolling one.
    pub(crate) elapsed: Duration,
    /// How much of it is still to come; `None` if it is a rolling one.
    pub(crate) left: Option<Duration>,
}

impl PeriodCounts {
    /// Returns the share of what has passed of the period for which there is data; at its first moment there is nothing to
    /// have missed.
    pub(crate) fn coverage(&self) -> f64 {
        if self.elapsed.is_zero() { 1.0 } else { self.seen.as_secs_f64() / self.elapsed.as_secs_f64() }
    }
}
