//! The states of alerts as they are saved, so that an alert that fires is told once, whatever restarts meanwhile.

use serde::{Deserialize, Serialize};

use super::evaluate::Fired;
use super::state::{AlertStates, Firing, State};
use crate::budget::BurnRate;
use crate::objective::{Severity, Slo};
use crate::time::Timestamp;

/// The states of all severities of one SLO, in the order of [`Severity::ALL`].
pub(crate) type SavedAlerts = [SavedAlert; Severity::ALL.len()];

/// The state of one severity; moments are nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SavedAlert {
    firing: Option<SavedFiring>,
    resolved: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct SavedFiring {
    since: u64,
    row: u8,
    long: f64,
    short: f64,
    budget_spent: Option<f64>,
}

impl AlertStates {
    pub(crate) fn saved(&self) -> SavedAlerts {
        self.states.map(|State { firing, resolved }| SavedAlert {
            firing: firing.map(|Firing { since, fired, budget_spent }| SavedFiring {
                since: since.unix_nanos(),
                row: u8::try_from(fired.row).unwrap_or(u8::MAX),
                long: fired.long.get(),
                short: fired.short.get(),
                budget_spent,
            }),
            resolved: resolved.map(Timestamp::unix_nanos),
        })
    }

    /// Goes on from saved states; nothing of them lies after `now`. The policy may be another one meanwhile: an alert
    /// whose row is gone stands on the first row of its severity, until a tick has looked, and one whose severity is
    /// gone is gone.
    pub(crate) fn restored(saved: &SavedAlerts, slo: &Slo, now: Timestamp) -> Self {
        let moment = |nanos| Timestamp::from_unix_nanos(nanos).min(now);
        let mut restored = Self::default();
        for ((state, saved), severity) in restored.states.iter_mut().zip(saved).zip(Severity::ALL) {
            let rows = slo.alerts().rows();
            let is_of = |row: usize| rows.get(row).is_some_and(|row| row.severity() == severity);
            let row = |row: u8| {
                Some(usize::from(row))
                    .filter(|row| is_of(*row))
                    .or_else(|| (0..rows.len()).find(|row| is_of(*row)))
            };
            state.resolved = saved.resolved.map(moment);
            state.firing = saved.firing.and_then(|firing| {
                let (long, short) = (BurnRate::restored(firing.long), BurnRate::restored(firing.short));
                let fired = Fired { row: row(firing.row)?, long, short };
                Some(Firing { since: moment(firing.since), fired, budget_spent: firing.budget_spent })
            });
        }
        restored
    }
}
