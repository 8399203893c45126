//! What a tick shows of one SLO, as far as incidents are concerned.

use std::time::Duration;

use crate::alert::{Alarm, burn_over, burns};
use crate::budget::{BurnRate, ErrorBudget};
use crate::objective::{AlertPolicy, Slo};
use crate::time::Timestamp;
use crate::window::{Counts, Past};

/// What was counted since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) events: Counts,
    /// What the budget is made of: the same events, or slices of time.
    pub(crate) counted: Counts,
}

/// Totals and budget at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Measured {
    pub(crate) at: Timestamp,
    pub(crate) totals: Totals,
    /// How many bad ones the SLO's window allows; `None` without any.
    pub(crate) allowed: Option<f64>,
    /// Share of the budget that is spent over the SLO's window; `None` without any.
    pub(crate) spent: Option<f64>,
}

impl Measured {
    /// Measures an SLO, given its totals and its past as of then.
    pub(crate) fn new(slo: &Slo, at: Timestamp, totals: Totals, past: &impl Past) -> Self {
        let budget = ErrorBudget::new(slo.objective(), past.period().counts);
        let spent = budget.spent_ratio();
        Self { at, totals, allowed: spent.map(|_| budget.allowed()), spent }
    }
}

/// One SLO at one tick.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub(crate) measured: Measured,
    /// The tick before, and the totals that it saw.
    pub(crate) before: (Timestamp, Totals),
    pub(crate) alarm: Option<Alarm>,
    /// How fast the long and the short window of each row burn.
    rows: [[Option<BurnRate>; 2]; AlertPolicy::ROWS_MAX],
    /// Which of them burn above 1 over twice their short window.
    troubled: [bool; AlertPolicy::ROWS_MAX],
    /// Whether the shortest of the short windows does, the first to see trouble.
    pub(crate) first_burns: bool,
    /// The last tick that saw bad events.
    pub(crate) last_bad: Timestamp,
}

impl Observed {
    /// Looks at an SLO; `None` if it is calm and was, as `is_calm` says.
    pub(crate) fn of(
        slo: &Slo,
        (at, totals): (Timestamp, Totals),
        (before, last_bad): ((Timestamp, Totals), Timestamp),
        (alarm, is_calm): (Option<Alarm>, bool),
        past: &impl Past,
    ) -> Option<Self> {
        if is_calm && alarm.is_none() && last_bad != at {
            return None;
        }
        let policy = slo.alerts().rows();
        let shortest = slo.alert_rows().map(|(_, row)| row).min_by_key(|row| row.short(slo.window()));
        let first_burns = shortest.is_some_and(|row| spends(slo, row.short(slo.window()), past));
        if is_calm && alarm.is_none() && !first_burns {
            return None;
        }
        let mut rows = [[None; 2]; AlertPolicy::ROWS_MAX];
        let mut troubled = [false; AlertPolicy::ROWS_MAX];
        for (index, row) in policy.iter().enumerate() {
            rows[index] = burns(slo, row, past);
            troubled[index] = spends(slo, 2 * row.short(slo.window()), past);
        }
        let measured = Measured::new(slo, at, totals, past);
        Some(Self { measured, before, alarm, rows, troubled, first_burns, last_bad })
    }

    /// Returns whether there were bad events since the tick before.
    pub(crate) fn has_more_bad(&self) -> bool {
        self.last_bad == self.measured.at
    }

    /// Returns whether a row has reason to go on suspecting: trouble comes and goes, so it is over only once there was none
    /// for a while.
    pub(crate) const fn is_troubled(&self, row: usize) -> bool {
        self.first_burns || self.troubled[row]
    }

    /// Returns how fast the long and the short window of a row burn.
    pub(crate) const fn burns_of(&self, row: usize) -> [Option<BurnRate>; 2] {
        self.rows[row]
    }
}

/// Returns whether a window spends the budget faster than it comes back.
fn spends(slo: &Slo, window: Duration, past: &impl Past) -> bool {
    burn_over(slo, window, past).is_some_and(|burn| burn.get() > 1.0)
}
