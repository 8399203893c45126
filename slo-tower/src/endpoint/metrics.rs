//! `GET /metrics`: what Prometheus scrapes.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use slo_core::{Exposition, Registry, TextFormat};
use tower_service::Service;

use super::accept::Formats;
use super::appended::Appended;
use super::body::EndpointBody;
use super::document::{Document, Encoded, TextDocument};
use super::encoding::Encoding;
use super::gzip::{self, Gzip};
use super::protobuf::Protobuf;
use super::reply::{answer, refused, without_body};

/// Answers `GET /metrics`. Made by [`SloRegistry::metrics_service`](crate::SloRegistry::metrics_service).
#[derive(Clone, Debug)]
pub struct MetricsService {
    registry: Registry,
    appended: Appended,
    gzip: Gzip,
}

impl MetricsService {
    pub(crate) fn new(registry: Registry, appended: Appended) -> Self {
        Self { registry, appended, gzip: Gzip::default() }
    }

    /// What the application appends is a text, and only the oldest format takes it as it is.
    fn format(&self, headers: &HeaderMap) -> Format {
        if !self.appended.is_empty() {
            return Format::Text(TextFormat::Prometheus);
        }
        let accepted = Formats::accepted(headers.get_all(header::ACCEPT).iter());
        match Protobuf::offered() {
            Some(protobuf) if accepted.prefer_protobuf() => Format::Protobuf(protobuf),
            _ if accepted.prefer_openmetrics() => Format::Text(TextFormat::OpenMetrics),
            _ => Format::Text(TextFormat::Prometheus),
        }
    }

    fn document(&self, format: Format) -> Box<dyn Document> {
        match format {
            Format::Text(format) => {
                let rest = Rest::Ours(Box::new(self.registry.exposition(format)));
                let (appended, end) = (self.appended.clone(), format.end());
                Box::new(Encoded(MetricsText { rest, appended, end }))
            }
            Format::Protobuf(protobuf) => protobuf.document(&self.registry),
        }
    }

    fn answer<B>(&self, request: &Request<B>) -> Response<EndpointBody> {
        let headers = request.headers();
        let format = self.format(headers);
        let plain =
            || answer(request, format.content_type(), || EndpointBody::document(self.document(format)));
        let encoding = headers.get_all(header::ACCEPT_ENCODING);
        let mut response = match Encoding::accepted(encoding.iter(), gzip::IS_OFFERED) {
            Encoding::Identity => plain(),
            Encoding::PreferGzip => self.compressed(request, format).unwrap_or_else(plain),
            Encoding::OnlyGzip => self.compressed(request, format).unwrap_or_else(|| {
                let mut later = without_body(StatusCode::SERVICE_UNAVAILABLE);
                later.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                later
            }),
            Encoding::Neither => without_body(StatusCode::NOT_ACCEPTABLE),
        };
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
        response
    }

    /// Answers with a compressed document, which is never so short that it would not be worth it: what every registry
    /// exposes takes more than a kilobyte.
    fn compressed<B>(&self, request: &Request<B>, format: Format) -> Option<Response<EndpointBody>> {
        let body = if *request.method() == Method::HEAD {
            EndpointBody::UNTOLD
        } else {
            EndpointBody::compressed(self.gzip.start(self.document(format))?)
        };
        let mut response = answer(request, format.content_type(), || body);
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        Some(response)
    }
}

impl<B> Service<Request<B>> for MetricsService {
    type Response = Response<EndpointBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(refused(&request).unwrap_or_else(|| self.answer(&request))))
    }
}

/// What a scraper is answered in.
#[derive(Clone, Copy, Debug)]
enum Format {
    Text(TextFormat),
    Protobuf(Protobuf),
}

impl Format {
    const fn content_type(self) -> &'static str {
        match self {
            Self::Text(format) => format.content_type(),
            Self::Protobuf(protobuf) => protobuf.content_type(),
        }
    }
}

/// Our families, then what the application appends, then the end.
struct MetricsText {
    rest: Rest,
    appended: Appended,
    end: &'static str,
}

/// What is still to be written.
enum Rest {
    Ours(Box<Exposition>),
    Appended,
    Nothing,
}

impl TextDocument for MetricsText {
    fn write_piece(&mut self, out: &mut String) -> bool {
        match &mut self.rest {
            Rest::Ours(exposition) => {
                if !exposition.write_piece(out) {
                    self.rest = Rest::Appended;
                }
                true
            }
            Rest::Appended => {
                self.appended.append_to(out);
                out.push_str(self.end);
                self.rest = Rest::Nothing;
                false
            }
            Rest::Nothing => false,
        }
    }
}
