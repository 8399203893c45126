//! One route: its labels, the promises bound to it, and the series its outcomes are counted in.
//!
//! A handler's own mark says which promises a request counts for. A request that never reaches its handler
//! (a rejected body, say) carries no mark and counts for the promises that the route was last seen to be
//! bound to. Until a route's handler has first run nobody knows them, so the first endings are kept and
//! judged when it has.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};

use super::lock;
use super::outcome::{Outcome, Verdict};
use crate::naming::{Family, HTTP_DURATION, OPERATION_DURATION};

/// Outcomes of one route that have a series of their own.
const OUTCOMES_MAX: usize = 32;
/// Endings kept until the handler has first run.
const HELD_MAX: usize = 64;

/// What kind of work a route answers; decides the metric family and its labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Protocol {
    Http,
    Operation,
}

impl Protocol {
    pub(crate) const ALL: [Self; 2] = [Self::Http, Self::Operation];

    pub(crate) const fn duration(self) -> Family {
        match self {
            Self::Http => HTTP_DURATION,
            Self::Operation => OPERATION_DURATION,
        }
    }
}

/// One route of a registry.
#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) protocol: Protocol,
    pub(crate) method: Box<str>,
    pub(crate) template: Box<str>,
    /// The labels of all its series, ready to print.
    pub(crate) labels: Box<str>,
    /// The promises made for this route by name, whatever answers it.
    own: OnceLock<usize>,
    /// `UNKNOWN`, `UNANNOTATED`, or the index of the handler's goals plus `FIRST`.
    binding: AtomicU32,
    held: Mutex<Vec<Ending>>,
    /// Outcome code and series index, 16 bits each; zero is free. Filled from the front.
    outcomes: [AtomicU32; OUTCOMES_MAX],
}

/// An ending whose promises are not known yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    pub(super) verdict: Verdict,
    pub(super) nanos: u64,
}

/// The index of the route and of the series that everything beyond the maximum shares.
pub(super) const OVERFLOW: usize = 0;

const UNKNOWN: u32 = 0;
const UNANNOTATED: u32 = 1;
const FIRST: u32 = 2;

impl Route {
    pub(super) fn new(protocol: Protocol, method: &str, template: &str, labels: String) -> Self {
        Self {
            protocol,
            method: method.into(),
            template: template.into(),
            labels: labels.into(),
            own: OnceLock::new(),
            binding: AtomicU32::new(UNKNOWN),
            held: Mutex::default(),
            outcomes: [const { AtomicU32::new(0) }; OUTCOMES_MAX],
        }
    }

    /// Returns the goals made for this route by name, if any.
    pub(super) fn own(&self) -> Option<usize> {
        self.own.get().copied()
    }

    /// Sets them, before the first request; the first call counts.
    pub(super) fn set_own(&self, goals: usize) {
        self.own.get_or_init(|| goals);
    }

    /// The route as people write it: `POST /checkout`, or the operation's name.
    pub(crate) fn name(&self) -> String {
        match self.protocol {
            Protocol::Http => format!("{} {}", self.method, self.template),
            Protocol::Operation => self.template.to_string(),
        }
    }

    /// Returns the outcome as the labels of this route's series tell it: what they do not tell apart must
    /// not have two series.
    pub(super) const fn told(&self, outcome: Outcome) -> Outcome {
        match self.protocol {
            Protocol::Http => outcome,
            Protocol::Operation => outcome.without_status(),
        }
    }

    /// Returns the series of an outcome, if it has one; the overflow series if the route can have no more.
    pub(super) fn series(&self, outcome: Outcome) -> Option<usize> {
        for slot in &self.outcomes {
            // Acquire: pairs with the Release store in `add_series`; the series is complete when seen here.
            let entry = slot.load(Ordering::Acquire);
            if entry >> 16 == u32::from(outcome.code()) {
                return Some((entry & 0xFFFF) as usize);
            }
            if entry == 0 {
                return None;
            }
        }
        Some(OVERFLOW)
    }

    /// Remembers the series of an outcome that [`Route::series`] did not know. Callers hold the table's lock.
    pub(super) fn add_series(&self, outcome: Outcome, series: u16) {
        // Relaxed: all writers hold the table's lock.
        if let Some(free) = self.outcomes.iter().find(|slot| slot.load(Ordering::Relaxed) == 0) {
            // Release: publishes the series to the Acquire load in `series`.
            free.store(u32::from(outcome.code()) << 16 | u32::from(series), Ordering::Release);
        }
    }

    /// Returns the goals the route is bound to: `Ok` if known (none for an unannotated route), `Err` if the
    /// handler has not run yet.
    #[inline]
    pub(super) fn bound(&self) -> Result<Option<usize>, Unbound> {
        // Acquire: pairs with the Release store in `bind`.
        match self.binding.load(Ordering::Acquire) {
            UNKNOWN => Err(Unbound),
            UNANNOTATED => Ok(None),
            goals => Ok(Some((goals - FIRST) as usize)),
        }
    }

    /// Keeps an ending until the handler has run. Returns the goals instead if they are known by now.
    pub(super) fn hold(&self, ending: Ending) -> Option<usize> {
        let mut held = lock(&self.held);
        if let Ok(goals) = self.bound() {
            return goals;
        }
        held.push(ending);
        if held.len() == HELD_MAX {
            // So many requests and no annotated handler among them: this route promises nothing.
            *held = Vec::new();
            // Release: pairs with the Acquire load in `bound`.
            self.binding.store(UNANNOTATED, Ordering::Release);
        }
        None
    }

    /// Binds the route to a handler's goals and returns the endings that waited for them.
    pub(super) fn bind(&self, goals: usize) -> Vec<Ending> {
        let mut held = lock(&self.held);
        let goals = u32::try_from(goals).expect("fewer than four billion declarations");
        // Release: pairs with the Acquire load in `bound`.
        self.binding.store(goals + FIRST, Ordering::Release);
        std::mem::take(&mut held)
    }
}

/// The route's handler has not run yet.
#[derive(Debug)]
pub(super) struct Unbound;
