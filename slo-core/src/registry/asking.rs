//! What a registry asks a Prometheus: what happened before it began, and what the whole fleet does.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::shared::Shared;
use super::status::{BurnRateStatus, burn_windows};
use super::{FleetStatus, RegistryBuilder, lock};
use crate::budget::{BurnRate, ErrorBudget};
use crate::objective::{Slo, Window, format_duration};
use crate::prometheus::{FleetCounts, FleetQuestion, Prometheus, read_history, traced};
use crate::sync::Mutex;
use crate::time::{Timestamp, nanos};
use crate::window::{Counts, Past};
use crate::worker::{Bell, Worker};

/// How long the last handle waits for a question that is under way: its answer would be of no use.
const PATIENCE: Duration = Duration::from_millis(50);

/// Whom a registry asks.
#[derive(Debug, Default)]
pub(super) struct Asking {
    restore: Option<Prometheus>,
    fleet: Option<Prometheus>,
    known: Mutex<Known>,
}

/// What was last answered about the fleet.
#[derive(Debug, Default)]
struct Known {
    at: Option<Timestamp>,
    /// By the index of the SLO, with the period it was asked about.
    slos: Vec<(FleetCounts, Duration)>,
    /// Why the last question was not answered.
    error: Option<String>,
}

/// An answer older than so many intervals is stale.
const STALE_AFTER: u32 = 3;

impl RegistryBuilder {
    /// Fills the windows with what a Prometheus has kept of `slo_events_total` and `slo_bad_events_total` from before the
    /// registry was built: for a service that is restarted and has no disk, or that has lost it.
    ///
    /// It is asked by a thread of its own, for thirty seconds at most ([`Prometheus::time_max`]), and only about the time before
    /// what a [`state_dir`](RegistryBuilder::state_dir) has kept, if that fills no window; until it has answered, and
    /// where it does not, [`SloStatus::coverage`](crate::SloStatus::coverage) says how much is known. Counters that were reset
    /// and gaps are told from what happened; what was counted after the last scrape of a process that has ended is lost. The
    /// matchers should name this process and its predecessors: with those of a whole fleet, its budget is the fleet's.
    /// Promises of [time slices](crate::TimeSlices) begin anew all the same.
    pub fn restore_from(mut self, prometheus: Prometheus) -> Self {
        self.asking.restore = Some(prometheus);
        self
    }
}

impl RegistryBuilder {
    /// Shows beside each SLO of this process what all processes of the service have counted together, as a Prometheus knows
    /// it: [`SloStatus::fleet`](crate::SloStatus::fleet), and `fleet` in `/slo`.
    ///
    /// It is asked each minute ([`Prometheus::interval`]) by a thread of its own; nobody who reads the status waits for it. An
    /// answer says how old it is. Alerts go by what this process has counted. Promises of [time slices](crate::TimeSlices)
    /// have no fleet: what counts are the slices of each process.
    pub fn fleet(mut self, prometheus: Prometheus) -> Self {
        self.asking.fleet = Some(prometheus);
        self
    }
}

impl Asking {
    /// Starts to ask. The threads end with the workers that are returned.
    pub(super) fn start(shared: &Arc<Shared>) -> io::Result<Vec<Worker>> {
        let mut workers = Vec::new();
        let asking = &shared.asking;
        if let Some(prometheus) = asking.restore.clone() {
            let shared = Arc::clone(shared);
            let work = move |bell: &Bell| shared.restore(&prometheus, bell);
            workers.push(Worker::start("slo-restore", Arc::default(), PATIENCE, work)?);
        }
        if let Some(prometheus) = asking.fleet.clone() {
            let shared = Arc::clone(shared);
            let work = move |bell: &Bell| {
                shared.look_at_fleet(&prometheus, bell);
                while !bell.wait(prometheus.wait()) {
                    shared.look_at_fleet(&prometheus, bell);
                }
            };
            workers.push(Worker::start("slo-fleet", Arc::default(), PATIENCE, work)?);
        }
        Ok(workers)
    }

    /// Returns what is known of an SLO's fleet; `None` if nobody is asked.
    pub(super) fn fleet(&self, index: usize, slo: &Slo, now: Timestamp) -> Option<FleetStatus> {
        let interval = self.fleet.as_ref().filter(|_| slo.time_slices().is_none())?.wait();
        let known = lock(&self.known);
        let age = known.at.map(|at| now - at);
        let (counts, period) = known.slos.get(index).cloned().unwrap_or_default();
        let whole = counts.counts.get(&period).copied();
        let rate = |counts: Option<&Counts>| BurnRate::new(slo.objective(), *counts?);
        let own = BurnRateStatus { window: slo.window().to_string(), rate: rate(whole.as_ref()) };
        let rolling = burn_windows(slo).into_iter().map(|window| BurnRateStatus {
            window: format_duration(nanos(window)),
            rate: rate(counts.counts.get(&window)),
        });
        let burn_rates = rolling.filter(|burn| burn.window != own.window).chain([own.clone()]).collect();
        Some(FleetStatus {
            at: known.at,
            age_seconds: age.map(|age| age.as_secs_f64()),
            stale: age.is_none_or(|age| age > interval.saturating_mul(STALE_AFTER)),
            error: known.error.clone(),
            processes: counts.processes,
            events: whole,
            sli_ratio: whole.and_then(Counts::good_ratio),
            budget_remaining_ratio: whole
                .and_then(|counts| ErrorBudget::new(slo.objective(), counts).remaining_ratio()),
            burn_rates,
            coverage: known.at.map(|_| counts.coverage),
        })
    }
}

impl Shared {
    fn restore(&self, prometheus: &Prometheus, bell: &Bell) {
        let reach = self.slos.iter().map(Slo::window).map(Window::reach).max().unwrap_or_default();
        let begins = lock(&self.engine).begins();
        let missing = reach.saturating_sub(self.clock.now() - begins);
        if missing.is_zero() {
            // The state that was saved fills every window.
            return;
        }
        let server = prometheus.name();
        traced::asking(server);
        let counts_events = |slo: &Slo| slo.time_slices().is_none();
        let names: Vec<_> = self.slos.iter().map(|slo| counts_events(slo).then(|| slo.name())).collect();
        match read_history(prometheus, &names, (begins, missing), || !bell.is_stopped()) {
            Ok(restored) => {
                lock(&self.engine).prepend(&restored.before);
                let slos = restored.before.histories.iter().filter(|points| !points.is_empty()).count();
                let watched = restored.before.watched.last().map_or(0, |(_, millis)| millis / 1_000);
                traced::restored(server, slos, restored.series, watched);
            }
            Err(why) => traced::failed(server, &why),
        }
    }

    fn look_at_fleet(&self, prometheus: &Prometheus, bell: &Bell) {
        let now = self.clock.now();
        let (questions, indices) = self.questions(now);
        // Its date is that of others: ours goes on evenly where the machine's was set, or the machine slept, meanwhile.
        let answer = prometheus.read_fleet(&questions, self.clock.date(), || !bell.is_stopped());
        if bell.is_stopped() {
            return;
        }
        let mut known = lock(&self.asking.known);
        match answer {
            Ok(answers) => {
                let failed = known.error.take().is_some();
                known.at = Some(now);
                known.slos = vec![Default::default(); self.slos.len()];
                for ((answer, question), index) in answers.into_iter().zip(&questions).zip(indices) {
                    known.slos[index] = (answer, question.period);
                }
                drop(known);
                if failed {
                    traced::fleet_known(prometheus.name());
                }
            }
            Err(why) => {
                let first = known.error.replace(why.kind()).is_none();
                drop(known);
                if first {
                    traced::fleet_unknown(prometheus.name(), &why);
                }
            }
        }
    }

    /// Returns what to ask, and about which SLOs.
    fn questions(&self, now: Timestamp) -> (Vec<FleetQuestion>, Vec<usize>) {
        let engine = lock(&self.engine);
        let now = engine.not_before_the_last_tick(now);
        let slos = self.slos.iter().enumerate().filter(|(_, slo)| slo.time_slices().is_none());
        let question = |(index, slo): (usize, &Slo)| {
            let elapsed = engine.past(index, now, Counts::default()).period().elapsed;
            // A period that has just begun has not been scraped yet.
            let period = Duration::from_secs(elapsed.as_secs().max(60));
            (FleetQuestion { name: slo.name().to_owned(), windows: burn_windows(slo), period }, index)
        };
        slos.map(question).unzip()
    }
}
