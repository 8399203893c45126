//! What remembers: the history of every SLO and the states of its alerts.
//!
//! Knows nothing of threads, locks and clocks: totals and moments come in, changes come out. The registry drives it with
//! what was counted, the simulation with what might be. What it is told of are events; what it remembers of an SLO are
//! those, or the slices of time they were in.

#[cfg(feature = "store")]
mod saved;

#[cfg(feature = "store")]
pub(crate) use self::saved::SavedKept;

use std::time::Duration;

use crate::alert::{AlertStates, AlertTransition};
use crate::objective::Slo;
use crate::time::Timestamp;
#[cfg(feature = "prometheus")]
use crate::window::Before;
use crate::window::{CalendarError, Counts, Histories, Past, Period, PeriodCounts, Slices, WindowCounts};

/// The histories and the alerts of some SLOs, by their index.
#[derive(Debug)]
pub(crate) struct Engine {
    histories: Histories,
    kept: Box<[Kept]>,
    alerts: Box<[AlertStates]>,
}

/// What is remembered of one SLO besides its history.
#[derive(Debug)]
struct Kept {
    period: Period,
    /// None if it counts events.
    slices: Option<Slices>,
    /// Events of earlier processes: those of this one come on top.
    base: Counts,
    /// What was counted by the last tick, events or slices.
    last: Counts,
}

impl Engine {
    /// Late ticks are normal on a busy machine; only so many missed in a row are a gap.
    pub(crate) const TICKS_PER_GAP: u32 = 6;

    /// Starts to remember at `now`, or says which SLO has a window that there is not.
    pub(crate) fn new(
        slos: &[Slo],
        tick_interval: Duration,
        now: Timestamp,
    ) -> Result<Self, (usize, CalendarError)> {
        let gap = tick_interval.saturating_mul(Self::TICKS_PER_GAP);
        let histories = Histories::new(slos.iter().map(Slo::window), gap, now);
        let kept = slos.iter().enumerate().map(|(index, slo)| {
            let period = Period::new(slo.window(), now).map_err(|error| (index, error))?;
            let slices = slo.time_slices().map(|slices| Slices::new(slices, now));
            let (base, last) = (Counts::default(), Counts::default());
            Ok(Kept { period, slices, base, last })
        });
        let alerts = vec![AlertStates::default(); slos.len()].into();
        Ok(Self { histories, kept: kept.collect::<Result<_, _>>()?, alerts })
    }

    /// Samples the totals of every SLO, then reports the alerts that have changed.
    pub(crate) fn tick(
        &mut self,
        now: Timestamp,
        slos: &[Slo],
        totals: &[Counts],
        mut report: impl FnMut(AlertTransition),
    ) {
        let now = self.histories.not_before_the_last_tick(now);
        self.sample(now, totals);
        for (index, (slo, alerts)) in slos.iter().zip(&mut self.alerts).enumerate() {
            let kept = &self.kept[index];
            let past = Known { histories: &self.histories, kept, slo: index, now, counted: kept.last };
            alerts.tick(slo, now, &past, &mut report);
        }
    }

    /// Samples the totals of every SLO and leaves the alerts as they are.
    pub(crate) fn sample(&mut self, now: Timestamp, totals: &[Counts]) {
        let now = self.histories.not_before_the_last_tick(now);
        let watched = self.histories.watches(now);
        for (kept, totals) in self.kept.iter_mut().zip(totals) {
            let events = kept.base.plus(*totals);
            let counted = kept.slices.as_mut().map_or(events, |slices| slices.tick(now, events));
            kept.period.tick(now, kept.last, counted, watched);
            kept.last = counted;
        }
        self.histories.tick(now, self.kept.iter().map(|kept| kept.last));
    }

    /// Returns since when there are histories.
    #[cfg(feature = "prometheus")]
    pub(crate) fn begins(&self) -> Timestamp {
        self.histories.begins()
    }

    /// Puts what happened before the histories begin in front of them. What counts slices of time stays as it is.
    #[cfg(feature = "prometheus")]
    pub(crate) fn prepend(&mut self, before: &Before) {
        self.histories.prepend(before);
    }

    /// Returns this moment, or that of the last tick if it is later.
    pub(crate) fn not_before_the_last_tick(&self, now: Timestamp) -> Timestamp {
        self.histories.not_before_the_last_tick(now)
    }

    /// Returns what an SLO counts, given its events: those, or the slices of time that have ended by the last tick.
    pub(crate) fn counted(&self, slo: usize, events: Counts) -> Counts {
        let kept = &self.kept[slo];
        kept.slices.as_ref().map_or(kept.base.plus(events), Slices::ended)
    }

    /// Returns the past of an SLO as of `now`, given what it had counted by then. Ticks after that change nothing but how
    /// exactly windows begin.
    pub(crate) fn past(&self, slo: usize, now: Timestamp, counted: Counts) -> impl Past {
        Known { histories: &self.histories, kept: &self.kept[slo], slo, now, counted }
    }

    /// Returns the states of the alerts of every SLO, as of the last tick.
    pub(crate) fn alerts(&self) -> &[AlertStates] {
        &self.alerts
    }
}

/// What the engine knows of one SLO.
struct Known<'a> {
    histories: &'a Histories,
    kept: &'a Kept,
    slo: usize,
    now: Timestamp,
    counted: Counts,
}

impl Past for Known<'_> {
    fn window(&self, window: Duration) -> WindowCounts {
        self.histories.window(self.slo, window, self.now, self.counted)
    }

    fn period(&self) -> PeriodCounts {
        let Kept { period, last, .. } = self.kept;
        let begin = period.span(self.now).begin;
        let elapsed = self.now.since(begin);
        let WindowCounts { counts, seen } = self.window(elapsed);
        let before = period.before(begin, self.histories.ticked(), *last);
        let counts = before.map_or(counts, |before| self.counted.since(before));
        PeriodCounts { counts, seen, elapsed, left: period.left(self.now) }
    }
}
