//! From the request to the head of its response.

use std::future::Future;
use std::mem::take;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use pin_project_lite::pin_project;
use slo_core::Attempt;

use super::entered::Entered;
use super::protocol::{Answered, Call};
use crate::classify::outcome_of_error;

pin_project! {
    /// The response of a [`Record`](super::Record) service, on its way. Dropped before it is ready, the request
    /// counts as cancelled.
    #[derive(Debug)]
    pub struct ResponseFuture<F, C: Call> {
        #[pin]
        inner: F,
        // Out of here while the inner future runs, and when the head is there.
        attempt: Attempt,
        call: C,
    }

    impl<F, C: Call> PinnedDrop for ResponseFuture<F, C> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if !this.attempt.is_ended() {
                this.call.abandon(this.attempt);
            }
        }
    }
}

impl<F, C: Call> ResponseFuture<F, C> {
    #[inline]
    pub(super) fn new(inner: F, attempt: Attempt, call: C) -> Self {
        Self { inner, attempt, call }
    }
}

impl<F, C, ResBody, E> Future for ResponseFuture<F, C>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    C: Answered<ResBody>,
    E: 'static,
{
    type Output = Result<Response<C::Body>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let entered = Entered::again(take(this.attempt), this.call);
        let polled = this.inner.poll(cx);
        let mut attempt = entered.leave();
        match polled {
            Poll::Pending => {
                *this.attempt = attempt;
                Poll::Pending
            }
            Poll::Ready(Ok(response)) => Poll::Ready(Ok(this.call.answered(response, attempt))),
            Poll::Ready(Err(error)) => {
                attempt.end(outcome_of_error(&error));
                Poll::Ready(Err(error))
            }
        }
    }
}
