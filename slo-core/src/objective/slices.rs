//! Counting minutes instead of events.
//!
//! An event-weighted budget asks how many requests failed: an hour at noon costs more than a night. Who promises that the
//! service *works* for so much of the time counts slices of time, each good or bad as a whole.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::Objective;
use super::error::{ObjectiveError, Reason};
use super::parse::{NANOS_PER_SECOND, duration, format_duration};

/// Slices of time, and the share of good events that makes one of them good.
///
/// They are of whole minutes that divide an hour, and aligned to the clock. A slice without events counts for nothing:
/// neither good nor bad.
///
/// ```
/// use slo_core::{Objective, TimeSlices};
/// const SLICES: TimeSlices = TimeSlices::literal("99% per 1m");
/// assert_eq!((SLICES.threshold(), SLICES.duration().as_secs()), (Objective::literal("99%"), 60));
/// assert_eq!(TimeSlices::parse("0.95 per 300s")?.to_string(), "95% per 5m");
/// let error = TimeSlices::parse("99% per 7m").unwrap_err();
/// assert_eq!(error.to_string(), r#"time slice "99% per 7m" does not divide an hour: write 1m, 5m, 10m, 15m, 30m or 1h"#);
/// # Ok::<(), slo_core::ObjectiveError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TimeSlices {
    threshold: Objective,
    seconds: u64,
}

impl TimeSlices {
    /// Slices of this length, each good if at least this share of its events is.
    ///
    /// # Errors
    ///
    /// If the length is no whole number of minutes that divides an hour.
    pub const fn new(threshold: Objective, slice: Duration) -> Result<Self, ObjectiveError> {
        match whole(threshold, slice.as_nanos()) {
            Ok(slices) => Ok(slices),
            Err(reason) => Err(ObjectiveError::new("", reason)),
        }
    }

    /// Reads a share and a length such as `99% per 1m`.
    ///
    /// # Errors
    ///
    /// If there is no `per` between them, if either cannot be read, or if the length does not divide an hour.
    pub const fn parse(text: &str) -> Result<Self, ObjectiveError> {
        let Some((share, slice)) = halves(text) else {
            return Err(ObjectiveError::new(text, Reason::SlicesMalformed));
        };
        let threshold = match Objective::parse(share) {
            Ok(threshold) => threshold,
            Err(error) => return Err(error),
        };
        let nanos = match duration(slice) {
            Ok(nanos) => nanos,
            Err(reason) => return Err(ObjectiveError::new(slice, reason)),
        };
        match whole(threshold, nanos as u128) {
            Ok(slices) => Ok(slices),
            Err(reason) => Err(ObjectiveError::new(text, reason)),
        }
    }

    /// Reads a literal; in a `const` a wrong one fails the build.
    ///
    /// # Panics
    ///
    /// If [`TimeSlices::parse`] refuses the text.
    #[must_use]
    pub const fn literal(text: &str) -> Self {
        match Self::parse(text) {
            Ok(slices) => slices,
            Err(error) => panic!("{}", error.reason()),
        }
    }

    /// Returns the share of good events from which on a slice is good.
    #[must_use]
    pub const fn threshold(self) -> Objective {
        self.threshold
    }

    /// Returns the length of a slice.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

const fn whole(threshold: Objective, nanos: u128) -> Result<TimeSlices, Reason> {
    const HOUR: u128 = 3_600 * NANOS_PER_SECOND as u128;
    if nanos == 0 || !nanos.is_multiple_of(60 * NANOS_PER_SECOND as u128) || !HOUR.is_multiple_of(nanos) {
        return Err(Reason::SlicesUneven);
    }
    #[expect(clippy::cast_possible_truncation, reason = "at most an hour")]
    let seconds = (nanos / NANOS_PER_SECOND as u128) as u64;
    Ok(TimeSlices { threshold, seconds })
}

/// Splits at the `per`, with or without spaces around it.
const fn halves(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at + 3 <= bytes.len() {
        if bytes[at] == b'p' && bytes[at + 1] == b'e' && bytes[at + 2] == b'r' {
            let (share, rest) = text.split_at(at);
            let (_, slice) = rest.split_at(3);
            return Some((share.trim_ascii(), slice.trim_ascii()));
        }
        at += 1;
    }
    None
}

impl FromStr for TimeSlices {
    type Err = ObjectiveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for TimeSlices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{} per {}", self.threshold, format_duration(self.seconds * NANOS_PER_SECOND)))
    }
}

impl Serialize for TimeSlices {
    /// Writes the text form, such as `99% per 1m`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_divide_an_hour() {
        for minutes in 0..=120 {
            let slices = TimeSlices::new(Objective::literal("99%"), Duration::from_secs(minutes * 60));
            assert_eq!(slices.is_ok(), minutes > 0 && 60 % minutes == 0, "{minutes}");
            if let Ok(slices) = slices {
                assert_eq!(TimeSlices::parse(&slices.to_string()), Ok(slices));
            }
        }
        for (text, expected) in [
            ("99%", Reason::SlicesMalformed),
            ("", Reason::SlicesMalformed),
            ("99% per 90s", Reason::SlicesUneven),
            ("99% per 30s", Reason::SlicesUneven),
            ("99% per 1d", Reason::SlicesUneven),
        ] {
            assert_eq!(TimeSlices::parse(text), Err(ObjectiveError::new(text, expected)), "{text}");
        }
        assert_eq!(TimeSlices::parse("100% per 1m"), Err(ObjectiveError::new("100%", Reason::ObjectiveFull)));
        assert_eq!(TimeSlices::parse("99% per"), Err(ObjectiveError::new("", Reason::DurationMalformed)));
        assert_eq!(TimeSlices::parse("99%per 1m"), TimeSlices::parse("99% per 1m"));
    }
}
