//! What is saved: what is newer than what was saved before, or everything.
//!
//! The engine is locked while some SLOs are copied, and never while anything is written.

use std::collections::BTreeSet;
use std::io;
use std::ops::Range;

use super::super::lock;
use super::super::shared::Shared;
use super::documents::Documents;
use super::past;
use crate::engine::{Engine, SavedKept};
use crate::store::{self, Level, Record, Retired, SamplesRecord, SloRecord, Store};
use crate::sync::Mutex;
use crate::time::Timestamp;
use crate::window::{Counts, Marks};

/// So many SLOs are copied under one lock: some hundred microseconds.
const PIECE: usize = 32;

/// What was saved, and where.
#[derive(Debug)]
pub(super) struct Saving {
    /// None after the last save.
    store: Option<Store>,
    slos: Vec<SloRecord>,
    retired: Vec<Retired>,
    /// All slots up to these are saved.
    marks: Marks,
    /// What is saved of each SLO.
    known: Vec<Known>,
    /// Of which past that is: one that was put in front of it changes every sample.
    pasts: u32,
    pause: Pause,
}

#[derive(Clone, Copy, Debug, Default)]
struct Known {
    last: Option<Counts>,
    kept: SavedKept,
}

/// After each failure to write a whole file twice as many saves go by before the next one, up to a minute's.
#[derive(Debug, Default)]
struct Pause {
    left: u32,
    failures: u32,
}

impl Saving {
    pub(super) fn new(store: Store, slos: Vec<SloRecord>, retired: Vec<Retired>) -> Self {
        let known = vec![Known::default(); slos.len()];
        let (marks, pause) = (Marks::default(), Pause::default());
        Self { store: Some(store), slos, retired, marks, known, pasts: 0, pause }
    }

    /// Saves, and returns until which tick everything is saved; `None` if it was not tried.
    pub(super) fn save(
        &mut self,
        shared: &Shared,
        documents: &Mutex<Documents>,
        is_last: bool,
    ) -> Option<io::Result<Timestamp>> {
        let store = self.store.as_ref()?;
        if !store.takes_more() {
            return (self.pause.is_over() || is_last).then(|| self.rewrite(shared, documents));
        }
        let saved = self.append(shared, documents);
        let is_long = self.store.as_ref().is_some_and(Store::is_long);
        if saved.is_ok() && is_long && !is_last && self.pause.is_over() {
            // Everything is saved already, only not as shortly as it could be: no harm if there is no room for that.
            let _ = self.rewrite(shared, documents);
        }
        Some(saved)
    }

    /// Gives the directory up.
    pub(super) fn close(&mut self) {
        self.store = None;
    }

    /// Appends what is newer.
    fn append(&mut self, shared: &Shared, documents: &Mutex<Documents>) -> io::Result<Timestamp> {
        let copied = {
            let engine = lock(&shared.engine);
            let is_same_past = engine.histories().pasts() == self.pasts;
            let since = Some((self.marks, &*self.known));
            is_same_past.then(|| copy(&engine, 0..self.slos.len(), since, Some(self.marks)))
        };
        // What is saved of another past can not go on with this one.
        let Some((samples, known)) = copied else { return self.rewrite(shared, documents) };
        let (changed, mut records) = lock(documents).take_changed();
        let (at, marks) = (samples.at, samples.marks);
        records.push(Record::Samples(Box::new(samples)));
        let mut frames = Vec::new();
        records.iter().for_each(|record| store::push(&mut frames, record));
        let appended = self.store.as_mut().map_or(Ok(()), |store| store.append(&frames));
        match appended {
            Ok(()) => {
                (self.marks, self.known) = (marks, known);
                Ok(Timestamp::from_unix_nanos(at))
            }
            Err(error) => {
                lock(documents).give_back(changed);
                Err(error)
            }
        }
    }

    /// Writes everything to a new file.
    fn rewrite(&mut self, shared: &Shared, documents: &Mutex<Documents>) -> io::Result<Timestamp> {
        let now = shared.clock.now();
        past::forget(&mut self.retired, now);
        let Some(store) = &mut self.store else { return Err(io::ErrorKind::NotFound.into()) };
        let (mut begun, mut known) = (None::<SamplesRecord>, Vec::with_capacity(self.slos.len()));
        let mut changed = BTreeSet::new();
        let (mut is_first, mut is_another_past) = (true, false);
        let pasts = note_absences(&mut self.slos, &lock(&shared.engine));
        let written = store.rewrite(now, |out| {
            if std::mem::take(&mut is_first) {
                let (not_saved, records) = lock(documents).take_all();
                changed = not_saved;
                store::push(out, &Record::Slos(self.slos.clone()));
                self.retired
                    .iter()
                    .for_each(|retired| store::push(out, &Record::Retired(Box::new(retired.clone()))));
                records.iter().for_each(|record| store::push(out, record));
            }
            let next = known.len()..(known.len() + PIECE).min(self.slos.len());
            let watched_since = begun.as_ref().map(|begun| begun.marks);
            let copied = {
                let engine = lock(&shared.engine);
                (engine.histories().pasts() == pasts).then(|| copy(&engine, next, None, watched_since))
            };
            let Some((samples, copied)) = copied else {
                // Some pieces would be of one past and some of another.
                is_another_past = true;
                return Err(io::ErrorKind::Interrupted.into());
            };
            known.extend(copied);
            let record = Record::Samples(Box::new(samples));
            store::push(out, &record);
            if let Record::Samples(samples) = record {
                // A tick may come between two pieces. What it adds to the earlier ones is appended later.
                begun.get_or_insert(*samples);
            }
            let is_more = known.len() < self.slos.len();
            if !is_more {
                store::push(out, &Record::Whole);
            }
            Ok(is_more)
        });
        if is_another_past {
            lock(documents).give_back(changed);
            // A past is put in front of a registry once.
            return self.rewrite(shared, documents);
        }
        self.pause.after(written.is_ok());
        match (written, begun) {
            (Ok(()), Some(begun)) => {
                (self.marks, self.known, self.pasts) = (begun.marks, known, pasts);
                Ok(Timestamp::from_unix_nanos(begun.at))
            }
            (Err(error), _) => {
                lock(documents).give_back(changed);
                Err(error)
            }
            (Ok(()), None) => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Says something in the log.
    pub(super) fn say(&self, level: Level, what: &str) {
        if let Some(store) = &self.store {
            store.say(level, what);
        }
    }
}

/// Notes when there was none of each SLO, and returns of which past that is.
fn note_absences(slos: &mut [SloRecord], engine: &Engine) -> u32 {
    let slos = slos.iter_mut().enumerate();
    slos.for_each(|(index, slo)| slo.absent = engine.histories().absent(index));
    engine.histories().pasts()
}

/// Copies some SLOs: what is newer than what is known of them, or everything.
fn copy(
    engine: &Engine,
    slos: Range<usize>,
    since: Option<(Marks, &[Known])>,
    watched_since: Option<Marks>,
) -> (SamplesRecord, Vec<Known>) {
    let histories = engine.histories();
    let mut record = SamplesRecord {
        at: histories.ticked().unix_nanos(),
        marks: histories.marks(),
        watched: histories.watched_newer_than(watched_since),
        slos: Vec::new(),
        kept: Vec::new(),
    };
    let mut copied = Vec::with_capacity(slos.len());
    for slo in slos {
        let known = since.map_or(Known::default(), |(_, known)| known[slo]);
        let now = Known { last: histories.last(slo), kept: engine.kept(slo) };
        let index = u32::try_from(slo).unwrap_or(u32::MAX);
        if now.last != known.last {
            // Of a history that has only begun everything is new.
            let marks = since.map(|(marks, _)| marks).filter(|_| known.last.is_some());
            let samples = histories.newer_than(slo, marks);
            record.slos.extend(samples.map(|samples| (index, samples)));
        }
        if now.kept != known.kept {
            record.kept.push((index, now.kept));
        }
        copied.push(now);
    }
    (record, copied)
}

impl Pause {
    /// As long as it is not over, each question brings its end nearer.
    fn is_over(&mut self) -> bool {
        let is_over = self.left == 0;
        self.left = self.left.saturating_sub(1);
        is_over
    }

    fn after(&mut self, success: bool) {
        self.failures = if success { 0 } else { (self.failures + 1).min(4) };
        self.left = if success { 0 } else { [0, 1, 2, 4, 5][self.failures as usize] };
    }
}
