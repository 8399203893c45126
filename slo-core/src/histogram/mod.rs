//! Latencies, counted: exact where the promise looks, within one percent everywhere else.
//!
//! Each recording adds to two cells: one of a log-linear histogram, from which quantiles are read, and one of
//! the boundaries that Prometheus sees. Every declared threshold is one of these boundaries, compared in
//! nanoseconds, so a dashboard and the event counters agree to the last event.

mod cells;
mod kept;
mod layout;
#[cfg(feature = "protobuf")]
mod native;
mod snapshot;

pub(crate) use self::cells::Cells;
pub(crate) use self::kept::KeptCells;
pub(crate) use self::layout::Layout;
#[cfg(feature = "protobuf")]
pub(crate) use self::native::{NativeBuckets, SCHEMA};
pub use self::snapshot::Histogram;
