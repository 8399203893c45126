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
use super::reply::read_only;
use crate::registry::Appended;

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
        if self.appended.0.is_none() && prefers_openmetrics(accepted.iter()) {
            TextFormat::OpenMetrics
        } else {
            TextFormat::Prometheus
        }
    }

    fn render(&self, format: TextFormat) -> String {
        let mut out = String::new();
        self.registry.render(format, &mut out);
        if let Some(appended) = &self.appended.0 {
            append_foreign(&appended(), &mut out);
        }
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

/// Appends text without the families we wrote: a family that stands twice would fail the whole scrape.
fn append_foreign(text: &str, out: &mut String) {
    let mut ours = false;
    for line in text.lines() {
        let mut words = line.split([' ', '{']);
        // A header names its family; samples after it belong to it, whatever their suffix.
        let family = match (words.next(), words.next()) {
            (Some("#"), Some("HELP" | "TYPE")) => words.next(),
            (name, _) => name.filter(|_| !line.starts_with('#')),
        };
        match family {
            Some(name) if line.starts_with('#') => ours = Registry::renders(name),
            Some(name) if Registry::renders(name) => continue,
            Some(_) | None => {}
        }
        if !ours {
            out.push_str(line);
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_ours_are_not_appended_again() {
        let text = "# HELP mine_total Mine.\n# TYPE mine_total counter\nmine_total 3\n\n\
                    # TYPE http_server_request_duration_seconds histogram\n\
                    http_server_request_duration_seconds_bucket{le=\"+Inf\"} 1\n\
                    http_server_request_duration_seconds_count 1\n\
                    # TYPE other gauge\nother{a=\"b\"} 1\nslo_burn_rate{slo=\"x\"} 2\n";
        let mut out = String::new();
        append_foreign(text, &mut out);
        let expected = "# HELP mine_total Mine.\n# TYPE mine_total counter\nmine_total 3\n\n\
                        # TYPE other gauge\nother{a=\"b\"} 1\n";
        assert_eq!(out, expected);
    }
}
