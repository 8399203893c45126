//! The promise: what is measured, what share of it must be good, over which period.
//!
//! Every type here exists only if it is valid, and can be made in a `const`, so that a wrong literal fails
//! the build. The macro, the builder and configuration files all read through these parsers: there is no
//! second opinion on what `99.9%` means.

#[cfg(feature = "openslo")]
mod changed;
mod class;
mod end;
mod error;
mod parse;
mod policy;
mod policy_error;
mod row;
mod sli;
mod slices;
mod slo;
mod window;
mod zone;

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

pub use self::class::ObjectiveClass;
pub use self::end::LatencyEnd;
pub use self::error::ObjectiveError;
pub use self::policy::{AlertForm, AlertPolicy};
pub use self::policy_error::AlertPolicyError;
pub use self::row::{AlertRow, Severity};
pub use self::sli::{Sli, Threshold};
pub use self::slices::TimeSlices;
pub use self::slo::Slo;
pub use self::window::{CalendarPeriod, Window};

use self::error::Reason;
use self::parse::Decimal;
pub(crate) use self::parse::format_duration;
#[cfg(feature = "generate")]
pub(crate) use self::slo::check_label;
pub(crate) use self::slo::split_route;

const BILLION: u64 = 1_000_000_000;

/// The promised share of good events, exact to a billionth; always above 0 and below 1.
///
/// ```
/// use slo_core::Objective;
/// const THREE_NINES: Objective = Objective::literal("99.9%");
/// assert_eq!(Objective::parse("0.999")?, THREE_NINES);
/// assert_eq!(Objective::parse("99.9")?, THREE_NINES);
/// assert_eq!(THREE_NINES.parts_per_billion(), 999_000_000);
/// assert_eq!(THREE_NINES.to_string(), "99.9%");
/// # Ok::<(), slo_core::ObjectiveError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Objective {
    parts_per_billion: u64,
}

impl Objective {
    /// Reads a percentage (`99.9%`, `99.95`) or a ratio (`0.999`).
    ///
    /// A bare number below 1 is a ratio, one of 50 or more a percentage; between them both could be meant.
    ///
    /// # Errors
    ///
    /// If the text is no number, is ambiguous, finer than a billionth, or not above 0 % and below 100 %.
    pub const fn parse(text: &str) -> Result<Self, ObjectiveError> {
        match parts_per_billion(text) {
            Ok(parts_per_billion) => Ok(Self { parts_per_billion }),
            Err(reason) => Err(ObjectiveError::new(text, reason)),
        }
    }

    /// Reads a literal; in a `const` a wrong one fails the build.
    ///
    /// # Panics
    ///
    /// If [`Objective::parse`] refuses the text.
    #[must_use]
    pub const fn literal(text: &str) -> Self {
        match Self::parse(text) {
            Ok(objective) => objective,
            Err(error) => panic!("{}", error.reason()),
        }
    }

    /// Returns the share in parts per billion, from 1 to 999 999 999.
    #[must_use]
    pub const fn parts_per_billion(self) -> u64 {
        self.parts_per_billion
    }

    /// Returns the promised share of good events.
    #[must_use]
    pub fn ratio(self) -> f64 {
        ratio_of_billion(self.parts_per_billion)
    }

    /// Returns the share of events that may be bad: one minus [`Objective::ratio`], rounded only once.
    ///
    /// ```
    /// assert_eq!(slo_core::Objective::literal("99.9%").error_budget_ratio(), 0.001);
    /// ```
    #[must_use]
    pub fn error_budget_ratio(self) -> f64 {
        ratio_of_billion(BILLION - self.parts_per_billion)
    }
}

impl FromStr for Objective {
    type Err = ObjectiveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PARTS_PER_PERCENT: u64 = BILLION / 100;
        let decimals = format!("{:07}", self.parts_per_billion % PARTS_PER_PERCENT);
        let (whole, decimals) = (self.parts_per_billion / PARTS_PER_PERCENT, decimals.trim_end_matches('0'));
        let point = if decimals.is_empty() { "" } else { "." };
        f.pad(&format!("{whole}{point}{decimals}%"))
    }
}

impl Serialize for Objective {
    /// Writes the ratio as a number.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.ratio())
    }
}

const fn parts_per_billion(text: &str) -> Result<u64, Reason> {
    let bytes = text.as_bytes();
    let percent = !bytes.is_empty() && bytes[bytes.len() - 1] == b'%';
    let end = bytes.len() - percent as usize;
    let Some(number) = Decimal::parse(bytes, 0, end) else {
        return Err(Reason::ObjectiveNotANumber);
    };
    if number.is_zero() {
        return Err(Reason::ObjectiveZero);
    }
    let ratio = !percent && number.compare(1) < 0;
    if !percent && !ratio && number.compare(50) < 0 {
        return Err(Reason::ObjectiveAmbiguous);
    }
    match number.compare(if ratio { 1 } else { 100 }) {
        0 => return Err(Reason::ObjectiveFull),
        1 => return Err(Reason::ObjectiveAbove),
        _ => {}
    }
    match number.times(if ratio { BILLION } else { BILLION / 100 }) {
        Some(parts) => Ok(parts),
        None => Err(Reason::ObjectiveTooFine),
    }
}

fn ratio_of_billion(parts: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "at most a billion, which an f64 holds exactly")]
    let parts = parts as f64;
    parts / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objectives_are_exact() {
        for (text, expected) in [
            ("99.9%", 999_000_000),
            ("99.95", 999_500_000),
            ("0.999", 999_000_000),
            ("99.9999999%", 999_999_999),
            ("0.0000001%", 1),
            ("50", 500_000_000),
            ("0.5", 500_000_000),
            ("0.5%", 5_000_000),
        ] {
            let objective = Objective::parse(text).unwrap();
            assert_eq!(objective.parts_per_billion(), expected, "{text}");
            assert_eq!(Objective::parse(&objective.to_string()), Ok(objective), "{text} is read back");
        }
    }

    #[test]
    fn wrong_objectives_say_why() {
        for (text, expected) in [
            ("", Reason::ObjectiveNotANumber),
            ("%", Reason::ObjectiveNotANumber),
            ("-1%", Reason::ObjectiveNotANumber),
            ("NaN", Reason::ObjectiveNotANumber),
            ("1e-3", Reason::ObjectiveNotANumber),
            ("99.%", Reason::ObjectiveNotANumber),
            ("0%", Reason::ObjectiveZero),
            ("0.0", Reason::ObjectiveZero),
            ("100%", Reason::ObjectiveFull),
            ("100", Reason::ObjectiveFull),
            ("101%", Reason::ObjectiveAbove),
            ("1", Reason::ObjectiveAmbiguous),
            ("5.5", Reason::ObjectiveAmbiguous),
            ("99.99999999%", Reason::ObjectiveTooFine),
        ] {
            assert_eq!(Objective::parse(text), Err(ObjectiveError::new(text, expected)), "{text}");
        }
    }
}
