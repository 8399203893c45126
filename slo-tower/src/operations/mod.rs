//! Recording the calls of any tower service, each as an operation.
//!
//! What a process asks of others, and what it works off a queue, is no request that it answers: it has no route, and
//! its response is not sent to anybody. So a call has a name instead, and ends when the inner service has answered,
//! whatever is in the answer. One guard, an [`Attempt`](slo_core::Attempt), is started with the call and ended with it;
//! wherever it is dropped instead, the drop is the ending. What must never happen: a call that is counted twice or
//! not at all, a response, an error or a readiness that is changed, or a request around the call that is taken for
//! the call.

mod future;
mod judge;
mod name;
mod running;
mod service;

use slo_core::{Outcome, Recorder, Registry};
use tower_layer::Layer;

pub use self::future::RecordedOperation;
pub use self::judge::{ByResult, ByStatus, JudgeOperation};
pub use self::name::OperationName;
pub use self::service::RecordOperations;

/// Wraps services so that each call is recorded as an operation. Made by
/// [`SloRegistry::layer_operations`](crate::SloRegistry::layer_operations), where `C` is a [`Operations`].
///
/// The layer, and a service it was mounted on, keep the registry alive; clones of that service do not. Where only
/// clones remain, nothing is recorded: keep the [`SloRegistry`](crate::SloRegistry) for as long as you make calls.
#[derive(Clone, Debug)]
pub struct OperationLayer<C> {
    registry: Registry,
    operations: C,
}

/// What is known of the calls of a service: their names, and what their results mean.
#[derive(Clone, Copy, Debug)]
pub struct Operations<N, J = ByResult> {
    name: N,
    judge: J,
}

impl<N> OperationLayer<Operations<N>> {
    pub(crate) fn new(registry: Registry, name: N) -> Self {
        Self { registry, operations: Operations { name, judge: ByResult } }
    }

    /// Judges calls over HTTP by the head of the response, as [`ByStatus`] does: 500 and above is a failure.
    ///
    /// ```
    /// use http::{Request, Response};
    /// use slo_tower::{Objective, Sli, Slo, SloRegistry};
    /// use tower::{ServiceBuilder, ServiceExt, service_fn};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let slo = Slo::new("bank", Sli::Availability, Objective::parse("99%")?)?.with_operation("bank")?;
    /// let slos = SloRegistry::builder("shop").slo(slo).build()?;
    /// let client = ServiceBuilder::new()
    ///     .layer(slos.layer_operations(|_: &Request<()>| "bank").judged_by_status())
    ///     .service(service_fn(async |request: Request<()>| match request.uri().path() {
    ///         "/closed" => Response::builder().status(503).body(()),
    ///         _ => Response::builder().status(404).body(()),
    ///     }));
    /// client.clone().oneshot(Request::get("/closed").body(())?).await?;
    /// client.oneshot(Request::get("/nowhere").body(())?).await?;
    /// let bank = slos.status().slo("bank").expect("declared above").total;
    /// assert_eq!((bank.good, bank.bad), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn judged_by_status(self) -> OperationLayer<Operations<N, ByStatus>> {
        OperationLayer {
            registry: self.registry,
            operations: Operations { name: self.operations.name, judge: ByStatus },
        }
    }

    /// Decides how a call has ended that returned this result; otherwise [`ByResult`] does.
    ///
    /// It is cloned for each call, and asked once if that returns; [`outcome_of_error`](crate::outcome_of_error) tells it
    /// time-outs from failures. Operations have no status: a `Completed` with
    /// one of 500 or above is recorded as an error, with any other as success. Should it panic, the result decides,
    /// and is returned as it is.
    ///
    /// ```
    /// use std::convert::Infallible;
    /// use slo_tower::{Outcome, SloRegistry};
    ///
    /// /// What our carrier answers.
    /// enum Answer { Sent, QueueFull, Lost }
    ///
    /// let slos = SloRegistry::builder("shop").build()?;
    /// let layer = slos.layer_operations(|_parcel: &u64| "send").judged_by(
    ///     |result: &Result<Answer, Infallible>| match result {
    ///         Ok(Answer::Sent) => Outcome::Completed(0),
    ///         Ok(Answer::QueueFull) => Outcome::Shed(0),
    ///         Ok(Answer::Lost) | Err(_) => Outcome::InnerError,
    ///     },
    /// );
    /// # let _ = layer;
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    #[must_use]
    pub fn judged_by<T, E, J>(self, judge: J) -> OperationLayer<Operations<N, J>>
    where
        // Not `JudgeOperation`, which says as much: of a closure's lifetimes the compiler learns only from here.
        J: Fn(&Result<T, E>) -> Outcome + Clone,
    {
        OperationLayer {
            registry: self.registry,
            operations: Operations { name: self.operations.name, judge },
        }
    }
}

impl<C> OperationLayer<C> {
    fn recorder(&self) -> Recorder {
        self.registry.recorder()
    }
}

impl<S, C: Clone> Layer<S> for OperationLayer<C> {
    type Service = RecordOperations<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        RecordOperations::new(inner, self.clone())
    }
}
