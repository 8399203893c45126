//! Why somebody else answered in the service's stead.
//!
//! A 503 looks the same whether the service failed or was never asked. Whoever answers for it knows, and says so in an
//! extension of the response. What must never happen: an answer that tells clients more than they should know.

use http::{Response, StatusCode};
use slo_core::Outcome;
use tower::BoxError;

use super::outcome_of_error;

/// Why a response was made in the service's stead, given as an extension of the response.
///
/// Sent to its end, such an answer is an [`Outcome::TimedOut`] or [`Outcome::Shed`] with its status: `error_type` is
/// `timeout` or `shed` instead of the status, and it is bad, whatever its status, unless a [`Classify`](crate::Classify) of
/// your own or an [`EventOverride`](crate::EventOverride) says otherwise. An answer that breaks off ends as every other.
///
/// ```
/// use http::{Response, StatusCode};
/// use slo_tower::Cause;
///
/// let busy = Response::builder().status(StatusCode::TOO_MANY_REQUESTS).extension(Cause::Shed).body("later, please");
/// # assert!(busy.is_ok());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The service took longer than its limit.
    TimedOut,
    /// The service was not asked, to protect it.
    Shed,
}

impl Cause {
    /// Returns how a request ended whose answer was sent to its end.
    #[cold]
    pub(crate) const fn completed(self, status: u16) -> Outcome {
        match self {
            Self::TimedOut => Outcome::TimedOut(status),
            Self::Shed => Outcome::Shed(status),
        }
    }
}

/// Answers for middleware that failed: 503 and [`Cause::Shed`] for what tower's `LoadShed` refused, 504 and
/// [`Cause::TimedOut`] for time-outs, as [`outcome_of_error`] tells them, and 500 for everything else. The answer says
/// nothing of the error.
///
/// Made for axum's `HandleErrorLayer`:
///
/// ```
/// use axum::{Router, error_handling::HandleErrorLayer, routing::get};
/// use slo_tower::{SloRegistry, answer_error};
/// use tower::{ServiceBuilder, load_shed::LoadShedLayer, limit::ConcurrencyLimitLayer};
///
/// let slos = SloRegistry::builder("shop").build()?;
/// let shed = ServiceBuilder::new()
///     .layer(HandleErrorLayer::new(answer_error))
///     .layer(LoadShedLayer::new())
///     .layer(ConcurrencyLimitLayer::new(64));
/// let app: Router = Router::new().route("/work", get(|| async { "done" })).layer(shed).layer(slos.layer());
/// # Ok::<(), slo_tower::BuildError>(())
/// ```
pub async fn answer_error(error: BoxError) -> Response<String> {
    let (status, cause) = match outcome_of_error(&error) {
        Outcome::TimedOut(_) => (StatusCode::GATEWAY_TIMEOUT, Some(Cause::TimedOut)),
        Outcome::Shed(_) => (StatusCode::SERVICE_UNAVAILABLE, Some(Cause::Shed)),
        Outcome::Completed(_)
        | Outcome::BodyError(_)
        | Outcome::BodyAborted(_)
        | Outcome::CancelledBeforeHead
        | Outcome::Panicked
        | Outcome::InnerError => (StatusCode::INTERNAL_SERVER_ERROR, None),
    };
    let mut response = Response::new(status.canonical_reason().unwrap_or_default().to_owned());
    *response.status_mut() = status;
    if let Some(cause) = cause {
        response.extensions_mut().insert(cause);
    }
    response
}
