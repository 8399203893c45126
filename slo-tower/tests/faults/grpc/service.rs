//! What tonic generates for a service, written by hand, and a few answers that tonic would never give.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::BodyExt;
use tonic::body::Body;
use tonic::server::{
    ClientStreamingService, Grpc, NamedService, ServerStreamingService, StreamingService, UnaryService,
};
use tonic::{Status, Streaming};
use tower::Service;

use super::codec::Plain;
use super::shop::{Messages, Shop};
use crate::bodies::{Script, Step};

/// Serves a [`Shop`].
pub(crate) struct ShopServer<T>(Arc<T>);

impl<T> ShopServer<T> {
    pub(crate) fn new(shop: T) -> Self {
        Self(Arc::new(shop))
    }
}

impl<T> Clone for ShopServer<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> NamedService for ShopServer<T> {
    const NAME: &'static str = "shop.Shop";
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl<T: Shop> Service<Request<Body>> for ShopServer<T> {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Answer {
        let (call, mut grpc) = (Call(Arc::clone(&self.0)), Grpc::new(Plain));
        match request.uri().path() {
            "/shop.Shop/Buy" => Box::pin(async move { Ok(grpc.unary(call, request).await) }),
            "/shop.Shop/Fill" => Box::pin(async move { Ok(grpc.client_streaming(call, request).await) }),
            "/shop.Shop/List" => Box::pin(async move { Ok(grpc.server_streaming(call, request).await) }),
            "/shop.Shop/Chat" => Box::pin(async move { Ok(grpc.streaming(call, request).await) }),
            "/shop.Shop/Mute" => answer(200, Script::stream([Step::Data(Bytes::from_static(MESSAGE))])),
            "/shop.Shop/MuteAtOnce" => answer(200, Script::text("")),
            "/shop.Shop/Broken" => {
                answer(200, Script::stream([Step::Data(Bytes::from_static(MESSAGE)), Step::Fail]))
            }
            "/shop.Shop/BadGateway" => answer(502, Script::text("")),
            _ => Box::pin(async { Ok(Status::unimplemented("no such method").into_http()) }),
        }
    }
}

/// Uncompressed, of one byte.
const MESSAGE: &[u8] = b"\0\0\0\0\x01x";

fn answer(status: u16, body: Script) -> Answer {
    let body = Body::new(body.map_err(|error| Status::from_error(Box::new(error))));
    let head = Response::builder().status(status).header(header::CONTENT_TYPE, "application/grpc");
    Box::pin(async move { Ok(head.body(body).unwrap()) })
}

struct Call<T>(Arc<T>);

type Ending<R> = Pin<Box<dyn Future<Output = Result<tonic::Response<R>, Status>> + Send>>;

impl<T: Shop> UnaryService<Bytes> for Call<T> {
    type Response = Bytes;
    type Future = Ending<Bytes>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let shop = Arc::clone(&self.0);
        Box::pin(async move { shop.buy(request).await })
    }
}

impl<T: Shop> ClientStreamingService<Bytes> for Call<T> {
    type Response = Bytes;
    type Future = Ending<Bytes>;

    fn call(&mut self, request: tonic::Request<Streaming<Bytes>>) -> Self::Future {
        let shop = Arc::clone(&self.0);
        Box::pin(async move { shop.fill(request).await })
    }
}

impl<T: Shop> ServerStreamingService<Bytes> for Call<T> {
    type Response = Bytes;
    type ResponseStream = Messages;
    type Future = Ending<Messages>;

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let shop = Arc::clone(&self.0);
        Box::pin(async move { shop.list(request).await })
    }
}

impl<T: Shop> StreamingService<Bytes> for Call<T> {
    type Response = Bytes;
    type ResponseStream = Messages;
    type Future = Ending<Messages>;

    fn call(&mut self, request: tonic::Request<Streaming<Bytes>>) -> Self::Future {
        let shop = Arc::clone(&self.0);
        Box::pin(async move { shop.chat(request).await })
    }
}
