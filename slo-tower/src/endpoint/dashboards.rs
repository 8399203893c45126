//! `GET /slo/dashboard.json`: the dashboards of Grafana.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{Request, Response, StatusCode};
use slo_core::{Dashboard, Generator};
use tower_service::Service;

use super::body::EndpointBody;
use super::document::Text;
use super::reply::{answer, refused};

/// Answers `GET /slo/dashboard.json` with the overview, and with another board where the query asks for it: `?board=slo` or
/// `?board=service`. Made by [`SloRegistry::dashboards_service`](crate::SloRegistry::dashboards_service).
#[derive(Clone, Debug)]
pub struct DashboardsService {
    /// Small, and asked once a release: the text is made anew each time rather than kept.
    generator: Generator,
}

impl DashboardsService {
    pub(crate) fn new(generator: Generator) -> Self {
        Self { generator }
    }

    fn answer<B>(&self, request: &Request<B>) -> Response<EndpointBody> {
        let Some(board) = asked(request.uri().query()) else {
            let names = Dashboard::ALL.map(Dashboard::as_str).join(", ");
            let body =
                || EndpointBody::written(Text(format!("there is no such board: ask for one of {names}\n")));
            let mut response = answer(request, "text/plain; charset=utf-8", body);
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        };
        let body = || EndpointBody::written(Text(self.generator.dashboard(board).to_string()));
        answer(request, "application/json", body)
    }
}

/// Returns the board that a query asks for; none if there is none of that name.
fn asked(query: Option<&str>) -> Option<Dashboard> {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs
        .find(|(key, _)| key == "board")
        .map_or(Some(Dashboard::Overview), |(_, name)| Dashboard::named(&name))
}

impl<B> Service<Request<B>> for DashboardsService {
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
