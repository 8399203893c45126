//! One event on its way: started once, ended once.
//!
//! An [`Attempt`] is a guard of plain numbers: moving it costs nothing, it holds no reference count, and
//! dropping it unfinished is itself an ending. What must never happen: an attempt that is counted twice, or
//! not at all.

use std::any::Any;
use std::time::Duration;

use super::classify::EventOverride;
use super::directory::RegistryId;
use super::outcome::{Outcome, Verdict};
use super::places::{About, Guard, Key};
use super::route::{Protocol, RouteId};
use super::shared::Shared;
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
    ///     attempt.finish_as(Outcome::Completed(200), Verdict::Good);
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
    pub(super) fn start(
        &self,
        protocol: Protocol,
        method: &'static str,
        name: &str,
        keep: impl FnOnce() -> Option<Guard>,
    ) -> Attempt {
        let about = About::new(protocol, method, name);
        if let Some(begun) = local::start_known(self.id, about, name) {
            return Attempt::begin(self.id, begun);
        }
        match self.start_unknown(protocol, method, name, keep) {
            Some(begun) => Attempt::begin(self.id, begun),
            None => Attempt::default(),
        }
    }

    /// Returns whether requests of this method and path are left out, for those that match no route: what is left out
    /// of the others, their template decides by itself.
    #[cold]
    #[must_use]
    pub fn leaves_out(&self, method: &str, path: &str) -> bool {
        local::leaves_out(self.id, method, path)
    }

    /// Returns nothing for a route that is left out: it is never remembered, so that no other request is asked.
    #[cold]
    fn start_unknown(
        &self,
        protocol: Protocol,
        method: &'static str,
        name: &str,
        keep: impl FnOnce() -> Option<Guard>,
    ) -> Option<(RouteId, u64)> {
        // Of a registry that is gone, the rest does not matter: ending it finds nobody to count it.
        let nowhere = Some((RouteId::OVERFLOW, 0));
        let begun = local::start(self.id, protocol, method, name).unwrap_or(nowhere)?;
        if begun.0 != RouteId::OVERFLOW && About::is_exact(method) {
            // Ended by its drop if `keep` panics, or the drop of what has to give way.
            let attempt = Attempt::begin(self.id, begun);
            // Not before: what users write must find the desk free.
            let guard = keep();
            let key = Key::new(About::new(protocol, method, name), name);
            local::remember(self.id, key, begun.0, guard);
            std::mem::forget(attempt);
        }
        Some(begun)
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
    state: State,
    /// When it started, in ticks of the clock; once the clock is stopped, the nanoseconds it took.
    time: u64,
    mark: Option<&'static Declaration>,
}

/// What is known of an attempt under way: whether its clock stands, and what its handler said. As wide as its
/// neighbour, so that no padding is moved byte by byte; one number, so that what is usual is seen at one glance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct State(u32);

impl State {
    /// The clock runs, and nobody said anything.
    const USUAL: Self = Self(0);
    /// The clock stands: the time is what the attempt took.
    const STANDS: u32 = 1 << 8;
    /// There was maintenance before the clock stood.
    const MAINTAINED: u32 = 1 << 9;
    /// It is a call, and nobody knows yet whether there is such a method.
    const UNKNOWN_METHOD: u32 = 1 << 10;
    const OVERRULED: u32 = 3;

    const fn clock_stands(self) -> bool {
        self.0 & Self::STANDS != 0
    }

    const fn was_maintained(self) -> bool {
        self.0 & Self::MAINTAINED != 0
    }

    const fn with_standing_clock(self, maintained: bool) -> Self {
        Self(self.0 | Self::STANDS | if maintained { Self::MAINTAINED } else { 0 })
    }

    const fn overruled(self) -> Option<EventOverride> {
        match self.0 & Self::OVERRULED {
            1 => Some(EventOverride::Good),
            2 => Some(EventOverride::Bad),
            3 => Some(EventOverride::Excluded),
            _ => None,
        }
    }

    const fn with_override(self, said: EventOverride) -> Self {
        let said = match said {
            EventOverride::Good => 1,
            EventOverride::Bad => 2,
            EventOverride::Excluded => 3,
        };
        Self(self.0 & !Self::OVERRULED | said)
    }
}

// It is moved with every request.
const _: () = assert!(size_of::<Attempt>() <= 32);

impl Default for Attempt {
    #[inline]
    fn default() -> Self {
        Self { registry: None, route: RouteId::OVERFLOW, state: State::USUAL, time: 0, mark: None }
    }
}

/// How an attempt ended, as the counters need it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    /// Of the outcome.
    pub(super) code: u16,
    /// None if it is for the classifier to say.
    pub(super) verdict: Option<Verdict>,
    pub(super) nanos: u64,
    pub(super) mark: Option<&'static Declaration>,
}

impl Attempt {
    #[inline]
    pub(super) fn begin(registry: RegistryId, (route, started): (RouteId, u64)) -> Self {
        Self { registry: Some(registry), route, state: State::USUAL, time: started, mark: None }
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
        if !self.state.clock_stands()
            && let Some((nanos, maintained)) = self.registry.and_then(|id| local::since(id, self.time))
        {
            (self.time, self.state) = (nanos, self.state.with_standing_clock(maintained));
        }
    }

    /// Returns how long it has taken so far; `None` if it has ended.
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        let (nanos, _) = local::since(self.registry?, self.time)?;
        Some(Duration::from_nanos(if self.state.clock_stands() { self.time } else { nanos }))
    }

    /// Notes what the handler says of the event: it overrules the classifier, but not a verdict that the attempt is
    /// ended with. The last call counts.
    #[inline]
    pub fn overrule(&mut self, said: EventOverride) {
        self.state = self.state.with_override(said);
    }

    /// Ends the attempt, and leaves the verdict to the handler's [`EventOverride`] or to the [`Classify`](super::Classify)
    /// of its route.
    ///
    /// ```
    /// use slo_core::{Objective, Outcome, Registry, RouteRef, Sli, Slo, Verdict};
    ///
    /// let slo = Slo::new("orders-availability", Sli::Availability, Objective::parse("99%")?)?.with_route("GET /orders")?;
    /// let missing_is_bad = |_: RouteRef<'_>, outcome: Outcome| match outcome {
    ///     Outcome::Completed(404) => Verdict::Bad,
    ///     other => other.verdict(),
    /// };
    /// let registry = Registry::builder("shop").slo(slo).classify_route("GET /orders", missing_is_bad).build()?;
    /// registry.recorder().request("GET", Some("/orders")).finish(Outcome::Completed(404));
    /// assert_eq!(registry.status().slo("orders-availability").map(|slo| slo.total.bad), Some(1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn finish(mut self, outcome: Outcome) {
        self.end(outcome);
    }

    /// Ends the attempt with a verdict that no classifier is asked about.
    #[inline]
    pub fn finish_as(mut self, outcome: Outcome, verdict: Verdict) {
        self.end_as(outcome, verdict);
    }

    /// Ends the attempt where it lies, like [`Attempt::finish`]. Of an attempt that has ended, nothing more is counted.
    #[inline]
    pub fn end(&mut self, outcome: Outcome) {
        if let Some(registry) = self.registry.take() {
            local::finish(registry, self, outcome.code(), None);
        }
    }

    /// Ends the attempt where it lies, like [`Attempt::finish_as`].
    #[inline]
    pub fn end_as(&mut self, outcome: Outcome, verdict: Verdict) {
        if let Some(registry) = self.registry.take() {
            // The code is made here, where the outcome is often known when this is compiled.
            local::finish(registry, self, outcome.code(), Some(verdict));
        }
    }

    /// Returns whether a handler has said whose promises the attempt counts for.
    #[inline]
    #[must_use]
    pub fn is_marked(&self) -> bool {
        self.mark.is_some()
    }

    pub(super) fn of_unknown_method(mut self) -> Self {
        self.state = State(self.state.0 | State::UNKNOWN_METHOD);
        self
    }

    pub(super) const fn method_is_unknown(&self) -> bool {
        self.state.0 & State::UNKNOWN_METHOD != 0
    }

    /// Makes it an attempt of another route, where its start was counted.
    pub(super) fn move_to(&mut self, route: RouteId) {
        (self.route, self.state) = (route, State(self.state.0 & !State::UNKNOWN_METHOD));
    }

    #[inline]
    pub(super) const fn route(&self) -> RouteId {
        self.route
    }

    /// Returns how the attempt ended, if that is now.
    #[inline]
    pub(super) fn ended(&self, shared: &Shared, code: u16, verdict: Option<Verdict>) -> Ended {
        let (nanos, verdict) = if self.state == State::USUAL && !shared.maintenance.reach(self.time) {
            (shared.clock.nanos_since(self.time), verdict)
        } else {
            self.ended_unusually(shared, code, verdict)
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
    /// Returns how long it took and what is said of it already.
    #[inline(never)]
    fn ended_unusually(
        &self,
        shared: &Shared,
        code: u16,
        verdict: Option<Verdict>,
    ) -> (u64, Option<Verdict>) {
        let periods = &shared.maintenance;
        let (nanos, maintained) = if self.state.clock_stands() {
            (self.time, self.state.was_maintained() || periods.are_under_way())
        } else {
            (shared.clock.nanos_since(self.time), periods.reach(self.time))
        };
        if maintained {
            return (nanos, Some(Verdict::Excluded));
        }
        let said = || self.state.overruled()?.verdict(Outcome::of_code(code));
        (nanos, verdict.or_else(said))
    }

    #[cold]
    fn abandoned(&mut self) {
        if std::thread::panicking() {
            self.end(Outcome::Panicked);
        } else {
            self.end(Outcome::CancelledBeforeHead);
        }
    }
}
