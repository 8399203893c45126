//! `grpc.health.v1` from the one state: what gRPC clients, load balancers and Kubernetes ask.
//!
//! `Watch` tells of changes only, and of the last one only where the client reads slowly. What must never happen: a client
//! that watches and so keeps a process from ending, or one that is told of the end and asks again and again until then; so a
//! watch stays open while the process drains, and ends when it stops accepting.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::stream::{Stream, unfold};
use slo_core::{HealthStatus, Level, Life};
use tokio::sync::watch;
use tonic::body::Body;
use tonic::server::{Grpc, NamedService};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;
use tower::service_fn;
use tower_service::Service;

use super::Health;
use super::grpc_messages::{CheckRequest, CheckResponse, ListRequest, ListResponse, ServingStatus};

/// The names that every server has.
const OWN: [&str; 4] = ["", "liveness", "readiness", "startup"];
/// `List` answers for no more than this many services.
const LISTED_MAX: usize = 100;
/// Nobody asks with more: the longest name of a service is far shorter.
const REQUEST_BYTES_MAX: usize = 4096;

/// Each service with its checks.
type Services = BTreeMap<String, Box<[String]>>;

/// The service `grpc.health.v1.Health`, for tonic's servers. Made by
/// [`SloRegistry::grpc_health`](crate::SloRegistry::grpc_health).
///
/// It answers `Check`, `Watch` and `List` for the server as a whole (the empty name), for `liveness`, `readiness` and
/// `startup` as the probes of HTTP do, and for each [service](GrpcHealth::service) that it was told of. The whole server
/// is what `readiness` is. Clones share their services.
#[derive(Clone)]
pub struct GrpcHealth {
    health: Health,
    services: Arc<watch::Sender<Services>>,
}

impl GrpcHealth {
    pub(crate) fn new(health: Health) -> Self {
        Self { health, services: Arc::new(watch::Sender::new(Services::new())) }
    }

    /// Answers for a service too: it serves while the process is ready, and these checks pass or warn. It need not gate the
    /// readiness of the whole: clients that need nothing of the database go on.
    ///
    /// May be called for a clone while the server runs; whoever watches the service already is told.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use slo_tower::{Check, SloRegistry};
    ///
    /// let database = Check::new("database", || async { Ok::<(), std::io::Error>(()) });
    /// let slos = SloRegistry::builder("shop").check(database).build()?;
    /// let health = slos.grpc_health().service("shop.Shop", ["database"])?.service("shop.Catalogue", [])?;
    /// let server = tonic::transport::Server::builder().add_service(health);
    /// # let _ = server;
    /// assert!(slos.grpc_health().service("shop.Shop", ["databse"]).is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no check of such a name, or the service has one of the names that are answered for anyway.
    pub fn service<'a>(
        self,
        name: impl Into<String>,
        checks: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ServiceError> {
        let service = name.into();
        if OWN.contains(&service.as_str()) {
            return Err(ServiceError::Own { service });
        }
        let checks: Box<[String]> = checks.into_iter().map(str::to_owned).collect();
        let status = self.health.status();
        if let Some(check) = checks.iter().find(|check| status.check(check).is_none()) {
            return Err(ServiceError::NoCheck { service, check: check.clone() });
        }
        self.services.send_modify(|services| drop(services.insert(service, checks)));
        Ok(self)
    }

    fn serving(&self, service: &str) -> Option<ServingStatus> {
        let judge = self.judge();
        judge.own(service).or_else(|| Some(judge.mapped(self.services.borrow().get(service)?)))
    }

    fn judge(&self) -> Judge {
        // In this order: a drain that begins in between is seen by one of them.
        let status = self.health.status();
        Judge { status, is_draining: self.health.is_draining() }
    }

    fn check(&self, service: &str) -> Result<CheckResponse, Status> {
        let serving = self.serving(service).ok_or_else(|| Status::not_found("unknown service"))?;
        Ok(serving.into())
    }

    fn list(&self) -> Result<ListResponse, Status> {
        let services = self.services.borrow();
        if OWN.len() + services.len() > LISTED_MAX {
            return Err(Status::resource_exhausted(format!("more than {LISTED_MAX} services")));
        }
        let judge = self.judge();
        let own = OWN.iter().filter_map(|name| Some((String::from(*name), judge.own(name)?)));
        let mapped = services.iter().map(|(name, checks)| (name.clone(), judge.mapped(checks)));
        let statuses = own.chain(mapped).map(|(name, serving)| (name, serving.into())).collect();
        Ok(ListResponse { statuses })
    }

    fn watch(self, service: String) -> impl Stream<Item = Result<CheckResponse, Status>> + Send + 'static {
        let watching = Watching {
            changes: self.health.changes(),
            services: self.services.subscribe(),
            health: self,
            service,
            told: None,
            is_over: false,
        };
        unfold(watching, Watching::next)
    }

    async fn answer<B>(self, request: http::Request<B>) -> http::Response<Body>
    where
        B: http_body::Body + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
    {
        match request.uri().path() {
            "/grpc.health.v1.Health/Check" => {
                let check = |request: Request<CheckRequest>| {
                    ready(self.check(&request.get_ref().service).map(Response::new))
                };
                codec().unary(service_fn(check), request).await
            }
            "/grpc.health.v1.Health/Watch" => {
                let watch = |request: Request<CheckRequest>| {
                    ready(Ok(Response::new(self.clone().watch(request.into_inner().service))))
                };
                codec().server_streaming(service_fn(watch), request).await
            }
            "/grpc.health.v1.Health/List" => {
                let list = |_: Request<ListRequest>| ready(self.list().map(Response::new));
                codec().unary(service_fn(list), request).await
            }
            _ => Status::unimplemented("no such method").into_http(),
        }
    }
}

fn codec<Answer, Question>() -> Grpc<ProstCodec<Answer, Question>>
where
    Answer: prost::Message + Send + 'static,
    Question: prost::Message + Default + Send + 'static,
{
    Grpc::new(ProstCodec::default()).apply_max_message_size_config(Some(REQUEST_BYTES_MAX), None)
}

/// What is known at one moment.
struct Judge {
    status: Arc<HealthStatus>,
    is_draining: bool,
}

impl Judge {
    /// Returns what one of [`OWN`] is.
    fn own(&self, name: &str) -> Option<ServingStatus> {
        let is_serving = match name {
            "" | "readiness" => !self.is_draining && self.status.readiness(&[]).is_success,
            "liveness" => self.status.liveness(&[]).is_success,
            "startup" => self.status.startup().is_success,
            _ => return None,
        };
        Some(serving_if(is_serving))
    }

    fn mapped(&self, checks: &[String]) -> ServingStatus {
        let is_well = |name: &String| self.status.check(name).is_some_and(|check| check.level <= Level::Warn);
        let is_ready = !self.is_draining && self.status.life == Life::Ready;
        serving_if(is_ready && checks.iter().all(is_well))
    }
}

const fn serving_if(is_serving: bool) -> ServingStatus {
    if is_serving { ServingStatus::Serving } else { ServingStatus::NotServing }
}

/// What one client watches.
struct Watching {
    health: GrpcHealth,
    service: String,
    changes: watch::Receiver<Arc<HealthStatus>>,
    services: watch::Receiver<Services>,
    told: Option<ServingStatus>,
    /// The process no longer accepts; what has changed is told, then nothing more.
    is_over: bool,
}

impl Watching {
    async fn next(mut self) -> Option<(Result<CheckResponse, Status>, Self)> {
        loop {
            // Noted before anything is looked at, so that what changes meanwhile is not missed.
            self.changes.mark_unchanged();
            self.services.mark_unchanged();
            let serving = self.health.serving(&self.service).unwrap_or(ServingStatus::ServiceUnknown);
            if self.told.replace(serving) != Some(serving) {
                return Some((Ok(serving.into()), self));
            }
            if self.is_over {
                return None;
            }
            // Both have their senders in the handle that we hold.
            tokio::select! {
                _ = self.changes.changed() => {}
                _ = self.services.changed() => {}
                () = self.health.health.drained() => self.is_over = true,
            }
        }
    }
}

impl<B> Service<http::Request<B>> for GrpcHealth
where
    B: http_body::Body + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<B>) -> Self::Future {
        let health = self.clone();
        Box::pin(async move { Ok(health.answer(request).await) })
    }
}

impl NamedService for GrpcHealth {
    const NAME: &'static str = "grpc.health.v1.Health";
}

impl fmt::Debug for GrpcHealth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcHealth").field("services", &*self.services.borrow()).finish_non_exhaustive()
    }
}

/// A service that cannot be answered for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceError {
    /// It is to be judged by a check that there is not.
    #[non_exhaustive]
    NoCheck {
        /// The service.
        service: String,
        /// The check.
        check: String,
    },
    /// Its name is answered for anyway.
    #[non_exhaustive]
    Own {
        /// The service.
        service: String,
    },
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCheck { service, check } => write!(f, "service {service:?}: no check is named {check:?}"),
            Self::Own { service } => write!(f, "service {service:?}: every server answers for that name"),
        }
    }
}

impl std::error::Error for ServiceError {}
