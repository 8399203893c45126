//! How many events fell into the last five minutes, hour, month.
//!
//! Nothing is counted per window. The totals only grow; now and then a sample of them is kept, and a window
//! is the difference between now and the sample at its beginning: event-weighted, and as cheap for ninety
//! days as for five minutes. No event can fall between two windows or be counted in a window twice.

#[cfg(feature = "prometheus")]
mod backfill;
#[cfg_attr(not(feature = "calendar"), path = "no_calendar.rs")]
mod calendar;
mod histories;
mod ladder;
mod past;
mod period;
mod ring;
#[cfg(feature = "store")]
mod saved;
mod slices;

#[cfg(feature = "prometheus")]
pub(crate) use self::backfill::Before;
use self::calendar::Calendar;
pub(crate) use self::histories::Histories;
pub(crate) use self::past::{Past, PeriodCounts};
pub(crate) use self::period::Period;
#[cfg(feature = "store")]
pub(crate) use self::saved::{Marks, Samples, SavedHistories, SavedHistory};
#[cfg(feature = "store")]
pub(crate) use self::slices::SliceState;
pub(crate) use self::slices::Slices;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Events that count for an SLO, over some period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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

impl Counts {
    /// Returns what has been counted by both; as much as fits if it is too much.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self { good: self.good.saturating_add(other.good), bad: self.bad.saturating_add(other.bad) }
    }

    /// Returns what has been counted since it was this.
    pub(crate) const fn since(self, before: Self) -> Self {
        Self { good: self.good.saturating_sub(before.good), bad: self.bad.saturating_sub(before.bad) }
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events, rounded beyond")]
fn ratio(part: u64, total: u64) -> Option<f64> {
    (total > 0).then(|| part as f64 / total as f64)
}

/// A period of time; the end belongs to the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) begin: Timestamp,
    pub(crate) end: Timestamp,
}

/// Why there is no such calendar window.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "calendar"), expect(dead_code, reason = "no zone is looked for"))]
pub(crate) enum CalendarError {
    /// No time zone has this name.
    UnknownZone { near: Option<String> },
    /// The feature `calendar` is off.
    #[cfg_attr(feature = "calendar", expect(dead_code, reason = "the feature is on"))]
    Unsupported,
}

/// Refuses a calendar window that there is not.
#[cfg(feature = "openslo")]
pub(crate) fn check_calendar(window: crate::objective::Window) -> Result<(), CalendarError> {
    Calendar::of(window).map(drop)
}

/// What is known of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct WindowCounts {
    pub(crate) counts: Counts,
    /// How long the process watched within the window; at most the window itself.
    pub(crate) seen: Duration,
}
