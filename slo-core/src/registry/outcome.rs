//! How an event ended, and what that means for the promise.

use std::borrow::Cow;

/// How one attempt ended; decided exactly once.
///
/// A status is a number below 1024 that the protocol defines: the HTTP status code that was sent, for example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Answered to the end, with this status.
    Completed(u16),
    /// The head with this status was sent, then the body failed.
    BodyError(u16),
    /// The head with this status was sent, then the client went away.
    BodyAborted(u16),
    /// The client went away, or the caller gave up, before there was an answer.
    CancelledBeforeHead,
    /// The handler panicked.
    Panicked,
    /// The service failed instead of answering.
    InnerError,
    /// It took longer than its limit: who set the limit answered in the service's stead with this status, or gave up
    /// without an answer (0).
    TimedOut(u16),
    /// The work was refused to protect the service, with this status or without an answer (0).
    Shed(u16),
}

impl Outcome {
    /// Returns how work ended that has no status of its own: a call of a function, a job.
    ///
    /// ```
    /// use slo_core::Outcome;
    /// assert_eq!(Outcome::of(&Ok::<_, String>(7)), Outcome::Completed(0));
    /// assert_eq!(Outcome::of(&Err::<(), _>("no")), Outcome::InnerError);
    /// ```
    #[must_use]
    pub const fn of<T, E>(result: &Result<T, E>) -> Self {
        match result {
            Ok(_) => Self::Completed(0),
            Err(_) => Self::InnerError,
        }
    }

    /// Returns the status that was sent, if any was.
    #[inline]
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::Completed(status) | Self::BodyError(status) | Self::BodyAborted(status) => Some(status),
            Self::TimedOut(0) | Self::Shed(0) => None,
            Self::TimedOut(status) | Self::Shed(status) => Some(status),
            Self::CancelledBeforeHead | Self::Panicked | Self::InnerError => None,
        }
    }

    /// Returns what the outcome means unless a classifier says otherwise: what failed is bad, whether we answered with
    /// a status of 500 or above, broke off or gave up; any other answer is good; a client that left says nothing about
    /// success.
    ///
    /// ```
    /// use slo_core::{Outcome, Verdict};
    /// assert_eq!(Outcome::Completed(404).verdict(), Verdict::Good);
    /// assert_eq!(Outcome::Completed(503).verdict(), Verdict::Bad);
    /// assert_eq!(Outcome::BodyError(200).verdict(), Verdict::Bad);
    /// assert_eq!(Outcome::BodyAborted(200).verdict(), Verdict::Cancelled);
    /// assert_eq!(Outcome::BodyAborted(503).verdict(), Verdict::Bad);
    /// ```
    #[must_use]
    pub const fn verdict(self) -> Verdict {
        match self {
            // Who leaves an answer that says it failed takes nothing back.
            Self::Completed(500..) | Self::BodyAborted(500..) => Verdict::Bad,
            Self::BodyError(_) | Self::Panicked | Self::InnerError => Verdict::Bad,
            Self::TimedOut(_) | Self::Shed(_) => Verdict::Bad,
            Self::Completed(_) => Verdict::Good,
            Self::BodyAborted(_) | Self::CancelledBeforeHead => Verdict::Cancelled,
        }
    }

    /// Returns the value of the `error_type` label, if the outcome is an error: what went wrong, or the status
    /// code as the OpenTelemetry semantic conventions ask.
    pub(crate) fn error_type(self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Completed(status @ 500..) => Cow::Owned(status.to_string()),
            Self::Completed(_) => return None,
            Self::BodyError(_) => Cow::Borrowed("body_error"),
            Self::BodyAborted(_) => Cow::Borrowed("body_aborted"),
            Self::CancelledBeforeHead => Cow::Borrowed("cancelled"),
            Self::Panicked => Cow::Borrowed("panic"),
            Self::InnerError => Cow::Borrowed("error"),
            Self::TimedOut(_) => Cow::Borrowed("timeout"),
            Self::Shed(_) => Cow::Borrowed("shed"),
        })
    }

    /// Returns the outcome as a small number that is never zero: four bits of kind, ten of status.
    #[inline]
    pub(crate) const fn code(self) -> u16 {
        let kind = match self {
            Self::Completed(_) => 1,
            Self::BodyError(_) => 2,
            Self::BodyAborted(_) => 3,
            Self::CancelledBeforeHead => 4,
            Self::Panicked => 5,
            Self::InnerError => 6,
            Self::TimedOut(_) => 7,
            Self::Shed(_) => 8,
        };
        let status = match self.status() {
            Some(status) => status & STATUS_MASK,
            None => 0,
        };
        kind << STATUS_BITS | status
    }

    /// Returns the outcome of a code.
    pub(super) const fn of_code(code: u16) -> Self {
        let status = code & STATUS_MASK;
        match code >> STATUS_BITS {
            1 => Self::Completed(status),
            2 => Self::BodyError(status),
            3 => Self::BodyAborted(status),
            4 => Self::CancelledBeforeHead,
            5 => Self::Panicked,
            6 => Self::InnerError,
            7 => Self::TimedOut(status),
            _ => Self::Shed(status),
        }
    }
}

const STATUS_BITS: u32 = 10;
const STATUS_MASK: u16 = (1 << STATUS_BITS) - 1;
/// What is left of [`Outcome::code`] where work has no status.
pub(super) const KIND_MASK: u16 = !STATUS_MASK;

/// What an outcome means for the promise, before time is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It succeeded.
    Good,
    /// It failed.
    Bad,
    /// The client gave up: bad for a latency SLI that was already missed, otherwise excluded.
    Cancelled,
    /// It does not count for any SLO.
    Excluded,
}

/// All verdicts, each in the place of its number.
pub(super) const VERDICTS: [Verdict; 4] =
    [Verdict::Good, Verdict::Bad, Verdict::Cancelled, Verdict::Excluded];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_stands_for_its_outcome_and_no_other() {
        let all = [
            Outcome::Completed(0),
            Outcome::Completed(999),
            Outcome::BodyError(200),
            Outcome::BodyAborted(200),
            Outcome::CancelledBeforeHead,
            Outcome::Panicked,
            Outcome::InnerError,
            Outcome::TimedOut(0),
            Outcome::TimedOut(504),
            Outcome::Shed(0),
            Outcome::Shed(503),
        ];
        for outcome in all {
            assert_eq!(Outcome::of_code(outcome.code()), outcome);
            assert_ne!(outcome.code(), 0);
        }
        assert_eq!(Outcome::of_code(Outcome::BodyError(500).code() & KIND_MASK), Outcome::BodyError(0));
        for (place, verdict) in VERDICTS.into_iter().enumerate() {
            assert_eq!(verdict as usize, place);
        }
    }
}
