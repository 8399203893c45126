//! The registry as a service author sees it: the promises, the layer, the endpoints.

use std::ops::Deref;
use std::time::Duration;

use slo_core::{BuildError, Classify, Clock, InstallError, Registry, RegistryBuilder, Slo};

use crate::calls::{CallLayer, CallName, Calls};
use crate::classify::HttpClassifier;
use crate::endpoint::{Appended, MetricsService, StatusService};
use crate::record::{Exclude, SloLayer};
use crate::route::{RequestHead, RouteTemplate, TemplateError, Templates};

/// The promises of one service, their layer and their endpoints. A cheap handle: clones share one registry.
///
/// What it counted is read through [`Registry`], which this derefs to.
#[derive(Clone, Debug)]
pub struct SloRegistry {
    registry: Registry,
    appended: Appended,
    /// Never freed: services are cloned for every request, and a shared count would be what their threads fight over.
    exclude: Option<&'static Exclude>,
}

/// Where orchestrators, scrapers and we ourselves ask a service how it is.
const PROBES: [&str; 6] = ["/healthz", "/livez", "/metrics", "/readyz", "/slo", "/startupz"];
/// The same in gRPC.
const GRPC_PROBES: &str = "POST /grpc.health.v1.Health/*";

impl SloRegistry {
    /// Starts to collect the promises of a service, beginning with everything `#[slo]` declares in this binary.
    pub fn builder(service: impl Into<String>) -> SloRegistryBuilder {
        let builder = Registry::builder(service).classify(HttpClassifier::new());
        SloRegistryBuilder { builder, appended: Appended::default(), exclude: None, counts_probes: false }
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
    /// `route` returns a template from a bounded set, or `None` if the request matches no route.
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

    /// Returns the layer that records each call of a service as an operation, whatever its requests are: a client of
    /// another service, so that this dependency has promises of its own, or what works off a queue.
    ///
    /// `name` returns the operation's name, a `&'static str`, or nothing for a call that is not recorded, as an
    /// `Option` of one. There must be few of them. An SLO names it by [`Slo::with_operation`].
    ///
    /// A call ends when the service has answered, with what [`CallLayer::judged_by`] says of its result, and counts once
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
    ///     .layer(slos.layer_calls(|job: &Job| match job {
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
    pub fn layer_calls<Request, K, N>(&self, name: N) -> CallLayer<Calls<N>>
    where
        N: Fn(&Request) -> K + Clone,
        K: CallName + 'static,
    {
        CallLayer::new(self.registry.clone(), name)
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
}

impl Deref for SloRegistry {
    type Target = Registry;

    fn deref(&self) -> &Registry {
        &self.registry
    }
}

/// Collects the promises of a service. Made by [`SloRegistry::builder`].
#[derive(Debug)]
#[must_use]
pub struct SloRegistryBuilder {
    builder: RegistryBuilder,
    appended: Appended,
    exclude: Option<Exclude>,
    counts_probes: bool,
}

impl SloRegistryBuilder {
    /// Adds a promise that no `#[slo]` declares.
    #[track_caller]
    pub fn slo(mut self, slo: Slo) -> Self {
        self.builder = self.builder.slo(slo);
        self
    }

    /// Leaves out what `#[slo]` declares in this binary.
    pub fn without_declared(mut self) -> Self {
        self.builder = self.builder.without_declared();
        self
    }

    /// Decides what outcomes mean: an [`HttpClassifier`] as it is made, unless changed.
    ///
    /// A thread asks once for each route and outcome and keeps the answer, so no request is dearer for it.
    ///
    /// ```
    /// use slo_tower::{HttpClassifier, SloRegistry};
    ///
    /// let slos = SloRegistry::builder("shop").classify(HttpClassifier::new().excluded(429)).build()?;
    /// # let _ = slos;
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    pub fn classify(mut self, classifier: impl Classify) -> Self {
        self.builder = self.builder.classify(classifier);
        self
    }

    /// Decides what outcomes mean on one route, written as method and template: `GET /orders/{id}`.
    ///
    /// [`Registry::idle_classifiers`] lists the routes that no request has matched yet, so that a mistyped one is
    /// found.
    ///
    /// ```
    /// use slo_tower::{HttpClassifier, SloRegistry};
    ///
    /// // The catalogue knows every article: what is missing here is our fault.
    /// let articles = HttpClassifier::new().bad(404);
    /// let slos = SloRegistry::builder("shop").classify_route("GET /articles/{id}", articles).build()?;
    /// assert_eq!(slos.idle_classifiers(), ["GET /articles/{id}"]);
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    #[track_caller]
    pub fn classify_route(mut self, route: impl Into<String>, classifier: impl Classify) -> Self {
        self.builder = self.builder.classify_route(route, classifier);
        self
    }

    /// Neither records nor counts the requests of a route, written as method and template: `GET /internal/ping`. A star
    /// at its end stands for all that may follow. Requests that match no route are told by their path.
    ///
    /// A route that an SLO names is counted nevertheless; an annotated handler should name its `route` for that. Costs
    /// nothing on any other route.
    #[track_caller]
    pub fn leave_out(mut self, route: impl Into<String>) -> Self {
        self.builder = self.builder.leave_out(route);
        self
    }

    /// Counts probes like everything else.
    ///
    /// Unless told so, a registry leaves out `GET` and `HEAD` of `/livez`, `/readyz`, `/startupz`, `/healthz`, `/metrics`
    /// and `/slo`, and `/grpc.health.v1.Health/*`, as [`SloRegistryBuilder::leave_out`] does: orchestrators and scrapers
    /// ask for them so often that they would hide what users see. `/health` is not among them, as it may well be a page
    /// for users; add it if it is not.
    pub fn count_probes(mut self) -> Self {
        self.counts_probes = true;
        self
    }

    /// Neither records nor counts the requests of which `is_excluded` says so by their head: those of a load test, say.
    ///
    /// It is asked about every request; more than one may be given. Where it panics, the request is counted. It is kept
    /// as long as the process lives.
    ///
    /// ```
    /// use slo_tower::SloRegistry;
    ///
    /// let slos = SloRegistry::builder("shop")
    ///     .exclude(|request| request.headers.contains_key("x-load-test"))
    ///     .leave_out("GET /health")
    ///     .build()?;
    /// # let _ = slos;
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    pub fn exclude<F>(mut self, is_excluded: F) -> Self
    where
        F: for<'a> Fn(RequestHead<'a>) -> bool + Send + Sync + 'static,
    {
        self.exclude = Some(Exclude::new(is_excluded, self.exclude));
        self
    }

    /// Takes moments and durations from another clock; tests advance theirs by hand.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.builder = self.builder.clock(clock);
        self
    }

    /// Expects a tick this often: ten seconds unless changed.
    pub fn tick_interval(mut self, interval: Duration) -> Self {
        self.builder = self.builder.tick_interval(interval);
        self
    }

    /// Tells at most this many routes apart: 1 000 unless changed, and never fewer than are declared by name.
    /// What comes after shares one series.
    pub fn routes_max(mut self, routes: u16) -> Self {
        self.builder = self.builder.routes_max(routes);
        self
    }

    /// Keeps at most this many latency series: 10 000 unless changed, and never fewer than are declared by name.
    /// What comes after shares one.
    pub fn series_max(mut self, series: u16) -> Self {
        self.builder = self.builder.series_max(series);
        self
    }

    /// Appends metrics from elsewhere to `/metrics`, in the Prometheus text format 0.0.4.
    ///
    /// Families that we write ourselves are left out of it, and while something is appended `/metrics` answers in
    /// that format only, since the other one names counters differently.
    ///
    /// `render` is called for each scrape and appended in one piece, however long it is: by the worker that answers or,
    /// where the answer is compressed, by a thread outside of any runtime.
    pub fn append(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.appended = Appended::new(render);
        self
    }

    /// Builds the registry and leaves the ticking to the caller: for tests and simulations.
    ///
    /// # Errors
    ///
    /// As [`RegistryBuilder::build`].
    pub fn build(self) -> Result<SloRegistry, BuildError> {
        self.finish(RegistryBuilder::build)
    }

    /// Builds the registry and ticks it on a thread of its own, until the last handle is gone.
    ///
    /// # Errors
    ///
    /// As [`RegistryBuilder::start`].
    pub fn start(self) -> Result<SloRegistry, BuildError> {
        self.finish(RegistryBuilder::start)
    }

    fn finish(
        self,
        make: impl FnOnce(RegistryBuilder) -> Result<Registry, BuildError>,
    ) -> Result<SloRegistry, BuildError> {
        let mut builder = self.builder;
        if !self.counts_probes {
            let each =
                PROBES.into_iter().flat_map(|path| ["GET", "HEAD"].map(|method| format!("{method} {path}")));
            builder = each.chain([GRPC_PROBES.to_owned()]).fold(builder, RegistryBuilder::leave_out);
        }
        let registry = make(builder)?;
        let exclude = self.exclude.map(|exclude| &*Box::leak(Box::new(exclude)));
        Ok(SloRegistry { registry, appended: self.appended, exclude })
    }
}
