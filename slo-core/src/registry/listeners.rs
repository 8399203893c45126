//! Who is told of alerts: the log, and functions of the user.
//!
//! What changed is queued while the engine is locked, so in the order of the ticks, and told after every lock is left: by
//! a thread of its own where the registry was started, so that a listener that hangs stops no tick, and otherwise by whoever
//! ticks. One thread tells at a time: another one that ticks meanwhile, or a listener that ticks itself, leaves what it
//! has to that one. So nobody is told twice, or of an end before its beginning.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::time::Duration;

use super::lock;
use super::shared::Shared;
use crate::alert::{AlertTransition, trace};
use crate::sync::Mutex;
use crate::worker::{Bell, Worker};

/// So many changes wait for their listeners, or four of each SLO: what one tick and the next can see. The oldest are dropped.
const QUEUE_MAX: usize = 1_024;
/// How long the last handle waits for listeners that are being told.
const PATIENCE: Duration = Duration::from_secs(2);
/// Until the bell rings.
const IDLE: Duration = Duration::from_secs(3_600);

type Listener = Box<dyn Fn(&AlertTransition) + Send + Sync>;

/// The listeners of a registry and what they have not been told yet.
#[derive(Default)]
pub(super) struct Listeners {
    listeners: Vec<Listener>,
    outbox: Mutex<Outbox>,
}

#[derive(Default)]
struct Outbox {
    queue: VecDeque<AlertTransition>,
    dropped: u64,
    /// Whether some thread is telling.
    telling: bool,
    /// Where the thread waits that tells; none if whoever ticks does.
    bell: Option<Arc<Bell>>,
}

impl Listeners {
    pub(super) fn add(&mut self, listener: impl Fn(&AlertTransition) + Send + Sync + 'static) {
        self.listeners.push(Box::new(listener));
    }

    /// Leaves the telling to a thread of its own, which ends with the worker that is returned and tells before what is
    /// queued.
    pub(super) fn start(shared: &Arc<Shared>) -> io::Result<Worker> {
        let (own, bell) = (Arc::clone(shared), Arc::<Bell>::default());
        let run = move |bell: &Bell| {
            while !bell.wait(IDLE) {
                own.listeners().tell_all(&own.service);
            }
            own.listeners().tell_all(&own.service);
        };
        let worker = Worker::start("slo-alerts", Arc::clone(&bell), PATIENCE, run)?;
        lock(&shared.listeners().outbox).bell = Some(bell);
        Ok(worker)
    }

    /// Takes what to tell. May be called under the lock of the engine: it takes its own for a moment.
    pub(super) fn queue(&self, transition: AlertTransition, slos: usize) {
        let mut outbox = lock(&self.outbox);
        outbox.queue.push_back(transition);
        if outbox.queue.len() > QUEUE_MAX.max(4 * slos) {
            outbox.queue.pop_front();
            outbox.dropped += 1;
        }
    }

    /// Tells whatever is queued, or has it told. No lock may be held.
    pub(super) fn tell(&self, service: &str) {
        let outbox = lock(&self.outbox);
        let (any, bell) = (!outbox.queue.is_empty(), outbox.bell.clone());
        drop(outbox);
        match bell {
            Some(bell) if any => bell.ring(),
            Some(_) => {}
            None => self.tell_all(service),
        }
    }

    /// Returns how many changes nobody was told of, because listeners took too long.
    pub(super) fn dropped(&self) -> u64 {
        lock(&self.outbox).dropped
    }

    /// Tells whatever is queued, unless another thread does.
    fn tell_all(&self, service: &str) {
        while let Some(transition) = self.take() {
            survive(|| trace(service, &transition));
            self.listeners.iter().for_each(|listener| survive(|| listener(&transition)));
            lock(&self.outbox).telling = false;
        }
    }

    fn take(&self) -> Option<AlertTransition> {
        let mut outbox = lock(&self.outbox);
        if outbox.telling {
            return None;
        }
        let transition = outbox.queue.pop_front();
        outbox.telling = transition.is_some();
        transition
    }
}

/// Whoever panics has been told; the panic was reported when it happened.
fn survive(tell: impl FnOnce()) {
    if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(tell)) {
        // Its destructor may panic as well, and nobody would be told anything any more.
        mem::forget(payload);
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listeners").field(&self.listeners.len()).finish()
    }
}
