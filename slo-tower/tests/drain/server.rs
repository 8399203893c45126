//! The service that is asked to go.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use slo_tower::SloRegistry;
use tokio::net::TcpListener;
use tokio::time::sleep;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tower::util::MapRequestLayer;

/// How long `/slow` takes.
pub(crate) const SLOW: Duration = Duration::from_millis(600);

/// What `h2load` has sent that arrived: it does not tell what it could not send.
static REQUESTS: AtomicU64 = AtomicU64::new(0);
static CALLS: AtomicU64 = AtomicU64::new(0);

/// Serves until it is asked to go, and prints how that went.
pub(crate) async fn serve() {
    let slos = SloRegistry::builder("drain")
        .without_declared()
        .drain_delay(millis("DELAY_MS"))
        .drain_timeout(millis("TIMEOUT_MS"))
        .start()
        .expect("nothing is declared");
    let (http, http_address) = listen().await;
    let (grpc, grpc_address) = listen().await;
    let router = router(&slos);
    let router = if std::env::var_os("NAIVE").is_none() { router.layer(slos.layer_drain()) } else { router };
    let router = router.layer(MapRequestLayer::new(count::<axum::body::Body>(&REQUESTS)));
    let http = axum::serve(http, router).with_graceful_shutdown(slos.drain_on_signal());
    let grpc = Server::builder()
        .layer(MapRequestLayer::new(count::<tonic::body::Body>(&CALLS)))
        .layer(slos.layer_grpc())
        .add_service(slos.grpc_health())
        .serve_with_incoming_shutdown(TcpListenerStream::new(grpc), slos.drain_on_signal());
    println!("{http_address} {grpc_address}");
    let servers = async { tokio::join!(http.into_future(), grpc) };
    match slos.serve_until_drained(servers).await {
        Some((http, grpc)) => {
            http.expect("HTTP ends well");
            grpc.expect("gRPC ends well");
            // Relaxed: the servers have ended, and have been waited for.
            match [&REQUESTS, &CALLS].map(|counter| counter.load(Ordering::Relaxed)) {
                [0, 0] => println!("ended"),
                [requests, calls] => println!("ended, after {requests} requests and {calls} calls of h2load"),
            }
        }
        None => println!("gave up"),
    }
}

/// Counts what `h2load` sends, on its way in.
fn count<B>(
    counter: &'static AtomicU64,
) -> impl Fn(Request<B>) -> Request<B> + Clone + Send + Sync + 'static {
    move |request| {
        let agent = request.headers().get(header::USER_AGENT);
        if agent.is_some_and(|agent| agent.as_bytes().starts_with(b"h2load")) {
            // Relaxed: a lone statistic; no other memory depends on it.
            counter.fetch_add(1, Ordering::Relaxed);
        }
        request
    }
}

fn router(slos: &SloRegistry) -> Router {
    let health = slos.health().clone();
    let ready = async move || match health.status().readiness(&[]).is_success {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    };
    // tidy: real time because a real process is asked to go while it works.
    let work = |time| async move || sleep(time).await;
    Router::new()
        .route("/work", get(work(Duration::from_millis(2))))
        .route("/slow", get(work(SLOW)))
        .route("/stuck", get(async || pending::<()>().await))
        .layer(slos.layer())
        .route("/readyz", get(ready))
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

fn millis(variable: &str) -> Duration {
    let value = std::env::var(variable).expect("the test sets it");
    Duration::from_millis(value.parse().expect("a number"))
}
