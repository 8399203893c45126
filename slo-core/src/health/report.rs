//! What a check reports, and what went wrong if it could not.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::objective::format_duration;
use crate::time::nanos;

/// How well something is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// All is well.
    Pass,
    /// It works, but somebody should look.
    Warn,
    /// Nobody knows: it has not run yet, or has stopped reporting.
    Unknown,
    /// It does not work.
    Fail,
}

impl Level {
    /// Returns the word for it: `pass`, `warn`, `unknown` or `fail`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Unknown => "unknown",
            Self::Fail => "fail",
        }
    }
}

/// What one run of a check found.
///
/// A `Result` is one as well: `Ok(())` passes and an error fails with its text.
///
/// ```
/// use slo_core::{Level, Report};
/// let report = Report::from("12a".parse::<u32>().map(drop));
/// assert_eq!((report.level(), report.reason()), (Level::Fail, Some("invalid digit found in string")));
/// assert_eq!(Report::from(Ok::<(), std::fmt::Error>(())), Report::Pass);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// All is well.
    Pass,
    /// It works, but somebody should look, for this reason.
    Warn(String),
    /// It does not work, for this reason.
    Fail(String),
}

impl Report {
    /// Returns how well it is.
    #[must_use]
    pub const fn level(&self) -> Level {
        match self {
            Self::Pass => Level::Pass,
            Self::Warn(_) => Level::Warn,
            Self::Fail(_) => Level::Fail,
        }
    }

    /// Returns the reason, unless all is well.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Pass => None,
            Self::Warn(reason) | Self::Fail(reason) => Some(reason),
        }
    }
}

impl<E: fmt::Display> From<Result<(), E>> for Report {
    fn from(result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self::Pass,
            // With its sources, where the format of the error has them.
            Err(error) => Self::Fail(format!("{error:#}")),
        }
    }
}

/// Why a check is not well.
///
/// The text of an error may name hosts, users and paths: who shows it decides who may read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// It said so itself.
    Reported(String),
    /// It took longer than this.
    TimedOut(Duration),
    /// It panicked.
    Panicked,
    /// It has said nothing for this long.
    Stale(Duration),
    /// It has not run yet.
    NotYet,
}

impl Fault {
    /// Returns the word for it, which reveals nothing: `reported`, `timed out`, `panicked`, `stale`, `not run yet`.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Reported(_) => "reported",
            Self::TimedOut(_) => "timed out",
            Self::Panicked => "panicked",
            Self::Stale(_) => "stale",
            Self::NotYet => "not run yet",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show = |duration: &Duration| format_duration(nanos(*duration));
        match self {
            Self::Reported(reason) => f.write_str(reason),
            Self::TimedOut(timeout) => write!(f, "timed out after {}", show(timeout)),
            Self::Panicked => f.write_str("panicked"),
            Self::Stale(silent) => write!(f, "has not reported for {}", show(silent)),
            Self::NotYet => f.write_str("has not run yet"),
        }
    }
}
