//! One event on its way: started once, ended once.
//!
//! An [`Attempt`] is a guard of plain numbers: moving it costs nothing, it holds no reference count, and
//! dropping it unfinished is itself an ending. What must never happen: an attempt that is counted twice, or
//! not at all.

use std::any::Any;

use super::directory::RegistryId;
use super::outcome::{Outcome, Verdict};
use super::places::{About, Guard, Key};
use super::route::{Protocol, RouteId};
use super::{Declaration, local};
use crate::naming::ROUTE_UNMATCHED;
use crate::time::Clock;

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
        self.request_kept(method, template, || None)
    }

    /// Starts a request of a route, like [`Recorder::request`], whose template can be kept where it is.
    ///
    /// When a thread meets a template for the first time it asks `keep` for something that keeps the text alive at
    /// its address, a clone of the `Arc` it lies in, say. From then on the address alone tells this thread the route,
    /// and the text is never read again: not even the count of that `Arc`, which threads would otherwise share.
    /// What is kept is dropped on this thread: when it ends, or earlier, if it meets so many texts that one has to
    /// give way. Without it (`None`) the text is compared each time, and hashed where it is met at a new address.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use slo_core::{Outcome, Registry, Verdict};
    ///
    /// let registry = Registry::builder("shop").build()?;
    /// let template: Arc<str> = "/orders/{id}".into();
    /// for _ in 0..3 {
    ///     let attempt =
    ///         registry.recorder().request_kept("GET", Some(&template), || Some(Box::new(Arc::clone(&template))));
    ///     attempt.finish(Outcome::Completed(200), Verdict::Good);
    /// }
    /// assert_eq!(Arc::strong_count(&template), 2);
    /// assert_eq!(registry.latency("GET /orders/{id}").map(|latency| latency.count()), Some(3));
    /// # Ok::<(), slo_core::BuildError>(())
    /// ```
    #[inline]
    pub fn request_kept(
        &self,
        method: &'static str,
        template: Option<&str>,
        keep: impl FnOnce() -> Option<Box<dyn Any>>,
    ) -> Attempt {
        match template {
            Some(template) => self.start(Protocol::Http, method, template, keep),
            // Our own text stays where it is without being held.
            None => self.start(Protocol::Http, method, ROUTE_UNMATCHED, || Some(Box::new(()))),
        }
    }

    /// Starts an operation that is no request, by its name.
    pub fn operation(&self, name: &str) -> Attempt {
        self.start(Protocol::Operation, "", name, || None)
    }

    #[inline]
    fn start(
        &self,
        protocol: Protocol,
        method: &'static str,
        name: &str,
        keep: impl FnOnce() -> Option<Guard>,
    ) -> Attempt {
        let about = About::new(protocol, method, name);
        let begun = match local::start_known(self.id, about, name) {
            None => self.start_unknown(protocol, method, name, keep),
            Some(begun) => begun,
        };
        Attempt::begin(self.id, begun)
    }

    #[cold]
    fn start_unknown(
        &self,
        protocol: Protocol,
        method: &'static str,
        name: &str,
        keep: impl FnOnce() -> Option<Guard>,
    ) -> (RouteId, u64) {
        // Of a registry that is gone, the rest does not matter: ending it finds nobody to count it.
        let nowhere = (RouteId::OVERFLOW, 0);
        let begun = local::start(self.id, protocol, method, name).unwrap_or(nowhere);
        if begun.0 != RouteId::OVERFLOW && About::is_exact(method) {
            // Ended by its drop if `keep` panics, or the drop of what has to give way.
            let attempt = Attempt::begin(self.id, begun);
            // Not before: what users write must find the desk free.
            let guard = keep();
            let key = Key::new(About::new(protocol, method, name), name);
            local::remember(self.id, key, begun.0, guard);
            std::mem::forget(attempt);
        }
        begun
    }
}

/// One event under way. Finish it; dropped unfinished it counts as panicked while the thread panics, and as
/// cancelled otherwise.
///
/// The default is an attempt that has ended: whatever is done to it, nothing is counted.
#[derive(Debug)]
#[must_use = "an attempt that is dropped counts as cancelled"]
pub struct Attempt {
    /// None once it has ended.
    registry: Option<RegistryId>,
    route: RouteId,
    clock: AttemptClock,
    /// When it started, in ticks of the clock; once the clock is stopped, the nanoseconds it took.
    time: u64,
    mark: Option<&'static Declaration>,
}

/// What the time of an attempt says. As wide as its neighbour, so that no padding is moved byte by byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
enum AttemptClock {
    Runs,
    Stands,
}

// It is moved with every request.
const _: () = assert!(size_of::<Attempt>() <= 32);

impl Default for Attempt {
    #[inline]
    fn default() -> Self {
        Self { registry: None, route: RouteId::OVERFLOW, clock: AttemptClock::Runs, time: 0, mark: None }
    }
}

/// How an attempt ended, as the counters need it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    /// Of the outcome.
    pub(super) code: u16,
    pub(super) verdict: Verdict,
    pub(super) nanos: u64,
    pub(super) mark: Option<&'static Declaration>,
}

impl Attempt {
    #[inline]
    fn begin(registry: RegistryId, (route, started): (RouteId, u64)) -> Self {
        Self { registry: Some(registry), route, clock: AttemptClock::Runs, time: started, mark: None }
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

    /// Ends the latency here: what follows (a stream, say) is part of the attempt but not of its duration. The
    /// first call counts.
    pub fn stop_clock(&mut self) {
        if self.clock == AttemptClock::Runs
            && let Some(nanos) = self.registry.and_then(|id| local::nanos_since(id, self.time))
        {
            (self.time, self.clock) = (nanos, AttemptClock::Stands);
        }
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
            // The code is made here, where the outcome is often known when this is compiled.
            local::finish(registry, self, outcome.code(), verdict);
        }
    }

    #[inline]
    pub(super) const fn route(&self) -> RouteId {
        self.route
    }

    /// Returns how the attempt ended, if that is now.
    #[inline]
    pub(super) fn ended(&self, clock: &Clock, code: u16, verdict: Verdict) -> Ended {
        let nanos = match self.clock {
            AttemptClock::Runs => clock.nanos_since(self.time),
            AttemptClock::Stands => self.time,
        };
        Ended { code, verdict, nanos, mark: self.mark }
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
