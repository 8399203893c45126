//! tonic: recorded services under their own names, and their health.

use tonic::server::NamedService;

use crate::health::GrpcHealth;
use crate::record::{GrpcMethods, Record};
use crate::registry::SloRegistry;

impl SloRegistry {
    /// Returns the service `grpc.health.v1.Health`, to be added to tonic's server.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use slo_tower::SloRegistry;
    /// use tonic::transport::Server;
    ///
    /// let slos = SloRegistry::builder("shop").build()?;
    /// let server = Server::builder().layer(slos.layer_grpc()).add_service(slos.grpc_health());
    /// # let _ = server;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn grpc_health(&self) -> GrpcHealth {
        GrpcHealth::new(self.health().clone())
    }
}

/// A recorded service keeps its name, so that a server of tonic takes it by itself, beside others that are not recorded.
///
/// ```
/// # use std::convert::Infallible;
/// # use std::future::{Ready, ready};
/// # use std::task::{Context, Poll};
/// # use tonic::body::Body;
/// # use tonic::server::NamedService;
/// # /// What tonic would write.
/// # #[derive(Clone)]
/// # struct ShopServer;
/// # impl NamedService for ShopServer {
/// #     const NAME: &'static str = "shop.Shop";
/// # }
/// # impl tower::Service<http::Request<Body>> for ShopServer {
/// #     type Response = http::Response<Body>;
/// #     type Error = Infallible;
/// #     type Future = Ready<Result<Self::Response, Infallible>>;
/// #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
/// #         Poll::Ready(Ok(()))
/// #     }
/// #     fn call(&mut self, _: http::Request<Body>) -> Self::Future {
/// #         ready(Ok(tonic::Status::unavailable("sold out").into_http()))
/// #     }
/// # }
/// use slo_tower::SloRegistry;
/// use tonic::service::Routes;
/// use tonic::transport::Server;
/// use tower::{Layer, ServiceExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let slos = SloRegistry::builder("shop").route("shop.Shop/Buy").build()?;
/// let server = Server::builder().add_service(slos.layer_grpc().layer(ShopServer));
/// # let _ = server;
///
/// // The same without a socket: tonic finds the service by its name, and the call is counted.
/// let routes = Routes::new(slos.layer_grpc().layer(ShopServer));
/// let call = http::Request::post("/shop.Shop/Buy").body(Body::empty())?;
/// assert_eq!(routes.oneshot(call).await?.headers()["grpc-status"], "14");
/// assert_eq!(slos.latency("shop.Shop/Buy").map(|latency| latency.count()), Some(1));
/// # Ok(())
/// # }
/// ```
impl<S: NamedService> NamedService for Record<S, GrpcMethods> {
    const NAME: &'static str = S::NAME;
}
