//! One event on its way: started once, ended once.
//!
//! An [`Attempt`] is a guard of plain numbers: moving it costs nothing, it holds no reference count, and
//! dropping it unfinished is itself an ending. What must never happen: an attempt that is counted twice, or
//! not at all.

use super::directory::RegistryId;
use super::outcome::{Outcome, Verdict};
use super::route::Protocol;
use super::{Declaration, local};
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

    /// Stub until the other branch is merged.
    #[inline]
    pub fn request_kept(
        &self,
        method: &'static str,
        template: Option<&str>,
        _keep: impl FnOnce() -> Option<Box<dyn std::any::Any>>,
    ) -> Attempt {
        self.request(method, template)
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
///
/// The default is an attempt that has ended: whatever is done to it, nothing is counted.
#[derive(Debug, Default)]
#[must_use = "an attempt that is dropped counts as cancelled"]
pub struct Attempt {
    /// None once it has ended.
    registry: Option<RegistryId>,
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
        match begun {
            Some((route, started)) => {
                Self { registry: Some(registry), route, started, stopped: RUNNING, mark: None }
            }
            None => Self::default(),
        }
    }

    /// Returns what starts attempts for the same registry; `None` if the attempt has ended.
    #[inline]
    #[must_use]
    pub fn recorder(&self) -> Option<Recorder> {
        self.registry.map(|id| Recorder { id })
    }

    /// Returns whether it has ended.
    #[inline]
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.registry.is_none()
    }

    /// Says which declaration's promises this attempt counts for. The first mark stays.
    #[inline]
    pub fn mark(&mut self, declaration: &'static Declaration) {
        self.mark.get_or_insert(declaration);
    }

    /// Ends the latency here: what follows (a stream, say) is part of the attempt but not of its duration.
    pub fn stop_clock(&mut self) {
        let now = self.registry.and_then(|id| local::with(id, |desk| desk.shared.clock.ticks()));
        self.stopped = now.unwrap_or(RUNNING);
    }

    /// Ends the attempt.
    #[inline]
    pub fn finish(mut self, outcome: Outcome, verdict: Verdict) {
        self.end(outcome, verdict);
    }

    /// Ends the attempt where it lies. Of an attempt that has ended, nothing more is counted.
    #[inline]
    pub fn end(&mut self, outcome: Outcome, verdict: Verdict) {
        if let Some(registry) = self.registry.take() {
            self.count(registry, outcome, verdict);
        }
    }

    fn count(&self, registry: RegistryId, outcome: Outcome, verdict: Verdict) {
        local::with(registry, |mut desk| {
            let clock = &desk.shared.clock;
            let stopped = if self.stopped == RUNNING { clock.ticks() } else { self.stopped };
            let nanos = clock.nanos_between(self.started, stopped);
            desk.finish(&Ended { route: self.route as usize, outcome, verdict, nanos, mark: self.mark });
        });
    }
}

impl Drop for Attempt {
    #[inline]
    fn drop(&mut self) {
        if self.registry.is_some() {
            self.abandoned();
        }
    }
}

impl Attempt {
    #[cold]
    fn abandoned(&mut self) {
        if std::thread::panicking() {
            self.end(Outcome::Panicked, Verdict::Bad);
        } else {
            self.end(Outcome::CancelledBeforeHead, Verdict::Cancelled);
        }
    }
}
