//! How a service ends.

use std::future::IntoFuture;

use super::SloRegistry;
use crate::health::DrainLayer;

impl SloRegistry {
    /// Runs servers until they end by themselves, or until what is under way when the service drains has taken longer than
    /// it [may](super::SloRegistryBuilder::drain_timeout): then `None`, and the servers are dropped.
    ///
    /// Servers that shut down gracefully wait for the last request, and for one that never ends they wait for ever.
    ///
    /// ```no_run
    /// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    /// use slo_tower::SloRegistry;
    ///
    /// let slos = SloRegistry::builder("shop").start()?;
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    /// let app = slos.routes().layer(slos.layer_drain());
    /// let server = axum::serve(listener, app).with_graceful_shutdown(slos.health().drained());
    /// if slos.serve_until_drained(server).await.transpose()?.is_none() {
    ///     eprintln!("gave up on requests that did not end");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn serve_until_drained<S: IntoFuture>(&self, servers: S) -> Option<S::Output> {
        tokio::select! {
            // The servers first: what has ended has ended, also at the last moment.
            biased;
            ended = servers.into_future() => Some(ended),
            () = self.health.given_up() => None,
        }
    }

    /// Returns the layer that tells clients of HTTP/1 to close their connections while the service drains, with
    /// `connection: close`. Add it last, over the endpoints too.
    ///
    /// A connection that is kept open would otherwise be closed when the service stops, perhaps under a request that is on its
    /// way. HTTP/2 needs no layer for that.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use axum::{Router, body::Body, extract::Request, routing::get};
    /// use slo_tower::SloRegistry;
    /// use tower::ServiceExt;
    ///
    /// let slos = SloRegistry::builder("shop").build()?;
    /// let app: Router = Router::new().route("/", get(|| async {})).layer(slos.layer_drain());
    /// let ask = async || app.clone().oneshot(Request::new(Body::empty())).await;
    /// assert!(!ask().await?.headers().contains_key("connection"));
    /// slos.health().drain();
    /// assert_eq!(ask().await?.headers()["connection"], "close");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn layer_drain(&self) -> DrainLayer {
        DrainLayer::new(&self.health)
    }
}
