//! Why rows make no alert policy.

use std::fmt;
use std::time::Duration;

use super::AlertPolicy;
use super::parse::format_duration;
use crate::time::nanos;

/// An alert policy, or a row of one, that is not valid. Names what was written and says what to write instead.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum AlertPolicyError {
    /// A burn below 1 keeps the promise, and one that is no number is never exceeded.
    Factor {
        /// The factor.
        factor: f64,
    },
    /// The long window is zero, or its twelfth is no whole number of ticks of ten seconds.
    Window {
        /// The long window.
        long: Duration,
    },
    /// The row would fire only after the whole budget is gone.
    Budget {
        /// The long window.
        long: Duration,
        /// The factor.
        factor: f64,
    },
    /// More rows than a policy can have.
    Rows {
        /// How many there are.
        rows: usize,
    },
}

impl AlertPolicyError {
    /// Returns what is wrong and what to write instead, without what was written.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Factor { .. } => "keeps the promise: write at least 1",
            Self::Window { .. } => "is no whole number of two minutes: write one, such as 1h",
            Self::Budget { .. } => "fires after the budget is gone: write a shorter window or a lower factor",
            Self::Rows { .. } => "are more than eight: leave some out",
        }
    }
}

impl fmt::Display for AlertPolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let duration = |long: &Duration| format_duration(nanos(*long));
        match self {
            Self::Factor { factor } => write!(f, "alert factor {factor} "),
            Self::Window { long } => write!(f, "alert window {} ", duration(long)),
            Self::Budget { long, factor } => {
                write!(f, "alert at {factor} times the budget over {} ", duration(long))
            }
            Self::Rows { rows } => write!(f, "{rows} alert rows "),
        }?;
        f.write_str(self.reason())
    }
}

impl std::error::Error for AlertPolicyError {}

// The text above says so.
const _: () = assert!(AlertPolicy::ROWS_MAX == 8);
