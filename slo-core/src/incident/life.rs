//! The life of an SLO's incidents, tick by tick: suspected, open, over.
//!
//! An alert lags: by the time it fires, what it is about has happened. So the counters are remembered at the first sign of
//! trouble, for each row of the policy by itself, and forgotten if it was none. The first sign is a bad event while the
//! shortest of the short windows burns above 1; it was none for a row once neither that window does, nor twice the row's
//! own. So an outage of minutes begins at its first bad event, also where a leak has been suspected for hours, a service
//! that flaps began with the first flap, and a leak that fires a ticket after days begins days ago.
//!
//! What fires again within an hour, or within the long window of the row that fired last if that is shorter, continues the
//! last incident: it is still in everybody's windows, and a service that flaps has one problem and not ten.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::evidence::Evidence;
use super::observed::{Measured, Observed};
use super::record::{Record, Start};
use super::report::{IncidentLatency, IncidentReport};
use crate::histogram::KeptCells;
use crate::objective::{AlertPolicy, Slo};

const HOUR: Duration = Duration::from_secs(3_600);

/// Which counts are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Those of the tick before, as far as they are known.
    Before,
    Now,
}

/// The incidents of one SLO, and what may become one.
#[derive(Debug, Default)]
pub(crate) struct Life {
    /// Where each row of the policy would begin.
    suspected: [Option<Arc<Start>>; AlertPolicy::ROWS_MAX],
    /// Newest first.
    records: VecDeque<Record>,
    /// The latencies when the last one ended.
    calm_since: KeptCells,
}

impl Life {
    /// Moves on by a tick. `evidence` is asked only where something begins or ends.
    pub(crate) fn tick(&mut self, slo: &Slo, seen: &Observed, mut evidence: impl FnMut(When) -> Evidence) {
        let open = self.records.front_mut().filter(|record| record.is_open());
        match (open, seen.alarm) {
            (Some(record), Some(alarm)) => record.go_on(slo, seen, alarm),
            (Some(record), None) => {
                let evidence = evidence(When::Now);
                if let Some(latencies) = &evidence.latencies {
                    self.calm_since = latencies.clone();
                }
                record.resolve(seen, evidence);
            }
            (None, Some(_)) => self.open(slo, seen, evidence),
            (None, None) => self.suspect(slo, seen, evidence),
        }
    }

    /// Takes up a report that was open when its process ended: it goes on at this moment.
    pub(crate) fn carry_on(&mut self, report: IncidentReport, measured: &Measured, evidence: Evidence) {
        self.add(Record::carried_on(report, measured, evidence));
    }

    /// Returns whether nothing is open and nothing suspected.
    pub(crate) fn is_calm(&self) -> bool {
        self.suspected.iter().all(Option::is_none) && self.open_record().is_none()
    }

    /// Returns the incident that is open.
    pub(crate) fn open_record(&self) -> Option<&Record> {
        self.records.front().filter(|record| record.is_open())
    }

    /// Returns all incidents that are still known, newest first.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Record> {
        self.records.iter()
    }

    fn open(&mut self, slo: &Slo, seen: &Observed, mut evidence: impl FnMut(When) -> Evidence) {
        let Some(alarm) = seen.alarm else { return };
        let suspected = self.suspected[alarm.row].take();
        self.suspected = Default::default();
        if let Some(last) = self.records.front_mut()
            && seen.measured.at.since(last.ended()) <= last.row_long(slo).map_or(HOUR, |long| long.min(HOUR))
        {
            return last.reopen(slo, seen, alarm);
        }
        // Without a suspicion the windows knew more than this process has seen.
        let start = suspected.unwrap_or_else(|| Arc::new(start(seen, &mut evidence)));
        let latencies = start.evidence.latencies.as_ref();
        let before = latencies.and_then(|latencies| IncidentLatency::of(&latencies.since(&self.calm_since)));
        self.add(Record::opened(slo, start, seen, alarm, before));
    }

    fn suspect(&mut self, slo: &Slo, seen: &Observed, mut evidence: impl FnMut(When) -> Evidence) {
        let mut fresh = None;
        for (row, suspected) in self.suspected.iter_mut().enumerate().take(slo.alerts().rows().len()) {
            if suspected.is_some() {
                suspected.take_if(|_| !seen.is_troubled(row));
            } else if seen.first_burns && seen.has_more_bad() {
                let start = fresh.get_or_insert_with(|| Arc::new(start(seen, &mut evidence)));
                *suspected = Some(Arc::clone(start));
            }
        }
    }

    fn add(&mut self, record: Record) {
        self.records.truncate(IncidentReport::REPORTS_MAX - 1);
        self.records.push_front(record);
    }
}

fn start(seen: &Observed, evidence: &mut impl FnMut(When) -> Evidence) -> Start {
    let (at, totals) = seen.before;
    Start { at, totals, evidence: evidence(When::Before) }
}
