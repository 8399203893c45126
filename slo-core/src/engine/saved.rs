//! What of an engine outlives it.

use serde::{Deserialize, Serialize};

use super::Engine;
use crate::alert::{AlertStates, SavedAlerts};
use crate::objective::Slo;
use crate::time::Timestamp;
use crate::window::{Counts, Histories, SavedHistories, SliceState};

/// What is kept of one SLO besides its history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedKept {
    /// When its period began, in nanoseconds since the Unix epoch, and what was good and bad by then.
    pin: Option<(u64, u64, u64)>,
    slices: Option<SavedSlices>,
    alerts: SavedAlerts,
}

/// The slice of time that has not ended: which one, the events when it began and at the last tick, the slices that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct SavedSlices {
    open: u64,
    begin: (u64, u64),
    last: (u64, u64),
    ended: (u64, u64),
}

impl Engine {
    /// Goes on from what was saved at `then`, before this process began at `now`.
    pub(crate) fn restore(
        &mut self,
        (histories, kept): (&SavedHistories, &[SavedKept]),
        slos: &[Slo],
        (then, now): (Timestamp, Timestamp),
    ) {
        self.histories.restore(histories, now);
        for (slo, saved) in kept.iter().enumerate() {
            let counted = self.histories.last(slo).unwrap_or_default();
            self.alerts[slo] = AlertStates::restored(&saved.alerts, &slos[slo], now);
            let own = &mut self.kept[slo];
            (own.last, own.base) = (counted, counted);
            if let (Some(slices), Some(saved)) = (&mut own.slices, saved.slices) {
                let state = saved.state(slices.state().open);
                own.base = state.last;
                slices.set_state(state);
            }
            let begin = own.period.span(now).begin;
            if then < begin {
                // It began while nobody counted.
                own.period.set_pin((begin, counted));
            } else if let Some((begun, good, bad)) = saved.pin {
                own.period.set_pin((Timestamp::from_unix_nanos(begun), Counts { good, bad }));
            }
        }
    }

    pub(crate) const fn histories(&self) -> &Histories {
        &self.histories
    }

    /// Returns what is to be kept of an SLO besides its history.
    pub(crate) fn kept(&self, slo: usize) -> SavedKept {
        let kept = &self.kept[slo];
        // As the samples are, which the next process goes on from.
        let pin = kept.period.pin().map(|(begin, counts)| {
            let counts = self.histories.base(slo).plus(counts);
            (begin.unix_nanos(), counts.good, counts.bad)
        });
        let slices = kept.slices.as_ref().map(|slices| SavedSlices::of(slices.state()));
        SavedKept { pin, slices, alerts: self.alerts[slo].saved() }
    }
}

impl SavedKept {
    /// The same without alerts: what is not declared does not fire.
    pub(crate) fn without_alerts(self) -> Self {
        Self { alerts: SavedAlerts::default(), ..self }
    }
}

impl SavedSlices {
    const fn of(state: SliceState) -> Self {
        const fn pair(counts: Counts) -> (u64, u64) {
            (counts.good, counts.bad)
        }
        let SliceState { open, begin, last, ended } = state;
        Self { open, begin: pair(begin), last: pair(last), ended: pair(ended) }
    }

    /// Returns the state, whose open slice is not later than the present one: the clock may have been set back.
    fn state(self, present: u64) -> SliceState {
        let counts = |(good, bad)| Counts { good, bad };
        let [begin, last, ended] = [self.begin, self.last, self.ended].map(counts);
        SliceState { open: self.open.min(present), begin, last, ended }
    }
}
