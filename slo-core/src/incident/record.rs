//! One incident, as it is kept while the process lives.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::evidence::{Evidence, SeriesCount};
use super::observed::{Measured, Observed, Totals};
use super::report::{
    IncidentBudget, IncidentChange, IncidentContribution, IncidentEntry, IncidentLatency, IncidentReport,
    to_micros,
};
use super::timeline::Timeline;
use crate::alert::{Alarm, AlertRowStatus};
use crate::budget::BurnRate;
use crate::histogram::KeptCells;
use crate::objective::{Severity, Slo};
use crate::time::Timestamp;
use crate::window::Counts;

/// What was counted when the trouble began.
#[derive(Debug)]
pub(crate) struct Start {
    pub(super) at: Timestamp,
    pub(super) totals: Totals,
    pub(super) evidence: Evidence,
}

/// What was counted when it was over.
#[derive(Debug)]
struct Ending {
    measured: Measured,
    evidence: Evidence,
}

/// What is found out about a record when it is reported.
#[derive(Debug)]
pub(crate) struct Findings {
    pub(crate) measured: Measured,
    /// Everything with bad events, in any order.
    pub(crate) contributions: Vec<IncidentContribution>,
    pub(crate) latencies: Option<KeptCells>,
}

/// One incident: open, over, or carried on from another process.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    start: Arc<Start>,
    detected: Timestamp,
    last_bad: Timestamp,
    /// The most urgent so far, and that of now or of the last alarm.
    severity: Severity,
    current: Severity,
    /// The last row that fired, by its index if this process saw it.
    row: Option<(usize, AlertRowStatus)>,
    /// The fastest burn, and the one that an entry last told of.
    peak_burn: f64,
    told_burn: f64,
    timeline: Timeline,
    ending: Option<Arc<Ending>>,
    latency_before: Option<IncidentLatency>,
    /// What another process had found.
    earlier: Option<Arc<IncidentReport>>,
}

impl Record {
    pub(super) fn opened(
        slo: &Slo,
        start: Arc<Start>,
        seen: &Observed,
        alarm: Alarm,
        latency_before: Option<IncidentLatency>,
    ) -> Self {
        let mut record = Self {
            detected: seen.measured.at,
            last_bad: seen.last_bad.max(start.at),
            severity: alarm.severity,
            current: alarm.severity,
            row: None,
            peak_burn: 0.0,
            told_burn: 0.0,
            timeline: Timeline::default(),
            ending: None,
            latency_before,
            earlier: None,
            start,
        };
        record.timeline.push(IncidentEntry {
            at: to_micros(record.start.at),
            change: IncidentChange::Began,
            severity: None,
            row: None,
            long_burn: None,
            short_burn: None,
            budget_spent: None,
            events: Counts::default(),
        });
        record.alarmed(slo, seen, alarm, Some(IncidentChange::Opened));
        record
    }

    pub(super) fn carried_on(report: IncidentReport, measured: &Measured, evidence: Evidence) -> Self {
        let mut timeline = Timeline { entries: report.timeline.clone(), left_out: report.timeline_left_out };
        let last = timeline.entries.last();
        let (current, row) = last.map_or((None, None), |last| (last.severity, last.row.clone()));
        timeline.push(IncidentEntry {
            at: to_micros(measured.at),
            change: IncidentChange::Continued,
            severity: current,
            row,
            long_burn: None,
            short_burn: None,
            budget_spent: measured.spent,
            events: report.events,
        });
        Self {
            start: Arc::new(Start { at: report.began, totals: measured.totals, evidence }),
            detected: report.detected,
            last_bad: report.last_bad,
            severity: report.severity,
            current: current.unwrap_or(report.severity),
            row: None,
            peak_burn: report.peak_burn,
            told_burn: report.peak_burn,
            timeline,
            ending: None,
            latency_before: report.latency_before,
            earlier: Some(Arc::new(report)),
        }
    }

    /// Notes what is worth an entry: another severity, or a burn that has doubled. As both the fastest burn and the kept
    /// entries have an end, so has the list.
    pub(super) fn go_on(&mut self, slo: &Slo, seen: &Observed, alarm: Alarm) {
        let has_doubled = alarm.short_burn.get() >= 2.0 * self.told_burn;
        let change = match alarm.severity.cmp(&self.current) {
            std::cmp::Ordering::Greater => Some(IncidentChange::Worsened),
            std::cmp::Ordering::Less => Some(IncidentChange::Eased),
            std::cmp::Ordering::Equal => has_doubled.then_some(IncidentChange::Worsened),
        };
        self.alarmed(slo, seen, alarm, change);
    }

    pub(super) fn reopen(&mut self, slo: &Slo, seen: &Observed, alarm: Alarm) {
        self.ending = None;
        self.alarmed(slo, seen, alarm, Some(IncidentChange::Reopened));
    }

    pub(super) fn resolve(&mut self, seen: &Observed, evidence: Evidence) {
        self.last_bad = self.last_bad.max(seen.last_bad);
        let burns = self.row.as_ref().map_or([None; 2], |(row, _)| seen.burns_of(*row));
        self.note(IncidentChange::Resolved, &seen.measured, None, burns);
        self.ending = Some(Arc::new(Ending { measured: seen.measured, evidence }));
    }

    /// Takes in what fires, with an entry if something has changed.
    fn alarmed(&mut self, slo: &Slo, seen: &Observed, alarm: Alarm, change: Option<IncidentChange>) {
        if self.row.as_ref().is_none_or(|(row, _)| *row != alarm.row) {
            self.row = Some((alarm.row, AlertRowStatus::new(slo, alarm.row)));
        }
        self.last_bad = self.last_bad.max(seen.last_bad);
        self.current = alarm.severity;
        self.severity = self.severity.max(alarm.severity);
        self.peak_burn = self.peak_burn.max(alarm.short_burn.get());
        if let Some(change) = change {
            self.told_burn = self.told_burn.max(alarm.short_burn.get());
            let burns = [Some(alarm.long_burn), Some(alarm.short_burn)];
            self.note(change, &seen.measured, Some(alarm.severity), burns);
        }
    }

    fn note(
        &mut self,
        change: IncidentChange,
        measured: &Measured,
        severity: Option<Severity>,
        burns: [Option<BurnRate>; 2],
    ) {
        let [long_burn, short_burn] = burns.map(|burn| burn.map(BurnRate::get));
        self.timeline.push(IncidentEntry {
            at: to_micros(measured.at),
            change,
            severity,
            row: self.row.as_ref().map(|(_, row)| row.clone()),
            long_burn,
            short_burn,
            budget_spent: measured.spent,
            events: self.events(measured),
        });
    }

    pub(crate) fn is_open(&self) -> bool {
        self.ending.is_none()
    }

    /// Returns the name of the report.
    pub(crate) fn id(&self, slo: &Slo) -> String {
        let began = self.start.at.unix_nanos() / 1_000_000_000;
        format!("{}-{began}", slo.name())
    }

    pub(crate) fn began(&self) -> Timestamp {
        self.start.at
    }

    /// Returns when it was over; if it is not, the end of time.
    pub(super) fn ended(&self) -> Timestamp {
        self.ending.as_ref().map_or(Timestamp::from_unix_nanos(u64::MAX), |ending| ending.measured.at)
    }

    /// Returns the long window of the row that fired last.
    pub(super) fn row_long(&self, slo: &Slo) -> Option<Duration> {
        let (row, _) = self.row.as_ref()?;
        Some(slo.alerts().rows().get(*row)?.long(slo.window()))
    }

    /// Returns what was measured at its end, if it is over.
    pub(crate) fn measured(&self) -> Option<Measured> {
        Some(self.ending.as_ref()?.measured)
    }

    /// Returns what was counted since it began, and the latencies: until its end, or until what is counted now.
    pub(crate) fn counted(&self, now: &Evidence) -> (Vec<SeriesCount>, Option<KeptCells>) {
        let end = self.ending.as_ref().map_or(now, |ending| &ending.evidence);
        (end.since(&self.start.evidence), end.latencies_since(&self.start.evidence))
    }

    /// Returns the events since it began, those of other processes with them.
    fn events(&self, measured: &Measured) -> Counts {
        let earlier = self.earlier.as_ref().map_or(Counts::default(), |earlier| earlier.events);
        let since = |now: u64, before: u64| now.saturating_sub(before);
        Counts {
            good: earlier.good + since(measured.totals.events.good, self.start.totals.events.good),
            bad: earlier.bad + since(measured.totals.events.bad, self.start.totals.events.bad),
        }
    }

    /// Says all of it.
    pub(crate) fn report(&self, service: &str, slo: &Slo, findings: Findings) -> IncidentReport {
        let Findings { measured, contributions, latencies } = findings;
        let events = self.events(&measured);
        let (contributions, contributions_other) = self.sorted(contributions);
        let listed: u64 = contributions.iter().map(|contribution| contribution.bad).sum();
        let unexplained = i128::from(events.bad) - i128::from(listed) - i128::from(contributions_other);
        let latency_during = latencies.as_ref().and_then(IncidentLatency::of);
        let latency_earlier = self.earlier.as_ref().and_then(|earlier| earlier.latency_during);
        IncidentReport {
            id: self.earlier.as_ref().map_or_else(|| self.id(slo), |earlier| earlier.id.clone()),
            service: service.to_owned(),
            slo: slo.name().to_owned(),
            sli: slo.sli().kind().to_owned(),
            objective: slo.objective().to_string(),
            threshold: slo.sli().threshold().map(|threshold| threshold.to_string()),
            window: slo.window().to_string(),
            labels: slo
                .labels()
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect::<BTreeMap<_, _>>(),
            severity: self.severity,
            began: to_micros(self.start.at),
            detected: to_micros(self.detected),
            last_bad: to_micros(self.last_bad),
            resolved: self.ending.as_ref().map(|ending| to_micros(ending.measured.at)),
            measured: to_micros(measured.at),
            peak_burn: self.peak_burn,
            events,
            budget: self.budget(slo, &measured),
            timeline: self.timeline.entries.clone(),
            timeline_left_out: self.timeline.left_out,
            contributions,
            contributions_other,
            contributions_unexplained: i64::try_from(unexplained).unwrap_or(i64::MAX),
            latency_before: self.latency_before,
            latency_during: latency_during.or(latency_earlier),
        }
    }

    /// Adds what other processes found, puts the most first and sums up what is beyond the maximum.
    fn sorted(&self, mut found: Vec<IncidentContribution>) -> (Vec<IncidentContribution>, u64) {
        let earlier = self.earlier.as_deref();
        for contribution in earlier.map_or(&[][..], |earlier| &earlier.contributions) {
            match found.iter_mut().find(|own| own.is_like(contribution)) {
                Some(own) => {
                    own.events += contribution.events;
                    own.bad += contribution.bad;
                }
                None => found.push(contribution.clone()),
            }
        }
        let order = |one: &IncidentContribution, other: &IncidentContribution| {
            let text =
                |own: &IncidentContribution| (own.route.clone(), own.status.clone(), own.error_type.clone());
            other.bad.cmp(&one.bad).then_with(|| text(one).cmp(&text(other)))
        };
        found.sort_by(order);
        let rest = found.split_off(found.len().min(IncidentReport::CONTRIBUTIONS_MAX));
        let rest: u64 = rest.iter().map(|contribution| contribution.bad).sum();
        (found, rest + earlier.map_or(0, |earlier| earlier.contributions_other))
    }

    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events, rounded beyond")]
    fn budget(&self, slo: &Slo, measured: &Measured) -> IncidentBudget {
        let bad = measured.totals.counted.since(self.start.totals.counted).bad;
        let earlier = self
            .earlier
            .as_ref()
            .and_then(|earlier| Some(earlier.budget.spent_by_incident? * earlier.budget.allowed?));
        let allowed = measured.allowed.filter(|allowed| *allowed > 0.0);
        IncidentBudget {
            unit: if slo.time_slices().is_some() { "slices" } else { "events" }.to_owned(),
            allowed: measured.allowed,
            spent_by_incident: allowed.map(|allowed| (bad as f64 + earlier.unwrap_or_default()) / allowed),
            spent: measured.spent,
            remaining: measured.spent.map(|spent| 1.0 - spent),
        }
    }
}
