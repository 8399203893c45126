//! Who probes: over a connection of its own each time, as the kubelet does.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::handshake;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_prost::ProstCodec;

/// What takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is probed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Axum,
    Tonic,
}

/// What became of some probes, and how long they took, fastest first.
#[derive(Debug, Default)]
pub(crate) struct Probed {
    pub(crate) failed: usize,
    pub(crate) took: Vec<Duration>,
}

impl Probed {
    fn note(&mut self, is_well: bool, took: Duration) {
        self.failed += usize::from(!is_well);
        self.took.push(took);
    }

    /// Returns the time that so many of ten thousand took at most.
    pub(crate) fn at(&self, of_ten_thousand: usize) -> Duration {
        self.took[(self.took.len() - 1) * of_ten_thousand / 10_000]
    }

    pub(crate) fn slowest(&self) -> Duration {
        self.at(10_000)
    }

    pub(crate) fn over(&self, limit: Duration) -> usize {
        self.took.iter().filter(|took| **took > limit).count()
    }
}

/// Who was asked in turn.
pub(crate) struct Asked {
    /// The probes, where the load is.
    pub(crate) probes: Probed,
    /// What has nothing of ours, at the same address.
    pub(crate) bare: Probed,
    /// The probes at the listener of operators.
    pub(crate) operators: Probed,
}

/// Asks for liveness and readiness in turn, and each time for the others as well.
pub(crate) async fn probe(side: Side, [users, operators]: [SocketAddr; 2], probes: usize) -> Asked {
    let mut probed = [Probed::default(), Probed::default(), Probed::default()];
    for number in 0..probes {
        let is_liveness = number % 2 == 0;
        let path = if is_liveness { "/livez" } else { "/readyz" };
        let (ours, bare) = match side {
            Side::Axum => (Ask::Http(path), Ask::Http("/bare")),
            Side::Tonic => {
                (Ask::Health(if is_liveness { "liveness" } else { "readiness" }), Ask::Call("/bare.Bare/Ask"))
            }
        };
        let asked = [(ours, users), (bare, users), (Ask::Http(path), operators)];
        for (probed, (ask, address)) in probed.iter_mut().zip(asked) {
            let (is_well, took) = timed(ask, address).await;
            probed.note(is_well, took);
        }
    }
    let [probes, bare, operators] = probed.map(|mut probed| {
        probed.took.sort_unstable();
        probed
    });
    Asked { probes, bare, operators }
}

/// Waits until the service refuses what it is asked to do.
pub(crate) async fn until_it_sheds(side: Side, address: SocketAddr) {
    let sheds = async {
        match side {
            Side::Axum => {
                while get(address, "/work").await.is_ok_and(|(status, _)| status == StatusCode::OK) {}
            }
            Side::Tonic => while call(address, "/shop.Shop/Work").await {},
        }
    };
    timeout(PATIENCE, sheds).await.expect("it sheds");
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    Http(&'static str),
    Health(&'static str),
    Call(&'static str),
}

/// Returns whether the answer was the good one, and how long it took from the first packet to the last.
async fn timed(ask: Ask, address: SocketAddr) -> (bool, Duration) {
    let began = Instant::now();
    let is_well = async {
        match ask {
            Ask::Http(path) => {
                get(address, path).await.is_ok_and(|(status, body)| status == StatusCode::OK && body == "ok")
            }
            Ask::Health(service) => check(address, service).await,
            Ask::Call(path) => call(address, path).await,
        }
    };
    (timeout(PATIENCE, is_well).await.unwrap_or(false), began.elapsed())
}

/// Sends one request over a connection of its own.
pub(crate) async fn get(
    address: SocketAddr,
    path: &str,
) -> Result<(StatusCode, Bytes), Box<dyn std::error::Error>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(connection);
    let request =
        Request::get(path).header("host", "busy").header("connection", "close").body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    driver.abort();
    Ok((status, body))
}

async fn connect(address: SocketAddr) -> Option<Channel> {
    Channel::from_shared(format!("http://{address}")).ok()?.connect().await.ok()
}

async fn check(address: SocketAddr, service: &str) -> bool {
    let Some(channel) = connect(address).await else { return false };
    let request = HealthCheckRequest { service: service.to_owned() };
    let answer = HealthClient::new(channel).check(request).await;
    answer.is_ok_and(|answer| answer.get_ref().status() == ServingStatus::Serving)
}

async fn call(address: SocketAddr, path: &'static str) -> bool {
    let Some(channel) = connect(address).await else { return false };
    let mut client = tonic::client::Grpc::new(channel);
    let path = http::uri::PathAndQuery::from_static(path);
    let codec = ProstCodec::<(), ()>::default();
    client.ready().await.is_ok() && client.unary(tonic::Request::new(()), path, codec).await.is_ok()
}
