//! `GET /slo/gate`: whether the error budgets allow a release, for pipelines.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use slo_core::{GateDecision, GatePolicy, Registry};
use tower_service::Service;

use super::body::EndpointBody;
use super::document::TextDocument;
use super::reply::{answer, refused};

/// Answers `GET /slo/gate`: 200 while the error budgets allow a release, 409 with the reasons while they do not. Made by
/// [`SloRegistry::gate_service`](crate::SloRegistry::gate_service).
#[derive(Clone, Debug)]
pub struct GateService {
    registry: Registry,
    policy: Arc<GatePolicy>,
}

impl GateService {
    pub(crate) fn new(registry: Registry, policy: Arc<GatePolicy>) -> Self {
        Self { registry, policy }
    }

    fn answer<B>(&self, request: &Request<B>) -> Response<EndpointBody> {
        let decision = self.policy.decide(&self.registry.status());
        let status = if decision.allowed { StatusCode::OK } else { StatusCode::CONFLICT };
        let mut response =
            answer(request, "application/json", || EndpointBody::written(Decision(Box::new(decision))));
        *response.status_mut() = status;
        response
    }
}

/// A decision as JSON: one piece, as it is some lines.
struct Decision(Box<GateDecision>);

impl TextDocument for Decision {
    fn write_piece(&mut self, out: &mut String) -> bool {
        out.push_str(&serde_json::to_string_pretty(&self.0).expect("names are strings"));
        out.push('\n');
        false
    }
}

impl<B> Service<Request<B>> for GateService {
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
