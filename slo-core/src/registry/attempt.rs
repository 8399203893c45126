//! One event on its way: started once, ended once.
//!
//! An [`Attempt`] is a guard of plain numbers: moving it costs nothing, it holds no reference count, and
//! dropping it unfinished is itself an ending. What must never happen: an attempt that is counted twice, or
//! not at all.

use std::mem::ManuallyDrop;

use super::directory::RegistryId;
use super::outcome::{Outcome, Verdict};
use super::route::Protocol;
use super::{Declaration, local, scope};
use crate::naming::ROUTE_UNMATCHED;

/// Starts attempts for one registry. A plain number: copy it freely, it keeps nothing alive. Once the
/// registry is gone, recording does nothing.
#[derive(Clone, Copy, Debug)]
pub struct Recorder {
    pub(super) id: RegistryId,
}

impl Recorder {
    /// Starts a request of a route, given as method and template; without a template it matched no route.
    ///
    /// Both must come from a bounded set: the route table, never the request's own text.
    #[inline]
    pub fn request(&self, method: &'static str, template: Option<&str>) -> Attempt {
        let template = template.unwrap_or(ROUTE_UNMATCHED);
        let begun = local::with(self.id, |mut desk| {
            (desk.start(Protocol::Http, method, template), desk.shared.clock.ticks())
        });
        Attempt::begin(self.id, begun)
    }

    /// Returns whether this thread is working on a request of this registry, so that a second layer around the
    /// same request knows that it is counted already.
    #[inline]
    #[must_use]
    pub fn is_in_request(&self) -> bool {
        scope::is_in_request(self.id)
    }

    /// Starts an operation that is no request, by its name.
    pub fn operation(&self, name: &str) -> Attempt {
        let begun = local::with(self.id, |mut desk| {
            (desk.start(Protocol::Operation, "", name), desk.shared.clock.ticks())
        });
        Attempt::begin(self.id, begun)
    }
}

/// One event under way. Finish it; dropped unfinished it counts as panicked while the thread panics, and as
/// cancelled otherwise.
#[derive(Debug)]
#[must_use = "an attempt that is dropped counts as cancelled"]
pub struct Attempt {
    registry: RegistryId,
    route: u32,
    started: u64,
    /// When the clock was stopped; `RUNNING` until then.
    stopped: u64,
    mark: Option<&'static Declaration>,
}

/// Later than any clock shows.
const RUNNING: u64 = u64::MAX;

/// How an attempt ended, as the counters need it.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) route: usize,
    pub(super) outcome: Outcome,
    pub(super) verdict: Verdict,
    pub(super) nanos: u64,
    pub(super) mark: Option<&'static Declaration>,
}

impl Attempt {
    #[inline]
    fn begin(registry: RegistryId, begun: Option<(u32, u64)>) -> Self {
        // Of a registry that is gone, the rest does not matter: ending it finds nobody to count it.
        let (route, started) = begun.unwrap_or_default();
        Self { registry, route, started, stopped: RUNNING, mark: None }
    }

    /// Says which declaration's promises this attempt counts for. The first mark stays.
    #[inline]
    pub fn mark(&mut self, declaration: &'static Declaration) {
        self.mark.get_or_insert(declaration);
    }

    /// Ends the latency here: what follows (a stream, say) is part of the attempt but not of its duration.
    pub fn stop_clock(&mut self) {
        self.stopped = local::with(self.registry, |desk| desk.shared.clock.ticks()).unwrap_or(RUNNING);
    }

    /// Ends the attempt.
    #[inline]
    pub fn finish(self, outcome: Outcome, verdict: Verdict) {
        // The attempt has ended: its `Drop` must not end it again.
        ManuallyDrop::new(self).end(outcome, verdict);
    }

    #[inline]
    fn end(&self, outcome: Outcome, verdict: Verdict) {
        local::with(self.registry, |mut desk| {
            let clock = &desk.shared.clock;
            let stopped = if self.stopped == RUNNING { clock.ticks() } else { self.stopped };
            let nanos = clock.nanos_between(self.started, stopped);
            desk.finish(&Ended { route: self.route as usize, outcome, verdict, nanos, mark: self.mark });
        });
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.end(Outcome::Panicked, Verdict::Bad);
        } else {
            self.end(Outcome::CancelledBeforeHead, Verdict::Cancelled);
        }
    }
}
