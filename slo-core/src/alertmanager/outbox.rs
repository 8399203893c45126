//! What to send to one Alertmanager, and when: all that fires, and what has resolved, for a while.
//!
//! Knows neither threads nor sockets: what fires, moments and answers come in, batches come out. An entry is one time that an
//! alert fired, from its beginning to its end. It is due at once when its state is news, and with each interval after that.
//! What must never happen: a firing alert that is forgotten, an end that is told before its beginning, or an outbox that
//! grows without bound while nobody listens.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use super::message::{Key, Message, Said};
use crate::time::{Timestamp, nanos};

/// What has resolved is sent again for this long, for an Alertmanager that was restarted meanwhile.
const KEPT: Duration = Duration::from_secs(900);
/// Beyond so many entries, or four of each SLO, the oldest that have resolved are dropped: all may resolve at once and
/// fire again meanwhile. What fires is bounded by the SLOs.
const ENTRIES_MAX: usize = 1_000;
/// So many alerts are sent in one request at most.
const BATCH_MAX: usize = 64;
/// The pauses after failures: the first, and the longest.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(60)];
/// An alert that is not sent again for so many intervals has resolved, as with Prometheus.
const INTERVALS: u32 = 4;

/// The alerts that one Alertmanager is told, oldest first.
#[derive(Debug)]
pub(super) struct Outbox {
    resend: Duration,
    entries_max: usize,
    entries: VecDeque<Entry>,
    /// Identifies entries, which move, while they are on their way.
    next: u64,
    failures: u32,
    /// The end of the pause after a failure.
    paused: Timestamp,
    tally: Tally,
}

/// How many alerts were sent, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) sent: u64,
    pub(super) failed: u64,
    pub(super) dropped: u64,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    key: Key,
    said: Arc<Said>,
    since: Timestamp,
    resolved: Option<Timestamp>,
    /// The last state that has been answered for; none before the first answer.
    told: Option<Told>,
    /// Sent alone, because it was refused, or a batch with it.
    alone: bool,
}

#[derive(Clone, Copy, Debug)]
struct Told {
    at: Timestamp,
    resolved: bool,
    refused: bool,
}

impl Entry {
    /// Whether its state is news.
    fn is_pending(&self) -> bool {
        self.told.is_none_or(|told| told.resolved != self.resolved.is_some())
    }

    /// When to send it. Also what was refused, as long as it fires: by somebody in between, perhaps, who learns better.
    fn due(&self, resend: Duration) -> Timestamp {
        match self.told {
            Some(told) if !self.is_pending() => told.at.plus(resend),
            Some(_) | None => Timestamp::default(),
        }
    }

    fn was_refused(&self) -> bool {
        self.told.is_some_and(|told| told.refused)
    }

    /// Whether all has been said about it.
    fn is_done(&self, now: Timestamp) -> bool {
        let told = self.told.filter(|_| !self.is_pending());
        let over = self.resolved.zip(told);
        over.is_some_and(|(resolved, told)| told.refused || now - resolved >= KEPT)
    }
}

/// What to send in one request.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) messages: Vec<Message>,
    /// The entries, and whether each had resolved.
    states: Vec<(u64, bool)>,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Taken,
    /// Not now, perhaps later.
    Failed,
    /// Not as it is: what was sent is wrong.
    Refused,
}

impl Outbox {
    pub(super) fn new(resend: Duration, slos: usize) -> Self {
        Self {
            resend,
            entries_max: ENTRIES_MAX.max(4 * slos),
            entries: VecDeque::new(),
            next: 0,
            failures: 0,
            paused: Timestamp::default(),
            tally: Tally::default(),
        }
    }

    /// Takes all that fires at `now`; what fired before and is not among it has resolved. Returns whether there is
    /// anything to do.
    pub(super) fn observe(
        &mut self,
        now: Timestamp,
        firing: impl Iterator<Item = (Key, Timestamp, Arc<Said>)>,
    ) -> bool {
        let open = self.entries.iter().enumerate().filter(|(_, entry)| entry.resolved.is_none());
        let mut open: HashMap<Key, usize> = open.map(|(index, entry)| (entry.key, index)).collect();
        for (key, since, said) in firing {
            match open.remove(&key) {
                Some(index) if self.entries[index].since == since => self.entries[index].said = said,
                Some(index) => {
                    self.entries[index].resolved = Some(now);
                    self.open(key, since, said);
                }
                None => self.open(key, since, said),
            }
        }
        open.into_values().for_each(|index| self.entries[index].resolved = Some(now));
        self.tidy(now);
        !self.entries.is_empty()
    }

    fn open(&mut self, key: Key, since: Timestamp, said: Arc<Said>) {
        self.next += 1;
        let (id, resolved, told, alone) = (self.next, None, None, false);
        self.entries.push_back(Entry { id, key, said, since, resolved, told, alone });
    }

    /// Lets go of what has all been said, of ends that a new beginning contradicts, and of what there is no room for.
    fn tidy(&mut self, now: Timestamp) {
        let mut later = HashMap::new();
        later.extend(self.entries.iter().map(|entry| (entry.key, entry.id)));
        self.entries.retain(|entry| {
            let replaced = later[&entry.key] != entry.id && !entry.is_pending();
            !entry.is_done(now) && !replaced
        });
        while self.entries.len() > self.entries_max {
            let told = |entry: &Entry| entry.resolved.is_some() && !entry.is_pending();
            let over = |entry: &Entry| entry.resolved.is_some();
            let oldest = self.entries.iter().position(told).or_else(|| self.entries.iter().position(over));
            let Some(dropped) = oldest.and_then(|index| self.entries.remove(index)) else { return };
            self.tally.dropped += u64::from(dropped.is_pending());
        }
    }

    /// Says that whatever fires has resolved.
    pub(super) fn resolve_all(&mut self, now: Timestamp) {
        for entry in self.entries.iter_mut().filter(|entry| entry.resolved.is_none()) {
            entry.resolved = Some(now);
        }
    }

    /// Returns what to send at `now`, if anything: news before what is sent again.
    pub(super) fn due(&self, now: Timestamp) -> Option<Batch> {
        let is_due = |entry: &&Entry| entry.due(self.resend) <= now;
        if now < self.paused { None } else { self.pending(now).or_else(|| self.batch(now, is_due)) }
    }

    /// Returns what is news, without any pause: there is no time to lose.
    pub(super) fn pending(&self, now: Timestamp) -> Option<Batch> {
        self.batch(now, |entry| entry.is_pending())
    }

    /// Returns when to send something next, if nothing happens.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        let due = self.entries.iter().map(|entry| entry.due(self.resend)).min();
        due.map(|due| due.max(self.paused))
    }

    fn batch(&self, now: Timestamp, is_due: impl Fn(&&Entry) -> bool) -> Option<Batch> {
        let mut due = self.entries.iter().filter(is_due).peekable();
        let first = due.next()?;
        let more = due.take_while(|entry| !entry.alone && !first.alone).take(BATCH_MAX - 1);
        let (mut messages, mut states) = (Vec::new(), Vec::new());
        for entry in std::iter::once(first).chain(more) {
            states.push((entry.id, entry.resolved.is_some()));
            // What has happened has happened by now, also where somebody ticks ahead of the clock: an alert that ends
            // before it begins would be refused.
            let resolved = entry.resolved.map(|resolved| resolved.min(now));
            let ends_at = resolved.unwrap_or_else(|| now.plus(self.resend.saturating_mul(INTERVALS)));
            let starts_at = entry.since.min(now);
            messages.push(Message { said: Arc::clone(&entry.said), starts_at, ends_at });
        }
        Some(Batch { messages, states })
    }

    /// Takes what became of a batch at `now`; `random` spreads the attempts of many processes. Returns whether an alert
    /// was refused that was not before.
    pub(super) fn answered(&mut self, batch: &Batch, answer: Answer, now: Timestamp, random: u64) -> bool {
        let alerts = batch.states.len() as u64;
        let told = |refused| move |resolved| Told { at: now, resolved, refused };
        let mut newly_refused = false;
        match answer {
            Answer::Taken => {
                self.tally.sent += alerts;
                (self.failures, self.paused) = (0, Timestamp::default());
                self.tell(batch, told(false));
            }
            Answer::Refused if alerts == 1 => {
                self.tally.failed += 1;
                self.each(batch, |entry, _| newly_refused = !entry.was_refused());
                self.tell(batch, told(true));
            }
            // One of them is wrong: each is tried alone.
            Answer::Refused => self.each(batch, |entry, _| entry.alone = true),
            Answer::Failed => {
                self.tally.failed += alerts;
                self.paused = now.plus(pause(self.failures, random));
                self.failures = self.failures.saturating_add(1);
            }
        }
        self.tidy(now);
        newly_refused
    }

    fn tell(&mut self, batch: &Batch, told: impl Fn(bool) -> Told) {
        self.each(batch, |entry, resolved| {
            entry.told = Some(told(resolved));
            entry.alone = entry.was_refused();
        });
    }

    fn each(&mut self, batch: &Batch, mut change: impl FnMut(&mut Entry, bool)) {
        let states: HashMap<u64, bool> = batch.states.iter().copied().collect();
        for entry in &mut self.entries {
            if let Some(resolved) = states.get(&entry.id) {
                change(entry, *resolved);
            }
        }
    }

    /// Returns how many alerts wait to be told for the first time, in their present state.
    pub(super) fn queued(&self) -> usize {
        self.entries.iter().filter(|entry| entry.is_pending()).count()
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failures > 0
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally
    }
}

/// Twice as long after each failure, up to the longest; between half of it and all.
fn pause(failures: u32, random: u64) -> Duration {
    let longest = PAUSES[0].saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(PAUSES[1]);
    let half = nanos(longest) / 2;
    Duration::from_nanos(half + random % half)
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
