//! Generated rules, held against Prometheus itself: its own tools load them, evaluate them and say what fires.

mod boards;
mod files;
mod fires;
mod fleet;
mod oracle;
mod promtool;
#[path = "../support/skipped.rs"]
mod skipped;
mod subjects;
mod words;
