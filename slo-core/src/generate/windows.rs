//! Over which windows ratios are recorded, and how often.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::objective::Slo;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// What dashboards made for sloth look at, whatever the SLO's own windows are.
const USUAL: [u64; 7] = [5 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY, 3 * DAY];
const USUAL_PERIOD: u64 = 30 * DAY;

/// The windows of an SLO, each once, shortest first.
#[derive(Debug)]
pub(super) struct Windows {
    /// Recorded with every evaluation, before the alerts that look at them.
    pub(super) fast: BTreeSet<Duration>,
    /// Recorded less often, as they read a month or more.
    pub(super) slow: BTreeSet<Duration>,
    /// Those of the rows that can fire, which are among the fast ones.
    pub(super) alerts: BTreeSet<Duration>,
}

impl Windows {
    pub(super) fn of(slo: &Slo) -> Self {
        let window = slo.window();
        let rows = slo.alert_rows().flat_map(|(_, row)| [row.long(window), row.short(window)]);
        let alerts: BTreeSet<_> = rows.collect();
        // With room for one slice of time, a window would hold none or two.
        let shortest = slo.time_slices().map_or(Duration::ZERO, |slices| 2 * slices.duration());
        let usual = USUAL.into_iter().map(Duration::from_secs).filter(|usual| *usual >= shortest);
        let fast: BTreeSet<_> = usual.chain(alerts.iter().copied()).collect();
        let slow = [Duration::from_secs(USUAL_PERIOD), window.duration()];
        let slow = slow.into_iter().filter(|slow| !fast.contains(slow)).collect();
        Self { fast, slow, alerts }
    }
}
