//! From the head of a response to its end.
//!
//! A request has ended when its last byte is handed over, when the body fails, or when it is dropped before
//! that. Servers stop asking as soon as they know that nothing more comes, so a body that says it is at its
//! end is complete there and then.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http::{Response, StatusCode, header};
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use slo_core::{Attempt, Outcome};

use crate::classify::classify_http;

pin_project! {
    /// The body of a recorded response: the same frames, and the end noticed.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        sending: Sending,
    }
}

impl<B: Body> ResponseBody<B> {
    /// Wraps a response's body to finish the attempt where the body ends. `bodiless` if the request's method
    /// keeps the body from being sent.
    pub(super) fn wrap(response: Response<B>, attempt: Option<Attempt>, bodiless: bool) -> Response<Self> {
        let mut sending =
            Sending { attempt, status: response.status().as_u16(), remaining: remaining(&response) };
        if bodiless || never_has_body(response.status()) || response.body().is_end_stream() {
            sending.end(Outcome::Completed);
        } else if sending.remaining.is_none() {
            // A stream may last for hours by design: its latency is the time to its head.
            sending.attempt.iter_mut().for_each(Attempt::stop_clock);
        }
        response.map(|inner| Self { inner, sending })
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let mut this = self.project();
        let frame = ready!(this.inner.as_mut().poll_frame(cx));
        match &frame {
            None => this.sending.end(Outcome::Completed),
            Some(Err(_)) => this.sending.end(Outcome::BodyError),
            Some(Ok(frame)) => {
                let bytes = frame.data_ref().map_or(0, Buf::remaining);
                if this.sending.sent(bytes) || this.inner.is_end_stream() {
                    this.sending.end(Outcome::Completed);
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// The attempt while its body is sent. Dropped unfinished, the client went away.
#[derive(Debug)]
struct Sending {
    attempt: Option<Attempt>,
    status: u16,
    /// Bytes still to come, if the length was announced.
    remaining: Option<u64>,
}

impl Sending {
    #[inline]
    fn end(&mut self, outcome: impl FnOnce(u16) -> Outcome) {
        if let Some(attempt) = self.attempt.take() {
            let outcome = outcome(self.status);
            attempt.finish(outcome, classify_http(outcome));
        }
    }

    /// Notes bytes handed over; `true` if these were the last of those announced.
    fn sent(&mut self, bytes: usize) -> bool {
        self.remaining = self.remaining.map(|remaining| remaining.saturating_sub(bytes as u64));
        self.remaining == Some(0)
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if self.attempt.is_none() {
            return;
        }
        if std::thread::panicking() {
            self.end(|_| Outcome::Panicked);
        } else {
            self.end(Outcome::BodyAborted);
        }
    }
}

fn never_has_body(status: StatusCode) -> bool {
    status.is_informational() || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// Returns the announced length of the body: what the body knows of itself, otherwise what the head says.
fn remaining<B: Body>(response: &Response<B>) -> Option<u64> {
    let header = || response.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
    response.body().size_hint().exact().or_else(header)
}
