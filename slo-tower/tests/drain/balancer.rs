//! What stands in front of a service: probes that decide who gets new connections, and clients that keep theirs until they
//! are told to close them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// How often it probes, and how many probes that fail in a row take a service out.
const PERIOD: Duration = Duration::from_millis(20);
const FAILURES: u32 = 3;

/// What was seen of one service.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    is_out: AtomicBool,
    pub(crate) answered: AtomicU64,
    /// Answers that told their client to close.
    pub(crate) closed: AtomicU64,
    pub(crate) failed: AtomicU64,
}

impl Seen {
    pub(crate) fn is_out(&self) -> bool {
        // Relaxed: a lone flag; no other memory depends on it.
        self.is_out.load(Ordering::Relaxed)
    }

    fn count(counter: &AtomicU64) {
        // Relaxed: a lone statistic; no other memory depends on it.
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn total(counter: &AtomicU64) -> u64 {
        // Relaxed: as above.
        counter.load(Ordering::Relaxed)
    }
}

/// When a service was first not ready, and when it last took a connection.
#[derive(Debug)]
pub(crate) struct Probed {
    pub(crate) unready: Option<Instant>,
    pub(crate) accepted: Option<Instant>,
}

/// Probes until nobody listens any more.
pub(crate) async fn probe(address: SocketAddr, seen: Arc<Seen>) -> Probed {
    let mut probed = Probed { unready: None, accepted: None };
    let mut failures = 0;
    loop {
        let before = Instant::now();
        match Connection::open(address).await {
            Ok(mut connection) => {
                let is_ready = connection.get("/readyz").await.is_ok_and(|answer| answer.status() == 200);
                failures = if is_ready { 0 } else { failures + 1 };
                if !is_ready {
                    probed.unready.get_or_insert_with(Instant::now);
                }
                probed.accepted = Some(before);
            }
            Err(_) => {
                // Relaxed: as above.
                seen.is_out.store(true, Ordering::Relaxed);
                return probed;
            }
        }
        if failures >= FAILURES {
            // Relaxed: as above.
            seen.is_out.store(true, Ordering::Relaxed);
        }
        // tidy: real time because another process is asked.
        sleep(PERIOD).await;
    }
}

/// Sends one request after the other, over one connection as long as it may, and no new ones once the service is out.
pub(crate) async fn send(address: SocketAddr, path: &'static str, seen: Arc<Seen>) {
    let mut kept = None;
    loop {
        let open = match kept.take() {
            Some(open) => Ok(open),
            None if seen.is_out() => return,
            None => Connection::open(address).await,
        };
        let Ok(mut open) = open else {
            // Nobody has taken it out, and nobody is there.
            if !seen.is_out() {
                Seen::count(&seen.failed);
            }
            return;
        };
        match open.get(path).await {
            Ok(answer) if answer.status() == StatusCode::OK => {
                Seen::count(&seen.answered);
                if answer.headers().get(header::CONNECTION).is_some_and(|value| value == "close") {
                    Seen::count(&seen.closed);
                } else {
                    kept = Some(open);
                }
            }
            _ => {
                Seen::count(&seen.failed);
                return;
            }
        }
    }
}

/// Makes one call after the other until a watch says that the server no longer serves. Returns what the watch was told.
pub(crate) async fn call(address: SocketAddr, seen: Arc<Seen>) -> Vec<&'static str> {
    let channel = Channel::from_shared(format!("http://{address}")).expect("an address");
    let channel = channel.connect().await.expect("it listens");
    let request = || HealthCheckRequest { service: "liveness".to_owned() };
    let mut watch = HealthClient::new(channel.clone());
    let statuses = watch.watch(HealthCheckRequest { service: String::new() }).await;
    let mut statuses = statuses.expect("it is watched").into_inner();
    let is_out = Arc::new(AtomicBool::new(false));
    let is_told = Arc::clone(&is_out);
    let calls = tokio::spawn(async move {
        let mut client = HealthClient::new(channel);
        // Relaxed: a lone flag; no other memory depends on it.
        while !is_out.load(Ordering::Relaxed) {
            match client.check(request()).await {
                Ok(answer) if answer.get_ref().status() == ServingStatus::Serving => {
                    Seen::count(&seen.answered);
                }
                _ => Seen::count(&seen.failed),
            }
        }
    });
    let mut told = Vec::new();
    loop {
        match statuses.message().await {
            Ok(Some(answer)) => {
                told.push(answer.status().as_str_name());
                // Relaxed: as above.
                is_told.store(answer.status() != ServingStatus::Serving, Ordering::Relaxed);
            }
            Ok(None) => told.push("end"),
            Err(_) => told.push("error"),
        }
        if matches!(told.last(), Some(&("end" | "error"))) {
            // Relaxed: as above.
            is_told.store(true, Ordering::Relaxed);
            calls.await.expect("no call panics");
            return told;
        }
    }
}

/// A connection that is kept for the next request.
pub(crate) struct Connection(SendRequest<Empty<Bytes>>);

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let (sender, driver) = handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        // Its errors come back from the request too.
        tokio::spawn(async move { driver.await.unwrap_or_default() });
        Ok(Self(sender))
    }

    pub(crate) async fn get(&mut self, path: &str) -> hyper::Result<Response<Bytes>> {
        self.0.ready().await?;
        let request =
            Request::get(path).header(header::HOST, "drain").body(Empty::new()).expect("a valid request");
        let (head, body) = self.0.send_request(request).await?.into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    }
}
