//! A served shop and a client of it.

use std::net::{Shutdown, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use http::Uri;
use http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use slo_tower::{Objective, Sli, Slo, SloRegistry, Threshold};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status, Streaming};
use tower::timeout::TimeoutLayer;
use tower::{Layer, service_fn};

use super::codec::Plain;
use super::service::ShopServer;
use super::shop::Scripted;
use crate::client::{PATIENCE, samples, until};
use crate::service::{Stage, THRESHOLD};

/// In real time: long enough for a handler to begin, however busy the machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(1);

/// How the layer is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mount {
    /// On the whole server.
    Server,
    /// On the one service.
    Service,
    /// On the whole server, over a time-out of [`LIMIT`].
    Limited,
    /// On the whole server, which has the same time-out of its own.
    Patient,
}

/// A shop on loopback, and what it counts.
pub(crate) struct Served {
    pub(crate) slos: SloRegistry,
    pub(crate) stage: Stage,
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), tonic::transport::Error>>,
}

impl Served {
    /// Serves the shop, and promises something of one method.
    pub(crate) async fn start(mount: Mount, method: &str) -> Self {
        let stage = Stage::new();
        let threshold = Threshold::literal(THRESHOLD);
        let promise = |builder: slo_tower::SloRegistryBuilder, sli: Sli| {
            let slo = Slo::new(format!("case-{}", sli.kind()), sli, Objective::literal("99%")).unwrap();
            builder.slo(slo.with_route(method.to_owned()).unwrap())
        };
        let builder = SloRegistry::builder("test").without_declared().clock(stage.clock.clone());
        let builder = [Sli::Availability, Sli::Latency { threshold }].into_iter().fold(builder, promise);
        Self::serve(mount, stage, builder.build().unwrap()).await
    }

    pub(crate) async fn serve(mount: Mount, stage: Stage, slos: SloRegistry) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { stopped.await.unwrap_or_default() };
        let (shop, incoming) = (ShopServer::new(Scripted(stage.clone())), TcpIncoming::from(listener));
        let server = match mount {
            Mount::Server => tokio::spawn(
                Server::builder()
                    .layer(slos.layer_grpc())
                    .add_service(shop)
                    .serve_with_incoming_shutdown(incoming, stopped),
            ),
            Mount::Limited => tokio::spawn(
                Server::builder()
                    .layer(slos.layer_grpc())
                    .layer(TimeoutLayer::new(LIMIT))
                    .add_service(shop)
                    .serve_with_incoming_shutdown(incoming, stopped),
            ),
            Mount::Patient => tokio::spawn(
                Server::builder()
                    .timeout(LIMIT)
                    .layer(slos.layer_grpc().server_timeout(LIMIT))
                    .add_service(shop)
                    .serve_with_incoming_shutdown(incoming, stopped),
            ),
            Mount::Service => tokio::spawn(
                Server::builder()
                    .add_service(slos.layer_grpc().layer(shop))
                    .serve_with_incoming_shutdown(incoming, stopped),
            ),
        };
        Self { slos, stage, address, stop, server }
    }

    /// Lets the server end its connections; afterwards nothing can be counted any more.
    pub(crate) async fn stop(self) -> SloRegistry {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.server).await.expect("the server ends").unwrap().unwrap();
        // Each call is answered in a task of its own, which may end a moment later.
        until(|| samples(&self.slos, "rpc_server_active_calls").is_empty()).await;
        self.slos
    }
}

/// One connection to a [`Served`].
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) stage: Stage,
    grpc: tonic::client::Grpc<Channel>,
    /// The same socket once more, to be closed whatever its connection thinks of it.
    socket: Arc<Mutex<Option<std::net::TcpStream>>>,
}

impl Client {
    pub(crate) async fn connect(served: &Served) -> Self {
        let (socket, address) = (Arc::new(Mutex::new(None)), served.address);
        let kept = Arc::clone(&socket);
        let connector = service_fn(move |_: Uri| {
            let kept = Arc::clone(&kept);
            async move {
                let stream = TcpStream::connect(address).await?.into_std()?;
                *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream.try_clone()?);
                Ok::<_, std::io::Error>(TokioIo::new(TcpStream::from_std(stream)?))
            }
        });
        let endpoint = Endpoint::from_static("http://shop.example");
        let channel = endpoint.connect_with_connector(connector).await.unwrap();
        Self { stage: served.stage.clone(), grpc: tonic::client::Grpc::new(channel), socket }
    }

    /// Asks for something, and waits for it no longer than this.
    pub(crate) async fn ask(
        &mut self,
        method: &'static str,
        message: &'static str,
        deadline: Option<Duration>,
    ) -> Result<Response<Bytes>, Status> {
        self.grpc.ready().await.unwrap();
        let mut request = Request::new(Bytes::from_static(message.as_bytes()));
        deadline.into_iter().for_each(|deadline| request.set_timeout(deadline));
        self.grpc.unary(request, path(method), Plain).await
    }

    pub(crate) async fn unary(
        &mut self,
        method: &'static str,
        message: &'static str,
    ) -> Result<Bytes, Status> {
        Ok(self.ask(method, message, None).await?.into_inner())
    }

    pub(crate) async fn fill(&mut self, messages: impl Messages) -> Result<Bytes, Status> {
        self.grpc.ready().await.unwrap();
        let answer =
            self.grpc.client_streaming(Request::new(messages), path("shop.Shop/Fill"), Plain).await?;
        Ok(answer.into_inner())
    }

    pub(crate) async fn list(&mut self, message: &'static str) -> Result<Streaming<Bytes>, Status> {
        self.grpc.ready().await.unwrap();
        let request = Request::new(Bytes::from_static(message.as_bytes()));
        Ok(self.grpc.server_streaming(request, path("shop.Shop/List"), Plain).await?.into_inner())
    }

    pub(crate) async fn chat(&mut self, messages: impl Messages) -> Result<Streaming<Bytes>, Status> {
        self.grpc.ready().await.unwrap();
        let answer = self.grpc.streaming(Request::new(messages), path("shop.Shop/Chat"), Plain).await?;
        Ok(answer.into_inner())
    }

    /// Goes away without a word.
    pub(crate) fn vanish(self) {
        let socket = self.socket.lock().unwrap_or_else(PoisonError::into_inner).take();
        socket.unwrap().shutdown(Shutdown::Both).unwrap();
    }
}

/// What a client sends.
pub(crate) trait Messages: Stream<Item = Bytes> + Send + 'static {}

impl<S: Stream<Item = Bytes> + Send + 'static> Messages for S {}

/// Sends these messages, and then ends or stalls.
pub(crate) struct Sending {
    pub(crate) messages: std::collections::VecDeque<&'static str>,
    pub(crate) stalls: bool,
}

impl Sending {
    pub(crate) fn all(messages: &[&'static str]) -> Self {
        Self { messages: messages.iter().copied().collect(), stalls: false }
    }

    pub(crate) fn and_stall(messages: &[&'static str]) -> Self {
        Self { stalls: true, ..Self::all(messages) }
    }
}

impl Stream for Sending {
    type Item = Bytes;

    fn poll_next(self: Pin<&mut Self>, _: &mut std::task::Context<'_>) -> std::task::Poll<Option<Bytes>> {
        let this = self.get_mut();
        match this.messages.pop_front() {
            Some(message) => std::task::Poll::Ready(Some(Bytes::from_static(message.as_bytes()))),
            None if this.stalls => std::task::Poll::Pending,
            None => std::task::Poll::Ready(None),
        }
    }
}

fn path(method: &'static str) -> PathAndQuery {
    format!("/{method}").parse().unwrap()
}
