//! The life of the process: starting, ready, draining.
//!
//! Draining is a latch. A process that has been told to go never comes back, whatever a check says.

use serde::Serialize;

/// Where in its life the process is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Life {
    /// It is getting ready: its startup checks have not all passed, or somebody holds the start.
    #[default]
    Starting,
    /// It takes requests.
    Ready,
    /// It takes no more requests than are under way, and ends.
    Draining,
}

impl Life {
    /// Returns the word for it: `starting`, `ready` or `draining`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Draining => "draining",
        }
    }
}
