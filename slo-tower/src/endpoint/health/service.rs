//! The service that answers a probe.

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use slo_core::Level;
use tower_service::Service;

use super::asked::{self, Asked};
use super::settings::{ProbeFormat, ProbeSettings};
use super::shown::{Leave, Shown};
use super::{json, zpage};
use crate::endpoint::body::EndpointBody;
use crate::endpoint::reply::{protect, refused, without_body};
use crate::health::Health;
use crate::route::RequestHead;

/// What a probe wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    Liveness,
    Readiness,
    Startup,
}

impl Asks {
    #[cfg(feature = "axum")]
    pub(crate) const ALL: [Self; 3] = [Self::Liveness, Self::Readiness, Self::Startup];

    /// Returns the last part of its path.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Liveness => "livez",
            Self::Readiness => "readyz",
            Self::Startup => "startupz",
        }
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Liveness => "liveness",
            Self::Readiness => "readiness",
            Self::Startup => "startup",
        }
    }

    /// Returns the check that a path names, `/readyz/database` say, wherever it is mounted.
    fn check(self, path: &str) -> Option<&str> {
        let (before, check) = path.rsplit_once('/')?;
        let (_, probe) = before.rsplit_once('/')?;
        (probe == self.path() && !check.is_empty()).then_some(check)
    }
}

/// Answers `GET /livez`, `/readyz` or `/startupz`, and `/readyz/database` for one check. Made by
/// [`SloRegistry::livez_service`](crate::SloRegistry::livez_service) and its like.
#[derive(Clone)]
pub struct ProbeService {
    health: Health,
    settings: Arc<ProbeSettings>,
    asks: Asks,
}

impl ProbeService {
    pub(crate) fn new(health: Health, settings: Arc<ProbeSettings>, asks: Asks) -> Self {
        Self { health, settings, asks }
    }

    fn answer(&self, head: RequestHead<'_>) -> Response<EndpointBody> {
        self.health.sightings().see(head.headers, self.health.now());
        let leave = if self.settings.details.allows(head) {
            Leave::Details
        } else if self.settings.names.allows(head) {
            Leave::Names
        } else {
            Leave::Status
        };
        let (status, asked) = (self.health.status(), Asked::of(head.uri.query()));
        let shown = match self.asks.check(head.uri.path()) {
            None => Some(Shown::new(self.asks, &status, &asked, leave)),
            Some(name) => Shown::one(self.asks, &status, name, leave),
        };
        match shown {
            Some(shown) => self.write(shown, asked.is_verbose, head),
            None => without_body(StatusCode::NOT_FOUND),
        }
    }

    fn write(&self, shown: Shown<'_>, is_verbose: bool, head: RequestHead<'_>) -> Response<EndpointBody> {
        let format = self.settings.format.unwrap_or_else(|| asked::format(head.headers));
        let (level, is_success) = (shown.level, shown.is_success);
        let (content_type, text) = match format {
            ProbeFormat::Text if is_success && !is_verbose => ("text/plain; charset=utf-8", "ok".to_owned()),
            ProbeFormat::Text => ("text/plain; charset=utf-8", shown.write(zpage::verbose)),
            ProbeFormat::HealthJson => ("application/health+json", shown.write(json::health_json)),
            ProbeFormat::MicroProfile => ("application/json", shown.write(json::micro_profile)),
        };
        let is_head = *head.method == Method::HEAD;
        let body = if is_head { EndpointBody::UNTOLD } else { EndpointBody::whole(text.into()) };
        let mut response = Response::new(body);
        *response.status_mut() = if is_success { StatusCode::OK } else { self.settings.failure_status };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if self.settings.format.is_none() {
            headers.insert(header::VARY, HeaderValue::from_static("accept"));
        }
        if self.settings.says_degraded_to_envoy && is_success && level == Level::Warn {
            headers.insert("x-envoy-degraded", HeaderValue::from_static("true"));
        }
        response
    }
}

impl<B> Service<Request<B>> for ProbeService {
    type Response = Response<EndpointBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let mut response = refused(&request).unwrap_or_else(|| self.answer(RequestHead::of(&request)));
        protect(response.headers_mut());
        ready(Ok(response))
    }
}

impl fmt::Debug for ProbeService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeService")
            .field("asks", &self.asks)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
