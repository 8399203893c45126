//! The service that is asked for too much: one listener of axum, one of tonic, and one for operators.

use std::convert::Infallible;
use std::future::{IntoFuture, ready};
use std::io::Read as _;
use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::error_handling::HandleErrorLayer;
use axum::routing::get;
use axum::{Router, ServiceExt};
use http::{Request, Response};
use slo_tower::{Allow, ProbeSettings, SloRegistry, answer_error};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic_prost::ProstCodec;
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceBuilder, ServiceExt as _, service_fn};

/// The argument that makes a server of this test.
pub(crate) const SERVE: &str = "serve";
/// How long a request takes that is let in.
const WORK: Duration = Duration::from_millis(20);

/// Sheds all but four requests at a time and two hundred a second, whatever is asked for.
macro_rules! limits {
    ($builder:expr) => {
        $builder.load_shed().buffer(4).rate_limit(200, Duration::from_secs(1)).concurrency_limit(4)
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stack {
    /// The layers are around the whole server.
    AroundEverything,
    /// They are around the handlers, and the probes stand beside these.
    Recommended,
}

impl Stack {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::AroundEverything => "around-everything",
            Self::Recommended => "recommended",
        }
    }

    pub(crate) fn parse(word: &str) -> Self {
        let stack =
            [Self::AroundEverything, Self::Recommended].into_iter().find(|stack| stack.word() == word);
        stack.unwrap_or_else(|| panic!("there is no stack {word:?}"))
    }
}

/// Serves until its standard input ends.
pub(crate) fn run(stack: Stack) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime: Runtime = runtime.expect("the system has two threads");
    let _slos = runtime.block_on(serve(stack));
    std::io::stdin().read_to_end(&mut Vec::new()).expect("it is a pipe");
}

async fn serve(stack: Stack) -> SloRegistry {
    let [(http, http_address), (grpc, grpc_address), (admin, admin_address)] =
        [listen().await, listen().await, listen().await];
    let slos = SloRegistry::builder("busy")
        .without_declared()
        .route("shop.Shop/Work")
        .probes(ProbeSettings::new().details(Allow::Always))
        .self_probe(http_address)
        .start()
        .expect("it is valid");
    serve_http(stack, http, &slos);
    serve_grpc(stack, grpc, &slos);
    serve_operators(admin, &slos);
    println!("{http_address} {grpc_address} {admin_address}");
    slos
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

/// On a thread and a runtime of its own, which have nothing to do but this.
fn serve_operators(listener: TcpListener, slos: &SloRegistry) {
    let routes = slos.admin_routes::<()>();
    let listener = listener.into_std().expect("nobody has used it yet");
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a thread has a runtime").block_on(async {
            let listener = TcpListener::from_std(listener).expect("it does not block");
            axum::serve(listener, routes).await.expect("it listens");
        });
    });
}

async fn work() -> &'static str {
    tokio::time::sleep(WORK).await; // tidy: real time because work takes some.
    "done"
}

fn serve_http(stack: Stack, listener: TcpListener, slos: &SloRegistry) {
    let handlers = Router::new().route("/work", get(work));
    let bare = Router::new().route("/bare", get(async || "ok"));
    let refusing = ServiceBuilder::new().layer(HandleErrorLayer::<_, ()>::new(answer_error));
    match stack {
        Stack::Recommended => {
            // axum makes the layers of a router anew for each connection, limits included, unless it has its state.
            let handlers: Router = handlers.layer(limits!(refusing)).with_state(());
            let app = handlers.layer(slos.layer()).merge(slos.routes()).merge(bare);
            tokio::spawn(axum::serve(listener, app).into_future());
        }
        Stack::AroundEverything => {
            let router: Router = handlers.layer(slos.layer()).merge(slos.routes()).merge(bare);
            let app = limits!(refusing).service(router);
            let app = ServiceExt::<axum::extract::Request>::into_make_service(app);
            tokio::spawn(axum::serve(listener, app).into_future());
        }
    }
}

fn serve_grpc(stack: Stack, listener: TcpListener, slos: &SloRegistry) {
    // As tonic does where it binds by itself; otherwise an answer may wait for the client's acknowledgement.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    let (health, bare) = (slos.grpc_health(), Bare(BoxCloneSyncService::new(service_fn(answer))));
    match stack {
        Stack::Recommended => {
            let limited = limits!(ServiceBuilder::new()).service(service_fn(answer_late));
            let shop = Shop(BoxCloneSyncService::new(service_fn(move |call| {
                let limited = limited.clone();
                async move { Ok(limited.oneshot(call).await.unwrap_or_else(refused)) }
            })));
            let mut server = Server::builder().layer(slos.layer_grpc());
            let server = server.add_service(shop).add_service(health).add_service(bare);
            tokio::spawn(server.serve_with_incoming(incoming));
        }
        Stack::AroundEverything => {
            let shop = Shop(BoxCloneSyncService::new(service_fn(answer_late)));
            let mut server = Server::builder().layer(limits!(ServiceBuilder::new().layer(slos.layer_grpc())));
            let server = server.add_service(shop).add_service(health).add_service(bare);
            tokio::spawn(server.serve_with_incoming(incoming));
        }
    }
}

async fn answer_late(call: Request<Body>) -> Result<Response<Body>, Infallible> {
    work().await;
    answer(call).await
}

/// Answers with an empty message.
async fn answer(call: Request<Body>) -> Result<Response<Body>, Infallible> {
    let nothing = service_fn(|_: tonic::Request<()>| ready(Ok(tonic::Response::new(()))));
    Ok(tonic::server::Grpc::new(ProstCodec::<(), ()>::default()).unary(nothing, call).await)
}

fn refused<E>(_: E) -> Response<Body> {
    Status::resource_exhausted("busy").into_http()
}

/// A service of gRPC by its name.
macro_rules! named {
    ($service:ident, $name:literal, $($doc:literal)+) => {
        $(#[doc = $doc])+
        #[derive(Clone)]
        struct $service(BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>);

        impl NamedService for $service {
            const NAME: &'static str = $name;
        }

        impl Service<Request<Body>> for $service {
            type Response = Response<Body>;
            type Error = Infallible;
            type Future = <BoxCloneSyncService<Request<Body>, Response<Body>, Infallible> as Service<Request<Body>>>::Future;

            fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
                self.0.poll_ready(context)
            }

            fn call(&mut self, request: Request<Body>) -> Self::Future {
                self.0.call(request)
            }
        }
    };
}

named!(Shop, "shop.Shop", "What works for a while.");
named!(Bare, "bare.Bare", "What answers at once, and has nothing of ours.");
