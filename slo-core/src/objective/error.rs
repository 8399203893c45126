//! Why a promise could not be read, naming what was read.
//!
//! The error is built in `const` functions, so that a wrong literal fails the build; it therefore keeps a
//! short copy of the input by value instead of allocating.

use std::fmt;

/// A promise, or a part of one, that is not valid. Names the input and says what to write instead.
///
/// ```
/// use slo_core::Objective;
/// let error = Objective::parse("100%").unwrap_err();
/// assert_eq!(error.to_string(), r#"objective "100%" leaves no error budget: write less, such as 99.9%"#);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectiveError {
    input: Excerpt,
    reason: Reason,
}

impl ObjectiveError {
    pub(crate) const fn new(input: &str, reason: Reason) -> Self {
        Self { input: Excerpt::of(input), reason }
    }

    /// Returns what is wrong and what to write instead, without the input.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.reason.text()
    }
}

impl fmt::Display for ObjectiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} {}", self.reason.subject(), self.input.as_str(), self.reason.text())
    }
}

impl std::error::Error for ObjectiveError {}

/// What can be wrong with a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    ObjectiveNotANumber,
    ObjectiveZero,
    ObjectiveFull,
    ObjectiveAbove,
    ObjectiveAmbiguous,
    ObjectiveTooFine,
    DurationMalformed,
    DurationUnit,
    DurationTooFine,
    ThresholdZero,
    ThresholdTooLong,
    LatencyEnd,
    WindowTooShort,
    WindowTooLong,
    WindowPart,
    WindowUnknown,
    WindowZone,
    SlicesMalformed,
    SlicesUneven,
    Class,
    ClassEmpty,
    NameEmpty,
    NameTooLong,
    NameCharacter,
    RouteMalformed,
    RouteTooLong,
    LabelName,
    LabelReserved,
    LabelTwice,
}

impl Reason {
    const fn subject(self) -> &'static str {
        match self {
            Self::ObjectiveNotANumber
            | Self::ObjectiveZero
            | Self::ObjectiveFull
            | Self::ObjectiveAbove
            | Self::ObjectiveAmbiguous
            | Self::ObjectiveTooFine => "objective",
            Self::DurationMalformed | Self::DurationUnit | Self::DurationTooFine => "duration",
            Self::ThresholdZero | Self::ThresholdTooLong => "threshold",
            Self::LatencyEnd => "end of a latency",
            Self::WindowTooShort
            | Self::WindowTooLong
            | Self::WindowPart
            | Self::WindowUnknown
            | Self::WindowZone => "window",
            Self::SlicesMalformed | Self::SlicesUneven => "time slice",
            Self::Class | Self::ClassEmpty => "class",
            Self::NameEmpty | Self::NameTooLong | Self::NameCharacter => "SLO name",
            Self::RouteMalformed | Self::RouteTooLong => "route",
            Self::LabelName | Self::LabelReserved | Self::LabelTwice => "label",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::ObjectiveNotANumber => "is not a number: write a share such as 99.9% or 0.999",
            Self::ObjectiveZero => "promises nothing: write more, such as 99.9%",
            Self::ObjectiveFull => "leaves no error budget: write less, such as 99.9%",
            Self::ObjectiveAbove => "is more than everything: write less than 100%, such as 99.9%",
            Self::ObjectiveAmbiguous => "may be a share or a percentage: write the unit, such as 99.9%",
            Self::ObjectiveTooFine => "is finer than a billionth: write at most seven decimals of a percent",
            Self::DurationMalformed => "is not a duration: write a number and a unit, such as 250ms",
            Self::DurationUnit => "has no known unit: use ns, us, ms, s, m, h, d or w",
            Self::DurationTooFine => "is finer than a nanosecond",
            Self::ThresholdZero => "is never met: write more than zero, such as 250ms",
            Self::ThresholdTooLong => "is longer than the histogram measures: write at most 1h",
            Self::LatencyEnd => "is not known: write head or body",
            Self::WindowTooShort => "is too short: write at least 1h, such as 30d",
            Self::WindowTooLong => "is too long: write at most 90d",
            Self::WindowPart => "is not a whole number of minutes",
            Self::WindowUnknown => {
                "is no period: write a duration such as 30d, or week, month or quarter, such as month Europe/Berlin"
            }
            Self::WindowZone => {
                "has no time zone behind its period: write one of the IANA names, such as month Europe/Berlin"
            }
            Self::SlicesMalformed => "has no length: write a share and a length, such as 99% per 1m",
            Self::SlicesUneven => "does not divide an hour: write 1m, 5m, 10m, 15m, 30m or 1h",
            Self::Class => "is not known: write critical, high_fast, high_slow or low",
            Self::ClassEmpty => "promises nothing: declare no SLO at all",
            Self::NameEmpty => "is empty: write a name such as checkout-availability",
            Self::NameTooLong => "is longer than 100 bytes",
            Self::NameCharacter => "may hold only letters, digits, '-', '_' and '.'",
            Self::RouteMalformed => {
                "is not a route: write a method and a template, such as POST /orders/{id}, or a gRPC method, such as shop.Shop/Buy"
            }
            Self::RouteTooLong => "is longer than 200 bytes",
            Self::LabelName => {
                "is not a label name: write letters, digits and '_', not starting with a digit"
            }
            Self::LabelReserved => "is a label we write ourselves: choose another name",
            Self::LabelTwice => "is given twice",
        }
    }
}

const EXCERPT_BYTES: usize = 48;

/// The beginning of an input, kept by value.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Excerpt {
    bytes: [u8; EXCERPT_BYTES],
    length: usize,
}

impl Excerpt {
    const fn of(text: &str) -> Self {
        let source = text.as_bytes();
        let mut end = if source.len() < EXCERPT_BYTES { source.len() } else { EXCERPT_BYTES };
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let mut bytes = [0; EXCERPT_BYTES];
        let mut at = 0;
        while at < end {
            bytes[at] = source[at];
            at += 1;
        }
        Self { bytes, length: end }
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_input_is_cut_at_a_character() {
        let error = ObjectiveError::new(&"é".repeat(40), Reason::ObjectiveNotANumber);
        assert_eq!(error.input.as_str(), "é".repeat(24));
    }
}
