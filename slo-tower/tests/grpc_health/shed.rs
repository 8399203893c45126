//! Probes of a server that sheds: shed with everything else where the limit lies around the whole server, answered where it
//! lies around what it protects.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use slo_tower::SloRegistry;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::{Channel, Server};
use tonic_health::pb::health_check_response::ServingStatus::Serving;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use crate::request;

/// So many calls are worked on at a time, by so many clients.
const AT_ONCE: usize = 4;
const CLIENTS: usize = 32;
/// As many show that probes are shed, and that none is.
const FEW: usize = 500;
const MANY: usize = 2_000;

/// What works for a while.
#[derive(Clone)]
struct Shop(BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>);

impl NamedService for Shop {
    const NAME: &'static str = "shop.Shop";
}

impl Service<Request<Body>> for Shop {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future =
        <BoxCloneSyncService<Request<Body>, Response<Body>, Infallible> as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}

async fn work(_: Request<Body>) -> Result<Response<Body>, Infallible> {
    // tidy: real time because the limit has to be reached over the wire.
    sleep(Duration::from_millis(20)).await;
    Ok(Status::ok("").into_http())
}

/// What is shed is refused.
fn refused<E>(_: E) -> Response<Body> {
    Status::resource_exhausted("busy").into_http()
}

/// Serves until the test ends.
async fn serve(protects_everything: bool) -> (SocketAddr, SloRegistry) {
    let slos = SloRegistry::builder("busy").without_declared().route("shop.Shop/Work").start().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let incoming = TcpListenerStream::new(listener);
    let limit = GlobalConcurrencyLimitLayer::new(AT_ONCE);
    let health = slos.grpc_health();
    if protects_everything {
        let everything =
            ServiceBuilder::new().layer(slos.layer_grpc()).layer(LoadShedLayer::new()).layer(limit);
        let shop = Shop(BoxCloneSyncService::new(service_fn(work)));
        let server = Server::builder().layer(everything).add_service(shop).add_service(health);
        tokio::spawn(server.serve_with_incoming(incoming));
    } else {
        let protected = ServiceBuilder::new().load_shed().layer(limit).service(service_fn(work));
        let shop = Shop(BoxCloneSyncService::new(service_fn(move |call| {
            let protected = protected.clone();
            async move { Ok(protected.oneshot(call).await.unwrap_or_else(refused)) }
        })));
        let server = Server::builder().layer(slos.layer_grpc()).add_service(shop).add_service(health);
        tokio::spawn(server.serve_with_incoming(incoming));
    }
    (address, slos)
}

async fn connect(address: SocketAddr) -> Channel {
    Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap()
}

/// Calls the shop until it is aborted.
async fn load(channel: Channel) {
    let mut client = tonic::client::Grpc::new(channel);
    let path = http::uri::PathAndQuery::from_static("/shop.Shop/Work");
    loop {
        client.ready().await.unwrap();
        // Whether it was served or shed is up to the limit.
        let _ = client.unary(tonic::Request::new(()), path.clone(), ProstCodec::<(), ()>::default()).await;
        // tidy: real time because who is refused tries again a little later.
        sleep(Duration::from_millis(5)).await;
    }
}

/// Probes a server under load. Returns how many were answered with SERVING, and the longest any took.
async fn probe(address: SocketAddr, probes: usize) -> (usize, Duration) {
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        clients.spawn(load(connect(address).await));
    }
    let mut probe = HealthClient::new(connect(address).await);
    let (mut served, mut longest) = (0, Duration::ZERO);
    for _ in 0..probes {
        let start = Instant::now();
        let answer = probe.check(request("readiness")).await;
        longest = longest.max(start.elapsed());
        served += usize::from(answer.is_ok_and(|answer| answer.get_ref().status() == Serving));
    }
    clients.shutdown().await;
    (served, longest)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn probes_are_shed_with_everything_and_never_by_what_lies_around_the_handlers() {
    let (around_everything, _slos) = serve(true).await;
    let (served, _) = probe(around_everything, FEW).await;
    assert!(served < FEW, "the load is none");
    let (around_the_shop, slos) = serve(false).await;
    let (all, longest) = probe(around_the_shop, MANY).await;
    println!(
        "around everything {served} of {FEW} were answered, around the shop {all} of {MANY}, within {longest:?}"
    );
    assert_eq!(all, MANY);
    // What an orchestrator waits for a probe unless told otherwise.
    assert!(longest < Duration::from_secs(1), "{longest:?}");

    let mut exposed = String::new();
    slos.render(slo_tower::TextFormat::Prometheus, &mut exposed);
    assert!(
        exposed.contains("rpc_method=\"shop.Shop/Work\"") && !exposed.contains("grpc.health"),
        "{exposed}"
    );
    let is_other = |line: &&str| line.starts_with("rpc_") && line.contains("_OTHER") && !line.ends_with(" 0");
    assert_eq!(exposed.lines().find(is_other), None, "no probe is counted");
}
