//! What many write themselves: a function as middleware, and vectors of the `prometheus` crate.

use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::get;
use prometheus::{HistogramVec, IntCounterVec, Opts};

use super::prometheus::family;
use crate::exposition::BOUNDS;
use crate::layer::Entry;
use crate::traffic::{hello, router};
use crate::watch::Watch;

#[derive(Clone)]
struct Vectors {
    requests: IntCounterVec,
    durations: HistogramVec,
    watch: Watch,
}

async fn record(
    State(vectors): State<Vectors>,
    path: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let start = vectors.watch.nanos();
    let method = request.method().clone();
    let response = next.run(request).await;
    let took = Duration::from_nanos(vectors.watch.nanos() - start);
    let path = path.as_ref().map_or("", MatchedPath::as_str);
    let status = response.status();
    let labels = [method.as_str(), path, status.as_str()];
    vectors.requests.with_label_values(&labels).inc();
    vectors.durations.with_label_values(&labels).observe(took.as_secs_f64());
    response
}

pub(super) fn layers() -> Vec<Entry> {
    let options = Opts::new("http_requests_total", "Requests.");
    let requests = IntCounterVec::new(options, &["method", "route", "status"]).expect("valid names");
    let vectors = Vectors { requests, durations: family(BOUNDS), watch: Watch::start() };
    vec![Entry {
        name: "from_fn + prometheus by hand",
        tower: None,
        router: Box::new(move |routes| {
            router(routes, &get(hello)).layer(from_fn_with_state(vectors.clone(), record))
        }),
    }]
}
