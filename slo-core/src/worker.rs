//! Threads that work beside the ticks: each tells, pushes or reads what may take long.
//!
//! OS threads, so that they go on while an async runtime stalls, which is when alerts matter. Each waits at a [`Bell`] until
//! there is something to do or it is asked to stop.
//! What must never happen: the last handle of a registry that waits for one of them longer than it was told to.

use std::io;
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::sync::{Condvar, Mutex, MutexGuard};
use crate::time::Clock;

/// A running thread. Dropped, it asks the thread to stop and waits for that, up to its patience; then it leaves it alone.
#[derive(Debug)]
pub(crate) struct Worker {
    bell: Arc<Bell>,
    patience: Duration,
    thread: Option<JoinHandle<()>>,
}

/// Workers that end together: all are asked before one is waited for.
#[derive(Debug, Default)]
pub(crate) struct Workers(pub(crate) Vec<Worker>);

impl Drop for Workers {
    fn drop(&mut self) {
        self.0.iter().for_each(Worker::stop);
        let clock = Clock::system();
        let begin = clock.now();
        for mut worker in self.0.drain(..) {
            // All of them had the time that was waited for one.
            worker.patience = worker.patience.saturating_sub(clock.now() - begin);
        }
    }
}

/// Where a worker waits, and where it is asked to stop.
#[derive(Debug, Default)]
pub(crate) struct Bell {
    state: Mutex<State>,
    woken: Condvar,
}

#[derive(Debug, Default)]
struct State {
    rung: bool,
    stopped: bool,
    abandoned: bool,
    ended: bool,
}

impl Worker {
    /// Starts `work`, which ends soon after the bell says that it is stopped.
    pub(crate) fn start(
        name: &str,
        bell: Arc<Bell>,
        patience: Duration,
        work: impl FnOnce(&Bell) + Send + 'static,
    ) -> io::Result<Self> {
        let own = Arc::clone(&bell);
        let run = move || {
            // Says so however the work ends, also by a panic.
            let ended = Ended(&own);
            work(ended.0);
        };
        let thread = thread::Builder::new().name(name.to_owned()).spawn(run)?;
        Ok(Self { bell, patience, thread: Some(thread) })
    }

    /// Asks the thread to stop, and does not wait for it.
    fn stop(&self) {
        self.bell.change(|state| state.stopped = true);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.stop();
        // The last handle may go on a worker's own thread; nobody can wait for itself.
        let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id())
        else {
            return;
        };
        if self.bell.wait_until(self.patience, |state| state.ended) {
            // A panic in there was reported when it happened.
            let _ = thread.join();
        } else {
            self.bell.change(|state| state.abandoned = true);
        }
    }
}

impl Bell {
    /// Wakes the worker.
    pub(crate) fn ring(&self) {
        self.change(|state| state.rung = true);
    }

    /// Waits until the bell rings, the worker is asked to stop, or this long; returns whether it is asked to stop.
    pub(crate) fn wait(&self, duration: Duration) -> bool {
        self.wait_until(duration, |state| state.rung || state.stopped);
        let mut state = self.lock();
        state.rung = false;
        state.stopped
    }

    /// Returns whether the worker is asked to stop.
    #[cfg(feature = "prometheus")]
    pub(crate) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Waits this long for nobody to wait for the worker any more, and returns whether that is so.
    #[cfg_attr(not(feature = "alertmanager"), allow(dead_code, reason = "only pushing goes on after it"))]
    pub(crate) fn is_abandoned_after(&self, duration: Duration) -> bool {
        self.wait_until(duration, |state| state.abandoned)
    }

    fn wait_until(&self, duration: Duration, holds: impl Fn(&State) -> bool) -> bool {
        let guard = self.lock();
        let waited = self.woken.wait_timeout_while(guard, duration, |state| !holds(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        holds(&state)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.woken.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Ended<'a>(&'a Bell);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.change(|state| state.ended = true);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const FOREVER: Duration = Duration::from_secs(3_600);

    #[test]
    fn a_worker_is_rung_stopped_and_waited_for() {
        let (bell, (sender, told)) = (Arc::new(Bell::default()), mpsc::channel());
        let worker = Worker::start("slo-test", Arc::clone(&bell), FOREVER, move |bell| {
            while !bell.wait(FOREVER) {
                sender.send("rung").expect("it is wanted");
            }
            sender.send("stopped").expect("it is wanted");
        });
        bell.ring();
        assert_eq!(told.recv(), Ok("rung"));
        drop(worker.expect("it starts"));
        assert_eq!(told.try_recv(), Ok("stopped"));
    }

    #[test]
    fn one_that_hangs_is_left_alone_and_one_that_panics_has_ended() {
        let (gate, (sender, told)) = (mpsc::channel::<()>(), mpsc::channel());
        let hangs = Worker::start("slo-test", Arc::default(), Duration::from_millis(1), move |bell| {
            assert!(gate.1.recv().is_err());
            sender.send(bell.is_abandoned_after(Duration::ZERO)).expect("it is wanted");
        });
        drop(hangs.expect("it starts"));
        drop(gate.0);
        assert_eq!(told.recv(), Ok(true));
        let panics = Worker::start("slo-test", Arc::default(), FOREVER, |_| panic!("as planned"));
        drop(panics.expect("it starts"));
    }
}
