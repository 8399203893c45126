//! The thread that ticks.
//!
//! An OS thread of its own, so that budgets stay live while the async runtime is stalled, which is when they
//! matter. It holds the shared body of the registry, not a handle: the last handle stops and joins it.

use std::io;
use std::sync::{Arc, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::lock;
use super::shared::Shared;
use crate::sync::{Condvar, Mutex};
use crate::time::nanos;

/// A running driver; stops when dropped.
#[derive(Debug)]
pub(super) struct Driver {
    stop: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Stop {
    asked: Mutex<bool>,
    woken: Condvar,
}

impl Driver {
    /// Starts ticking at every whole multiple of `interval`.
    pub(super) fn start(shared: Arc<Shared>, interval: Duration) -> io::Result<Self> {
        let stop = Arc::new(Stop::default());
        let seen = Arc::clone(&stop);
        let run = move || {
            while !seen.wait(until_next(nanos(interval).max(1), shared.clock.now().unix_nanos())) {
                shared.tick(shared.clock.now());
            }
        };
        let thread = thread::Builder::new().name("slo-tick".into()).spawn(run)?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

/// Samples are taken at round moments, where the windows begin.
fn until_next(interval: u64, now: u64) -> Duration {
    Duration::from_nanos(interval - now % interval)
}

impl Stop {
    /// Waits this long; `true` as soon as the driver is asked to stop.
    fn wait(&self, duration: Duration) -> bool {
        let asked = lock(&self.asked);
        let result = self.woken.wait_timeout_while(asked, duration, |asked| !*asked);
        *result.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        *lock(&self.stop.asked) = true;
        self.stop.woken.notify_all();
        // The last handle may go on the driver's own thread; nobody can join itself.
        if let Some(thread) =
            self.thread.take().filter(|thread| thread.thread().id() != thread::current().id())
        {
            // A panic in there was reported when it happened.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_fall_on_multiples_of_the_interval() {
        assert_eq!(until_next(10, 23), Duration::from_nanos(7));
        assert_eq!(until_next(10, 20), Duration::from_nanos(10));
    }
}
