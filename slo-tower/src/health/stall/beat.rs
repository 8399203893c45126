//! A task that answers whenever it is asked, and by that shows that its runtime polls tasks.
//!
//! It is woken from outside and by no timer of the runtime: a timer would move a clock that a test has paused.
//! What must never happen: a task that outlives who asks, or keeps a runtime from ending.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use slo_core::{Clock, Timestamp};
use tokio::runtime::Handle;
use tokio::sync::Notify;

use super::watch::Answers;

/// What a task shares with who asks it.
#[derive(Debug)]
pub(super) struct Beat {
    asked: Notify,
    /// Nobody will ask any more.
    is_closed: AtomicBool,
    answers: AtomicU64,
    /// In nanoseconds.
    last: AtomicU64,
    /// The task is no more: its runtime has ended, or it has ended as it was told.
    is_over: AtomicBool,
}

impl Beat {
    /// Starts a task on a runtime. One that has ended drops it at once.
    pub(super) fn start(runtime: &Handle, clock: Clock) -> Arc<Self> {
        let beat = Arc::new(Self {
            asked: Notify::new(),
            is_closed: AtomicBool::new(false),
            answers: AtomicU64::new(0),
            last: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        });
        let own = Own(Arc::clone(&beat));
        runtime.spawn(async move { own.answer(&clock).await });
        beat
    }

    /// Asks the task to answer. It must have answered before: two questions at a time may get one answer.
    pub(super) fn ask(&self) {
        self.asked.notify_one();
    }

    /// Returns what it has answered; `None` if it is no more.
    pub(super) fn answers(&self) -> Option<Answers> {
        // Relaxed: a lone flag; nothing is read because of it.
        let is_over = self.is_over.load(Ordering::Relaxed);
        // Acquire: the moment below is that of this answer, or of a later one; see `Own::answer`.
        let count = self.answers.load(Ordering::Acquire);
        // Relaxed: the count orders it.
        let last = Timestamp::from_unix_nanos(self.last.load(Ordering::Relaxed));
        (!is_over).then_some(Answers { count, last })
    }

    /// Ends the task.
    pub(super) fn close(&self) {
        // Relaxed: the notification orders it before the task looks.
        self.is_closed.store(true, Ordering::Relaxed);
        self.asked.notify_one();
    }
}

/// The task's end of it, dropped with the task.
struct Own(Arc<Beat>);

impl Own {
    async fn answer(&self, clock: &Clock) {
        loop {
            self.0.asked.notified().await;
            // Relaxed: see `Beat::close`.
            if self.0.is_closed.load(Ordering::Relaxed) {
                return;
            }
            // Relaxed: published by the count.
            self.0.last.store(clock.now().unix_nanos(), Ordering::Relaxed);
            // Release: publishes the moment to the Acquire load in `Beat::answers`.
            self.0.answers.fetch_add(1, Ordering::Release);
        }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        // Relaxed: a lone flag; nothing is read because of it.
        self.0.is_over.store(true, Ordering::Relaxed);
    }
}
