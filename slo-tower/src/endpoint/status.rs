//! `GET /slo`: every SLO as it is now, as JSON.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use slo_core::Registry;
use tower_service::Service;

use super::reply::read_only;

/// Answers `GET /slo`. Made by [`SloRegistry::status_service`](crate::SloRegistry::status_service).
#[derive(Clone, Debug)]
pub struct StatusService {
    registry: Registry,
}

impl StatusService {
    pub(crate) fn new(registry: Registry) -> Self {
        Self { registry }
    }
}

impl<B> Service<Request<B>> for StatusService {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let json = || serde_json::to_string_pretty(&self.registry.status()).expect("names are strings");
        ready(Ok(read_only(&request, || ("application/json", json() + "\n"))))
    }
}
