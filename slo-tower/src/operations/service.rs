//! The service that records calls.

use std::task::{Context, Poll};

use slo_core::{Attempt, Recorder, Registry};
use tower_service::Service;

use super::judge::JudgeOperation;
use super::running::Running;
use super::{OperationLayer, OperationName, Operations, RecordedOperation};

/// Records every call of the inner service as an operation. Made by [`OperationLayer`].
#[derive(Debug)]
pub struct RecordOperations<S, C> {
    inner: S,
    operations: C,
    recorder: Recorder,
    /// Keeps the registry alive for as long as the service is mounted. Clients are cloned for every call; a clone
    /// holds none, so that no two threads share a reference count.
    _mounted: Option<Registry>,
}

impl<S, C> RecordOperations<S, C> {
    pub(super) fn new(inner: S, layer: OperationLayer<C>) -> Self {
        Self {
            inner,
            recorder: layer.recorder(),
            operations: layer.operations,
            _mounted: Some(layer.registry),
        }
    }
}

impl<S: Clone, C: Clone> Clone for RecordOperations<S, C> {
    #[inline]
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            operations: self.operations.clone(),
            recorder: self.recorder,
            _mounted: None,
        }
    }
}

impl<S, N, K, J, Request> Service<Request> for RecordOperations<S, Operations<N, J>>
where
    S: Service<Request>,
    N: Fn(&Request) -> K,
    K: OperationName,
    J: JudgeOperation<S::Response, S::Error> + Clone,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = RecordedOperation<S::Future, J>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    #[inline]
    fn call(&mut self, request: Request) -> Self::Future {
        // Unlike a layer around requests, this one never looks at what is around it: a call that a request makes is an
        // event besides that request, and not the same one.
        let attempt = match (self.operations.name)(&request).name() {
            Some(name) => self.recorder.operation(name),
            None => Attempt::default(),
        };
        let running = Running::enter(attempt);
        let inner = self.inner.call(request);
        RecordedOperation::new(inner, self.operations.judge.clone(), running.leave())
    }
}
