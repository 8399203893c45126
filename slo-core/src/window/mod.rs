//! How many events fell into the last five minutes, hour, month.
//!
//! Nothing is counted per window. The totals only grow; now and then a sample of them is kept, and a window
//! is the difference between now and the sample at its beginning: event-weighted, and as cheap for ninety
//! days as for five minutes. No event can fall between two windows or be counted in a window twice.

mod histories;
mod ladder;
mod ring;

pub(crate) use self::histories::Histories;

use std::time::Duration;

use serde::Serialize;

/// Events that count for an SLO, over some period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Events that kept the promise.
    pub good: u64,
    /// Events that broke it.
    pub bad: u64,
}

impl Counts {
    /// Returns good and bad events together.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.good + self.bad
    }

    /// Returns the share of good events, or `None` if there were no events.
    ///
    /// ```
    /// use slo_core::Counts;
    /// assert_eq!(Counts { good: 3, bad: 1 }.good_ratio(), Some(0.75));
    /// assert_eq!(Counts::default().good_ratio(), None);
    /// ```
    #[must_use]
    pub fn good_ratio(self) -> Option<f64> {
        ratio(self.good, self.total())
    }

    /// Returns the share of bad events, or `None` if there were no events.
    #[must_use]
    pub fn bad_ratio(self) -> Option<f64> {
        ratio(self.bad, self.total())
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events, rounded beyond")]
fn ratio(part: u64, total: u64) -> Option<f64> {
    (total > 0).then(|| part as f64 / total as f64)
}

/// What is known of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct WindowCounts {
    pub(crate) counts: Counts,
    /// How long the process watched within the window; at most the window itself.
    pub(crate) seen: Duration,
}
