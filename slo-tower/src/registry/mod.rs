//! The registry as a service author sees it: the promises, the layer, the endpoints.

mod builder;
mod drain;
mod gate;
#[cfg(feature = "generate")]
mod rules;
mod runtimes;
#[cfg(feature = "signal")]
mod signals;
#[cfg(feature = "store")]
mod state_dir;
#[cfg(all(feature = "systemd", unix))]
mod systemd;

use std::ops::Deref;
use std::sync::Arc;

use slo_core::{GatePolicy, InstallError, Registry};

pub use self::builder::SloRegistryBuilder;
use crate::endpoint::{
    Appended, Asks, IncidentsService, MetricsService, ProbeService, ProbeSettings, StatusService,
};
use crate::health::Health;
use crate::operations::{OperationLayer, OperationName, Operations};
use crate::record::{Exclude, GrpcMethods, SloLayer};
use crate::route::{RequestHead, RouteTemplate, TemplateError, Templates};

/// The promises of one service, their layer and their endpoints. A cheap handle: clones share one registry.
///
/// What it counted is read through [`Registry`], which this derefs to.
#[derive(Clone, Debug)]
pub struct SloRegistry {
    registry: Registry,
    health: Health,
    appended: Appended,
    /// Never freed: services are cloned for every request, and a shared count would be what their threads fight over.
    exclude: Option<&'static Exclude>,
    probes: Arc<ProbeSettings>,
    gate: Arc<GatePolicy>,
}

impl SloRegistry {
    /// Starts to collect the promises of a service, beginning with everything `#[slo]` declares in this binary.
    pub fn builder(service: impl Into<String>) -> SloRegistryBuilder {
        SloRegistryBuilder::new(service.into())
    }

    /// Returns the health of the service.
    #[must_use]
    pub const fn health(&self) -> &Health {
        &self.health
    }

    /// Makes this registry the one that `#[slo(operation = …)]` counts in outside of any request.
    ///
    /// Returns `self`, so that it can follow [`SloRegistryBuilder::start`]. It stays installed until its last handle
    /// goes; within a request an operation counts where the request does.
    ///
    /// # Errors
    ///
    /// If another registry is installed.
    pub fn installed(self) -> Result<Self, InstallError> {
        self.registry.install()?;
        Ok(self)
    }

    /// Returns the layer for services whose routes `route` can tell; for axum there is `SloRegistry::layer`.
    ///
    /// `route` returns a template from a bounded set, or `None` if the request matches no route. It must not panic: the
    /// panic is the server's then, and nothing is recorded.
    ///
    /// ```
    /// use slo_tower::SloRegistry;
    ///
    /// let slos = SloRegistry::builder("shop").build()?;
    /// let layer = slos.layer_with(|request| match request.uri.path() {
    ///     "/checkout" => Some("/checkout"),
    ///     path if path.starts_with("/orders/") => Some("/orders/{id}"),
    ///     _ => None,
    /// });
    /// # let _ = layer;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn layer_with<F>(&self, route: F) -> SloLayer<F>
    where
        // Not `RouteTemplate`, which says as much: of a closure's lifetimes the compiler learns only from here.
        F: for<'a> Fn(RequestHead<'a>) -> Option<&'a str> + Clone,
    {
        self.layer_by(route)
    }

    /// Returns the layer for services whose routes a type of yours can tell: what [`SloRegistry::layer_with`] is for
    /// functions, for who keeps the texts where they are and so spares every request the comparison.
    ///
    /// ```
    /// use std::any::Any;
    /// use std::sync::Arc;
    /// use http_body::Body;
    /// use slo_tower::{Deliver, RequestHead, ResponseBody, RouteTemplate, SloRegistry};
    ///
    /// /// Left in the request's extensions by a router of one's own.
    /// #[derive(Clone)]
    /// struct Matched(Arc<str>);
    ///
    /// #[derive(Clone)]
    /// struct FromExtensions;
    ///
    /// impl RouteTemplate for FromExtensions {
    ///     fn template<'a>(&self, request: RequestHead<'a>) -> Option<&'a str> {
    ///         request.extensions.get::<Matched>().map(|matched| &*matched.0)
    ///     }
    ///
    ///     fn keep(&self, request: RequestHead<'_>) -> Option<Box<dyn Any>> {
    ///         Some(Box::new(Arc::clone(&request.extensions.get::<Matched>()?.0)))
    ///     }
    /// }
    ///
    /// impl<B: Body> Deliver<B> for FromExtensions {
    ///     type Body = ResponseBody<B>;
    ///
    ///     fn deliver(body: ResponseBody<B>) -> ResponseBody<B> {
    ///         body
    ///     }
    /// }
    ///
    /// let layer = SloRegistry::builder("shop").build()?.layer_by(FromExtensions);
    /// # let _ = layer;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn layer_by<R: RouteTemplate>(&self, route: R) -> SloLayer<R> {
        SloLayer::new(self.registry.clone(), route, self.exclude)
    }

    /// Returns the layer for a service that answers these routes, found by the path of each request; the text of a
    /// template is kept as long as the process lives.
    ///
    /// What matches no template counts as unmatched.
    ///
    /// ```
    /// use slo_tower::SloRegistry;
    ///
    /// let slos = SloRegistry::builder("shop").build()?;
    /// let layer = slos.layer_for(["/checkout", "/orders/{id}", "/files/{*rest}"])?;
    /// # let _ = layer;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If a template is malformed, or cannot be told from another.
    pub fn layer_for<T: Into<String>>(
        &self,
        templates: impl IntoIterator<Item = T>,
    ) -> Result<SloLayer<Templates>, TemplateError> {
        Ok(self.layer_by(Templates::new(templates)?))
    }

    /// Returns the layer for gRPC servers: tonic's `Server::builder().layer(…)`, or a single service.
    ///
    /// Calls are told by their method, and end with the status in their trailers. A method has series of its own
    /// once it is known to exist: because an SLO or [`SloRegistryBuilder::route`] names it, because its `#[slo]` handler has run, or
    /// because a call of it has worked. All others are counted as `_OTHER`, so that no client can invent series. A service
    /// behind this layer that answers every method there is with success invents them in its stead, up to the maximum of
    /// routes.
    ///
    /// A call that comes through a layer of HTTP, `SloRegistry::layer` on axum's router, say, is a request and a call: each
    /// has its metrics, and its handler's promises are those of the call. Two layers of gRPC count a call once.
    ///
    /// ```
    /// # use std::convert::Infallible;
    /// # use http::{Request, Response};
    /// use slo_tower::SloRegistry;
    /// use tower::ServiceBuilder;
    ///
    /// let slos = SloRegistry::builder("shop").route("shop.Shop/Buy").build()?;
    /// # let shop = tower::service_fn(async |_: Request<String>| Ok::<_, Infallible>(Response::new(String::new())));
    /// let service = ServiceBuilder::new().layer(slos.layer_grpc()).service(shop);
    /// # let _ = service;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn layer_grpc(&self) -> SloLayer<GrpcMethods> {
        SloLayer::new(self.registry.clone(), GrpcMethods::new(), self.exclude)
    }

    /// Returns the layer that records each call of a service as an operation, whatever its requests are: a client of
    /// another service, so that this dependency has promises of its own, or what works off a queue.
    ///
    /// `name` returns the operation's name, a `&'static str`, or nothing for a call that is not recorded, as an
    /// `Option` of one. There must be few of them. An SLO names it by [`Slo::with_operation`](crate::Slo::with_operation).
    /// Should `name` panic, the caller gets the panic: there is no call then, and nothing is recorded.
    ///
    /// A call ends when the service has answered, with what [`OperationLayer::judged_by`] says of its result, and counts once
    /// however it ends: a caller that drops it has cancelled it, and a panic is bad, whoever catches it. Over tower's
    /// `Timeout` and `LoadShed`, a time-out is told from shed load and from failures. A service that is not ready is no
    /// call. The body of a response over HTTP is not followed: the call ends with its head. Annotated operations
    /// count in this registry while they run within a call, and a request that makes calls is an event besides them.
    ///
    /// ```
    /// use slo_tower::{Objective, Sli, Slo, SloRegistry};
    /// use tower::{Service, ServiceBuilder, ServiceExt, service_fn};
    ///
    /// enum Job { Mail(&'static str), Ping }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let slo = Slo::new("mail-availability", Sli::Availability, Objective::parse("99%")?)?.with_operation("mail")?;
    /// let slos = SloRegistry::builder("worker").slo(slo).build()?;
    /// let mut worker = ServiceBuilder::new()
    ///     .layer(slos.layer_operations(|job: &Job| match job {
    ///         Job::Mail(_) => Some("mail"),
    ///         Job::Ping => None,
    ///     }))
    ///     .service(service_fn(async |job: Job| match job {
    ///         Job::Mail("nobody") => Err("nobody reads it"),
    ///         Job::Mail(_) | Job::Ping => Ok(()),
    ///     }));
    /// for job in [Job::Mail("you"), Job::Mail("nobody"), Job::Ping] {
    ///     let _ = worker.ready().await?.call(job).await;
    /// }
    /// let mail = slos.status().slo("mail-availability").expect("declared above").total;
    /// assert_eq!((mail.good, mail.bad), (1, 1));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn layer_operations<Request, K, N>(&self, name: N) -> OperationLayer<Operations<N>>
    where
        N: Fn(&Request) -> K + Clone,
        K: OperationName + 'static,
    {
        OperationLayer::new(self.registry.clone(), name)
    }

    /// Returns the service that answers `GET /metrics`, for servers other than axum.
    #[must_use]
    pub fn metrics_service(&self) -> MetricsService {
        MetricsService::new(self.registry.clone(), self.appended.clone())
    }

    /// Returns the service that answers `GET /slo`, for servers other than axum.
    #[must_use]
    pub fn status_service(&self) -> StatusService {
        StatusService::new(self.registry.clone())
    }

    /// Returns the service that answers `GET /livez`, for servers other than axum: whether the process should go on living.
    ///
    /// ```
    /// use http::Request;
    /// use slo_tower::SloRegistry;
    /// use tower::ServiceExt;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let slos = SloRegistry::builder("shop").build()?;
    /// let answer = slos.livez_service().oneshot(Request::get("/livez").body(())?).await?;
    /// assert_eq!(answer.status(), 200);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn livez_service(&self) -> ProbeService {
        self.probe_service(&self.probes, Asks::Liveness)
    }

    /// Returns the service that answers `GET /readyz`: whether the process should get requests.
    #[must_use]
    pub fn readyz_service(&self) -> ProbeService {
        self.probe_service(&self.probes, Asks::Readiness)
    }

    /// Returns the service that answers `GET /startupz`: whether the process has started.
    #[must_use]
    pub fn startupz_service(&self) -> ProbeService {
        self.probe_service(&self.probes, Asks::Startup)
    }

    fn probe_service(&self, settings: &Arc<ProbeSettings>, asks: Asks) -> ProbeService {
        ProbeService::new(self.health.clone(), Arc::clone(settings), asks)
    }

    /// Returns every probe with its path.
    #[cfg(feature = "axum")]
    pub(crate) fn probe_services(&self, for_operators: bool) -> [(&'static str, ProbeService); 3] {
        let operators = for_operators.then(|| Arc::new(self.probes.for_operators()));
        let settings = operators.as_ref().unwrap_or(&self.probes);
        Asks::ALL.map(|asks| (asks.path(), self.probe_service(settings, asks)))
    }

    /// Returns the service that answers `GET /slo/incidents` and `GET /slo/incidents/{id}`, for servers other than axum.
    #[must_use]
    pub fn incidents_service(&self) -> IncidentsService {
        IncidentsService::new(self.registry.clone())
    }
}

impl Deref for SloRegistry {
    type Target = Registry;

    fn deref(&self) -> &Registry {
        &self.registry
    }
}
