//! What an HTTP outcome means for the promise.
//!
//! The server's failures are bad, the client's are not: a 404 was answered as promised. A client that went
//! away says nothing about success.

use slo_core::{Outcome, Verdict};

/// Judges how an HTTP request ended.
///
/// | outcome | verdict |
/// |---|---|
/// | answered with 5xx, body failed, handler panicked, service failed, shed | bad |
/// | answered with anything else | good |
/// | client went away before the head or within the body | cancelled: counts only if already too slow |
///
/// ```
/// use slo_tower::{Outcome, Verdict, classify_http};
/// assert_eq!(classify_http(Outcome::Completed(404)), Verdict::Good);
/// assert_eq!(classify_http(Outcome::Completed(503)), Verdict::Bad);
/// assert_eq!(classify_http(Outcome::BodyAborted(200)), Verdict::Cancelled);
/// ```
#[must_use]
pub const fn classify_http(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Completed(500..)
        | Outcome::BodyError(_)
        | Outcome::Panicked
        | Outcome::InnerError
        | Outcome::Shed => Verdict::Bad,
        Outcome::Completed(_) => Verdict::Good,
        Outcome::BodyAborted(_) | Outcome::CancelledBeforeHead => Verdict::Cancelled,
    }
}
