//! Misbehaviour on demand, for this example only: the header `x-shop-fault`.
//!
//! It sits inside the recording layer, around the handlers. The handler runs first and the fault takes its
//! answer away, as if the handler itself had failed.

use std::fmt;
use std::panic;
use std::str::FromStr;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use slo_tower::Threshold;

/// The header that asks for a fault.
pub(crate) const HEADER: &str = "x-shop-fault";
/// Nobody is kept waiting longer than this.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Another status instead of the handler's answer.
    Status(StatusCode),
    /// A panic in the request's task, which closes the connection.
    Panic,
    /// The handler's answer, late.
    Slow(Duration),
    /// No answer until the client leaves.
    Stall,
}

/// Lets a request go wrong if its header asks for it.
pub(crate) async fn inject(request: Request, next: Next) -> Response {
    let asked = request.headers().get(HEADER).map(|value| value.to_str().unwrap_or_default().parse());
    let fault: Option<Fault> = match asked.transpose() {
        Ok(fault) => fault,
        Err(error) => {
            let error: FaultError = error;
            return (StatusCode::BAD_REQUEST, format!("{error}\n")).into_response();
        }
    };
    let response = next.run(request).await;
    match fault {
        None => response,
        Some(Fault::Status(status)) => (status, format!("{HEADER}: as asked\n")).into_response(),
        Some(Fault::Panic) => panic::panic_any(OnDemand),
        Some(Fault::Slow(duration)) => {
            tokio::time::sleep(duration).await;
            response
        }
        Some(Fault::Stall) => {
            tokio::time::sleep(WAIT_MAX).await;
            (StatusCode::GATEWAY_TIMEOUT, "you were patient\n").into_response()
        }
    }
}

/// Keeps panics that were asked for out of the terminal; all others are reported as ever.
pub(crate) fn hush_panics_on_demand() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if !panic.payload().is::<OnDemand>() {
            report(panic);
        }
    }));
}

/// The payload of a panic that was asked for.
struct OnDemand;

impl FromStr for Fault {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let fault = match text.split_once('=') {
            None if text == "panic" => Some(Self::Panic),
            None if text == "stall" => Some(Self::Stall),
            Some(("status", code)) => status(code).map(Self::Status),
            Some(("slow", time)) => duration(time).map(Self::Slow),
            _ => None,
        };
        fault.ok_or_else(|| FaultError(text.to_owned()))
    }
}

/// A value of the header that means nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct FaultError(String);

impl fmt::Display for FaultError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(
            f,
            "{HEADER}: {text:?} is no fault: write status=503 (200 to 599), panic, slow=300ms (at most 30s) or stall"
        )
    }
}

impl std::error::Error for FaultError {}

fn status(code: &str) -> Option<StatusCode> {
    // An interim status is no answer.
    code.parse()
        .ok()
        .filter(|code| (200..=599).contains(code))
        .and_then(|code| StatusCode::from_u16(code).ok())
}

/// Reads a time as promises are written, `300ms` say.
fn duration(text: &str) -> Option<Duration> {
    let time = Threshold::parse(text).ok()?.duration();
    (time <= WAIT_MAX).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_read_or_refused_with_what_to_write() {
        let millis = |millis| Fault::Slow(Duration::from_millis(millis));
        for (text, expected) in [
            ("status=503", Some(Fault::Status(StatusCode::SERVICE_UNAVAILABLE))),
            ("status=200", Some(Fault::Status(StatusCode::OK))),
            ("status=199", None),
            ("status=600", None),
            ("panic", Some(Fault::Panic)),
            ("panic=1", None),
            ("stall", Some(Fault::Stall)),
            ("slow=300ms", Some(millis(300))),
            ("slow=30s", Some(millis(30_000))),
            ("slow=30001ms", None),
            ("slow=300", None),
            ("slow=-1s", None),
            ("slow", None),
            ("", None),
        ] {
            assert_eq!(text.parse().ok(), expected, "{text}");
        }
        let refusal = "oops".parse::<Fault>().unwrap_err().to_string();
        assert!(refusal.starts_with("x-shop-fault: \"oops\" is no fault: write status=503"), "{refusal}");
    }
}
