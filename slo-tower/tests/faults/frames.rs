//! The corpus of shapes, bare, under the layer, and within a service around the router: what a client gets over HTTP/1.1, byte
//! for byte; over HTTP/2, frame by frame; and what a server sees in process, step by step.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use http::{HeaderMap, Request, Response};
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use slo_tower::SloRegistry;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tower::{Service, ServiceExt};

use crate::bodies::Script;
use crate::client::{PATIENCE, samples, until};
use crate::shapes::{Marked, Shape, TEMPLATE, router, shapes};
use crate::wire::{exchange, serve};

/// A socket that keeps a copy of what is read from it.
struct Tap {
    stream: TcpStream,
    read: Arc<Mutex<Vec<u8>>>,
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.read.lock().unwrap().extend_from_slice(&buffer.filled()[before..]);
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What is read of a stream of HTTP/2, in order: headers decoded, everything else as it lay on the wire.
async fn log_of_http2(address: SocketAddr, number: usize, shape: &Shape) -> Vec<String> {
    let read = Arc::new(Mutex::new(Vec::new()));
    let stream = TcpStream::connect(address).await.unwrap();
    let tap = TokioIo::new(Tap { stream, read: Arc::clone(&read) });
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), tap).await.unwrap();
    tokio::spawn(async { connection.await.unwrap_or_default() });
    let uri = format!("http://{address}/shape/{number}");
    let mut log = received(&mut sender, shape.request(&uri)).await;
    // The frames of the first stream are all there when the answer to a second one is.
    let fence = Request::get(format!("http://{address}/nowhere")).body(Script::text("")).unwrap();
    log.extend(received(&mut sender, fence).await);
    log.extend(frames(&read.lock().unwrap()));
    log
}

/// What the client makes of an answer.
async fn received(sender: &mut SendRequest<Script>, request: Request<Script>) -> Vec<String> {
    sender.ready().await.unwrap();
    let answer = timeout(PATIENCE, sender.send_request(request)).await.expect("there is an answer");
    let response = match answer {
        Ok(response) => response,
        Err(error) => return vec![format!("no answer: {error:?}")],
    };
    let (head, mut body) = response.into_parts();
    let mut log = vec![format!("{} {}", head.status, undated(head.headers))];
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_trailers) {
            // Its bytes are in the frames.
            Ok(Err(_)) => {}
            Ok(Ok(trailers)) => log.push(format!("trailers {trailers:?}")),
            Err(error) => {
                log.push(format!("fails: {error:?}"));
                break;
            }
        }
    }
    log
}

/// The headers in their order, but for the one thing that may differ.
fn undated(mut headers: HeaderMap) -> String {
    if let Some(date) = headers.get_mut("date") {
        *date = http::HeaderValue::from_static("now");
    }
    format!("{headers:?}")
}

/// The frames of streams: kind, flags, length, and what it holds unless that is headers, whose compression
/// depends on the date. What is about the connection depends on when the client reads.
fn frames(mut bytes: &[u8]) -> Vec<String> {
    const HEADERS: u8 = 1;
    const WINDOW_UPDATE: u8 = 8;
    let mut frames = Vec::new();
    while let Some((&[a, b, c, kind, flags, ref stream @ ..], rest)) = bytes.split_first_chunk::<9>() {
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        let stream = u32::from_be_bytes(*stream);
        let Some((payload, rest)) = rest.split_at_checked(length) else { break };
        bytes = rest;
        if stream != 0 && kind != WINDOW_UPDATE {
            let payload = if kind == HEADERS { "…".to_owned() } else { format!("{length} {payload:?}") };
            frames.push(format!("stream {stream}: kind {kind} flags {flags:#x} {payload}"));
        }
    }
    frames
}

impl Shape {
    fn request(&self, uri: &str) -> Request<Script> {
        let mut request = Request::builder().method(self.method).uri(uri);
        for (name, value) in self.asks.lines().map(|line| line.split_once(": ").unwrap()) {
            request = request.header(name, value);
        }
        request.body(self.sends.clone()).unwrap()
    }

    /// The request as HTTP/1.1 writes it.
    async fn text(&self, number: usize) -> String {
        let known = self.sends.size_hint().exact();
        let body = self.sends.clone().collect().await.unwrap().to_bytes();
        let body = std::str::from_utf8(&body).unwrap();
        let (length, body) = match known {
            Some(0) => (String::new(), String::new()),
            Some(length) => (format!("content-length: {length}\r\n"), body.to_owned()),
            None => (
                "transfer-encoding: chunked\r\n".to_owned(),
                format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()),
            ),
        };
        let asks: String = self.asks.lines().map(|line| format!("{line}\r\n")).collect();
        format!(
            "{} /shape/{number} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n{asks}{length}\r\n{body}",
            self.method
        )
    }
}

/// What a server sees of an answer: the head, what is left for it, and at each step whether the body says that it ends,
/// how long it says that it is, and what it gives.
async fn seen<S>(service: S, number: usize, shape: &Shape) -> Vec<String>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
{
    let request = shape.request(&format!("/shape/{number}")).map(Body::new);
    let (parts, mut body) = service.oneshot(request).await.unwrap().into_parts();
    let marked = parts.extensions.get::<Marked>();
    let mut seen = vec![format!("{} {:?} {:?} {marked:?}", parts.status, parts.version, parts.headers)];
    let mut context = Context::from_waker(Waker::noop());
    loop {
        seen.push(format!("{} {:?}", body.is_end_stream(), body.size_hint()));
        let poll = AssertUnwindSafe(|| Pin::new(&mut body).poll_frame(&mut context));
        let polled = catch_unwind(poll).map_err(|_| "panics");
        let ends = !matches!(polled, Ok(Poll::Ready(Some(Ok(_)))));
        seen.push(format!("{polled:?}"));
        if ends {
            seen.push(format!("{} {:?}", body.is_end_stream(), body.size_hint()));
            return seen;
        }
    }
}

#[tokio::test]
async fn every_shape_passes_unchanged_over_both_protocols_and_in_process() {
    let registry = || SloRegistry::builder("test").without_declared().build().unwrap();
    let (layered, around) = (registry(), registry());
    let [bare, others @ ..] = serve(router, &layered, &around, [TEMPLATE]).await;
    let shapes = shapes();
    let mut frames = 0;
    for (number, shape) in shapes.iter().enumerate() {
        let name = shape.name;
        let text = shape.text(number).await;
        let bytes = exchange(bare, &text).await;
        let log = log_of_http2(bare, number, shape).await;
        for address in others {
            let (other, same) = (exchange(address, &text).await, String::from_utf8_lossy(&bytes.0));
            assert!(other == bytes, "{name}: {}\nnot {same}", String::from_utf8_lossy(&other.0));
            assert_eq!(log_of_http2(address, number, shape).await, log, "{name}");
        }
        let steps = seen(router(), number, shape).await;
        assert_eq!(seen(router().layer(layered.layer()), number, shape).await, steps, "{name}");
        assert_eq!(seen(around.around(router(), [TEMPLATE]).unwrap(), number, shape).await, steps, "{name}");
        frames += log.len();
    }
    println!(
        "{} shapes × (HTTP/1.1, HTTP/2, in process): the same bare, layered and from around; {frames} lines of HTTP/2",
        shapes.len()
    );
    assert!(shapes.len() >= 60);
    let mut names: Vec<_> = shapes.iter().map(|shape| shape.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), shapes.len(), "each shape has a name of its own");
    for slos in [&layered, &around] {
        until(|| samples(slos, "http_server_active_requests").is_empty()).await;
    }
}
