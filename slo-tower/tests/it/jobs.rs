//! Jobs that end as they are asked to, and a registry with promises about them.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use slo_tower::{Clock, Objective, Sli, Slo, SloRegistry, Threshold, Timestamp};

use crate::support::samples;

/// How a call is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    Succeed,
    Fail,
    PanicInCall,
    PanicInPoll,
    NeverEnd,
    /// Not recorded.
    Ping,
}

pub(crate) use Job::{Fail, NeverEnd, PanicInCall, PanicInPoll, Ping, Succeed};

impl Job {
    pub(crate) fn name(&self) -> Option<&'static str> {
        (*self != Ping).then_some("job")
    }
}

pub(crate) type Work = Pin<Box<dyn Future<Output = Result<u8, String>> + Send>>;

/// Ends each job as it asks to, with the second poll.
pub(crate) fn work(job: Job) -> Work {
    assert!(job != PanicInCall, "asked to");
    let mut polls = 0;
    Box::pin(poll_fn(move |_| {
        polls += 1;
        match job {
            _ if polls == 1 => Poll::Pending,
            Succeed | Ping => Poll::Ready(Ok(7)),
            Fail => Poll::Ready(Err("asked to".into())),
            PanicInCall | PanicInPoll => panic!("asked to"),
            NeverEnd => Poll::Pending,
        }
    }))
}

/// A registry whose operation `job` promises availability, latency and both, under 100 ms.
pub(crate) fn registry() -> (SloRegistry, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let threshold = Threshold::literal("100ms");
    let mut builder = SloRegistry::builder("test").clock(clock.clone());
    for sli in [Sli::Availability, Sli::Latency { threshold }, Sli::Combined { threshold }] {
        let slo = Slo::new(format!("job-{}", sli.kind()), sli, Objective::literal("99%")).unwrap();
        builder = builder.slo(slo.with_operation("job").unwrap());
    }
    (builder.build().unwrap(), clock)
}

/// What has ended: the operation, how it failed, and how often.
pub(crate) fn ended(slos: &SloRegistry) -> Vec<String> {
    let short = |sample: String| {
        let (labels, count) = sample.rsplit_once(' ').unwrap();
        let values: Vec<&str> = labels.split('"').skip(1).step_by(2).collect();
        format!("{} ×{count}", values.join(" ").trim_end())
    };
    let mut ended: Vec<_> =
        samples(slos, "slo_operation_duration_seconds_count").into_iter().map(short).collect();
    ended.sort();
    ended
}

/// Calls under way, of all operations.
pub(crate) fn active(slos: &SloRegistry) -> Vec<String> {
    samples(slos, "slo_operation_active")
}

pub(crate) fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls until the second time, as often as a job needs. Whoever catches its panic keeps the future.
pub(crate) fn drive<F: Future>(mut future: Pin<&mut F>) -> Option<F::Output> {
    for _ in 0..2 {
        let polled = catch_unwind(AssertUnwindSafe(|| poll(future.as_mut())));
        if let Ok(Poll::Ready(output)) = polled {
            return Some(output);
        }
    }
    None
}
