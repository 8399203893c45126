//! What a frame says. The order of variants and fields is the format: whoever changes it raises [`VERSION`].
//!
//! [`VERSION`]: super::frame::VERSION

use serde::{Deserialize, Serialize};

use crate::engine::SavedKept;
use crate::window::{Counts, Marks, Samples};

/// One frame.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Record {
    /// The first frame: every declared SLO. Others name them by their index here.
    Slos(Vec<SloRecord>),
    /// An SLO that is not declared any more.
    Retired(Box<Retired>),
    /// A document under its key; nothing if it was removed.
    Document(String, Option<Vec<u8>>),
    /// What is newer than the last frame of this kind.
    Samples(Box<SamplesRecord>),
    /// The state is whole; what follows was appended later.
    Whole,
}

/// How an SLO was declared when it was saved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct SloRecord {
    pub(crate) name: String,
    /// What made an event good: the kind, the threshold in nanoseconds and where the latency ends.
    pub(crate) sli: (String, Option<u64>, String),
    pub(crate) objective: String,
    pub(crate) window: String,
    /// What the samples count.
    pub(crate) unit: String,
    /// From when until when, in milliseconds watched, there was no such SLO.
    pub(crate) absent: [u64; 2],
}

/// An SLO that is not declared any more, and what it had counted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Retired {
    pub(crate) slo: SloRecord,
    pub(crate) samples: Option<Samples<Counts>>,
    pub(crate) kept: SavedKept,
    /// When it was first missing, in nanoseconds since the Unix epoch.
    pub(crate) gone: u64,
    /// How long the service had been watched then, in milliseconds.
    pub(crate) watched: u64,
}

/// What some SLOs counted until a tick. One that is left out has counted nothing since the frame before.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SamplesRecord {
    /// The tick, in nanoseconds since the Unix epoch.
    pub(crate) at: u64,
    pub(crate) marks: Marks,
    pub(crate) watched: Samples<u64>,
    pub(crate) slos: Vec<(u32, Samples<Counts>)>,
    /// What has changed besides the samples.
    pub(crate) kept: Vec<(u32, SavedKept)>,
}

impl Retired {
    /// Moves the samples back with those of the others, where the clock was set back.
    pub(crate) fn move_back(&mut self, from: Marks, to: Marks) {
        if let Some(samples) = &mut self.samples {
            samples.move_back(from, to);
        }
    }
}
