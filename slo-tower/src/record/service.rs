//! The recording service.

use std::task::{Context, Poll};

use http::{Request, Response};
use slo_core::{Attempt, Recorder, Registry};
use tower_service::Service;

use super::entered::Entered;
use super::protocol::{Answered, Begin, Call};
use super::{Exclude, ResponseFuture, SloLayer};
use crate::route::RequestHead;

/// Records every request of the inner service. Made by [`SloLayer`].
#[derive(Debug)]
pub struct Record<S, R> {
    inner: S,
    route: R,
    recorder: Recorder,
    exclude: Option<&'static Exclude>,
    /// Keeps the registry alive for as long as the service is mounted. Routers clone the mounted service for
    /// every request; a clone holds none, so that no two threads share a reference count.
    _mounted: Option<Registry>,
}

impl<S, R> Record<S, R> {
    pub(super) fn new(inner: S, layer: SloLayer<R>) -> Self {
        let recorder = layer.recorder();
        let (route, exclude) = (layer.route, layer.exclude);
        Self { inner, recorder, route, exclude, _mounted: Some(layer.registry) }
    }
}

impl<S: Clone, R: Clone> Clone for Record<S, R> {
    #[inline]
    fn clone(&self) -> Self {
        let (recorder, exclude) = (self.recorder, self.exclude);
        Self { inner: self.inner.clone(), route: self.route.clone(), recorder, exclude, _mounted: None }
    }
}

impl<S, R, ReqBody, ResBody> Service<Request<ReqBody>> for Record<S, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>, Error: 'static>,
    R: Begin,
    R::Call: Answered<ResBody>,
{
    type Response = Response<<R::Call as Answered<ResBody>>::Body>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, R::Call>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (scope, head) = (R::Call::open(self.recorder), RequestHead::of(&request));
        // Under another layer of the same registry the request is counted there; what is left out, nowhere.
        let (attempt, mut call) = if R::Call::is_counted(&scope, self.recorder)
            || self.exclude.is_some_and(|exclude| exclude.has(head))
        {
            (Attempt::default(), R::unrecorded(head))
        } else {
            self.route.begin(self.recorder, head)
        };
        let entered = Entered::new(attempt, scope, &mut call);
        let inner = self.inner.call(request);
        let attempt = entered.leave();
        ResponseFuture::new(inner, attempt, call)
    }
}
