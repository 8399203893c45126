//! A served registry and a client of it, which does what clients do, good manners or not.

use std::future::IntoFuture;
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use axum::ServiceExt;
use axum::extract::Request as AxumRequest;
use http::{Request, Response, header};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use slo_tower::{SloRegistry, TextFormat};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::bodies::Script;
use crate::service::{Mount, ROUTES, Stage, registry, router};

/// No test takes longer, however busy the machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The version of HTTP that a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// A service on loopback, and what it counts.
pub(crate) struct Served {
    pub(crate) slos: SloRegistry,
    pub(crate) stage: Stage,
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Served {
    /// Serves the routes of these tests, and promises something of `route`.
    pub(crate) async fn start(mount: Mount, route: &str) -> Self {
        let stage = Stage::new();
        let slos = registry(&stage, route);
        Self::with(mount, stage, slos).await
    }

    /// Serves the routes of these tests, counted by this registry.
    pub(crate) async fn with(mount: Mount, stage: Stage, slos: SloRegistry) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { stopped.await.unwrap_or_default() };
        let app = router(stage.clone());
        let server = match mount {
            Mount::Layer => {
                let app = app.layer(slos.layer());
                tokio::spawn(async {
                    axum::serve(listener, app).with_graceful_shutdown(stopped).into_future().await.unwrap();
                })
            }
            Mount::Around => {
                let app = ServiceExt::<AxumRequest>::into_make_service(slos.around(app, ROUTES).unwrap());
                tokio::spawn(async {
                    axum::serve(listener, app).with_graceful_shutdown(stopped).into_future().await.unwrap();
                })
            }
        };
        Self { slos, stage, address, stop, server }
    }

    /// Lets the server end its connections; afterwards nothing can be counted any more.
    pub(crate) async fn stop(self) -> SloRegistry {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.server).await.expect("the server ends").unwrap();
        // HTTP/2 answers each stream in a task of its own, which may end a moment later.
        until(|| samples(&self.slos, "http_server_active_requests").is_empty()).await;
        self.slos
    }
}

/// One connection to a [`Served`].
pub(crate) struct Client {
    pub(crate) stage: Stage,
    pub(crate) address: SocketAddr,
    pub(crate) protocol: Protocol,
    sender: Sender,
    /// The same socket once more, to be closed whatever its connection thinks of it.
    socket: std::net::TcpStream,
}

enum Sender {
    Http1(http1::SendRequest<Script>),
    Http2(http2::SendRequest<Script>),
}

impl Client {
    pub(crate) async fn connect(served: &Served, protocol: Protocol) -> Self {
        let stream = TcpStream::connect(served.address).await.unwrap().into_std().unwrap();
        let socket = stream.try_clone().unwrap();
        let io = TokioIo::new(TcpStream::from_std(stream).unwrap());
        let sender = match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(io).await.unwrap();
                tokio::spawn(async { connection.with_upgrades().await.unwrap_or_default() });
                Sender::Http1(sender)
            }
            Protocol::Http2 => {
                let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
                tokio::spawn(async { connection.await.unwrap_or_default() });
                Sender::Http2(sender)
            }
        };
        Self { stage: served.stage.clone(), address: served.address, protocol, sender, socket }
    }

    /// A request as this client's protocol writes it.
    pub(crate) fn request(&self, method: &str, path: &str) -> http::request::Builder {
        let request = Request::builder().method(method);
        match self.protocol {
            Protocol::Http1 => request.uri(path).header(header::HOST, self.address.to_string()),
            Protocol::Http2 => request.uri(format!("http://{}{path}", self.address)),
        }
    }

    /// Sends a request and returns the head of its answer.
    pub(crate) async fn send(&mut self, request: Request<Script>) -> hyper::Result<Response<Incoming>> {
        // HTTP/1.1 takes the next request once the connection has done with the one before.
        assert!(self.is_open().await);
        self.sending(request).await
    }

    /// Sends a request whose answer need not be waited for; dropping it resets the stream.
    pub(crate) fn sending(
        &mut self,
        request: Request<Script>,
    ) -> std::pin::Pin<Box<dyn Future<Output = hyper::Result<Response<Incoming>>> + Send>> {
        match &mut self.sender {
            Sender::Http1(sender) => Box::pin(sender.send_request(request)),
            Sender::Http2(sender) => Box::pin(sender.send_request(request)),
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> hyper::Result<Response<Incoming>> {
        self.send(self.request("GET", path).body(Script::text("")).unwrap()).await
    }

    /// Asks and reads the whole answer; returns its status.
    pub(crate) async fn read(&mut self, method: &str, path: &str) -> u16 {
        let request = self.request(method, path).body(Script::text("")).unwrap();
        let response = self.send(request).await.unwrap();
        let status = response.status().as_u16();
        response.into_body().collect().await.unwrap();
        status
    }

    /// Whether the connection still takes requests.
    pub(crate) async fn is_open(&mut self) -> bool {
        match &mut self.sender {
            Sender::Http1(sender) => sender.ready().await.is_ok(),
            Sender::Http2(sender) => sender.ready().await.is_ok(),
        }
    }

    /// Goes away without a word.
    pub(crate) fn vanish(self) {
        self.socket.shutdown(Shutdown::Both).unwrap();
    }
}

/// The samples of the exposition whose line starts with `prefix`, without zeros.
pub(crate) fn samples(slos: &SloRegistry, prefix: &str) -> Vec<String> {
    let mut out = String::new();
    slos.render(TextFormat::Prometheus, &mut out);
    let counted = |line: &&str| line.starts_with(prefix) && !line.ends_with(" 0");
    out.lines().filter(counted).map(str::to_owned).collect()
}

/// Lets the tasks of this runtime go on until something is so.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("it happens in time");
}
