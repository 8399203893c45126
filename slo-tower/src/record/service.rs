//! The recording service.

use std::task::{Context, Poll};

use http::{Method, Request, Response};
use http_body::Body;
use slo_core::{Recorder, Registry};
use tower_service::Service;

use super::entered::Entered;
use super::{ResponseBody, ResponseFuture, SloLayer};
use crate::route::{RequestHead, RouteTemplate, method_label};

/// Records every request of the inner service. Made by [`SloLayer`].
#[derive(Debug)]
pub struct Record<S, R> {
    inner: S,
    route: R,
    recorder: Recorder,
    /// Keeps the registry alive for as long as the service is mounted. Routers clone the mounted service for
    /// every request; a clone holds none, so that no two threads share a reference count.
    _mounted: Option<Registry>,
}

impl<S, R> Record<S, R> {
    pub(super) fn new(inner: S, layer: SloLayer<R>) -> Self {
        Self { inner, recorder: layer.recorder(), route: layer.route, _mounted: Some(layer.registry) }
    }
}

impl<S: Clone, R: Clone> Clone for Record<S, R> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), route: self.route.clone(), recorder: self.recorder, _mounted: None }
    }
}

impl<S, R, ReqBody, ResBody> Service<Request<ReqBody>> for Record<S, R>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    R: RouteTemplate,
    ResBody: Body,
{
    type Response = Response<ResponseBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        // Under another layer of the same registry the request is counted there.
        let mut attempt = (!self.recorder.is_in_request()).then(|| {
            let template = self.route.template(RequestHead::of(&request));
            self.recorder.request(method_label(request.method()), template)
        });
        let bodiless = request.method() == Method::HEAD;
        let entered = Entered::new(&mut attempt, self.recorder);
        let inner = self.inner.call(request);
        entered.leave();
        ResponseFuture::new(inner, attempt, self.recorder, bodiless)
    }
}
