//! What was saved, held against what is declared now.
//!
//! An SLO is known by its name. Another objective or another policy judge the same counts; another window keeps what of
//! them fits; another indicator leaves what was judged before, and says so. One that is not declared any more is kept for
//! a while, beside the others in the same file, and goes on if it comes back.

use std::time::Duration;

use crate::engine::SavedKept;
use crate::objective::{Slo, Threshold};
use crate::store::{Past, Retired, SloRecord};
use crate::time::Timestamp;
use crate::window::{SavedHistories, SavedHistory};

/// How long an SLO that is not declared any more is kept.
const KEPT: Duration = Duration::from_secs(30 * 86_400);
/// How many of them are.
const KEPT_MAX: usize = 256;

/// What goes on.
#[derive(Debug)]
pub(super) struct GoesOn {
    pub(super) histories: SavedHistories,
    pub(super) kept: Vec<SavedKept>,
    pub(super) slos: Vec<SloRecord>,
    pub(super) retired: Vec<Retired>,
    /// What there is to say about it.
    pub(super) notes: Vec<String>,
}

/// Returns how an SLO is declared, for one that there was no other of before.
pub(super) fn record(slo: &Slo, absent: [u64; 2]) -> SloRecord {
    let threshold = slo.sli().threshold();
    let end = threshold.map_or(String::new(), |_| slo.latency_end().to_string());
    SloRecord {
        name: slo.name().to_owned(),
        sli: (slo.sli().kind().to_owned(), threshold.map(Threshold::nanos), end),
        objective: slo.objective().to_string(),
        window: slo.window().to_string(),
        unit: slo.time_slices().map_or("events".to_owned(), |slices| slices.to_string()),
        absent,
    }
}

/// Forgets what was not declared for too long, and the oldest if they are too many.
pub(super) fn forget(retired: &mut Vec<Retired>, now: Timestamp) {
    retired.retain(|retired| now - Timestamp::from_unix_nanos(retired.gone) <= KEPT);
    retired.sort_by_key(|retired| retired.gone);
    retired.drain(..retired.len().saturating_sub(KEPT_MAX));
}

impl GoesOn {
    /// Finds for each SLO what was saved of it.
    pub(super) fn new(past: Past, slos: &[Slo], now: Timestamp) -> Self {
        let watched = past.watched.last;
        let (mut before, mut retired) = (past.slos, past.retired);
        let histories = SavedHistories { marks: past.marks, watched: past.watched, histories: Vec::new() };
        let mut own =
            Self { histories, kept: Vec::new(), slos: Vec::new(), retired: Vec::new(), notes: Vec::new() };
        for slo in slos {
            let mut declared = record(slo, [0, watched]);
            let (mut samples, mut kept) = (None, SavedKept::default());
            let is_same = |saved: &SloRecord| saved.name == declared.name && saved.unit == declared.unit;
            if let Some(at) = before.iter().position(|saved| is_same(&saved.record)) {
                let saved = before.swap_remove(at);
                own.note_changes(&saved.record, &declared);
                declared.absent = saved.record.absent;
                (samples, kept) = (saved.samples, saved.kept);
            } else if let Some(at) = retired.iter().position(|saved| is_same(&saved.slo)) {
                let saved = retired.swap_remove(at);
                own.note_changes(&saved.slo, &declared);
                own.notes
                    .push(format!("SLO {:?} is declared again and goes on with its history", declared.name));
                // Where it was away before, the time between counts as away too: less is claimed than is known.
                let [gone, back] = saved.slo.absent;
                declared.absent = [if back > 0 { gone } else { saved.watched }, watched];
                (samples, kept) = (saved.samples, saved.kept);
            } else {
                own.notes.push(format!("SLO {:?} is new and begins without a history", declared.name));
            }
            own.histories.histories.push(SavedHistory { samples, absent: declared.absent });
            own.kept.push(kept);
            own.slos.push(declared);
        }
        for gone in before {
            own.notes.push(format!(
                "SLO {:?} is not declared any more; its history is kept for 30 days in case it comes back, and one under \
                 another name begins anew",
                gone.record.name
            ));
            let (slo, samples, kept) = (gone.record, gone.samples, gone.kept.without_alerts());
            retired.push(Retired { slo, samples, kept, gone: now.unix_nanos(), watched });
        }
        forget(&mut retired, now);
        own.retired = retired;
        own
    }

    fn note_changes(&mut self, saved: &SloRecord, declared: &SloRecord) {
        let name = &declared.name;
        if saved.sli != declared.sli {
            let ((was, _, _), (is, _, _)) = (&saved.sli, &declared.sli);
            self.notes.push(format!(
                "SLO {name:?} measures something else now ({was} before, {is} now, or by another threshold or end): its \
                 past was judged as it was declared then"
            ));
        }
        for (what, was, is) in [
            ("objective", &saved.objective, &declared.objective),
            ("window", &saved.window, &declared.window),
        ] {
            if was != is {
                self.notes.push(format!(
                    "SLO {name:?} has another {what}, {is} instead of {was}, and keeps its counts"
                ));
            }
        }
    }
}
