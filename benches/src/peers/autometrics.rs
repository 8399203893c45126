//! The other crate that annotates handlers.
//!
//! Its backends exclude each other; this is the fastest of them.

use autometrics::autometrics;
use autometrics::objectives::{Objective, ObjectiveLatency, ObjectivePercentile};
use axum::routing::get;

use super::names::AUTOMETRICS_PROMISED;
use crate::layer::Entry;
use crate::traffic::router;

const PROMISE: Objective = Objective::new("shop")
    .success_rate(ObjectivePercentile::P99_9)
    .latency(ObjectiveLatency::Ms250, ObjectivePercentile::P99);

#[autometrics]
async fn annotated() -> &'static str {
    "hello"
}

#[autometrics(objective = PROMISE)]
async fn promised() -> &'static str {
    "hello"
}

pub(super) fn layers() -> Vec<Entry> {
    vec![
        Entry {
            name: "autometrics (prometheus)",
            tower: None,
            router: Box::new(|routes| router(routes, &get(annotated))),
        },
        Entry {
            name: AUTOMETRICS_PROMISED,
            tower: None,
            router: Box::new(|routes| router(routes, &get(promised))),
        },
    ]
}
