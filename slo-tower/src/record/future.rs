//! From the request to the head of its response.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use slo_core::{Attempt, Outcome, Recorder};

use super::ResponseBody;
use super::entered::Entered;
use crate::classify::classify_http;

pin_project! {
    /// The response of a [`Record`](super::Record) service, on its way. Dropped before it is ready, the request
    /// counts as cancelled.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        // Taken when the head is there, or the future has failed or panicked.
        attempt: Option<Attempt>,
        recorder: Recorder,
        bodiless: bool,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(inner: F, attempt: Option<Attempt>, recorder: Recorder, bodiless: bool) -> Self {
        Self { inner, attempt, recorder, bodiless }
    }
}

impl<F, ResBody, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    ResBody: Body,
{
    type Output = Result<Response<ResponseBody<ResBody>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let entered = Entered::new(this.attempt, *this.recorder);
        let polled = this.inner.poll(cx);
        entered.leave();
        let result = ready!(polled);
        let attempt = this.attempt.take();
        Poll::Ready(match result {
            Ok(response) => Ok(ResponseBody::wrap(response, attempt, *this.bodiless)),
            Err(error) => {
                if let Some(attempt) = attempt {
                    attempt.finish(Outcome::InnerError, classify_http(Outcome::InnerError));
                }
                Err(error)
            }
        })
    }
}
