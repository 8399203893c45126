//! `GET /slo/rules.yaml`: the rules of Prometheus for all SLOs.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{Request, Response};
use slo_core::Generator;
use tower_service::Service;

use super::body::EndpointBody;
use super::document::Text;
use super::reply::{answer, refused};

const YAML: &str = "application/yaml";

/// Answers `GET /slo/rules.yaml`. Made by [`SloRegistry::rules_service`](crate::SloRegistry::rules_service).
#[derive(Clone, Debug)]
pub struct RulesService {
    /// Small, and asked once a release: the text is made anew each time rather than kept.
    generator: Generator,
}

impl RulesService {
    pub(crate) fn new(generator: Generator) -> Self {
        Self { generator }
    }
}

impl<B> Service<Request<B>> for RulesService {
    type Response = Response<EndpointBody>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let body = || EndpointBody::written(Text(self.generator.rules().to_string()));
        let response = refused(&request).unwrap_or_else(|| answer(&request, YAML, body));
        ready(Ok(response))
    }
}
