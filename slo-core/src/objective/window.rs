//! The period a promise is about.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::error::{ObjectiveError, Reason};
use super::parse::{NANOS_PER_SECOND, duration, format_duration};

const SECONDS_MIN: u64 = 3_600;
const SECONDS_MAX: u64 = 90 * 86_400;

/// A rolling period of whole minutes, from one hour to ninety days.
///
/// ```
/// use slo_core::Window;
/// const WINDOW: Window = Window::literal("30d");
/// assert_eq!(WINDOW.duration().as_secs(), 2_592_000);
/// assert_eq!(Window::parse("4w")?.to_string(), "28d");
/// assert_eq!(Window::default(), WINDOW);
/// # Ok::<(), slo_core::ObjectiveError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    seconds: u64,
}

impl Window {
    /// Thirty days, rolling: the default.
    pub const MONTH: Self = Self { seconds: 30 * 86_400 };

    /// Reads a period such as `30d`, `4w` or `36h`.
    ///
    /// # Errors
    ///
    /// If the text is no duration, no whole number of minutes, shorter than an hour or longer than 90 days.
    pub const fn parse(text: &str) -> Result<Self, ObjectiveError> {
        let nanos = match duration(text) {
            Ok(nanos) => nanos,
            // What is no whole nanosecond is no whole minute either.
            Err(Reason::DurationTooFine) => return Err(ObjectiveError::new(text, Reason::WindowPart)),
            Err(reason) => return Err(ObjectiveError::new(text, reason)),
        };
        let seconds = nanos / NANOS_PER_SECOND;
        if seconds > SECONDS_MAX {
            Err(ObjectiveError::new(text, Reason::WindowTooLong))
        } else if seconds < SECONDS_MIN {
            Err(ObjectiveError::new(text, Reason::WindowTooShort))
        } else if !nanos.is_multiple_of(60 * NANOS_PER_SECOND) {
            Err(ObjectiveError::new(text, Reason::WindowPart))
        } else {
            Ok(Self { seconds })
        }
    }

    /// Reads a literal; in a `const` a wrong one fails the build.
    ///
    /// # Panics
    ///
    /// If [`Window::parse`] refuses the text.
    #[must_use]
    pub const fn literal(text: &str) -> Self {
        match Self::parse(text) {
            Ok(window) => window,
            Err(error) => panic!("{}", error.reason()),
        }
    }

    /// Returns the length of the period.
    #[must_use]
    pub const fn duration(self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

impl Default for Window {
    fn default() -> Self {
        Self::MONTH
    }
}

impl FromStr for Window {
    type Err = ObjectiveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format_duration(self.seconds * NANOS_PER_SECOND))
    }
}

impl Serialize for Window {
    /// Writes the text form, such as `30d`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_bounds() {
        for (text, expected) in [
            ("1h", Ok(3_600)),
            ("90d", Ok(7_776_000)),
            ("1.5h", Ok(5_400)),
            ("59m", Err(Reason::WindowTooShort)),
            ("91d", Err(Reason::WindowTooLong)),
            ("3601s", Err(Reason::WindowPart)),
            ("300000d", Err(Reason::WindowTooLong)),
            ("soon", Err(Reason::DurationMalformed)),
            ("30", Err(Reason::DurationUnit)),
        ] {
            let expected = expected.map(|seconds| Window { seconds });
            assert_eq!(
                Window::parse(text),
                expected.map_err(|reason| ObjectiveError::new(text, reason)),
                "{text}"
            );
        }
    }
}
