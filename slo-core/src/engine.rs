//! What remembers: the history of every SLO and the states of its alerts.
//!
//! Knows nothing of threads, locks and clocks: totals and moments come in, changes come out. The registry drives it with
//! what was counted, the simulation with what might be. What it is told of are events; what it remembers of an SLO are
//! those, or the slices of time they were in.

use std::time::Duration;

use crate::alert::{AlertStates, AlertTransition};
use crate::objective::Slo;
use crate::time::Timestamp;
use crate::window::{
    CalendarError, Counts, Histories, Past, Period, PeriodCounts, Pin, SliceState, Slices, WindowCounts,
};

/// The histories and the alerts of some SLOs, by their index.
#[derive(Debug)]
pub(crate) struct Engine {
    histories: Histories,
    kept: Box<[Kept]>,
}

/// What is remembered of one SLO besides its history.
#[derive(Debug)]
struct Kept {
    period: Period,
    /// None if it counts events.
    slices: Option<Slices>,
    /// What was counted by the last tick, events or slices.
    last: Counts,
    alerts: AlertStates,
}

impl Engine {
    /// Late ticks are normal on a busy machine; only so many missed in a row are a gap.
    const TICKS_PER_GAP: u32 = 6;

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
            Ok(Kept { period, slices, last: Counts::default(), alerts: AlertStates::default() })
        });
        Ok(Self { histories, kept: kept.collect::<Result<_, _>>()? })
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
        let watched = self.histories.watches(now);
        for (kept, totals) in self.kept.iter_mut().zip(totals) {
            let counted = kept.slices.as_mut().map_or(*totals, |slices| slices.tick(now, *totals));
            kept.period.tick(now, kept.last, counted, watched);
            kept.last = counted;
        }
        self.histories.tick(now, self.kept.iter().map(|kept| kept.last));
        for (index, slo) in slos.iter().enumerate() {
            let mut alerts = self.kept[index].alerts;
            alerts.tick(slo, now, &self.past(index, now, self.kept[index].last), &mut report);
            self.kept[index].alerts = alerts;
        }
    }

    /// Goes on with what another process has kept of an SLO.
    #[allow(dead_code, reason = "what saves the state restores it with this")]
    pub(crate) fn resume(
        &mut self,
        slo: usize,
        counted: Counts,
        pin: Option<Pin>,
        slices: Option<SliceState>,
    ) {
        let kept = &mut self.kept[slo];
        kept.last = counted;
        if let (Some(own), Some(state)) = (&mut kept.slices, slices) {
            own.set_state(state);
        }
        pin.into_iter().for_each(|pin| kept.period.set_pin(pin));
    }

    /// Returns this moment, or that of the last tick if it is later.
    pub(crate) fn not_before_the_last_tick(&self, now: Timestamp) -> Timestamp {
        self.histories.not_before_the_last_tick(now)
    }

    /// Returns what an SLO counts, given its events: those, or the slices of time that have ended by the last tick.
    pub(crate) fn counted(&self, slo: usize, events: Counts) -> Counts {
        self.kept[slo].slices.as_ref().map_or(events, Slices::ended)
    }

    /// Returns the past of an SLO as of `now`, given what it had counted by then. Ticks after that change nothing but how
    /// exactly windows begin.
    pub(crate) fn past(&self, slo: usize, now: Timestamp, counted: Counts) -> impl Past {
        Known { engine: self, slo, now, counted }
    }

    /// Returns the states of the alerts of every SLO, as of the last tick.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = AlertStates> {
        self.kept.iter().map(|kept| kept.alerts)
    }

    /// Returns what another process needs to go on with an SLO besides its history: what was counted, how its period
    /// began, and the slice of time that has not ended.
    #[allow(dead_code, reason = "what saves the state reads it with this")]
    pub(crate) fn kept(&self, slo: usize) -> (Counts, Option<Pin>, Option<SliceState>) {
        let kept = &self.kept[slo];
        (kept.last, kept.period.pin(), kept.slices.as_ref().map(Slices::state))
    }
}

/// What the engine knows of one SLO.
struct Known<'a> {
    engine: &'a Engine,
    slo: usize,
    now: Timestamp,
    counted: Counts,
}

impl Past for Known<'_> {
    fn window(&self, window: Duration) -> WindowCounts {
        self.engine.histories.window(self.slo, window, self.now, self.counted)
    }

    fn period(&self) -> PeriodCounts {
        let kept = &self.engine.kept[self.slo];
        let period = &kept.period;
        let begin = period.span(self.now).begin;
        let elapsed = self.now.since(begin);
        let WindowCounts { counts, seen } = self.window(elapsed);
        let before = period.before(begin, self.engine.histories.ticked(), kept.last);
        let counts = before.map_or(counts, |before| self.counted.since(before));
        PeriodCounts { counts, seen, elapsed, left: period.left(self.now) }
    }
}
