//! What a Prometheus knows of our counters, or any server that speaks its API: the past of this process and its predecessors,
//! and the present of the whole fleet.
//!
//! The past is put together from raw samples, since what Prometheus calls an increase is an estimate: a step in which a
//! counter was not reset is the difference of two samples, and only the others are looked at sample by sample.
//! What must never happen: an event that is counted twice because a server remembers it as well as we do.

mod answer;
mod config;
mod fleet;
mod history;
mod stitch;
#[cfg_attr(not(feature = "tracing"), path = "not_traced.rs")]
pub(crate) mod traced;

pub use self::config::Prometheus;
pub(crate) use self::fleet::{FleetCounts, FleetQuestion};
pub(crate) use self::history::read_history;
