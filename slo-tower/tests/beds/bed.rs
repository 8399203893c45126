//! A served router with the layer, a client, and what was counted.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use slo_tower::{Clock, Objective, Sli, Slo, SloRegistry, TextFormat, Threshold, Timestamp};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// No test takes longer, however busy the machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// What each handler takes, on the clock of the test.
pub(crate) const WORK: Duration = Duration::from_millis(30);

/// A service on loopback.
pub(crate) struct Bed {
    pub(crate) address: SocketAddr,
    pub(crate) slos: SloRegistry,
    pub(crate) clock: Clock,
}

impl Bed {
    /// Serves a router, which has been given the layer; promises availability and 100 ms of each of these routes.
    pub(crate) async fn serve(promised: &[&str], app: impl FnOnce(Clock, &SloRegistry) -> Router) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        let threshold = Threshold::literal("100ms");
        let mut builder = SloRegistry::builder("bed").without_declared().clock(clock.clone());
        for (place, route) in promised.iter().enumerate() {
            for sli in [Sli::Availability, Sli::Latency { threshold }] {
                let slo =
                    Slo::new(format!("route{place}-{}", sli.kind()), sli, Objective::literal("99%")).unwrap();
                builder = builder.slo(slo.with_route((*route).to_owned()).unwrap());
            }
        }
        let slos = builder.build().unwrap();
        let app = app(clock.clone(), &slos);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Self { address, slos, clock }
    }

    /// Sends a request on a connection of its own, which ends with the answer.
    pub(crate) async fn send(&self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        let io = TokioIo::new(TcpStream::connect(self.address).await.unwrap());
        let (mut sender, connection) = http1::handshake(io).await.unwrap();
        tokio::spawn(async { connection.await.unwrap_or_default() });
        sender.send_request(request).await.unwrap()
    }

    /// The same over HTTP/2.
    pub(crate) async fn send_http2(&self, mut request: Request<Full<Bytes>>) -> Response<Incoming> {
        let io = TokioIo::new(TcpStream::connect(self.address).await.unwrap());
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(async { connection.await.unwrap_or_default() });
        *request.uri_mut() = format!("http://{}{}", self.address, request.uri()).parse().unwrap();
        request.headers_mut().remove(header::HOST);
        sender.send_request(request).await.unwrap()
    }

    /// Asks and reads the answer to its end.
    pub(crate) async fn ask(&self, request: Request<Full<Bytes>>) -> (u16, Bytes) {
        let response = timeout(PATIENCE, self.send(request)).await.expect("there is an answer");
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.unwrap().to_bytes())
    }

    /// Every series with requests, as its label values and their number, in order: `GET /sse 200 ×1`.
    pub(crate) fn counted(&self) -> Vec<String> {
        let mut counted: Vec<String> = samples(&self.slos, "http_server_request_duration_seconds_count")
            .iter()
            .map(|sample| short(sample))
            .collect();
        counted.sort();
        counted
    }

    /// What the requests of a route took together.
    pub(crate) fn seconds(&self, route: &str) -> f64 {
        let sums = samples(&self.slos, "http_server_request_duration_seconds_sum");
        let of_route = sums.iter().filter(|sum| short(sum).starts_with(&format!("{route} ")));
        of_route.map(|sum| sum.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }

    /// Good, bad and excluded events of what is promised of a route.
    pub(crate) fn events(&self, place: usize, sli: &str) -> [u64; 3] {
        let status = self.slos.status();
        let total = status.slo(&format!("route{place}-{sli}")).unwrap().total;
        [total.good, total.bad, total.excluded]
    }

    /// Waits until exactly this is counted, and nothing is in flight; prints it as rows of a table.
    pub(crate) async fn must_count(&self, bed: &str, expected: &[&str]) {
        let settled =
            || self.counted() == expected && samples(&self.slos, "http_server_active_requests").is_empty();
        let waiting = async {
            while !settled() {
                tokio::task::yield_now().await;
            }
        };
        let arrived = timeout(PATIENCE / 6, waiting).await;
        assert!(arrived.is_ok(), "{bed}: {:?}, not {expected:?}", self.counted());
        for series in expected {
            let (labels, count) = series.rsplit_once(" ×").unwrap();
            println!("| {bed} | {labels} | {count} |");
        }
    }
}

/// A request without a body.
pub(crate) fn request(method: &str, path: &str) -> http::request::Builder {
    Request::builder().method(method).uri(path).header(header::HOST, "here")
}

pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
    request("GET", path).body(Full::default()).unwrap()
}

/// The samples of the exposition whose line starts with `prefix`, without zeros.
fn samples(slos: &SloRegistry, prefix: &str) -> Vec<String> {
    let mut out = String::new();
    slos.render(TextFormat::Prometheus, &mut out);
    let counted = |line: &&str| line.starts_with(prefix) && !line.ends_with(" 0");
    out.lines().filter(counted).map(str::to_owned).collect()
}

fn short(sample: &str) -> String {
    let (labels, count) = sample.rsplit_once(' ').unwrap();
    let values: Vec<&str> = labels.split('"').skip(1).step_by(2).collect();
    format!("{} ×{count}", values.join(" "))
}
