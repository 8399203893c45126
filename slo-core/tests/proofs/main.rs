//! The counting core, held against models that are too simple to be wrong.
//!
//! Everything here goes through the public API, and every number is compared with one that was computed
//! another way: by keeping every event, by sorting every latency, by a parser that is not ours.

mod counting;
mod model;
mod support;
