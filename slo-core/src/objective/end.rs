//! Where the latency of an event ends.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::error::{ObjectiveError, Reason};

/// Where the latency of a request ends that is answered with a body.
///
/// What has no body, or fails without an answer, ends where it ends: all three are the same then.
///
/// ```
/// use slo_core::{LatencyEnd, Objective, Sli, Slo, Threshold};
/// const FIRST_BYTE: Slo = Slo::literal(
///     "report-latency",
///     Sli::Latency { threshold: Threshold::literal("250ms") },
///     Objective::literal("99%"),
/// )
/// .with_latency_end(LatencyEnd::Head);
/// assert_eq!(FIRST_BYTE.latency_end(), LatencyEnd::parse("head")?);
/// # Ok::<(), slo_core::ObjectiveError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum LatencyEnd {
    /// At the head of a stream, which may last for hours by design, and at the end of any other body.
    #[default]
    Usual,
    /// At the head: the time until there is an answer.
    Head,
    /// At the end of the body, whatever its length: the time until all of the answer is handed over.
    Body,
}

impl LatencyEnd {
    /// Reads the word for an end that is chosen: `head` or `body`.
    ///
    /// # Errors
    ///
    /// If it is neither.
    pub const fn parse(text: &str) -> Result<Self, ObjectiveError> {
        match text.as_bytes() {
            b"head" => Ok(Self::Head),
            b"body" => Ok(Self::Body),
            _ => Err(ObjectiveError::new(text, Reason::LatencyEnd)),
        }
    }

    /// Returns the word for this end: `usual`, `head` or `body`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Head => "head",
            Self::Body => "body",
        }
    }
}

impl FromStr for LatencyEnd {
    type Err = ObjectiveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for LatencyEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for LatencyEnd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_read_by_its_word() {
        for (text, expected) in [
            ("head", Ok(LatencyEnd::Head)),
            ("body", Ok(LatencyEnd::Body)),
            ("usual", Err(Reason::LatencyEnd)),
            ("", Err(Reason::LatencyEnd)),
        ] {
            let expected = expected.map_err(|reason| ObjectiveError::new(text, reason));
            assert_eq!(LatencyEnd::parse(text), expected, "{text}");
        }
    }
}
