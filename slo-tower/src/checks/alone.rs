//! Work that blocks and cannot be interrupted: to resolve a name, to read what is trusted.
//!
//! A run that is given up leaves such work behind. The next one waits for it instead of beginning more.
//! What must never happen: a resolver that hangs takes a thread with each run, until there is none for anybody.

use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;

/// At most one thread, whatever becomes of those who wait for it. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Alone(Arc<Mutex<()>>);

impl Alone {
    /// Runs `work` on a thread of its own, once that of before has ended.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let turn = Arc::clone(&self.0).lock_owned().await;
        let done = spawn_blocking(move || {
            let done = work();
            // The thread has it, and not who waits: its turn ends with the work.
            drop(turn);
            done
        });
        done.await.unwrap_or_else(|error| Err(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc;
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn what_is_left_behind_takes_one_thread() {
        let (alone, started) = (Alone::default(), Arc::new(AtomicU32::new(0)));
        let (release, held) = mpsc::channel::<()>();
        let count = || {
            let started = Arc::clone(&started);
            // Relaxed: a lone number.
            move || started.fetch_add(1, Ordering::Relaxed)
        };
        let start = count();
        let hangs = alone.run(move || {
            start();
            held.recv().map_err(|error| error.to_string())
        });
        // Polled once: enough to begin.
        timeout(Duration::ZERO, hangs).await.expect_err("it hangs");
        for _ in 0..20 {
            let start = count();
            let waits = alone.run(move || Ok(start()));
            timeout(Duration::from_millis(1), waits).await.expect_err("it waits for its turn");
        }
        drop(release);
        let start = count();
        assert_eq!(alone.run(move || Ok(start())).await, Ok(1), "one has begun before");
        let ended: Result<(), _> = alone.run(|| Err("no".to_owned())).await;
        assert_eq!(ended, Err("no".to_owned()));
    }
}
