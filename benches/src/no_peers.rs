//! Nobody to compare with: this build has no peers.

use axum::Router;

pub use self::names::*;
use crate::exposition::Exposition;
use crate::harness::Competitor;
use crate::layer::Entry;

#[path = "peers/names.rs"]
mod names;

/// Returns who records.
#[must_use]
pub fn record() -> Vec<Competitor> {
    Vec::new()
}

/// Returns who wraps services.
#[must_use]
pub fn layers() -> Vec<Entry> {
    Vec::new()
}

/// Returns who prints.
#[must_use]
pub fn expositions() -> Vec<Exposition> {
    Vec::new()
}

/// Returns who serves.
#[must_use]
pub fn servers() -> Vec<(&'static str, Router)> {
    Vec::new()
}
