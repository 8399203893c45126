//! What remembers: the history of every SLO and the states of its alerts.
//!
//! Knows nothing of threads, locks and clocks: totals and moments come in, changes come out. The registry drives it with
//! what was counted, the simulation with what might be. What it is told of are events; what it remembers of an SLO are
//! those, or the slices of time they were in.

use std::time::Duration;

use crate::alert::{AlertStates, AlertTransition};
use crate::objective::Slo;
use crate::time::Timestamp;
#[cfg(feature = "prometheus")]
use crate::window::Before;
use crate::window::{
    CalendarError, Counts, Histories, Past, Period, PeriodCounts, Pin, SliceState, Slices, WindowCounts,
};

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
    /// What was counted by the last tick, events or slices.
    last: Counts,
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
            Ok(Kept { period, slices, last: Counts::default() })
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
        let watched = self.histories.watches(now);
        for (kept, totals) in self.kept.iter_mut().zip(totals) {
            let counted = kept.slices.as_mut().map_or(*totals, |slices| slices.tick(now, *totals));
            kept.period.tick(now, kept.last, counted, watched);
            kept.last = counted;
        }
        self.histories.tick(now, self.kept.iter().map(|kept| kept.last));
        for (index, (slo, alerts)) in slos.iter().zip(&mut self.alerts).enumerate() {
            let kept = &self.kept[index];
            let past = Known { histories: &self.histories, kept, slo: index, now, counted: kept.last };
            alerts.tick(slo, now, &past, &mut report);
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
        self.kept[slo].slices.as_ref().map_or(events, Slices::ended)
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

#[cfg(all(test, feature = "calendar"))]
mod tests {
    use super::*;
    use crate::objective::{Objective, Sli, TimeSlices, Window};

    const TICK: Duration = Duration::from_secs(10);

    #[test]
    fn another_process_goes_on_with_the_period_and_the_slice_of_one() {
        // A quarter of an hour off the step of an hour: 1 May 2024 in Nepal.
        let may = Timestamp::from_unix_seconds(1_714_500_900);
        let slo = Slo::literal("x", Sli::Availability, Objective::literal("99%"))
            .with_window(Window::literal("month Asia/Kathmandu"));
        let slos = [slo.clone(), slo.with_time_slices(TimeSlices::literal("90% per 5m"))];
        let totals = |number: u64| {
            let counts = Counts { good: 20 * number, bad: 3 * number.saturating_sub(500) };
            [counts, counts]
        };
        let new = |now| Engine::new(&slos, TICK, now).expect("there is such a zone");
        let periods = |engine: &Engine, now, number| {
            [0, 1].map(|slo| engine.past(slo, now, engine.counted(slo, totals(number)[slo])).period().counts)
        };
        let mut now = may.minus(360 * TICK);
        let (mut one, mut engine) = (new(now), new(now));
        for number in 1..1_000 {
            now = now.plus(TICK);
            for engine in [&mut one, &mut engine] {
                engine.tick(now, &slos, &totals(number), |_| ());
            }
            if number == 777 {
                let mut next = new(now);
                for slo in [0, 1] {
                    let (counted, pin, slices) = engine.kept(slo);
                    assert_eq!(pin.map(|(begin, _)| begin), Some(may));
                    next.resume(slo, counted, pin, slices);
                }
                engine = next;
            }
            assert_eq!(periods(&engine, now, number), periods(&one, now, number), "tick {number}");
        }
        let [events, slices] = periods(&engine, now, 999);
        assert_eq!(events, Counts { good: 20 * (999 - 360), bad: 3 * 499 });
        assert!(slices.good > 0 && slices.bad > 0 && slices.total() < 30, "{slices:?}");
    }
}
