//! How work ended that returned an error.
//!
//! Middleware that gives up on a service, or refuses to ask it, has no answer of its own: it fails, and only the error
//! tells why. What must never happen: an error of users that is changed, or that keeps us from counting.

use std::any::Any;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};

use slo_core::Outcome;
use tower::BoxError;
use tower::load_shed::error::Overloaded;

/// An error has at most so many sources for us: one that names itself as its source has no end.
const SOURCES_MAX: usize = 32;

/// Returns how work ended that returned this error: a time-out and shed load are told from failures.
///
/// A time-out is what tower's `Timeout` and [`tokio::time::timeout`] fail with, shed load what tower's `LoadShed` does.
/// They are found if the error is one of these itself, or a `Box<dyn Error + Send + Sync>`, as tower's middleware has,
/// with one of these anywhere in its chain of sources. The first of them tells. Every other error, and every error of
/// another type, is an [`Outcome::InnerError`].
///
/// ```
/// use slo_tower::{Outcome, outcome_of_error};
/// use tower::{BoxError, load_shed::error::Overloaded, timeout::error::Elapsed};
///
/// assert_eq!(outcome_of_error(&BoxError::from(Elapsed::new())), Outcome::TimedOut(0));
/// assert_eq!(outcome_of_error(&BoxError::from(Overloaded::new())), Outcome::Shed(0));
/// assert_eq!(outcome_of_error(&"no such article"), Outcome::InnerError);
/// ```
#[must_use]
pub fn outcome_of_error<E: 'static>(error: &E) -> Outcome {
    let any: &dyn Any = error;
    if let Some(boxed) = any.downcast_ref::<BoxError>() {
        // What an error says of its sources is code of users: a panic there would take the answer from the caller.
        return catch_unwind(AssertUnwindSafe(|| outcome_of_chain(&**boxed))).unwrap_or(Outcome::InnerError);
    }
    if any.is::<tower::timeout::error::Elapsed>() || any.is::<tokio::time::error::Elapsed>() {
        Outcome::TimedOut(0)
    } else if any.is::<Overloaded>() {
        Outcome::Shed(0)
    } else {
        Outcome::InnerError
    }
}

fn outcome_of_chain(error: &(dyn Error + 'static)) -> Outcome {
    let chain = std::iter::successors(Some(error), |error| (*error).source());
    chain.take(SOURCES_MAX).find_map(told_by).unwrap_or(Outcome::InnerError)
}

/// Returns what one error of a chain tells by its type, if anything.
fn told_by(error: &(dyn Error + 'static)) -> Option<Outcome> {
    if error.is::<tower::timeout::error::Elapsed>() || error.is::<tokio::time::error::Elapsed>() {
        Some(Outcome::TimedOut(0))
    } else if error.is::<Overloaded>() {
        Some(Outcome::Shed(0))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::fmt;
    use std::io;
    use std::time::Duration;

    use tower::timeout::error::Elapsed;

    use super::*;

    /// Says what its source is.
    #[derive(Debug)]
    struct Wrapped(BoxError);

    /// Its own source, for ever.
    #[derive(Debug)]
    struct Circle;

    #[derive(Debug)]
    struct Panics;

    macro_rules! error {
        ($error:ty, |$this:ident| $source:expr) => {
            impl fmt::Display for $error {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str("it failed")
                }
            }

            impl Error for $error {
                fn source(&self) -> Option<&(dyn Error + 'static)> {
                    let $this = self;
                    $source
                }
            }
        };
    }

    error!(Wrapped, |this| Some(&*this.0));
    error!(Circle, |this| Some(this));
    error!(Panics, |_this| panic!("asked for its source"));

    fn wrapped(error: impl Into<BoxError>, times: usize) -> BoxError {
        (0..times).fold(error.into(), |error, _| Wrapped(error).into())
    }

    #[test]
    fn a_chain_is_told_by_its_first_error_that_tells() {
        for depth in 0..SOURCES_MAX {
            assert_eq!(outcome_of_error(&wrapped(Elapsed::new(), depth)), Outcome::TimedOut(0), "{depth}");
            assert_eq!(outcome_of_error(&wrapped(Overloaded::new(), depth)), Outcome::Shed(0), "{depth}");
            assert_eq!(outcome_of_error(&wrapped("no", depth)), Outcome::InnerError, "{depth}");
        }
        assert_eq!(outcome_of_error(&wrapped(Elapsed::new(), SOURCES_MAX)), Outcome::InnerError);
    }

    #[test]
    fn an_error_that_is_not_boxed_is_told_by_its_type() {
        assert_eq!(outcome_of_error(&Elapsed::new()), Outcome::TimedOut(0));
        assert_eq!(outcome_of_error(&Overloaded::new()), Outcome::Shed(0));
        assert_eq!(outcome_of_error(&io::Error::from(io::ErrorKind::NotFound)), Outcome::InnerError);
        assert_eq!(outcome_of_error(&String::from("no")), Outcome::InnerError);
        assert_eq!(outcome_of_error(&Wrapped("no".into())), Outcome::InnerError);
        let infallible: Result<(), Infallible> = Ok(());
        assert!(infallible.map_err(|never| outcome_of_error(&never)).is_ok());
    }

    #[tokio::test]
    async fn a_time_out_of_tokio_is_one() {
        let elapsed = tokio::time::timeout(Duration::ZERO, std::future::pending::<()>()).await;
        let elapsed = elapsed.expect_err("it never ends");
        assert_eq!(outcome_of_error(&elapsed), Outcome::TimedOut(0));
        assert_eq!(outcome_of_error(&wrapped(elapsed, 1)), Outcome::TimedOut(0));
    }

    #[test]
    fn errors_without_end_or_with_a_panic_have_failed() {
        assert_eq!(outcome_of_error(&BoxError::from(Circle)), Outcome::InnerError);
        assert_eq!(outcome_of_error(&BoxError::from(Panics)), Outcome::InnerError);
        // What is found before it panics is known.
        assert_eq!(outcome_of_error(&wrapped(Panics, 2)), Outcome::InnerError);
    }
}
