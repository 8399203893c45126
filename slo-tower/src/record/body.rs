//! From the head of a response to its end.
//!
//! A request has ended when its last byte is handed over, when the body fails, or when it is dropped before
//! that. Servers stop asking as soon as they know that nothing more comes, so a body that says it is at its
//! end, whose announced length is reached, or that has handed over its trailers, is complete there and then.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Buf;
use http::{Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use slo_core::{Attempt, EventOverride, Head, Outcome};

use crate::classify::Cause;
use crate::route::{RequestHead, RouteTemplate, Templates};

/// What becomes of the body of a recorded response; the type that tells the routes decides. With a function or a table
/// for its routes, a layer turns every body into a [`ResponseBody`]; the one for axum keeps axum's own.
pub trait Deliver<B>: RouteTemplate {
    /// What the recorded service answers with.
    type Body: Body;

    /// Hands on a body, to be followed to its end or already there. It must be handed on: the request ends with it.
    fn deliver(body: ResponseBody<B>) -> Self::Body;
}

impl<F, B> Deliver<B> for F
where
    F: for<'a> Fn(RequestHead<'a>) -> Option<&'a str> + Clone,
    B: Body,
{
    type Body = ResponseBody<B>;

    #[inline]
    fn deliver(body: ResponseBody<B>) -> Self::Body {
        body
    }
}

impl<B: Body> Deliver<B> for Templates {
    type Body = ResponseBody<B>;

    #[inline]
    fn deliver(body: ResponseBody<B>) -> Self::Body {
        body
    }
}

/// Hands a response on. The attempt ends here if the body does; otherwise it goes with the body. The request's method
/// keeps the body of an answer with a lower status than `bodiless_below` from being sent.
#[inline]
pub(super) fn deliver<R: Deliver<B>, B: Body>(
    response: Response<B>,
    mut attempt: Attempt,
    bodiless_below: u16,
) -> Response<R::Body> {
    let (status, remaining) = (response.status(), remaining(&response));
    let (said, cause) = if response.extensions().is_empty() { (None, None) } else { said(&response) };
    if let Some(said) = said {
        attempt.overrule(said);
    }
    let bodiless = status.as_u16() < bodiless_below || never_has_body(status);
    let head = if bodiless || remaining == 0 || response.body().is_end_stream() {
        complete(&mut attempt, cause, None, status.as_u16());
        None
    } else if remaining == UNKNOWN {
        attempt.head_of_stream()
    } else {
        attempt.head_of_body()
    };
    response.map(|inner| {
        let status = status.as_u16();
        let sending = Sending { attempt, head, remaining, status, cause, is_polled: false };
        R::deliver(ResponseBody { inner, sending })
    })
}

/// Returns what is said of the event in the response. By value, so that an attempt need not lie in memory for it.
#[inline(never)]
fn said<B>(response: &Response<B>) -> (Option<EventOverride>, Option<Cause>) {
    (response.extensions().get().copied(), response.extensions().get().copied())
}

/// Ends an attempt whose answer was sent to its end.
#[inline]
fn complete(attempt: &mut Attempt, cause: Option<Cause>, head: Option<Head>, status: u16) {
    match cause {
        None => attempt.end_after(head, Outcome::Completed(status)),
        Some(cause) => attempt.end_after(head, cause.completed(status)),
    }
}

pin_project! {
    /// The body of a recorded response: the same frames, and the end noticed.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        sending: Sending,
    }
}

impl<B> ResponseBody<B> {
    /// Returns the body itself if there is nothing left to follow.
    #[inline]
    #[cfg(feature = "axum")]
    pub(crate) fn unless_followed(self) -> Result<B, Self> {
        if self.sending.attempt.is_ended() { Ok(self.inner) } else { Err(self) }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let sending = this.sending;
        sending.is_polled = true;
        let polled = this.inner.as_mut().poll_frame(cx);
        sending.is_polled = false;
        match &polled {
            Poll::Pending => {}
            Poll::Ready(None) => sending.finish(),
            Poll::Ready(Some(Err(_))) => sending.end(Outcome::BodyError),
            Poll::Ready(Some(Ok(frame))) => {
                let last = match frame.data_ref() {
                    Some(data) => sending.sent(data.remaining()),
                    // Nothing follows trailers, and servers of HTTP/1.1 do not ask whether anything does.
                    None => frame.is_trailers(),
                };
                if last || this.inner.is_end_stream() {
                    sending.finish();
                }
            }
        }
        polled
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    #[inline]
    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Where nobody says how long a body is. No body is as long.
const UNKNOWN: u64 = u64::MAX;

/// The attempt while its body is sent. Dropped unfinished, the client went away.
#[derive(Debug)]
struct Sending {
    attempt: Attempt,
    /// None where nobody looks at it.
    head: Option<Head>,
    /// Bytes still to come.
    remaining: u64,
    status: u16,
    cause: Option<Cause>,
    /// Still so when it is dropped, the body has panicked, whoever caught the panic.
    is_polled: bool,
}

impl Sending {
    #[inline]
    fn end(&mut self, outcome: impl FnOnce(u16) -> Outcome) {
        self.attempt.end_after(self.head, outcome(self.status));
    }

    /// The body has handed over all it has. If that is less than was announced, its server has to break the connection.
    #[inline]
    fn finish(&mut self) {
        if self.remaining == 0 || self.remaining == UNKNOWN {
            complete(&mut self.attempt, self.cause, self.head, self.status);
        } else {
            self.end(Outcome::BodyError);
        }
    }

    /// Notes bytes handed over; `true` if these were the last of those announced.
    #[inline]
    fn sent(&mut self, bytes: usize) -> bool {
        if self.remaining != UNKNOWN {
            self.remaining = self.remaining.saturating_sub(bytes as u64);
        }
        self.remaining == 0
    }

    #[cold]
    fn abandon(&mut self) {
        if self.is_polled || std::thread::panicking() {
            self.end(|_| Outcome::Panicked);
        } else {
            self.end(Outcome::BodyAborted);
        }
    }
}

impl Drop for Sending {
    #[inline]
    fn drop(&mut self) {
        if !self.attempt.is_ended() {
            self.abandon();
        }
    }
}

#[inline]
fn never_has_body(status: StatusCode) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Returns the announced length of the body: what the body knows of itself, otherwise what the head says.
#[inline]
fn remaining<B: Body>(response: &Response<B>) -> u64 {
    match response.body().size_hint().exact() {
        Some(bytes) => bytes,
        None => announced(response.headers()).unwrap_or(UNKNOWN),
    }
}

fn announced(headers: &http::HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
