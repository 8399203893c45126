//! axum: routes from its router, endpoints as its routes.

#[cfg_attr(not(feature = "generate"), path = "axum/no_rules.rs")]
mod rules;

use std::any::Any;

use axum::body::Body;
use axum::extract::MatchedPath;
use axum::routing::any_service;
use axum::{BoxError, Router};
use bytes::Bytes;
use http_body_util::BodyExt;
use tower_layer::Layer;

use self::rules::with_rules;
use crate::record::{Deliver, Record, ResponseBody, SloLayer};
use crate::registry::SloRegistry;
use crate::route::{RequestHead, RouteTemplate, TemplateError, Templates};

/// Takes the route template from axum's [`MatchedPath`].
#[derive(Clone, Copy, Debug, Default)]
pub struct MatchedRoute;

impl RouteTemplate for MatchedRoute {
    #[inline]
    fn template<'a>(&self, request: RequestHead<'a>) -> Option<&'a str> {
        request.extensions.get::<MatchedPath>().map(MatchedPath::as_str)
    }

    fn keep(&self, request: RequestHead<'_>) -> Option<Box<dyn Any>> {
        Some(Box::new(request.extensions.get::<MatchedPath>()?.clone()))
    }
}

/// Takes the route template from a table, for [`SloRegistry::around`].
#[derive(Clone, Copy, Debug)]
pub struct Around(Templates);

impl RouteTemplate for Around {
    #[inline]
    fn template<'a>(&self, request: RequestHead<'a>) -> Option<&'a str> {
        self.0.template(request)
    }

    fn keep(&self, request: RequestHead<'_>) -> Option<Box<dyn Any>> {
        self.0.keep(request)
    }
}

impl<B> Deliver<B> for MatchedRoute
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Body = Body;

    #[inline]
    fn deliver(body: ResponseBody<B>) -> Body {
        own_body(body)
    }
}

impl<B> Deliver<B> for Around
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Body = Body;

    #[inline]
    fn deliver(body: ResponseBody<B>) -> Body {
        own_body(body)
    }
}

/// Makes it axum's own: one that is followed is boxed once more, any other stays as it is.
#[inline]
fn own_body<B>(body: ResponseBody<B>) -> Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    let mut body = match body.unless_followed() {
        Ok(body) => return Body::new(body),
        Err(body) => Some(body),
    };
    // Of axum's own body, errors are axum's own already and need no translation.
    match (&mut body as &mut dyn Any).downcast_mut::<Option<ResponseBody<Body>>>().and_then(Option::take) {
        Some(own) => Body::new(own.boxed_unsync()),
        None => body.map_or_else(Body::empty, Body::new),
    }
}

impl SloRegistry {
    /// Returns the layer for `Router::layer`. It records the routes added before it, and the fallback.
    ///
    /// A request that passes two layers of one registry is recorded by the outer one, as long as it stays on one
    /// task and no layer of another registry lies between them: beyond a `tower::buffer`, or such a layer, the inner one
    /// records it again. A request that a handler sends, on that task, to a recorded service of this process is part
    /// of the request it answers, and not recorded by itself.
    #[must_use]
    pub fn layer(&self) -> SloLayer<MatchedRoute> {
        self.layer_by(MatchedRoute)
    }

    /// Records a whole router from outside, found by the path of each request among these templates.
    ///
    /// A layer in a router boxes every request of every route once more; one service around the router does not, and
    /// takes about 0.6 of the layer's time. What matches no template counts as unmatched, a misspelt one
    /// included, so mount [`SloRegistry::routes`] on a router of their own, or name them. The text of a template is
    /// kept as long as the process lives.
    ///
    /// ```
    /// use axum::{Router, ServiceExt, extract::Request, routing::get};
    /// use slo_tower::SloRegistry;
    ///
    /// let slos = SloRegistry::builder("shop").build()?;
    /// let router: Router = Router::new().route("/orders/{id}", get(|| async { "an order" }));
    /// let app = slos.around(router, ["/orders/{id}"])?;
    /// let service = ServiceExt::<Request>::into_make_service(app); // for `axum::serve`
    /// # let _ = service;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a template is malformed, or cannot be told from another.
    pub fn around<T: Into<String>>(
        &self,
        router: Router,
        templates: impl IntoIterator<Item = T>,
    ) -> Result<Record<Router, Around>, TemplateError> {
        // As axum's server does for a router it serves itself; otherwise each request would apply the layers anew.
        Ok(self.layer_by(Around(Templates::new(templates)?)).layer(router.with_state(())))
    }

    /// Returns `/metrics`, `/slo`, `/slo/incidents` and the probes, with the feature `generate` also `/slo/rules.yaml` and
    /// `/slo/dashboard.json`, to be merged after the layer so that they are not recorded themselves, and after all layers that shed, limit or delay.
    ///
    /// Of two merged routers without a fallback of their own, the second one's answers what matches no route; here
    /// it records these requests, as the layer would have.
    pub fn routes<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        with_reports(with_probes(Router::new().layer(self.layer()), self, false), self)
    }

    /// Returns the probes alone, `/livez`, `/readyz` and `/startupz`, each also with the name of a check behind it: for the
    /// listener of users, where [`SloRegistry::admin_routes`] are on another one. To be merged like
    /// [`SloRegistry::routes`].
    pub fn probe_routes<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        with_probes(Router::new().layer(self.layer()), self, false)
    }

    /// Returns `/metrics`, `/slo` and the probes with all their details, for a listener of its own that only operators
    /// reach.
    ///
    /// ```no_run
    /// use axum::{Router, routing::get};
    /// use slo_tower::SloRegistry;
    /// use tokio::net::TcpListener;
    ///
    /// #[tokio::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let slos = SloRegistry::builder("shop").start()?;
    ///     let shop = Router::new()
    ///         .route("/orders", get(|| async { "orders" }))
    ///         .layer(slos.layer())
    ///         .merge(slos.probe_routes());
    ///     let (users, operators) =
    ///         (TcpListener::bind("0.0.0.0:3000").await?, TcpListener::bind("127.0.0.1:9464").await?);
    ///     let admin = axum::serve(operators, slos.admin_routes::<()>());
    ///     tokio::try_join!(axum::serve(users, shop).into_future(), admin.into_future())?;
    ///     Ok(())
    /// }
    /// ```
    pub fn admin_routes<S>(&self) -> Router<S>
    where
        S: Clone + Send + Sync + 'static,
    {
        with_reports(with_probes(Router::new(), self, true), self)
    }
}

fn with_reports<S>(router: Router<S>, slos: &SloRegistry) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    with_rules(router, slos)
        .route("/metrics", any_service(slos.metrics_service()))
        .route("/slo", any_service(slos.status_service()))
        .route("/slo/gate", any_service(slos.gate_service()))
        .route("/slo/incidents", any_service(slos.incidents_service()))
        .route("/slo/incidents/{id}", any_service(slos.incidents_service()))
}

fn with_probes<S>(router: Router<S>, slos: &SloRegistry, for_operators: bool) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    slos.probe_services(for_operators).into_iter().fold(router, |router, (path, service)| {
        router
            .route(&format!("/{path}"), any_service(service.clone()))
            .route(&format!("/{path}/{{check}}"), any_service(service))
    })
}
