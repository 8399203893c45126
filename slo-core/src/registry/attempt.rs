//! One event on its way: started once, ended once.
//!
//! An [`Attempt`] is a guard of plain numbers: moving it costs nothing, it holds no reference count, and
//! dropping it unfinished is itself an ending. What must never happen: an attempt that is counted twice, or
//! not at all.

use std::time::Duration;

use super::classify::EventOverride;
use super::directory::RegistryId;
use super::outcome::{Outcome, Verdict};
use super::recorder::Recorder;
use super::route::RouteId;
use super::shared::Shared;
use super::state::State;
use super::took::{Followed, Head};
use super::{Declaration, local};

/// One event under way. Finish it; dropped unfinished it counts as panicked while the thread panics, and as
/// cancelled otherwise.
///
/// The default is an attempt that has ended: whatever is done to it, nothing is counted.
#[derive(Debug)]
#[must_use = "an attempt that is dropped counts as cancelled"]
pub struct Attempt {
    /// None once it has ended.
    registry: Option<RegistryId>,
    pub(super) route: RouteId,
    pub(super) state: State,
    /// When it started, in ticks of the clock.
    started: u64,
    mark: Option<&'static Declaration>,
}

// It is moved with every request.
const _: () = assert!(size_of::<Attempt>() <= 32);

impl Default for Attempt {
    #[inline]
    fn default() -> Self {
        Self { registry: None, route: RouteId::OVERFLOW, state: State::USUAL, started: 0, mark: None }
    }
}

/// How an attempt ended, as the counters need it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended<T> {
    /// Of the outcome.
    pub(super) code: u16,
    /// None if it is for the classifier to say.
    pub(super) verdict: Option<Verdict>,
    pub(super) took: T,
    pub(super) mark: Option<&'static Declaration>,
}

impl Attempt {
    #[inline]
    pub(super) fn begin(registry: RegistryId, (route, started): (RouteId, u64)) -> Self {
        Self { registry: Some(registry), route, state: State::USUAL, started, mark: None }
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

    /// Says that the head of a stream is there, and returns this moment: what follows is part of the attempt, but not of
    /// its usual latency (see [`LatencyEnd`](crate::LatencyEnd)). How long streams last from their start to their end,
    /// [`Registry::stream_duration`](super::Registry::stream_duration) tells. `None` once it has ended, or the registry
    /// is gone.
    ///
    /// Give the moment back with [`Attempt::end_after`]; of a stream that ends otherwise, every latency ends with it.
    ///
    /// ```
    /// # use std::time::Duration;
    /// use slo_core::{Clock, LatencyEnd, Objective, Outcome, Registry, Sli, Slo, Threshold, Timestamp};
    ///
    /// let latency = |name, threshold| {
    ///     let sli = Sli::Latency { threshold: Threshold::parse(threshold)? };
    ///     Slo::new(name, sli, Objective::parse("99%")?)?.with_route("GET /events")
    /// };
    /// let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    /// let registry = Registry::builder("shop")
    ///     .slo(latency("events-latency", "250ms")?)
    ///     .slo(latency("events-all", "30s")?.with_latency_end(LatencyEnd::Body))
    ///     .clock(clock.clone())
    ///     .build()?;
    /// let mut attempt = registry.recorder().request("GET", Some("/events"));
    /// clock.advance(Duration::from_millis(5));
    /// let head = attempt.head_of_stream();
    /// clock.advance(Duration::from_secs(60));
    /// attempt.end_after(head, Outcome::Completed(200));
    /// let bad = |name| registry.status().slo(name).map(|slo| slo.total.bad);
    /// assert_eq!((bad("events-latency"), bad("events-all")), (Some(0), Some(1)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn head_of_stream(&mut self) -> Option<Head> {
        let (head, maintained) = local::head(self.registry?, self.started)?;
        self.state = self.state.of_stream(maintained);
        Some(head)
    }

    /// Takes back that it is a stream: what looked like one was a single message, say. Its usual latency goes on to its
    /// end. Call it after [`Attempt::head_of_stream`] and before [`Attempt::end_after`].
    pub fn no_stream_after_all(&mut self) {
        self.state = self.state.of_no_stream();
    }

    /// Says that the head of an answer is there whose body has an end in sight, and returns this moment, to be given back
    /// with [`Attempt::end_after`]. `None` if no SLO of the registry looks at heads: then the clock is not read.
    #[inline]
    #[must_use]
    pub fn head_of_body(&self) -> Option<Head> {
        let registry = self.registry.filter(|id| id.looks_at_heads())?;
        local::head(registry, self.started).map(|(head, _)| head)
    }

    /// Returns how long it has taken so far; `None` if it has ended.
    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        local::elapsed(self.registry?, self.started)
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

    /// Ends the attempt where it lies, like [`Attempt::end`]; its head was there at this moment. Every SLO judges it by
    /// the latency to the end it asks for.
    #[inline]
    pub fn end_after(&mut self, head: Option<Head>, outcome: Outcome) {
        match head {
            None => self.end(outcome),
            Some(head) => self.end_followed(head, outcome, None),
        }
    }

    /// Ends the attempt where it lies, like [`Attempt::end_as`]; its head was there at this moment.
    #[inline]
    pub fn end_after_as(&mut self, head: Option<Head>, outcome: Outcome, verdict: Verdict) {
        match head {
            None => self.end_as(outcome, verdict),
            Some(head) => self.end_followed(head, outcome, Some(verdict)),
        }
    }

    fn end_followed(&mut self, head: Head, outcome: Outcome, verdict: Option<Verdict>) {
        if let Some(registry) = self.registry.take() {
            let code = outcome.code();
            // What is no stream has its usual latency, which is all that anybody looks at.
            if self.state.is_stream() || registry.looks_at_heads() {
                local::finish_after(registry, self, head, code, verdict);
            } else {
                local::finish(registry, self, code, verdict);
            }
        }
    }

    #[inline]
    pub(super) const fn route(&self) -> RouteId {
        self.route
    }

    /// Returns how the attempt ended, if that is now; `None` of a stream.
    #[inline]
    pub(super) fn ended(&self, shared: &Shared, code: u16, verdict: Option<Verdict>) -> Option<Ended<u64>> {
        let (took, verdict) = if self.state == State::USUAL && !shared.maintenance.reach(self.started) {
            (shared.clock.nanos_since(self.started), verdict)
        } else if self.state.is_stream() {
            return None;
        } else {
            let took = shared.clock.nanos_since(self.started);
            (took, self.said(shared.maintenance.reach(self.started), code, verdict))
        };
        Some(Ended { code, verdict, took, mark: self.mark })
    }

    /// Returns how the attempt ended, if that is now, and its head was there at this moment.
    pub(super) fn ended_after(
        &self,
        shared: &Shared,
        head: Option<Head>,
        code: u16,
        verdict: Option<Verdict>,
    ) -> Ended<Followed> {
        let (clock, periods, is_stream) = (&shared.clock, &shared.maintenance, self.state.is_stream());
        let to_end = clock.nanos_since(self.started);
        let to_head = head.map_or(to_end, |head| clock.nanos_between(self.started, head.ticks()));
        // What a stream lasts overlaps with too much: only its head and its end are looked at.
        let maintained = match is_stream {
            true => self.state.was_maintained() || periods.are_under_way(),
            false => periods.reach(self.started),
        };
        // Counters of two processors may differ by a little: the head was there before the end.
        let took = Followed { to_head, to_end: to_end.max(to_head), is_stream };
        Ended { code, verdict: self.said(maintained, code, verdict), took, mark: self.mark }
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
    /// Returns what is said of it already.
    #[inline(never)]
    fn said(&self, maintained: bool, code: u16, verdict: Option<Verdict>) -> Option<Verdict> {
        if maintained {
            return Some(Verdict::Excluded);
        }
        verdict.or_else(|| self.state.overruled()?.verdict(Outcome::of_code(code)))
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
