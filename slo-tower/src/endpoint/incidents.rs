//! `GET /slo/incidents`: what happened while an SLO alerted, as JSON or as the draft of a post-mortem.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use slo_core::Registry;
use tower_service::Service;

use super::accept::prefers_markdown;
use super::body::EndpointBody;
use super::document::{Text, TextDocument};
use super::reply::{answer, refused};

const JSON: &str = "application/json";
const MARKDOWN: &str = "text/markdown; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";
/// What the name of the list itself ends with; no incident is called so.
const LIST: &str = "incidents";

/// Answers `GET /slo/incidents`, with all incidents, newest first, and `GET /slo/incidents/{id}`, with one of them. Made
/// by [`SloRegistry::incidents_service`](crate::SloRegistry::incidents_service).
///
/// One incident comes as JSON, or as Markdown where `Accept` ranks `text/markdown` above JSON or the path ends in `.md`.
/// It is told by the last segment of the path, so it does not matter where the service is mounted, as long as that is
/// not at a path of its own for each incident.
#[derive(Clone, Debug)]
pub struct IncidentsService {
    registry: Registry,
}

impl IncidentsService {
    pub(crate) fn new(registry: Registry) -> Self {
        Self { registry }
    }

    fn answer<B>(&self, request: &Request<B>) -> Response<EndpointBody> {
        let path = request.uri().path().trim_end_matches('/');
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        if name.is_empty() || name == LIST {
            return answer(request, JSON, || EndpointBody::written(List::new(self.registry.clone())));
        }
        let (id, is_draft) = match name.strip_suffix(".md") {
            Some(id) => (id, true),
            None => (name, prefers_markdown(request.headers().get_all(header::ACCEPT).iter())),
        };
        let Some(report) = self.registry.incident(id) else {
            let text =
                "there is no such incident, or not any more: GET /slo/incidents lists those there are\n";
            let mut response = answer(request, PLAIN, || EndpointBody::written(Text(text.into())));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        };
        let text = || if is_draft { report.to_markdown() } else { json(&report) + "\n" };
        let content_type = if is_draft { MARKDOWN } else { JSON };
        let mut response = answer(request, content_type, || EndpointBody::written(Text(text())));
        vary(response.headers_mut());
        response
    }
}

fn vary(headers: &mut HeaderMap) {
    headers.insert(header::VARY, HeaderValue::from_static("accept"));
}

impl<B> Service<Request<B>> for IncidentsService {
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

/// All incidents, one in each piece.
struct List {
    registry: Registry,
    /// Those to come, the next one last; none before the head is written.
    ids: Option<Vec<String>>,
    is_first: bool,
}

impl List {
    const fn new(registry: Registry) -> Self {
        Self { registry, ids: None, is_first: true }
    }
}

impl TextDocument for List {
    fn write_piece(&mut self, out: &mut String) -> bool {
        let Some(ids) = &mut self.ids else {
            let mut ids = self.registry.incident_ids();
            ids.reverse();
            self.ids = Some(ids);
            out.push_str("{\n  \"service\": ");
            out.push_str(&json(&self.registry.service()));
            out.push_str(",\n  \"incidents\": [");
            return true;
        };
        let Some(id) = ids.pop() else {
            out.push_str(if self.is_first { "]\n}\n" } else { "\n  ]\n}\n" });
            return false;
        };
        // It may have been forgotten since the list was made.
        if let Some(report) = self.registry.incident(&id) {
            out.push_str(if self.is_first { "\n    " } else { ",\n    " });
            // Line ends within values are escaped, so these are all between them.
            out.push_str(&json(&report).replace('\n', "\n    "));
            self.is_first = false;
        }
        true
    }

    /// Of one that is open, the counters of all its series are read.
    fn pieces_max(&self) -> usize {
        8
    }
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).expect("names are strings")
}
