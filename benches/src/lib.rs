//! What `slo` costs, measured beside its peers.
//!
//! The same work in the same process in turns, so that ratios hold although absolute numbers move with the
//! machine. Times are measured by one binary, instructions and allocations by another, since counting takes time.
//! Without the feature `peers` only we and the limit are measured.

#![allow(clippy::missing_panics_doc, reason = "a comparison that does not work shall not go on")]

pub mod watch;

pub mod harness;

pub mod report;

pub mod plot;

pub mod traffic;

pub mod exposition;

pub mod limit;

pub mod ours;

#[cfg_attr(not(feature = "peers"), path = "no_peers.rs")]
pub mod peers;

pub mod layer;

pub mod record;

pub mod scrape;

pub mod tick;
pub mod ticked;

pub mod memory;

pub mod end_to_end;

pub mod scraped;

pub mod exact;

pub mod bars;
