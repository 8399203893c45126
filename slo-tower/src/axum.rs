//! axum: routes from its router, endpoints as its routes.

use axum::Router;
use axum::extract::MatchedPath;
use axum::routing::any_service;

use crate::record::SloLayer;
use crate::registry::SloRegistry;
use crate::route::{RequestHead, RouteTemplate};

/// Takes the route template from axum's [`MatchedPath`].
#[derive(Clone, Copy, Debug, Default)]
pub struct MatchedRoute;

impl RouteTemplate for MatchedRoute {
    #[inline]
    fn template<'a>(&self, request: RequestHead<'a>) -> Option<&'a str> {
        request.extensions.get::<MatchedPath>().map(MatchedPath::as_str)
    }
}

impl SloRegistry {
    /// Returns the layer for `Router::layer`. It records the routes added before it, and the fallback. A request
    /// that passes two layers of one registry is recorded by the outer one.
    #[must_use]
    pub fn layer(&self) -> SloLayer<MatchedRoute> {
        self.layer_with(MatchedRoute)
    }

    /// Returns `/metrics` and `/slo`, to be merged after the layer so that they are not recorded themselves.
    ///
    /// Of two merged routers without a fallback of their own, the second one's answers what matches no route; here
    /// it records these requests, as the layer would have.
    pub fn routes<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        Router::new()
            .layer(self.layer())
            .route("/metrics", any_service(self.metrics_service()))
            .route("/slo", any_service(self.status_service()))
    }
}
