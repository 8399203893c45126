//! The recording layer: every request that enters is counted exactly once, whatever way it ends.
//!
//! One guard, an [`Attempt`](slo_core::Attempt), is started when the request enters, moved into the future
//! and from there into the body, and finished where the request ends. Wherever it is dropped instead, the drop
//! is the ending. The layer never changes a response: status, headers, bytes, trailers, size hints, readiness
//! and errors pass through.

mod body;
mod entered;
mod exclude;
mod future;
mod grpc;
mod grpc_body;
mod http;
mod protocol;
mod service;

use std::time::Duration;

use slo_core::{Recorder, Registry};
use tower_layer::Layer;

pub use self::body::{Deliver, ResponseBody};
pub(crate) use self::exclude::Exclude;
pub use self::future::ResponseFuture;
pub use self::grpc::GrpcMethods;
pub use self::grpc_body::GrpcBody;
pub use self::service::Record;

/// Wraps services so that every request is recorded. Made by [`SloRegistry::layer_with`](crate::SloRegistry::layer_with)
/// and, for axum, by `SloRegistry::layer`.
///
/// The layer, and a service it was mounted on, keep the registry alive; clones of that service, such as routers make
/// for each request, do not. Where only clones remain, nothing is recorded: keep the
/// [`SloRegistry`](crate::SloRegistry) or one of its endpoints for as long as you serve.
#[derive(Clone, Debug)]
pub struct SloLayer<R> {
    registry: Registry,
    route: R,
    exclude: Option<&'static Exclude>,
}

impl<R> SloLayer<R> {
    pub(crate) fn new(registry: Registry, route: R, exclude: Option<&'static Exclude>) -> Self {
        Self { registry, route, exclude }
    }

    pub(crate) fn recorder(&self) -> Recorder {
        self.registry.recorder()
    }
}

impl SloLayer<GrpcMethods> {
    /// Says how long the server itself lets a call take to its head: what tonic's `Server::timeout` was given.
    ///
    /// That time-out lies around all layers, and drops what it cuts off as if the client had cancelled. Where the layer
    /// knows of it, such a call counts as timed out, which is bad, and not as cancelled.
    ///
    /// ```
    /// use std::time::Duration;
    /// use slo_tower::SloRegistry;
    /// use tonic::transport::Server;
    ///
    /// const LIMIT: Duration = Duration::from_secs(5);
    /// let slos = SloRegistry::builder("shop").build()?;
    /// let server = Server::builder().timeout(LIMIT).layer(slos.layer_grpc().server_timeout(LIMIT));
    /// # let _ = server;
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    #[must_use]
    pub fn server_timeout(mut self, limit: Duration) -> Self {
        self.route = GrpcMethods::with_server_timeout(limit);
        self
    }
}

impl<S, R: Clone> Layer<S> for SloLayer<R> {
    type Service = Record<S, R>;

    fn layer(&self, inner: S) -> Self::Service {
        Record::new(inner, self.clone())
    }
}
