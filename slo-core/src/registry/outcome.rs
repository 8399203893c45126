//! How an event ended, and what that means for the promise.

use std::borrow::Cow;

/// How one attempt ended; decided exactly once.
///
/// A status is a number the protocol defines: the HTTP status code that was sent, for example.
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
    /// We refused the work to protect ourselves.
    Shed,
}

impl Outcome {
    /// Returns the status that was sent, if any was.
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::Completed(status) | Self::BodyError(status) | Self::BodyAborted(status) => Some(status),
            Self::CancelledBeforeHead | Self::Panicked | Self::InnerError | Self::Shed => None,
        }
    }

    /// Returns the outcome as work ends that has no status.
    pub(super) const fn without_status(self) -> Self {
        match self {
            Self::Completed(_) => Self::Completed(0),
            Self::BodyError(_) => Self::BodyError(0),
            Self::BodyAborted(_) => Self::BodyAborted(0),
            Self::CancelledBeforeHead | Self::Panicked | Self::InnerError | Self::Shed => self,
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
            Self::Shed => Cow::Borrowed("shed"),
        })
    }

    /// Returns the outcome as a small number that is never zero: three bits of kind, ten of status.
    pub(crate) const fn code(self) -> u16 {
        const STATUS_MASK: u16 = (1 << 10) - 1;
        match self {
            Self::Completed(status) => 1 << 10 | (status & STATUS_MASK),
            Self::BodyError(status) => 2 << 10 | (status & STATUS_MASK),
            Self::BodyAborted(status) => 3 << 10 | (status & STATUS_MASK),
            Self::CancelledBeforeHead => 4 << 10,
            Self::Panicked => 5 << 10,
            Self::InnerError => 6 << 10,
            Self::Shed => 7 << 10,
        }
    }
}

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
