//! Who is told of changes: the log, and functions of the user.
//!
//! What changed is queued under the lock of the state, so in the order in which it did, and told after that is left. Each
//! listener has a queue of its own, so that one that hangs holds up the thread that called it, but no other listener. One
//! thread tells a listener at a time; another one, or a listener that changes something itself, leaves what it has to that
//! one. So whoever keeps what it was told last keeps what is.

use std::collections::VecDeque;
use std::mem;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, PoisonError};

use super::monitor::HealthListener;
use super::status::HealthStatus;
use super::traced::trace;
use crate::sync::{Mutex, MutexGuard};

/// The listeners of a monitor and what they have not been told yet.
pub(super) struct Told(Box<[Teller]>);

/// One of them.
struct Teller {
    listener: HealthListener,
    outbox: Mutex<Outbox>,
}

#[derive(Default)]
struct Outbox {
    queue: VecDeque<Edge>,
    /// Whether some thread is telling.
    telling: bool,
}

#[derive(Clone)]
struct Edge {
    before: Arc<HealthStatus>,
    after: Arc<HealthStatus>,
}

impl Told {
    pub(super) fn new(listeners: Vec<HealthListener>) -> Self {
        let log: HealthListener = Box::new(trace);
        let all = [log].into_iter().chain(listeners);
        Self(all.map(|listener| Teller { listener, outbox: Mutex::new(Outbox::default()) }).collect())
    }

    /// Takes what to tell. May be called under the lock of the state: it takes its own ones for a moment.
    pub(super) fn queue(&self, before: Arc<HealthStatus>, after: Arc<HealthStatus>) {
        let edge = Edge { before, after };
        self.0.iter().for_each(|teller| teller.queue(edge.clone()));
    }

    /// Tells whatever is queued, unless another thread does. No lock may be held.
    pub(super) fn tell(&self) {
        self.0.iter().for_each(Teller::tell);
    }
}

impl Teller {
    /// While a listener hangs, changes beyond so many are told as one.
    const QUEUE_MAX: usize = 1_000;

    fn queue(&self, edge: Edge) {
        let queue = &mut self.outbox().queue;
        let is_full = queue.len() >= Self::QUEUE_MAX;
        match queue.back_mut() {
            Some(last) if is_full => last.after = edge.after,
            _ => queue.push_back(edge),
        }
    }

    fn tell(&self) {
        while let Some(Edge { before, after }) = self.take() {
            survive(|| (self.listener)(&before, &after));
            self.outbox().telling = false;
        }
    }

    fn take(&self) -> Option<Edge> {
        let mut outbox = self.outbox();
        if outbox.telling {
            return None;
        }
        let edge = outbox.queue.pop_front();
        outbox.telling = edge.is_some();
        edge
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        // Valid after every statement, also after a panic elsewhere.
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever panics has been told; the panic was reported when it happened.
fn survive(tell: impl FnOnce()) {
    if let Err(payload) = panic::catch_unwind(AssertUnwindSafe(tell)) {
        // Its destructor may panic as well, and nobody would be told anything any more.
        mem::forget(payload);
    }
}
