//! The disaster that probes must not cause: a busy service sheds, its probes are shed with it, the orchestrator restarts it,
//! and the rest is busier still. Replayed over the wire with the layers around everything, and then as we recommend.
//!
//! In a process of its own: it takes all of the machine that it can get.

use std::future::IntoFuture;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum::error_handling::HandleErrorLayer;
use axum::extract::Request;
use axum::routing::get;
use axum::{Router, ServiceExt};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use slo_tower::{HealthStatus, Level, SloRegistry, answer_error};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::ServiceBuilder;

/// What a probe of an orchestrator may take at most, unless it is told otherwise, is a second.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// How long anything may take before the test gives up on it.
const PATIENCE: Duration = Duration::from_secs(120);
const PROBES: usize = 10_000;
const CLIENTS: usize = 32;

/// Sheds all but four requests at a time and two hundred a second, whatever is asked for.
macro_rules! protection {
    () => {
        ServiceBuilder::new()
            .layer(HandleErrorLayer::<_, ()>::new(answer_error))
            .load_shed()
            .buffer(4)
            .rate_limit(200, Duration::from_secs(1))
            .concurrency_limit(4)
    };
}

#[derive(Clone, Copy, Debug)]
enum Stack {
    /// The layers are around the whole router.
    AroundEverything,
    /// They are around the handlers, and the probes come after them.
    Recommended,
}

async fn work() -> &'static str {
    tokio::time::sleep(Duration::from_millis(20)).await; // tidy: real time because work takes some.
    "done"
}

/// Serves a router that is protected, until its runtime ends.
async fn serve(stack: Stack) -> (SocketAddr, SloRegistry) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    let builder = SloRegistry::builder("busy").without_declared().self_probe(address);
    let slos = builder.start().expect("it is valid");
    let handlers = Router::new().route("/work", get(work));
    match stack {
        Stack::Recommended => {
            // axum makes the layers of a router anew for each connection, limits included, unless it has its state.
            let handlers: Router = handlers.layer(protection!()).with_state(());
            let app = handlers.layer(slos.layer()).merge(slos.routes());
            tokio::spawn(axum::serve(listener, app).into_future());
        }
        Stack::AroundEverything => {
            let router: Router = handlers.layer(slos.layer()).merge(slos.routes());
            let app = protection!().service(router);
            tokio::spawn(axum::serve(listener, ServiceExt::<Request>::into_make_service(app)).into_future());
        }
    }
    (address, slos)
}

struct Client(SendRequest<Empty<Bytes>>);

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        stream.set_nodelay(true).expect("it is a socket");
        let (sender, connection) = handshake(TokioIo::new(stream)).await.expect("it speaks HTTP");
        tokio::spawn(connection);
        Self(sender)
    }

    async fn get(&mut self, path: &str) -> (StatusCode, Bytes) {
        self.0.ready().await.expect("the connection is kept");
        let request = Request::get(path).header("host", "busy").body(Empty::new()).expect("it is valid");
        let response = self.0.send_request(request).await.expect("the server answers");
        let status = response.status();
        (status, response.into_body().collect().await.expect("to the end").to_bytes())
    }
}

/// Clients that never let go: wrk where there is one, otherwise tasks of our own. They end with it.
enum Load {
    Wrk(Child),
    Tasks(JoinSet<()>),
}

impl Load {
    /// Begins to send, and waits until the service sheds.
    async fn saturate(address: SocketAddr) -> Self {
        let (clients, url) = (format!("-c{CLIENTS}"), format!("http://{address}/work"));
        let wrk = Command::new("wrk").args(["-t1", &clients, "-d300s", &url]).stdout(Stdio::null()).spawn();
        let load = match wrk {
            Ok(wrk) => Self::Wrk(wrk),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let mut tasks = JoinSet::new();
                for _ in 0..CLIENTS {
                    tasks.spawn(async move {
                        let mut client = Client::connect(address).await;
                        loop {
                            client.get("/work").await;
                        }
                    });
                }
                Self::Tasks(tasks)
            }
            Err(error) => panic!("wrk does not start: {error}"),
        };
        let (mut client, began) = (Client::connect(address).await, Instant::now());
        while client.get("/work").await.0 != StatusCode::SERVICE_UNAVAILABLE {
            assert!(began.elapsed() < PATIENCE, "it sheds nothing");
        }
        load
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        match self {
            // It may have ended by itself.
            Self::Wrk(wrk) => _ = wrk.kill().and_then(|()| wrk.wait()),
            Self::Tasks(tasks) => tasks.abort_all(),
        }
    }
}

/// What became of the probes, and how long they took, fastest first.
struct Probed {
    failed: usize,
    took: Vec<Duration>,
}

async fn probe(address: SocketAddr, probes: usize) -> Probed {
    let (mut client, mut failed, mut took) = (Client::connect(address).await, 0, Vec::new());
    for number in 0..probes {
        let (path, began) = (["/livez", "/readyz"][number % 2], Instant::now());
        let (status, body) = client.get(path).await;
        took.push(began.elapsed());
        let is_well = status == StatusCode::OK && body == "ok";
        failed += usize::from(!is_well);
    }
    took.sort_unstable();
    Probed { failed, took }
}

/// Waits until the check that asks the own listener says something.
async fn self_probe(slos: &SloRegistry, wanted: impl Fn(Level, &str) -> bool) -> String {
    let mut changes = slos.health().changes();
    let said = |status: &HealthStatus| {
        let check = status.check("self-probe").expect("it was asked for");
        let fault = check.fault.as_ref().map(ToString::to_string).unwrap_or_default();
        wanted(check.level, &fault).then_some(fault)
    };
    let change = changes.wait_for(|status| said(status).is_some());
    let status = tokio::time::timeout(PATIENCE, change).await.expect("it says something").expect("it lives");
    said(&status).expect("it was said")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("it starts")
}

/// One after the other: each takes the whole machine.
#[test]
fn probes_survive_saturation_where_they_stand_outside_and_nowhere_else() {
    runtime().block_on(async {
        let (address, slos) = serve(Stack::AroundEverything).await;
        let load = Load::saturate(address).await;
        let Probed { failed, .. } = probe(address, 500).await;
        println!("layers around everything: {failed} of 500 probes failed");
        assert!(failed > 0, "the disaster must happen, or this test shows nothing");
        let why = self_probe(&slos, |level, _| level == Level::Fail).await;
        assert!(why.contains("not by the probes") && why.contains("503"), "{why}");
        drop(load);
    });
    runtime().block_on(async {
        let (address, slos) = serve(Stack::Recommended).await;
        let load = Load::saturate(address).await;
        let Probed { failed, took } = probe(address, PROBES).await;
        let at = |percent: usize| took[(took.len() - 1) * percent / 100];
        let slow = took.iter().filter(|took| **took > Duration::from_millis(100)).count();
        println!(
            "as recommended: {failed} of {PROBES} probes failed, {slow} took more than 100 ms; median {:?}, p99 {:?}, \
             slowest {:?}",
            at(50),
            at(99),
            at(100)
        );
        assert_eq!(failed, 0);
        assert!(at(100) < PROBE_TIMEOUT, "an orchestrator would have given up");
        // That nobody answers in their stead is what the service itself finds as well.
        let warned = self_probe(&slos, |level, _| level <= Level::Warn).await;
        assert!(warned.is_empty() || warned.contains("took"), "{warned}");
        assert_eq!(Client::connect(address).await.get("/metrics").await.0, StatusCode::OK);
        drop(load);
    });
}
