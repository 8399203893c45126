//! What a whole layer adds to a request.
//!
//! Measured over the smallest tower service and in axum routers with 1, 10 and 100 routes, each request from its
//! making to the last byte of its answer. What is reported is the time added to the same without a layer.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use tower::util::MapResponseLayer;
use tower_layer::{Layer, layer_fn};
use tower_service::Service;

use crate::harness::{Competitor, Effort, Measured, measure, repeat};
use crate::report::{Row, Section, Unit};
use crate::traffic::{Answer, Bare, BareCall, CALLED, Idle, Requests, hello, router};
use crate::{ours, peers};

/// What everything is measured against: no layer at all.
pub const BARE: &str = "bare";
/// A layer that does nothing.
pub const IDLE: &str = "no-op layer";
/// A layer that wraps the future and the body, as whoever follows a response to its end must, and does nothing.
pub const WRAPPING: &str = "layer that only wraps the body";
/// The routes of the routers.
pub const ROUTES: [usize; 3] = [1, 10, 100];
/// The section of the tower service.
pub const TOWER: &str = "layer over a bare tower service (added)";
/// The section of gRPC.
pub const GRPC: &str = "layer over a bare gRPC service (added)";

/// One layer.
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// The layer over [`Bare`], unless it needs axum.
    pub tower: Option<Competitor>,
    /// A router with this many routes under the layer.
    pub router: Box<dyn Fn(usize) -> Router>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Returns the title of the section of routers with this many routes.
#[must_use]
pub fn router_section(routes: usize) -> String {
    let plural = if routes == 1 { "" } else { "s" };
    format!("layer in an axum Router, {routes} route{plural} (added)")
}

/// Returns all competitors over a tower service, the bare one first.
#[must_use]
pub fn tower_competitors() -> Vec<Competitor> {
    let bare = over_tower(BARE, layer_fn(|inner| inner));
    let idle = over_tower(IDLE, layer_fn(Idle));
    let wrapping = over_tower(WRAPPING, MapResponseLayer::new(wrap));
    let layers = entries().into_iter().filter_map(|entry| entry.tower);
    [bare, idle, wrapping].into_iter().chain(layers).collect()
}

/// Returns all competitors in a router with this many routes, the one without a layer first.
#[must_use]
pub fn router_competitors(routes: usize) -> Vec<Competitor> {
    let bare = in_router(BARE, routes, router(routes, &get(hello)));
    let idle = in_router(IDLE, routes, router(routes, &get(hello)).layer(layer_fn(Idle)));
    let wrapping = router(routes, &get(hello)).layer(MapResponseLayer::new(wrap));
    let wrapping = in_router(WRAPPING, routes, wrapping);
    let layers = entries().into_iter().map(|entry| in_router(entry.name, routes, (entry.router)(routes)));
    [bare, idle, wrapping].into_iter().chain(layers).chain([ours::around_router(routes)]).collect()
}

/// The body is another type, though every frame stays what it is.
fn wrap(response: Response<Body>) -> Response<impl http_body::Body<Data = Bytes, Error = axum::Error>> {
    response.map(|body| body.map_err(|error| error))
}

fn entries() -> Vec<Entry> {
    ours::layers().into_iter().chain(peers::layers()).collect()
}

/// Returns all competitors over a service of gRPC, the bare one first. They are counted, and not raced: of our peers none
/// looks at trailers.
#[must_use]
pub fn grpc_competitors() -> Vec<Competitor> {
    let wrapping = MapResponseLayer::new(wrap_answer).layer(BareCall);
    let ours = ours::grpc_layers().into_iter().map(|(name, layer)| answering(name, layer.layer(BareCall)));
    [answering(BARE, BareCall), answering(WRAPPING, wrapping)].into_iter().chain(ours).collect()
}

/// Makes a competitor of a service of gRPC.
fn answering<S, B>(name: &str, service: S) -> Competitor
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    B: http_body::Body,
{
    Competitor::new(name, move || {
        let mut service = service.clone();
        let mut requests = Requests::call(CALLED);
        repeat(move |_| requests.send(&mut service))
    })
}

fn wrap_answer(response: Response<Answer>) -> Response<impl http_body::Body<Data = Bytes>> {
    response.map(|body| body.map_err(|error| error))
}

/// Makes a competitor of a layer over [`Bare`]. Each thread has a clone of the service, as in a server.
pub fn over_tower<L, B>(name: &str, layer: L) -> Competitor
where
    L: Layer<Bare> + Send + Sync + 'static,
    L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    B: http_body::Body,
{
    let service = layer.layer(Bare);
    Competitor::new(name, move || {
        let _held = &layer;
        let mut service = service.clone();
        let mut requests = Requests::to(1);
        repeat(move |_| requests.send(&mut service))
    })
}

fn in_router(name: &str, routes: usize, router: Router) -> Competitor {
    // As a server does before its first request: until then axum makes every layer anew for every request.
    serving(name, routes, router.with_state(()))
}

/// Makes a competitor of a whole service with this many routes.
pub fn serving<S, B>(name: &str, routes: usize, service: S) -> Competitor
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    B: http_body::Body,
{
    Competitor::new(name, move || {
        let mut service = service.clone();
        let mut requests = Requests::to(routes);
        repeat(move |_| requests.send(&mut service))
    })
}

/// Measures all layers.
#[must_use]
pub fn run(effort: Effort) -> Vec<Section> {
    let tower = section(TOWER.to_owned(), &measure(&tower_competitors(), effort));
    let routers = ROUTES
        .iter()
        .map(|routes| section(router_section(*routes), &measure(&router_competitors(*routes), effort)));
    std::iter::once(tower).chain(routers).collect()
}

fn section(title: String, measured: &[Measured]) -> Section {
    let bare = &measured[0];
    let row = |one: &Measured| Row {
        value: one.alone - bare.alone,
        together: Some(one.together - bare.together),
        ..Row::new(&one.name, Unit::Nanos)
    };
    let rows = measured[1..].iter().map(row);
    let absolute = Row {
        name: format!("{BARE} (whole request)"),
        value: bare.alone,
        together: Some(bare.together),
        scaling: Some(bare.scaling()),
        ..Row::new(BARE, Unit::Nanos)
    };
    Section { title, ours: ours::LAYER, rows: std::iter::once(absolute).chain(rows).collect() }
}
