//! What makes an event good.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::error::{ObjectiveError, Reason};
use super::parse::{NANOS_PER_SECOND, duration, format_duration};

/// The service level indicator: what makes an event good.
///
/// | | fast enough | too slow |
/// |---|---|---|
/// | `Availability` | good if it succeeded, bad if it failed | the same |
/// | `Latency` | good if it succeeded, excluded if it failed | bad |
/// | `Combined` | good if it succeeded, bad if it failed | bad |
///
/// A fast failure says nothing about speed, so it does not polish a latency SLI. An event the client gave up
/// on is excluded unless it was already too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sli {
    /// The event succeeded.
    Availability,
    /// The event was answered within the threshold; failures are left to [`Sli::Availability`].
    Latency {
        /// The longest good duration.
        threshold: Threshold,
    },
    /// The event succeeded within the threshold.
    Combined {
        /// The longest good duration.
        threshold: Threshold,
    },
}

impl Sli {
    /// Returns the word for this indicator: `availability`, `latency` or `combined`.
    #[must_use]
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Availability => "availability",
            Self::Latency { .. } => "latency",
            Self::Combined { .. } => "combined",
        }
    }

    /// Returns the longest good duration, if the indicator looks at time.
    #[must_use]
    pub const fn threshold(self) -> Option<Threshold> {
        match self {
            Self::Availability => None,
            Self::Latency { threshold } | Self::Combined { threshold } => Some(threshold),
        }
    }
}

/// The longest duration that is still good, exact in nanoseconds, from 1 ns to 1 h.
///
/// ```
/// use slo_core::Threshold;
/// const THRESHOLD: Threshold = Threshold::literal("250ms");
/// assert_eq!(THRESHOLD.nanos(), 250_000_000);
/// assert_eq!(Threshold::parse("0.25s")?.to_string(), "250ms");
/// # Ok::<(), slo_core::ObjectiveError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Threshold {
    nanos: u64,
}

impl Threshold {
    const NANOS_MAX: u64 = 3_600 * NANOS_PER_SECOND;

    /// Reads a duration such as `250ms` or `1.5s`.
    ///
    /// # Errors
    ///
    /// If the text is no duration, zero, finer than a nanosecond or longer than an hour.
    pub const fn parse(text: &str) -> Result<Self, ObjectiveError> {
        match duration(text) {
            Ok(0) => Err(ObjectiveError::new(text, Reason::ThresholdZero)),
            Ok(nanos) if nanos > Self::NANOS_MAX => Err(ObjectiveError::new(text, Reason::ThresholdTooLong)),
            Ok(nanos) => Ok(Self { nanos }),
            Err(reason) => Err(ObjectiveError::new(text, reason)),
        }
    }

    /// Reads a literal; in a `const` a wrong one fails the build.
    ///
    /// # Panics
    ///
    /// If [`Threshold::parse`] refuses the text.
    #[must_use]
    pub const fn literal(text: &str) -> Self {
        match Self::parse(text) {
            Ok(threshold) => threshold,
            Err(error) => panic!("{}", error.reason()),
        }
    }

    /// Returns the threshold in nanoseconds.
    #[must_use]
    pub const fn nanos(self) -> u64 {
        self.nanos
    }

    /// Returns the threshold as a duration.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_nanos(self.nanos)
    }
}

impl FromStr for Threshold {
    type Err = ObjectiveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_duration(self.nanos))
    }
}

impl Serialize for Threshold {
    /// Writes seconds as a number.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.duration().as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_have_bounds() {
        for (text, expected) in [
            ("1ns", Ok(1)),
            ("1h", Ok(3_600 * NANOS_PER_SECOND)),
            ("0ms", Err(Reason::ThresholdZero)),
            ("61m", Err(Reason::ThresholdTooLong)),
            ("10000000d", Err(Reason::ThresholdTooLong)),
            ("fast", Err(Reason::DurationMalformed)),
        ] {
            let expected = expected.map(|nanos| Threshold { nanos });
            assert_eq!(
                Threshold::parse(text),
                expected.map_err(|reason| ObjectiveError::new(text, reason)),
                "{text}"
            );
        }
    }
}
