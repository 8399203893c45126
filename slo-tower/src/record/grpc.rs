//! Calls of gRPC: routes by method, answers that end with the status in their trailers.
//!
//! As <https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md> has it: a call that fails at once says so in its head
//! (trailers only), any other in its trailers, and one without a status has failed.

use std::time::Duration;

use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, Response, StatusCode};
use http_body::Body;
use slo_core::{Attempt, EventOverride, GrpcCode, Outcome, Recorder, Scope};

use super::grpc_body::GrpcBody;
use super::protocol::{Answered, Begin, Call};
use crate::classify::Cause;
use crate::route::RequestHead;

/// Tells gRPC calls by their method. Made by [`SloRegistry::layer_grpc`](crate::SloRegistry::layer_grpc).
#[derive(Clone, Copy, Debug)]
pub struct GrpcMethods {
    /// What the server itself waits for an answer, if it was told.
    server_timeout: Nanos,
}

impl GrpcMethods {
    pub(crate) const fn new() -> Self {
        Self { server_timeout: NEVER }
    }

    pub(super) fn with_server_timeout(limit: Duration) -> Self {
        Self { server_timeout: nanos(limit) }
    }
}

// Made once: a name that is given as a text is read anew with each look-up.
static STATUS: HeaderName = HeaderName::from_static("grpc-status");
static TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

impl Begin for GrpcMethods {
    type Call = GrpcCall;

    fn begin(&self, recorder: Recorder, head: RequestHead<'_>) -> (Attempt, GrpcCall) {
        let attempt = recorder.call(method(head.uri.path()));
        let path = if attempt.is_of_unknown_method() {
            head.uri.path_and_query().cloned().map(Box::new)
        } else {
            None
        };
        let deadline = deadline(head.headers).map_or(NEVER, nanos);
        (attempt, GrpcCall { path, deadline, server_timeout: self.server_timeout })
    }

    fn unrecorded(_: RequestHead<'_>) -> GrpcCall {
        GrpcCall { path: None, deadline: NEVER, server_timeout: NEVER }
    }
}

/// Returns the full name of a method, `package.Service/Method`.
fn method(path: &str) -> &str {
    path.strip_prefix('/').unwrap_or(path)
}

/// A gRPC call under way.
#[derive(Debug)]
pub struct GrpcCall {
    /// Of a method that is not known yet. Boxed, since all others are moved with its room.
    path: Option<Box<PathAndQuery>>,
    /// How long the client waits, to the end.
    deadline: Nanos,
    /// How long the server waits, for the head.
    server_timeout: Nanos,
}

type Nanos = u64;

const NEVER: Nanos = Nanos::MAX;

fn nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(NEVER)
}

impl GrpcCall {
    /// Notes that there is such a method, if the outcome says so. Clients may call what they like: only what works is
    /// known to exist.
    pub(super) fn is_known_by(&mut self, outcome: Outcome, attempt: &mut Attempt) {
        if outcome == Outcome::Completed(GrpcCode::Ok.number()) {
            self.is_known_to_exist(attempt);
        }
    }

    fn is_known_to_exist(&mut self, attempt: &mut Attempt) {
        if let Some(path) = self.path.take() {
            attempt.turn_out_to_call(method(path.path()));
        }
    }

    /// Returns how an attempt ends that nobody waits for any more: cancelled, or because a deadline was over.
    #[cold]
    pub(super) fn given_up(&self, attempt: &Attempt, outcome: Outcome) -> Outcome {
        let deadline = self.deadline.min(self.server_timeout);
        // The client's clock started before ours, by the way here: the last tenth is taken for the deadline.
        let is_over = |elapsed| nanos(elapsed) >= deadline - deadline / 10;
        if deadline != NEVER && attempt.elapsed().is_some_and(is_over) {
            Outcome::TimedOut(0)
        } else {
            outcome
        }
    }
}

impl Call for GrpcCall {
    fn open(recorder: Recorder) -> Scope {
        Scope::open_call(recorder)
    }

    fn is_counted(scope: &Scope, recorder: Recorder) -> bool {
        scope.is_within_call(recorder)
    }

    fn ran(&mut self, attempt: &mut Attempt) {
        // It is marked by its handler, so there is one.
        if self.path.is_some() && attempt.is_marked() {
            self.is_known_to_exist(attempt);
        }
    }

    fn abandon(&mut self, attempt: &mut Attempt) {
        if !std::thread::panicking() {
            attempt.end(self.given_up(attempt, Outcome::CancelledBeforeHead));
        }
    }
}

impl<B: Body> Answered<B> for GrpcCall {
    type Body = GrpcBody<B>;

    fn answered(&mut self, response: Response<B>, mut attempt: Attempt) -> Response<GrpcBody<B>> {
        let cause = response.extensions().get::<Cause>().copied();
        if let Some(said) = response.extensions().get::<EventOverride>() {
            attempt.overrule(*said);
        }
        let code = match status(response.headers()) {
            None if response.status() != StatusCode::OK => Some(code_of(response.status())),
            code => code,
        };
        let ending = Ending { cause, unless_said: code };
        let mut head = None;
        // That it is well so far is not the last word of an answer that goes on.
        if code.is_some_and(|code| code != GrpcCode::Ok) || response.body().is_end_stream() {
            let outcome = ending.outcome(None);
            self.is_known_by(outcome, &mut attempt);
            attempt.end(outcome);
        } else {
            head = attempt.head_of_stream();
        }
        let call = Self { path: self.path.take(), deadline: self.deadline, server_timeout: NEVER };
        response.map(|inner| GrpcBody::new(inner, attempt, (call, ending), head))
    }
}

/// What the head has said of how the call ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    cause: Option<Cause>,
    /// The status, unless there is one in the trailers.
    unless_said: Option<GrpcCode>,
}

impl Ending {
    /// Returns how a call ended that was answered to the end, with this status in its trailers. One without any has
    /// broken off.
    pub(super) fn outcome(self, said: Option<GrpcCode>) -> Outcome {
        match (said.or(self.unless_said).map(GrpcCode::number), self.cause) {
            (None, _) => Outcome::BodyError(0),
            (Some(number), None) => Outcome::Completed(number),
            (Some(number), Some(cause)) => cause.completed(number),
        }
    }
}

/// Returns the status that a head or trailers tell; one that cannot be read is unknown.
pub(super) fn status(headers: &HeaderMap) -> Option<GrpcCode> {
    let number = |digit: &u8| u16::from(*digit - b'0');
    Some(match headers.get(&STATUS)?.as_bytes() {
        [one @ b'0'..=b'9'] => GrpcCode::of(number(one)),
        [ten @ b'1'..=b'9', one @ b'0'..=b'9'] => GrpcCode::of(number(ten) * 10 + number(one)),
        _ => GrpcCode::Unknown,
    })
}

/// Returns what a client makes of an answer that is not one of gRPC, as
/// <https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md> says.
fn code_of(status: StatusCode) -> GrpcCode {
    match status.as_u16() {
        400 => GrpcCode::Internal,
        401 => GrpcCode::Unauthenticated,
        403 => GrpcCode::PermissionDenied,
        404 => GrpcCode::Unimplemented,
        429 | 502 | 503 | 504 => GrpcCode::Unavailable,
        _ => GrpcCode::Unknown,
    }
}

/// Reads `grpc-timeout`: at most eight digits and a unit.
fn deadline(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(&TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(amount * 3_600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_static(value))])
    }

    #[test]
    fn deadlines_are_read_as_the_protocol_writes_them() {
        for (text, expected) in [
            ("1H", Some(Duration::from_secs(3_600))),
            ("2M", Some(Duration::from_secs(120))),
            ("3S", Some(Duration::from_secs(3))),
            ("250m", Some(Duration::from_millis(250))),
            ("99999999u", Some(Duration::from_micros(99_999_999))),
            ("0n", Some(Duration::ZERO)),
            ("99999999H", Some(Duration::from_secs(99_999_999 * 3_600))),
            ("100000000m", None),
            ("", None),
            ("m", None),
            ("5", None),
            ("5s", None),
            ("+5S", None),
            ("1.5S", None),
            ("5ü", None),
        ] {
            let read = HeaderValue::from_bytes(text.as_bytes()).expect("it may be sent");
            let headers = HeaderMap::from_iter([(HeaderName::from_static("grpc-timeout"), read)]);
            assert_eq!(deadline(&headers), expected, "{text}");
        }
        assert_eq!(deadline(&HeaderMap::new()), None);
    }

    #[test]
    fn what_is_no_status_is_unknown() {
        for (text, expected) in [
            ("0", GrpcCode::Ok),
            ("14", GrpcCode::Unavailable),
            ("17", GrpcCode::Unknown),
            ("9", GrpcCode::FailedPrecondition),
            ("10", GrpcCode::Aborted),
            ("16", GrpcCode::Unauthenticated),
            ("99", GrpcCode::Unknown),
            ("70000", GrpcCode::Unknown),
            ("00", GrpcCode::Unknown),
            ("+5", GrpcCode::Unknown),
            ("5 0", GrpcCode::Unknown),
            ("", GrpcCode::Unknown),
            ("OK", GrpcCode::Unknown),
        ] {
            assert_eq!(status(&headers("grpc-status", text)), Some(expected), "{text}");
        }
        assert_eq!(status(&HeaderMap::new()), None);
    }
}
