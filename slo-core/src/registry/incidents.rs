//! Incidents: what becomes of an SLO while it alerts, from the counters of its series.
//!
//! At a tick every SLO is looked at under the engine's lock, which is a comparison of two numbers for those that are calm;
//! counters are read after that lock is left, and only for those of which an incident is suspected, begins or ends. The data
//! plane is not touched: it counts by route and outcome anyway, and an incident is a difference of two readings.
//!
//! What was counted before somebody suspected anything is in the `Ledger`. What an outcome means is asked of the classifier,
//! which is code of users, when a report is made, and outside of every lock.
//! What must never happen: a tick that reads everything at once because everything is down.

use std::sync::Arc;

use super::feeds::Feeds;
use super::goal::{Goal, Judgement};
use super::ledger::Ledger;
use super::route::RouteId;
use super::routes;
use super::shared::Shared;
use super::{Registry, lock};
use crate::engine::Engine;
use crate::histogram::{Histogram, KeptCells};
use crate::incident::{
    Evidence, Findings, IncidentContribution, IncidentReport, Life, Measured, Observed, Record, SeriesCount,
    Totals, When,
};
use crate::objective::{Slo, Threshold};
use crate::time::Timestamp;
use crate::window::Counts;

/// The incidents of a registry.
#[derive(Debug)]
pub(super) struct Incidents {
    lives: Box<[Life]>,
    /// The last tick, and the totals it saw.
    ticked: Timestamp,
    totals: Box<[Totals]>,
    /// The last tick that saw bad events, by SLO.
    last_bad: Box<[Timestamp]>,
    /// Reports that another process finished, newest first.
    imported: Vec<IncidentReport>,
}

impl Incidents {
    /// Reading latencies takes some ten microseconds an SLO; those beyond this maximum go without at a tick.
    const LATENCIES_MAX: usize = 32;

    /// Begins to look at `now`, from what the engine has counted so far: in earlier processes.
    pub(super) fn new(slos: &[Slo], engine: &Engine, now: Timestamp) -> Self {
        let counted = |slo| engine.counted(slo, Counts::default());
        let totals = |slo| Totals { events: Counts::default(), counted: counted(slo) };
        Self {
            lives: slos.iter().map(|_| Life::default()).collect(),
            ticked: now,
            totals: (0..slos.len()).map(totals).collect(),
            last_bad: vec![now; slos.len()].into(),
            imported: Vec::new(),
        }
    }

    /// Looks at every SLO after a tick of the engine, and returns what is worth a second look.
    pub(super) fn look(
        &mut self,
        engine: &Engine,
        slos: &[Slo],
        (now, totals): (Timestamp, &[Counts]),
    ) -> Vec<(usize, Observed)> {
        let now = engine.not_before_the_last_tick(now);
        let mut seen = Vec::new();
        for (index, (slo, alerts)) in slos.iter().zip(engine.alerts()).enumerate() {
            let events = totals[index];
            let totals = Totals { events, counted: engine.counted(index, events) };
            let before = (self.ticked, std::mem::replace(&mut self.totals[index], totals));
            if totals.events.bad != before.1.events.bad {
                self.last_bad[index] = now;
            }
            let states = (alerts.alarm(), self.lives[index].is_calm());
            let past = engine.past(index, now, totals.counted);
            let observed = Observed::of(slo, (now, totals), (before, self.last_bad[index]), states, &past);
            seen.extend(observed.map(|observed| (index, observed)));
        }
        self.ticked = now;
        seen
    }

    /// Moves the incidents on, reading what they need.
    pub(super) fn go_on(&mut self, shared: &Shared, ledger: &Ledger, seen: Vec<(usize, Observed)>) {
        let mut reader = Reader::new(shared);
        for (index, observed) in seen {
            let slo = &shared.slos[index];
            let before = self.lives[index].records().count();
            self.lives[index].tick(slo, &observed, |when| match when {
                When::Before => reader.evidence(index, Some(ledger)),
                When::Now => reader.evidence(index, None),
            });
            if self.lives[index].records().count() > before {
                self.trim(Some(index), slo.name());
            }
        }
    }

    /// Forgets the oldest reports of earlier processes that are too many beside those of this one. `slo` is the index of the
    /// SLO of that name, if there is one.
    fn trim(&mut self, slo: Option<usize>, name: &str) {
        let own = slo.map_or(0, |slo| self.lives[slo].records().count());
        let mut left = IncidentReport::REPORTS_MAX.saturating_sub(own);
        self.imported.retain(|report| {
            let is_kept = report.slo != name || left > 0;
            left = left.saturating_sub(usize::from(report.slo == name));
            is_kept
        });
    }
}

/// Reads what is counted for an SLO.
struct Reader<'a> {
    shared: &'a Shared,
    /// Worked out when somebody asks.
    feeds: Option<Feeds>,
    histogram: Histogram,
    latencies_left: usize,
}

impl<'a> Reader<'a> {
    fn new(shared: &'a Shared) -> Self {
        let histogram = Histogram::new(&shared.layout);
        Self { shared, feeds: None, histogram, latencies_left: Incidents::LATENCIES_MAX }
    }

    /// Returns the counts of an SLO's series, as they are or as the ledger has them, and its latencies as they are.
    fn evidence(&mut self, slo: usize, ledger: Option<&Ledger>) -> Evidence {
        let shared = self.shared;
        let feeds = self.feeds.get_or_insert_with(|| Feeds::of(shared));
        let threshold = shared.slos[slo].sli().threshold().map(Threshold::nanos);
        // Buckets up to that of the threshold, whose bound it is, hold what met it.
        let met = threshold.map_or(usize::MAX, |nanos| shared.layout.bucket(nanos).saturating_add(1));
        let mut counts = Vec::new();
        for series in feeds.series_of(slo) {
            let buckets = if let Some(ledger) = ledger {
                ledger.buckets(series)
            } else {
                self.histogram.clear();
                shared.add_buckets(series, &mut self.histogram);
                self.histogram.buckets()
            };
            let (in_time, slow) = buckets.split_at(met.min(buckets.len()));
            counts.push(SeriesCount { series, in_time: in_time.iter().sum(), slow: slow.iter().sum() });
        }
        Evidence::new(counts, self.latencies(slo))
    }

    fn latencies(&mut self, slo: usize) -> Option<KeptCells> {
        self.latencies_left = self.latencies_left.checked_sub(1)?;
        self.histogram.clear();
        for series in self.feeds.as_ref()?.series_of(slo) {
            self.shared.add_latencies(series, &mut self.histogram);
        }
        Some(self.histogram.kept())
    }
}

impl Registry {
    /// Returns what is known of every incident, newest first: of each SLO at most [`IncidentReport::REPORTS_MAX`].
    ///
    /// An incident opens when an alert of the SLO fires and ends when none does any more; what fires again within an hour
    /// continues it. While it lasts, its report counts up to now. Classifiers are asked what outcomes mean, on
    /// this thread.
    #[must_use]
    pub fn incidents(&self) -> Vec<IncidentReport> {
        self.incident_ids().iter().filter_map(|id| self.incident(id)).collect()
    }

    /// Returns the names of all incidents that are known, newest first.
    #[must_use]
    pub fn incident_ids(&self) -> Vec<String> {
        self.shared().incident_ids()
    }

    /// Returns what is known of one incident, or `None` if it is not known, or not any more.
    #[must_use]
    pub fn incident(&self, id: &str) -> Option<IncidentReport> {
        self.shared().incident(id)
    }

    /// Returns every report as JSON, by its name, for a place that outlives the process.
    ///
    /// ```
    /// use slo_core::Registry;
    /// let registry = Registry::builder("shop").build()?;
    /// let saved = registry.export_incidents();
    /// assert!(registry.import_incidents(saved).is_empty());
    /// # Ok::<(), slo_core::BuildError>(())
    /// ```
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "every key is a text")]
    pub fn export_incidents(&self) -> Vec<(String, Vec<u8>)> {
        let json = |report: &IncidentReport| serde_json::to_vec(report).expect("every key is a text");
        self.incidents().into_iter().map(|report| (report.id.clone(), json(&report))).collect()
    }

    /// Takes up reports that [`Registry::export_incidents`] made in another process; returns the names of those that
    /// cannot be read.
    ///
    /// One that was open goes on with the next tick, which resolves it if nothing fires any more. One whose SLO does not
    /// exist any more ends where it was last measured.
    pub fn import_incidents(&self, saved: impl IntoIterator<Item = (String, Vec<u8>)>) -> Vec<String> {
        saved
            .into_iter()
            .filter_map(|(id, json)| (!self.shared().take_up_json(&id, &json)).then_some(id))
            .collect()
    }
}

impl Shared {
    /// Returns the names of all incidents that are known, newest first.
    pub(super) fn incident_ids(&self) -> Vec<String> {
        let incidents = lock(&self.incidents);
        let mut ids: Vec<(Timestamp, String)> =
            incidents.imported.iter().map(|report| (report.began, report.id.clone())).collect();
        for (life, slo) in incidents.lives.iter().zip(&self.slos) {
            ids.extend(life.records().map(|record| (record.began(), record.id(slo))));
        }
        drop(incidents);
        ids.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        ids.dedup();
        ids.into_iter().map(|(_, id)| id).collect()
    }

    /// Returns what is known of one incident.
    pub(super) fn incident(&self, id: &str) -> Option<IncidentReport> {
        let incidents = lock(&self.incidents);
        let found = self.slos.iter().enumerate().find_map(|(index, slo)| {
            id.strip_prefix(slo.name())?;
            let record = incidents.lives[index].records().find(|record| record.id(slo) == id)?;
            Some((index, record.clone()))
        });
        let Some((slo, record)) = found else {
            return incidents.imported.iter().find(|report| report.id == id).cloned();
        };
        drop(incidents);
        Some(self.report(slo, &record))
    }

    /// Takes up a report that another process has saved; `false` if it cannot be read.
    pub(super) fn take_up_json(&self, id: &str, json: &[u8]) -> bool {
        let report = serde_json::from_slice::<IncidentReport>(json).ok().filter(|report| report.id == id);
        report.map(|report| self.take_up(report)).is_some()
    }

    /// Returns the name of each incident that is open, by the index of its SLO.
    pub(super) fn open_incidents(&self) -> Vec<(usize, String)> {
        let incidents = lock(&self.incidents);
        let open = incidents.lives.iter().zip(&self.slos).enumerate();
        open.filter_map(|(index, (life, slo))| Some((index, life.open_record()?.id(slo)))).collect()
    }

    /// Forgets the incidents of earlier processes that were over before then.
    #[cfg(feature = "store")]
    pub(super) fn forget_reports(&self, before: Timestamp) {
        let is_recent = |report: &IncidentReport| report.resolved.is_none_or(|resolved| resolved >= before);
        lock(&self.incidents).imported.retain(is_recent);
    }

    fn take_up(&self, mut report: IncidentReport) {
        let mut incidents = lock(&self.incidents);
        let slo = self.slos.iter().position(|slo| slo.name() == report.slo);
        if incidents.imported.iter().any(|known| known.id == report.id) {
            return;
        }
        match slo {
            Some(slo) if report.is_open() && incidents.lives[slo].open_record().is_none() => {
                let evidence = Reader::new(self).evidence(slo, None);
                let measured =
                    Measured { at: self.clock.now(), totals: incidents.totals[slo], ..Measured::default() };
                let name = report.slo.clone();
                incidents.lives[slo].carry_on(report, &measured, evidence);
                return incidents.trim(Some(slo), &name);
            }
            Some(_) | None => {}
        }
        report.resolved.get_or_insert(report.measured);
        let place = incidents.imported.partition_point(|known| known.began > report.began);
        let name = report.slo.clone();
        incidents.imported.insert(place, report);
        incidents.trim(slo, &name);
    }

    /// Reports an incident; of one that is open, up to now.
    fn report(&self, slo: usize, record: &Record) -> IncidentReport {
        let now = if record.is_open() { Reader::new(self).evidence(slo, None) } else { Evidence::default() };
        let (counted, latencies) = record.counted(&now);
        let measured = record.measured().unwrap_or_else(|| self.measured(slo));
        let goal = Goal::new(slo, &self.slos[slo]);
        let contributions = counted.iter().filter_map(|count| self.contribution(&goal, count)).collect();
        record.report(&self.service, &self.slos[slo], Findings { measured, contributions, latencies })
    }

    fn measured(&self, slo: usize) -> Measured {
        let events = self.totals()[slo].counts();
        let engine = lock(&self.engine);
        let now = engine.not_before_the_last_tick(self.clock.now());
        let totals = Totals { events, counted: engine.counted(slo, events) };
        Measured::new(&self.slos[slo], now, totals, &engine.past(slo, now, totals.counted))
    }

    /// Returns what the events of a series were for a promise; `None` if none of them was bad.
    fn contribution(&self, goal: &Goal, count: &SeriesCount) -> Option<IncidentContribution> {
        let series = self.routes.one_series(count.series)?;
        let route = Arc::clone(self.routes.get(series.route)?);
        let verdict = self.classify(RouteId::new(series.route), series.outcome.code())?;
        let bad_of = |nanos: u64, events: u64| {
            if goal.judge(verdict, nanos) == Judgement::Bad { events } else { 0 }
        };
        let bad = bad_of(0, count.in_time) + bad_of(u64::MAX, count.slow);
        let told = routes::told(series.protocol, series.outcome).map(|text| text.map(Into::into));
        (bad > 0).then(|| IncidentContribution::new(route.name(), told, [count.in_time + count.slow, bad]))
    }
}
