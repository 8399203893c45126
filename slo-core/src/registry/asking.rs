//! What a registry asks a Prometheus: what happened before it began.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::shared::Shared;
use super::{RegistryBuilder, lock};
use crate::objective::{Slo, Window};
use crate::prometheus::{Prometheus, read_history, traced};
use crate::worker::{Bell, Worker};

/// How long the last handle waits for a question that is under way: its answer would be of no use.
const PATIENCE: Duration = Duration::from_millis(50);

/// Whom a registry asks.
#[derive(Debug, Default)]
pub(super) struct Asking {
    restore: Option<Prometheus>,
}

impl RegistryBuilder {
    /// Fills the windows with what a Prometheus has kept of `slo_events_total` and `slo_bad_events_total` from before the
    /// registry was built: for a service that is restarted and has no disk, or that has lost it.
    ///
    /// It is asked by a thread of its own, for thirty seconds at most ([`Prometheus::time_max`]); until it has answered, and
    /// where it does not, [`SloStatus::coverage`](crate::SloStatus::coverage) says how much is known. Counters that were reset
    /// and gaps are told from what happened; what was counted after the last scrape of a process that has ended is lost. The
    /// matchers should name this process and its predecessors: with those of a whole fleet, its budget is the fleet's.
    /// Promises of [time slices](crate::TimeSlices) begin anew all the same.
    pub fn restore_from(mut self, prometheus: Prometheus) -> Self {
        self.asking.restore = Some(prometheus);
        self
    }
}

impl Asking {
    /// Starts to ask. The threads end with the workers that are returned.
    pub(super) fn start(&self, shared: &Arc<Shared>) -> io::Result<Vec<Worker>> {
        let start = |prometheus: &Prometheus| {
            let (shared, prometheus) = (Arc::clone(shared), prometheus.clone());
            Worker::start("slo-restore", Arc::default(), PATIENCE, move |bell| {
                shared.restore(&prometheus, bell);
            })
        };
        self.restore.iter().map(start).collect()
    }
}

impl Shared {
    fn restore(&self, prometheus: &Prometheus, bell: &Bell) {
        let server = prometheus.name();
        traced::asking(server);
        let counts_events = |slo: &Slo| slo.time_slices().is_none();
        let names: Vec<_> = self.slos.iter().map(|slo| counts_events(slo).then(|| slo.name())).collect();
        let reach = self.slos.iter().map(Slo::window).map(Window::reach).max().unwrap_or_default();
        let begins = lock(&self.engine).begins();
        match read_history(prometheus, &names, (begins, reach), || !bell.is_stopped()) {
            Ok(restored) => {
                lock(&self.engine).prepend(&restored.before);
                let slos = restored.before.histories.iter().filter(|points| !points.is_empty()).count();
                let watched = restored.before.watched.last().map_or(0, |(_, millis)| millis / 1_000);
                traced::restored(server, slos, restored.series, watched);
            }
            Err(why) => traced::failed(server, &why),
        }
    }
}
