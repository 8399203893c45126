//! Who is told of alerts: the log, and functions of the user.
//!
//! What changed is queued while the engine is locked, so in the order of the ticks, and told by whoever ticks, after
//! every lock is left. One thread tells at a time: another one that ticks meanwhile, or a listener that ticks itself,
//! leaves what it has to that one. So nobody is told twice, or of an end before its beginning.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::panic::{self, AssertUnwindSafe};

use super::lock;
use crate::alert::{AlertTransition, trace};
use crate::sync::Mutex;

type Listener = Box<dyn Fn(&AlertTransition) + Send + Sync>;

/// The listeners of a registry and what they have not been told yet.
#[derive(Default)]
pub(super) struct Listeners {
    listeners: Vec<Listener>,
    outbox: Mutex<Outbox>,
}

#[derive(Default)]
struct Outbox {
    /// At most two for each SLO and tick. It is emptied at every tick, unless a listener hangs, which stops a ticking
    /// thread too.
    queue: VecDeque<AlertTransition>,
    /// Whether some thread is telling.
    telling: bool,
}

impl Listeners {
    pub(super) fn add(&mut self, listener: impl Fn(&AlertTransition) + Send + Sync + 'static) {
        self.listeners.push(Box::new(listener));
    }

    /// Takes what to tell. May be called under the lock of the engine: it takes its own for a moment.
    pub(super) fn queue(&self, transition: AlertTransition) {
        lock(&self.outbox).queue.push_back(transition);
    }

    /// Tells whatever is queued, unless another thread does. No lock may be held.
    pub(super) fn tell(&self, service: &str) {
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
