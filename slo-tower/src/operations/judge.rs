//! How a call has ended, by what it returned.

use std::panic::{AssertUnwindSafe, catch_unwind};

use http::Response;
use slo_core::Outcome;

use crate::classify::outcome_of_error;

/// Decides how a call has ended by its result: [`ByResult`], [`ByStatus`], or every function of a result.
pub trait JudgeOperation<T, E> {
    /// Returns how a call ended that returned this.
    fn outcome(&self, result: &Result<T, E>) -> Outcome;
}

/// `Ok` is success; an error is a failure, a time-out or shed load, as [`outcome_of_error`] tells them.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByResult;

impl<T, E: 'static> JudgeOperation<T, E> for ByResult {
    #[inline]
    fn outcome(&self, result: &Result<T, E>) -> Outcome {
        match result {
            Ok(_) => Outcome::Completed(0),
            Err(error) => outcome_of_error(error),
        }
    }
}

/// The same for calls over HTTP, where an answer with a status of 500 or above is a failure too. What becomes of its body
/// is not followed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByStatus;

impl<B, E: 'static> JudgeOperation<Response<B>, E> for ByStatus {
    #[inline]
    fn outcome(&self, result: &Result<Response<B>, E>) -> Outcome {
        match result {
            Ok(response) => without_status(Outcome::Completed(response.status().as_u16())),
            Err(error) => outcome_of_error(error),
        }
    }
}

impl<T, E, F: Fn(&Result<T, E>) -> Outcome> JudgeOperation<T, E> for F {
    #[inline]
    fn outcome(&self, result: &Result<T, E>) -> Outcome {
        // A panic here would take the answer from the caller.
        let outcome = catch_unwind(AssertUnwindSafe(|| self(result))).unwrap_or_else(|_| Outcome::of(result));
        without_status(outcome)
    }
}

/// The series of an operation tell no statuses apart, so one that means failure has to be a failure by its kind.
const fn without_status(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Completed(500..) => Outcome::InnerError,
        Outcome::Completed(_) => Outcome::Completed(0),
        Outcome::BodyError(_) | Outcome::BodyAborted(_) | Outcome::CancelledBeforeHead => outcome,
        Outcome::Panicked | Outcome::InnerError | Outcome::TimedOut(_) | Outcome::Shed(_) => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_that_means_failure_is_one() {
        let judge = |result: &Result<Outcome, ()>| result.expect("it has one");
        for (said, expected) in [
            (Outcome::Completed(0), Outcome::Completed(0)),
            (Outcome::Completed(404), Outcome::Completed(0)),
            (Outcome::Completed(499), Outcome::Completed(0)),
            (Outcome::Completed(500), Outcome::InnerError),
            (Outcome::Completed(999), Outcome::InnerError),
            (Outcome::TimedOut(504), Outcome::TimedOut(504)),
            (Outcome::CancelledBeforeHead, Outcome::CancelledBeforeHead),
        ] {
            assert_eq!(judge.outcome(&Ok(said)), expected, "{said:?}");
            assert_eq!(expected.verdict(), said.verdict());
        }
        assert_eq!(judge.outcome(&Err(())), Outcome::InnerError, "it panics");
    }
}
