//! From a call to its result.

use std::future::Future;
use std::mem::take;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use slo_core::Attempt;

use super::judge::JudgeOperation;
use super::running::Running;

pin_project! {
    /// A call of a [`RecordOperations`](super::RecordOperations) service, under way. Dropped before it has returned, it counts as
    /// cancelled.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct RecordedOperation<F, J> {
        #[pin]
        inner: F,
        judge: J,
        // Out of here while the inner future runs, and when it has returned.
        attempt: Attempt,
    }
}

impl<F, J> RecordedOperation<F, J> {
    #[inline]
    pub(super) fn new(inner: F, judge: J, attempt: Attempt) -> Self {
        Self { inner, judge, attempt }
    }
}

impl<F, J, T, E> Future for RecordedOperation<F, J>
where
    F: Future<Output = Result<T, E>>,
    J: JudgeOperation<T, E>,
{
    type Output = Result<T, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let running = Running::enter(take(this.attempt));
        let polled = this.inner.poll(cx);
        let mut attempt = running.leave();
        match &polled {
            Poll::Pending => *this.attempt = attempt,
            Poll::Ready(result) if !attempt.is_ended() => attempt.end(this.judge.outcome(result)),
            Poll::Ready(_) => {}
        }
        polled
    }
}
