//! `GET /metrics`: what Prometheus scrapes.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::Full;
use slo_core::{Registry, TextFormat};
use tower_service::Service;

use super::accept::prefers_openmetrics;
use super::appended::Appended;
use super::reply::read_only;

/// Answers `GET /metrics`. Made by [`SloRegistry::metrics_service`](crate::SloRegistry::metrics_service).
#[derive(Clone, Debug)]
pub struct MetricsService {
    registry: Registry,
    appended: Appended,
}

impl MetricsService {
    pub(crate) fn new(registry: Registry, appended: Appended) -> Self {
        Self { registry, appended }
    }

    fn format<B>(&self, request: &Request<B>) -> TextFormat {
        let accepted = request.headers().get_all(header::ACCEPT);
        if self.appended.is_empty() && prefers_openmetrics(accepted.iter()) {
            TextFormat::OpenMetrics
        } else {
            TextFormat::Prometheus
        }
    }

    fn render(&self, format: TextFormat) -> String {
        let mut out = String::new();
        self.registry.render(format, &mut out);
        self.appended.append_to(&mut out);
        out.push_str(format.end());
        out
    }
}

impl<B> Service<Request<B>> for MetricsService {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let format = self.format(&request);
        ready(Ok(read_only(&request, || (format.content_type(), self.render(format)))))
    }
}
