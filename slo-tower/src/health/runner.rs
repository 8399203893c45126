//! The thread that runs the checks.
//!
//! It has a small runtime of its own for checks that wait; one that blocks has a thread for each run, which nobody waits for
//! beyond its timeout. What must never happen: a check that hangs holds up another one, or the end of the process.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use slo_core::{CheckRun, Finding, Probe, Report, Run};
use tokio::runtime;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use super::Shared;
use super::systemd::Notifying;

/// Nothing is awaited for longer, so that a clock that was set by hand is noticed.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// Nor for less: a check whose moment has come all but a nanosecond need not spin.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// Runs checks until it is dropped.
#[derive(Debug)]
pub(super) struct Runner {
    stop: Arc<Notify>,
}

impl Runner {
    pub(super) fn start(shared: Arc<Shared>, notifying: Notifying) -> io::Result<Self> {
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let run = move || {
            runtime.block_on(async {
                tokio::select! {
                    () = run_due(&shared) => {}
                    () = notifying.run(&shared) => {}
                    () = stopped.notified() => {}
                }
            });
            // Whatever is under way is not waited for.
            runtime.shutdown_background();
        };
        thread::Builder::new().name("slo-health".into()).spawn(run)?;
        Ok(Self { stop })
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop.notify_one();
    }
}

async fn run_due(shared: &Arc<Shared>) {
    let ended = Arc::new(Notify::new());
    loop {
        let now = shared.clock.now();
        shared.monitor.expire(now);
        for run in shared.monitor.begin(now) {
            begin(shared, run, &ended, spawn);
        }
        let now = shared.clock.now();
        let wait = shared.monitor.next(now).map_or(WAIT_MAX, |next| next.since(now));
        tokio::select! {
            () = sleep(wait.clamp(WAIT_MIN, WAIT_MAX)) => {}
            // What has ended may be due again earlier than anything else.
            () = ended.notified() => {}
        }
    }
}

fn begin(shared: &Arc<Shared>, run: Run, ended: &Arc<Notify>, spawn: Spawn) {
    let (runs, ended) = (Arc::clone(shared), Arc::clone(ended));
    match run.probe().clone() {
        Probe::Waiting(probe) => {
            tokio::spawn(async move {
                run_waiting(&runs, run, &*probe).await;
                ended.notify_one();
            });
        }
        Probe::Blocking(probe) => {
            // Handed over once there is a thread: a run that nobody ends would be the last one of its check.
            let (give, take) = mpsc::sync_channel(1);
            let work = move || {
                if let Ok(run) = take.recv() {
                    run_blocking(&runs, run, &*probe);
                    ended.notify_one();
                }
            };
            match spawn(Box::new(work)) {
                Ok(()) => give.send(run).expect("the thread waits for it"),
                Err(error) => {
                    let report = Report::Fail(format!("there is no thread to run it: {error}"));
                    shared.monitor.end(run, report, shared.clock.now());
                }
            }
        }
    }
}

/// What gives a blocking run a thread.
type Spawn = fn(Box<dyn FnOnce() + Send>) -> io::Result<()>;

fn spawn(work: Box<dyn FnOnce() + Send>) -> io::Result<()> {
    thread::Builder::new().name("slo-check".into()).spawn(work).map(drop)
}

/// Runs what is due where it is called, and waits for all of it.
pub(super) async fn run_once(shared: &Shared) {
    shared.monitor.expire(shared.clock.now());
    let mut waiting: Vec<Pin<Box<dyn Future<Output = ()> + Send + '_>>> = Vec::new();
    for run in shared.monitor.begin(shared.clock.now()) {
        match run.probe().clone() {
            Probe::Waiting(probe) => {
                waiting.push(Box::pin(async move { run_waiting(shared, run, &*probe).await }));
            }
            Probe::Blocking(probe) => run_blocking(shared, run, &*probe),
        }
    }
    poll_fn(|context| {
        waiting.retain_mut(|run| run.as_mut().poll(context).is_pending());
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

async fn run_waiting(shared: &Shared, run: Run, probe: &(dyn Fn() -> CheckRun + Send + Sync)) {
    match timeout(run.rules().timeout(), Survivor::of(probe)).await {
        Ok(Some(finding)) => shared.monitor.end(run, finding, shared.clock.now()),
        Ok(None) => shared.monitor.end_panicked(run, shared.clock.now()),
        Err(_) => shared.monitor.end_timed_out(run, shared.clock.now()),
    }
}

fn run_blocking(shared: &Shared, run: Run, probe: &(dyn Fn() -> Finding + Send + Sync)) {
    match survive(probe) {
        Some(finding) => shared.monitor.end(run, finding, shared.clock.now()),
        None => shared.monitor.end_panicked(run, shared.clock.now()),
    }
}

/// A run that waits, whose panics are its result, also those of its destructor: whoever drops it has still to say how it
/// ended.
struct Survivor(Option<CheckRun>);

impl Survivor {
    fn of(probe: &(dyn Fn() -> CheckRun + Send + Sync)) -> Self {
        Self(survive(probe))
    }
}

impl Future for Survivor {
    /// None if it panics.
    type Output = Option<Finding>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(run) = &mut self.0 else { return Poll::Ready(None) };
        survive(|| run.as_mut().poll(context)).map_or(Poll::Ready(None), |poll| poll.map(Some))
    }
}

impl Drop for Survivor {
    fn drop(&mut self) {
        let run = self.0.take();
        survive(|| drop(run));
    }
}

/// Returns what `work` does; `None` if it panics.
fn survive<T>(work: impl FnOnce() -> T) -> Option<T> {
    // The destructor of what it panics with may panic as well, so it is not run.
    catch_unwind(AssertUnwindSafe(work)).map_err(mem::forget).ok()
}

#[cfg(test)]
#[path = "runner_tests.rs"]
mod tests;
