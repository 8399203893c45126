//! The layers of `tower-http` that are nearest to ours.

use axum::routing::get;
use tower_http::metrics::InFlightRequestsLayer;
use tower_http::trace::TraceLayer;

use crate::layer::{Entry, over_tower};
use crate::traffic::{hello, router};

const IN_FLIGHT: &str = "tower-http InFlightRequests";
const TRACE: &str = "tower-http TraceLayer, tracing disabled";

pub(super) fn layers() -> Vec<Entry> {
    let (in_flight, _) = InFlightRequestsLayer::pair();
    let layer = in_flight.clone();
    vec![
        Entry {
            name: IN_FLIGHT,
            tower: Some(over_tower(IN_FLIGHT, in_flight)),
            router: Box::new(move |routes| router(routes, &get(hello)).layer(layer.clone())),
        },
        Entry {
            name: TRACE,
            tower: Some(over_tower(TRACE, TraceLayer::new_for_http())),
            router: Box::new(|routes| router(routes, &get(hello)).layer(TraceLayer::new_for_http())),
        },
    ]
}
