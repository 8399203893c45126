//! What one thread counts of one route, and of one series.
//!
//! A request adds to a handful of numbers; they lie side by side, so that it touches few cache lines however many
//! routes take turns. Most routes answer nearly everything with one outcome, and so a route and the first of its
//! series share a tally; the other series have one each, of which they use the cells.

use std::sync::Arc;

use crate::histogram::{Cells, Layout};
use crate::sync::{Counter, OnceLock};

/// The cells of a route, of a series, or of both. Aligned, so that the first line holds all that nearly every
/// request adds to, besides the cell of its latency.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Tally {
    /// Attempts of the route.
    pub(super) started: Counter,
    pub(super) finished: Counter,
    /// Latencies of the series.
    pub(super) cells: Cells,
    /// Set once a series has the cells.
    taken: OnceLock<()>,
}

impl Tally {
    pub(super) fn new(layout: &Layout) -> Arc<Self> {
        Arc::new(Self {
            started: Counter::new(),
            finished: Counter::new(),
            cells: Cells::new(layout),
            taken: OnceLock::new(),
        })
    }

    /// Returns a tally for a new series of a route: the route's own for its first.
    pub(super) fn of_series(route: &Arc<Self>, layout: &Layout) -> Arc<Self> {
        match route.taken.set(()) {
            Ok(()) => Arc::clone(route),
            Err(()) => Self::new(layout),
        }
    }
}
