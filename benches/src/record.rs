//! What recording one latency costs.
//!
//! Latencies are log-normal and come from a table. Like the peers that are held, ours is handed one and counts it in a
//! series it holds. Beside it stands what a request costs that has to be started and ended, and whose route has to be
//! found: its latency is what its clock says, which stands still where the clock is apart.

use crate::harness::{Competitor, Effort, measure};
use crate::report::{Row, Section, Unit};
use crate::{limit, ours, peers};

/// The title of the section.
pub const SECTION: &str = "record one latency";

/// Returns all competitors.
#[must_use]
pub fn competitors() -> Vec<Competitor> {
    ours::record().into_iter().chain(limit::competitors()).chain(peers::record()).collect()
}

/// Measures all of them.
#[must_use]
pub fn run(effort: Effort) -> Section {
    let rows = measure(&competitors(), effort).into_iter().map(|one| Row {
        value: one.alone,
        together: Some(one.together),
        scaling: Some(one.scaling()),
        ..Row::new(&one.name, Unit::Nanos)
    });
    Section { title: SECTION.to_owned(), ours: ours::RECORD, rows: rows.collect() }
}
