//! What one thread has resolved of one route: every cell that a request of it adds to.
//!
//! The first request of a route on a thread looks everything up and may allocate; every one after that finds
//! it here, one index away, whatever the number of routes, series and SLOs. What nearly every request of a route
//! is like (the first outcome, the first handler) lies in one cache line; the rest is elsewhere.

use std::sync::Arc;

use super::Declaration;
use super::attempt::Ended;
use super::goal::Goal;
use super::outcome::{Outcome, Verdict};
use super::route::{OVERFLOW, Protocol, Route};
use super::shard::Shard;
use super::shared::Shared;
use super::tally::Tally;
use super::took::Took;
use super::unmarked::Unmarked;
use crate::histogram::Cells;

/// A route, as one thread records it.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Hot {
    tally: Arc<Tally>,
    template: Arc<str>,
    /// What requests with the usual mark count for: the promises made for the route by name, and the handler's.
    goals: Box<[Goal]>,
    usual: Mark,
    rest: Box<Rest>,
    /// The outcome that the tally's own series counts; no code until there is one.
    code: u16,
    /// What the labels of the route's series tell of the code of an outcome.
    told: u16,
    /// What the classifier says of that outcome, once it was asked.
    verdict: Option<Verdict>,
}

const _: () = assert!(size_of::<Hot>() == 64 || size_of::<usize>() < 8, "one cache line");

/// What a request needs that is not like most.
#[derive(Debug)]
struct Rest {
    index: usize,
    route: Arc<Route>,
    /// The series besides the first.
    series: Vec<HotSeries>,
    /// What the classifier says of each outcome it was asked about.
    verdicts: Vec<(u16, Verdict)>,
    /// The handlers that marked the route's requests: nearly always one.
    marked: Vec<Marked>,
    unmarked: Unmarked,
    /// How long streams lasted; none until the first has ended.
    streams: Option<Arc<Cells>>,
}

/// Where an outcome is counted.
#[derive(Debug)]
struct HotSeries {
    code: u16,
    /// The series is shared with everything else that found no room.
    overflowed: bool,
    tally: Arc<Tally>,
}

/// A handler, and what its requests count for.
#[derive(Debug)]
struct Marked {
    mark: Mark,
    goals: Box<[Goal]>,
}

/// Who marked a request, by the address of the declaration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark(usize);

impl Mark {
    const NOBODY: Self = Self(0);
    /// No declaration lies there.
    const NOT_KNOWN_YET: Self = Self(usize::MAX);

    #[inline]
    fn of(declaration: Option<&'static Declaration>) -> Self {
        declaration.map_or(Self::NOBODY, |declaration| Self(std::ptr::from_ref(declaration).addr()))
    }
}

impl Hot {
    /// Resolves a route on the thread that owns the shard.
    #[cold]
    pub(super) fn new(shared: &Shared, shard: &Shard, index: usize) -> Option<Self> {
        let route = shared.routes.get(index)?;
        let rest = Rest {
            index,
            route: Arc::clone(route),
            series: Vec::new(),
            verdicts: Vec::new(),
            marked: Vec::new(),
            unmarked: Unmarked::new(index, route),
            streams: None,
        };
        Some(Self {
            tally: Arc::clone(shard.route(index, &shared.layout)),
            template: Arc::clone(&route.template),
            goals: shared.goals(route.own()).into(),
            // Without declarations there is nothing to learn: what nobody marks is as usual.
            usual: if shared.has_declarations { Mark::NOT_KNOWN_YET } else { Mark::NOBODY },
            rest: Box::new(rest),
            code: 0,
            told: route.told(),
            verdict: None,
        })
    }

    /// Returns whether this is the text of the route.
    #[inline]
    pub(super) fn is_called(&self, template: &str) -> bool {
        // Eight bytes at a time: the call of a library costs more than most templates are long.
        let (mut own, mut text) = (self.template.as_bytes(), template.as_bytes());
        if own.len() != text.len() {
            return false;
        }
        let (Some(own_end), Some(text_end)) = (own.last_chunk::<8>(), text.last_chunk::<8>()) else {
            return own.iter().zip(text).all(|(own, text)| own == text);
        };
        while let (Some((own_head, own_rest)), Some((text_head, text_rest))) =
            (own.split_first_chunk::<8>(), text.split_first_chunk::<8>())
        {
            if own_head != text_head {
                return false;
            }
            (own, text) = (own_rest, text_rest);
        }
        own_end == text_end
    }

    /// Returns whether requests of this kind, with this method, are the route's if they have its text.
    pub(super) fn is_asked_by(&self, protocol: Protocol, method: &str) -> bool {
        self.rest.route.protocol == protocol && *self.rest.route.method == *method
    }

    pub(super) fn template(&self) -> Arc<str> {
        Arc::clone(&self.template)
    }

    /// Counts the start of an attempt.
    #[inline]
    pub(super) fn start(&self) {
        self.tally.started.add(1);
    }

    /// Counts an attempt that turns out to be one of another route.
    pub(super) fn leave(&self) {
        self.tally.finished.add(1);
    }

    /// Remembers what the classifier says of an outcome.
    #[cold]
    pub(super) fn learn_verdict(&mut self, code: u16, verdict: Verdict) {
        let code = code & self.told;
        if self.rest.verdict_of(code).is_none() {
            self.rest.verdicts.push((code, verdict));
        }
        if code == self.code {
            self.verdict = self.rest.verdict_of(code);
        }
    }

    /// Counts the end of an attempt; `None`, with nothing counted, if the classifier must be asked first.
    #[inline(always)]
    #[must_use]
    pub(super) fn finish<T: Took>(&mut self, shared: &Shared, shard: &Shard, ended: Ended<T>) -> Option<()> {
        if ended.code & self.told == self.code
            && Mark::of(ended.mark) == self.usual
            && let Some(verdict) = ended.verdict.or(self.verdict)
            && let Some(cells) = self.tally.cells.at(&shared.layout, ended.took.usual())
        {
            self.tally.finished.add(1);
            cells.add(ended.took.usual());
            shard.judge(&self.goals, verdict, ended.took);
            Some(())
        } else {
            let Ended { code, verdict, took, mark } = ended;
            self.finish_unusual(shared, shard, (code, verdict), took, mark)
        }
    }

    /// Counts how long a stream lasted, on the thread that owns the shard.
    pub(super) fn add_stream(&mut self, shared: &Shared, shard: &Shard, nanos: u64) {
        let Rest { index, streams, .. } = &mut *self.rest;
        let cells = streams.get_or_insert_with(|| shard.streams(*index, &shared.layout));
        cells.record(&shared.layout, nanos);
    }

    /// The same for a request that is the first of its kind, or another one than most.
    #[inline(never)]
    fn finish_unusual<T: Took>(
        &mut self,
        shared: &Shared,
        shard: &Shard,
        (code, verdict): (u16, Option<Verdict>),
        took: T,
        mark: Option<&'static Declaration>,
    ) -> Option<()> {
        let code = code & self.told;
        let verdict = verdict.or_else(|| self.rest.verdict_of(code))?;
        self.tally.finished.add(1);
        let bucket = if code == self.code {
            self.tally.cells.record(&shared.layout, took.usual())
        } else {
            let bucket = self.rest.record(code, &mut self.code, &self.tally, (shared, shard), took.usual());
            self.verdict = self.rest.verdict_of(self.code);
            bucket
        };
        if Mark::of(mark) == self.usual {
            shard.judge(&self.goals, verdict, took);
        } else {
            self.judge_unusual(shared, shard, (verdict, took), mark, bucket);
        }
        Some(())
    }

    /// Judges a request that is the first with its mark, or has another one than most.
    fn judge_unusual<T: Took>(
        &mut self,
        shared: &Shared,
        shard: &Shard,
        (verdict, took): (Verdict, T),
        mark: Option<&'static Declaration>,
        bucket: usize,
    ) {
        let Some(declaration) = mark else {
            shard.judge(shared.goals(self.rest.route.own()), verdict, took);
            return self.rest.unmarked.judge(shared, shard, (verdict, took), bucket);
        };
        let mark = Mark::of(mark);
        let known = self.rest.marked.iter().position(|known| known.mark == mark);
        let known = known.unwrap_or_else(|| self.rest.learn(shared, declaration));
        let goals = &self.rest.marked[known].goals;
        shard.judge(goals, verdict, took);
        if self.usual == Mark::NOT_KNOWN_YET {
            (self.usual, self.goals) = (mark, goals.clone());
        }
    }
}

impl Rest {
    fn verdict_of(&self, code: u16) -> Option<Verdict> {
        self.verdicts.iter().find(|(known, _)| *known == code).map(|(_, verdict)| *verdict)
    }

    /// Counts an outcome that is the first of its kind, or another one than most, and returns its bucket.
    fn record(
        &mut self,
        code: u16,
        first: &mut u16,
        tally: &Arc<Tally>,
        (shared, shard): (&Shared, &Shard),
        nanos: u64,
    ) -> usize {
        let known = self.series.iter().position(|series| series.code == code);
        let known = known.unwrap_or_else(|| self.add_series(code, shared, shard));
        let series = &self.series[known];
        if series.overflowed {
            shard.series_overflowed.add(1);
        } else if Arc::ptr_eq(&series.tally, tally) {
            *first = code;
        }
        series.tally.cells.record(&shared.layout, nanos)
    }

    #[cold]
    fn add_series(&mut self, code: u16, shared: &Shared, shard: &Shard) -> usize {
        let index = shared.routes.series_of(&self.route, self.index, Outcome::of_code(code));
        let series = shard.series_of(self.index, index, &shared.layout);
        self.series.push(HotSeries {
            code,
            overflowed: index == OVERFLOW && self.index != OVERFLOW,
            tally: Arc::clone(series),
        });
        self.series.len() - 1
    }

    /// Remembers a handler's promises, and binds the route to the first handler that marks it. A route that
    /// several handlers serve stays bound to the first; each request still counts for its own.
    #[cold]
    fn learn(&mut self, shared: &Shared, declaration: &'static Declaration) -> usize {
        let index = shared.goals_of(declaration);
        if let Some(index) = index.filter(|_| self.route.has_a_handler()) {
            self.route.bind(index);
        }
        let goals = [shared.goals(self.route.own()), shared.goals(index)].concat();
        self.marked.push(Marked { mark: Mark::of(Some(declaration)), goals: goals.into() });
        self.marked.len() - 1
    }
}
