//! A list of entries that does not grow for ever: the first and the last are kept.

use super::report::IncidentEntry;

/// The entries of one incident.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Timeline {
    pub(super) entries: Vec<IncidentEntry>,
    /// How many were left out of the middle.
    pub(super) left_out: u64,
}

impl Timeline {
    /// How an incident began is worth as much as how it ended; what it did in between is not worth a list without end.
    pub(super) const ENTRIES_MAX: usize = 64;

    pub(super) fn push(&mut self, entry: IncidentEntry) {
        if self.entries.len() >= Self::ENTRIES_MAX {
            self.entries.remove(Self::ENTRIES_MAX / 2);
            self.left_out += 1;
        }
        self.entries.push(entry);
    }
}
