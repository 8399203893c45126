//! What a file says of the past.
//!
//! Frames are believed up to the first one that is not what was written; nothing after it is. So what is read is the
//! state as it was saved at some tick, or nothing.

use std::collections::BTreeMap;

use super::frame::{self, HEAD, Head, Next, VERSION};
use super::record::{Record, Retired, SamplesRecord, SloRecord};
use crate::engine::SavedKept;
use crate::time::Timestamp;
use crate::window::{Counts, Marks, Samples};

/// The state as it was saved.
#[derive(Debug, Default)]
pub(crate) struct Past {
    /// The last tick that was saved.
    pub(crate) at: Timestamp,
    pub(crate) marks: Marks,
    pub(crate) watched: Samples<u64>,
    pub(crate) slos: Vec<PastSlo>,
    pub(crate) retired: Vec<Retired>,
    pub(crate) documents: BTreeMap<String, Vec<u8>>,
    is_whole: bool,
}

/// One SLO as it was saved.
#[derive(Debug)]
pub(crate) struct PastSlo {
    pub(crate) record: SloRecord,
    pub(crate) samples: Option<Samples<Counts>>,
    pub(crate) kept: SavedKept,
}

/// How a file that could be read ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Whole,
    /// Within a frame, as a crash of the machine leaves it.
    CutShort,
    /// With something that was never written.
    Damaged,
}

impl Past {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// If it is not ours, or holds no whole state: what is wrong with it.
    pub(super) fn read(bytes: &[u8]) -> Result<(Self, Ending), String> {
        match frame::read_head(bytes) {
            Head::Ours => {}
            Head::Version(found) => {
                return Err(format!("is of version {found} of the format, and this program knows {VERSION}"));
            }
            Head::Foreign => return Err("is no file of ours".to_owned()),
            Head::Damaged => return Err("is damaged at its beginning".to_owned()),
        }
        let (mut past, mut rest) = (Self::default(), &bytes[HEAD..]);
        let ending = loop {
            match frame::next(&mut rest) {
                Next::Record(record) => {
                    if past.take(*record).is_none() {
                        break Ending::Damaged;
                    }
                }
                Next::End => break Ending::Whole,
                Next::CutShort => break Ending::CutShort,
                Next::Damaged => break Ending::Damaged,
            }
        };
        if past.is_whole {
            Ok((past, ending))
        } else {
            Err("is damaged before the end of its first state".to_owned())
        }
    }

    /// Takes a frame; `None` if it cannot stand here.
    fn take(&mut self, record: Record) -> Option<()> {
        match record {
            Record::Slos(records) => {
                let slo = |record| PastSlo { record, samples: None, kept: SavedKept::default() };
                self.slos = records.into_iter().map(slo).collect();
            }
            Record::Retired(retired) => self.retired.push(*retired),
            Record::Document(key, Some(document)) => drop(self.documents.insert(key, document)),
            Record::Document(key, None) => drop(self.documents.remove(&key)),
            Record::Samples(samples) => self.take_samples(*samples)?,
            Record::Whole => self.is_whole = true,
        }
        Some(())
    }

    fn take_samples(&mut self, record: SamplesRecord) -> Option<()> {
        let count = self.slos.len();
        let indices = record.slos.iter().map(|(slo, _)| *slo).chain(record.kept.iter().map(|(slo, _)| *slo));
        if indices.into_iter().any(|slo| slo as usize >= count) {
            return None;
        }
        let before = std::mem::replace(&mut self.marks, record.marks);
        self.at = Timestamp::from_unix_nanos(record.at);
        self.watched.extend(before, record.watched);
        for (slo, samples) in record.slos {
            match &mut self.slos[slo as usize].samples {
                Some(own) => own.extend(before, samples),
                none => *none = Some(samples),
            }
        }
        for (slo, kept) in record.kept {
            self.slos[slo as usize].kept = kept;
        }
        Some(())
    }
}
