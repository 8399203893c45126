//! From the request to the head of its response.

use std::future::Future;
use std::marker::PhantomData;
use std::mem::take;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use slo_core::{Attempt, Outcome};

use super::body::{self, Deliver};
use super::entered::Entered;

pin_project! {
    /// The response of a [`Record`](super::Record) service, on its way. Dropped before it is ready, the request
    /// counts as cancelled.
    #[derive(Debug)]
    pub struct ResponseFuture<F, R> {
        #[pin]
        inner: F,
        // Out of here while the inner future runs, and when the head is there.
        attempt: Attempt,
        bodiless: bool,
        delivers: PhantomData<fn() -> R>,
    }
}

impl<F, R> ResponseFuture<F, R> {
    #[inline]
    pub(super) fn new(inner: F, attempt: Attempt, bodiless: bool) -> Self {
        Self { inner, attempt, bodiless, delivers: PhantomData }
    }
}

impl<F, R, ResBody, E> Future for ResponseFuture<F, R>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
    R: Deliver<ResBody>,
    ResBody: Body,
{
    type Output = Result<Response<R::Body>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let entered = Entered::again(take(this.attempt));
        let polled = this.inner.poll(cx);
        let mut attempt = entered.leave();
        match polled {
            Poll::Pending => {
                *this.attempt = attempt;
                Poll::Pending
            }
            Poll::Ready(Ok(response)) => {
                Poll::Ready(Ok(body::deliver::<R, _>(response, attempt, *this.bodiless)))
            }
            Poll::Ready(Err(error)) => {
                attempt.end(Outcome::InnerError);
                Poll::Ready(Err(error))
            }
        }
    }
}
