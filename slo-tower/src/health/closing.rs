//! Connections that are told to close while the process drains.
//!
//! A connection that is kept open for the next request is closed by the server when it stops, perhaps while that request is on
//! its way: nobody knows then whether it was served. So clients are told beforehand, with an answer that they get anyway.
//! HTTP/2 has its own way to say so, which servers use by themselves.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use http::header::{CONNECTION, HeaderValue};
use http::{Request, Response, StatusCode, Version};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::Health;

/// Tells clients of HTTP/1 to close their connections while the service drains. Made by
/// [`SloRegistry::layer_drain`](crate::SloRegistry::layer_drain).
#[derive(Clone, Copy)]
pub struct DrainLayer {
    is_draining: &'static AtomicBool,
}

impl DrainLayer {
    pub(crate) fn new(health: &Health) -> Self {
        Self { is_draining: health.shared.is_draining }
    }
}

impl<S> Layer<S> for DrainLayer {
    type Service = Draining<S>;

    fn layer(&self, inner: S) -> Draining<S> {
        Draining { inner, is_draining: self.is_draining }
    }
}

impl fmt::Debug for DrainLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainLayer").finish_non_exhaustive()
    }
}

/// A service whose clients are told to close their connections while it drains. Made by [`DrainLayer`].
#[derive(Clone, Copy)]
pub struct Draining<S> {
    inner: S,
    is_draining: &'static AtomicBool,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Draining<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = DrainFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let is_told = matches!(request.version(), Version::HTTP_10 | Version::HTTP_11);
        let is_draining = is_told.then_some(self.is_draining);
        DrainFuture { inner: self.inner.call(request), is_draining }
    }
}

impl<S: fmt::Debug> fmt::Debug for Draining<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Draining").field("inner", &self.inner).finish_non_exhaustive()
    }
}

pin_project! {
    /// The answer of a [`Draining`] service.
    pub struct DrainFuture<F> {
        #[pin]
        inner: F,
        // None where the protocol has its own way to say so.
        is_draining: Option<&'static AtomicBool>,
    }
}

impl<F, ResBody, E> Future for DrainFuture<F>
where
    F: Future<Output = Result<Response<ResBody>, E>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(context))?;
        // Relaxed: a lone flag; whoever reads it a moment late has told nobody anything wrong.
        let is_draining = this.is_draining.is_some_and(|flag| flag.load(Ordering::Relaxed));
        // A connection that becomes something else is no longer one of HTTP.
        if is_draining && response.status() != StatusCode::SWITCHING_PROTOCOLS {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Poll::Ready(Ok(response))
    }
}

impl<F> fmt::Debug for DrainFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainFuture").finish_non_exhaustive()
    }
}
