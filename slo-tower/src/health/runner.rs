//! The thread that runs the checks.
//!
//! It has a small runtime of its own for checks that wait; one that blocks has a thread for each run, which nobody waits for
//! beyond its timeout. What must never happen: a check that hangs holds up another one, or the end of the process.

use std::future::poll_fn;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use slo_core::{CheckRun, Finding, Probe, Run};
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
            begin(shared, run, &ended);
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

fn begin(shared: &Arc<Shared>, run: Run, ended: &Arc<Notify>) {
    let (shared, ended) = (Arc::clone(shared), Arc::clone(ended));
    match run.probe().clone() {
        Probe::Waiting(probe) => {
            tokio::spawn(async move {
                run_waiting(&shared, run, &*probe).await;
                ended.notify_one();
            });
        }
        Probe::Blocking(probe) => {
            let work = move || {
                run_blocking(&shared, run, &*probe);
                ended.notify_one();
            };
            // Without a thread the run stays in flight: the check times out, and is then unknown.
            let _ = thread::Builder::new().name("slo-check".into()).spawn(work);
        }
    }
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
    match timeout(run.rules().timeout(), survive(probe)).await {
        Ok(Some(finding)) => shared.monitor.end(run, finding, shared.clock.now()),
        Ok(None) => shared.monitor.end_panicked(run, shared.clock.now()),
        Err(_) => shared.monitor.end_timed_out(run, shared.clock.now()),
    }
}

fn run_blocking(shared: &Shared, run: Run, probe: &(dyn Fn() -> Finding + Send + Sync)) {
    match catch_unwind(AssertUnwindSafe(probe)) {
        Ok(finding) => shared.monitor.end(run, finding, shared.clock.now()),
        Err(_) => shared.monitor.end_panicked(run, shared.clock.now()),
    }
}

/// Runs a probe to its end; `None` if it panics.
async fn survive(probe: &(dyn Fn() -> CheckRun + Send + Sync)) -> Option<Finding> {
    let run = catch_unwind(AssertUnwindSafe(probe)).ok()?;
    let mut run = pin!(run);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(context))) {
        Ok(poll) => poll.map(Some),
        Err(_) => Poll::Ready(None),
    })
    .await
}
