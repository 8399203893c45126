//! The peers: other ways to do the same work.
//!
//! Each is used as its documentation shows, with the bounds that ours has by default. Where a peer can be used in
//! a fast and in a convenient way, both are measured.

mod autometrics;
mod by_hand;
mod facade;
mod fastmetrics;
mod histograms;
mod measured;
mod names;
mod otel_layers;
mod otel_record;
mod prometheus;
mod prometheus_client;
mod tower_http;

use axum::Router;
use axum::routing::get;

pub use self::names::*;
use crate::exposition::Exposition;
use crate::harness::Competitor;
use crate::layer::Entry;
use crate::traffic::{hello, router};

/// Returns who records.
#[must_use]
pub fn record() -> Vec<Competitor> {
    let lists = [
        histograms::record(),
        prometheus_client::record(),
        prometheus::record(),
        measured::record(),
        facade::record(),
        otel_record::record(),
    ];
    lists.into_iter().flatten().collect()
}

/// Returns who wraps services.
#[must_use]
pub fn layers() -> Vec<Entry> {
    let lists = [
        tower_http::layers(),
        autometrics::layers(),
        by_hand::layers(),
        facade::layers(),
        otel_layers::layers(),
    ];
    lists.into_iter().flatten().collect()
}

/// Returns who prints.
#[must_use]
pub fn expositions() -> Vec<Exposition> {
    let mut all = vec![
        fastmetrics::exposition(),
        prometheus_client::exposition(),
        measured::exposition(),
        prometheus::exposition(),
    ];
    all.extend(facade::expositions());
    all
}

/// Returns who serves.
#[must_use]
pub fn servers() -> Vec<(&'static str, Router)> {
    vec![(AXUM_PROMETHEUS, router(1, &get(hello)).layer(facade::axum_prometheus()))]
}
