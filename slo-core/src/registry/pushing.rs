//! Who pushes alerts: the Alertmanagers of a registry, told at every tick what fires.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use super::RegistryBuilder;
use crate::alertmanager::{Alertmanager, Firing, Mailbox};
use crate::budget::Exhaustion;
use crate::engine::Engine;
use crate::objective::Slo;
use crate::time::{Clock, Timestamp};
use crate::window::Counts;
use crate::worker::Worker;

/// The Alertmanagers of a registry; their threads once it is built.
#[derive(Debug, Default)]
pub(crate) struct Pushing {
    configured: Vec<Alertmanager>,
    mailboxes: Vec<Arc<Mailbox>>,
}

impl RegistryBuilder {
    /// Pushes every alert to an Alertmanager, or to all of a cluster; more than one may be given.
    ///
    /// A thread for each sends what the ticks hand over, whoever ticks; see [`Alertmanager`]. What still fires when the last
    /// handle goes is resolved, which that handle waits for, two seconds at most.
    pub fn alertmanager(mut self, alertmanager: Alertmanager) -> Self {
        self.pushing.configured.push(alertmanager);
        self
    }
}

impl Pushing {
    /// Starts to push for a service with so many SLOs. The threads end with the workers that are returned.
    pub(super) fn start(&mut self, service: (&str, usize), clock: &Clock) -> io::Result<Vec<Worker>> {
        let mut workers = Vec::new();
        for alertmanager in self.configured.drain(..) {
            for (mailbox, worker) in Mailbox::start(alertmanager, service, clock)? {
                self.mailboxes.push(mailbox);
                workers.push(worker);
            }
        }
        Ok(workers)
    }

    /// Hands over what fires after a tick. Called under the lock of the engine, so in the order of the ticks.
    pub(super) fn observe(&self, engine: &Engine, slos: &[Slo], totals: &[Counts], now: Timestamp) {
        if self.mailboxes.is_empty() {
            return;
        }
        let now = engine.not_before_the_last_tick(now);
        let mut firing = Vec::new();
        for (index, (slo, states)) in slos.iter().zip(engine.alerts()).enumerate() {
            for status in states.statuses(slo).into_iter().filter(|status| status.active) {
                let past = engine.past(index, now, engine.counted(index, totals[index]));
                let exhaustion = Exhaustion::forecast(slo.objective(), slo.window(), &past);
                firing.push(Firing { index, slo, status, exhaustion });
            }
        }
        self.mailboxes.iter().for_each(|mailbox| mailbox.observe(now, &firing));
    }

    /// Visits how many alerts were sent to each address, by their result.
    pub(crate) fn each_result(&self, mut visit: impl FnMut(&str, &str, u64)) {
        let mut sums = BTreeMap::<_, u64>::new();
        for delivered in self.mailboxes.iter().map(|mailbox| mailbox.delivered()) {
            for (result, count) in delivered.results {
                *sums.entry((delivered.alertmanager.clone(), result)).or_default() += count;
            }
        }
        sums.iter().for_each(|((alertmanager, result), count)| visit(alertmanager, result, *count));
    }

    /// Visits how many alerts wait for each address.
    pub(crate) fn each_queue(&self, mut visit: impl FnMut(&str, usize)) {
        let mut sums = BTreeMap::<_, usize>::new();
        for delivered in self.mailboxes.iter().map(|mailbox| mailbox.delivered()) {
            *sums.entry(delivered.alertmanager).or_default() += delivered.queued;
        }
        sums.iter().for_each(|(alertmanager, queued)| visit(alertmanager, *queued));
    }
}
