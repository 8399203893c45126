//! The ways a request can end, and what each must leave behind.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::bodies::{Script, Step, trailers};
use crate::client::{Client, Protocol};
use crate::service::{HUGE, LARGE, WORK};

/// One way to end. On each protocol and under each mount it leaves the same.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) on: &'static [Protocol],
    /// Method and template.
    pub(crate) route: &'static str,
    /// The labels of the one series that counts it, after the route; `None` if nothing is counted.
    pub(crate) ends: Option<&'static str>,
    pub(crate) requests: u64,
    /// Requests of another route that it makes before.
    pub(crate) others: u64,
    /// Good, bad and excluded for availability, and for the latency of 100 ms.
    pub(crate) events: [[u64; 3]; 2],
    /// Of all its requests together.
    pub(crate) latency: Duration,
    pub(crate) run: fn(Client) -> Run,
}

pub(crate) type Run = Pin<Box<dyn Future<Output = ()>>>;

const HTTP1: &[Protocol] = &[Protocol::Http1];
const HTTP2: &[Protocol] = &[Protocol::Http2];
const BOTH: &[Protocol] = &[Protocol::Http1, Protocol::Http2];

const GOOD: [u64; 3] = [1, 0, 0];
const BAD: [u64; 3] = [0, 1, 0];
const EXCLUDED: [u64; 3] = [0, 0, 1];
/// What a client lets pass before it goes on: less than is promised, and more.
const PATIENT: Duration = Duration::from_millis(40);
const TOO_LONG: Duration = Duration::from_millis(71);

impl Case {
    /// One request on either protocol, answered with 200 in good time.
    fn new(name: &'static str, route: &'static str, run: fn(Client) -> Run) -> Self {
        Self {
            name,
            on: BOTH,
            route,
            ends: Some("200"),
            requests: 1,
            others: 0,
            events: [GOOD; 2],
            latency: WORK,
            run,
        }
    }

    fn on(self, on: &'static [Protocol]) -> Self {
        Self { on, ..self }
    }

    fn ends(self, ends: &'static str) -> Self {
        Self { ends: Some(ends), ..self }
    }

    /// A failure, which says nothing about latency unless it is slow.
    fn fails(self, ends: &'static str) -> Self {
        Self { events: [BAD, EXCLUDED], ..self.ends(ends) }
    }

    fn excluded(self, ends: &'static str) -> Self {
        Self { events: [EXCLUDED; 2], ..self.ends(ends) }
    }

    fn latency(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    fn requests(self, requests: u64) -> Self {
        let events = self.events.map(|events| events.map(|count| count * requests));
        Self { requests, events, latency: self.latency * u32::try_from(requests).unwrap(), ..self }
    }

    fn counts_nothing(self) -> Self {
        Self { ends: None, latency: Duration::ZERO, ..self.requests(0) }
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = answered();
    cases.extend(failed());
    cases.extend(left());
    cases.extend(streamed());
    cases.extend(of_the_protocol());
    cases
}

fn answered() -> Vec<Case> {
    vec![
        Case::new("ok", "GET /ok", |client| reads(client, "GET", "/ok", 200)),
        Case::new("empty body", "GET /empty", |client| reads(client, "GET", "/empty", 200)),
        Case::new("204", "GET /status/{code}", |client| reads(client, "GET", "/status/204", 204)).ends("204"),
        Case::new("304", "GET /status/{code}", |client| reads(client, "GET", "/status/304", 304)).ends("304"),
        Case::new("4xx", "GET /status/{code}", |client| reads(client, "GET", "/status/404", 404)).ends("404"),
        Case::new("5xx", "GET /status/{code}", |client| reads(client, "GET", "/status/503", 503))
            .fails("503 503"),
        Case::new("HEAD", "HEAD /ok", |client| reads(client, "HEAD", "/ok", 200)),
        Case::new("HEAD of a stream", "HEAD /stream", |client| reads(client, "HEAD", "/stream", 200)),
        Case::new("method that nobody takes", "POST /ok", |client| reads(client, "POST", "/ok", 405))
            .ends("405")
            .latency(Duration::ZERO),
        Case::new("extractor rejects", "POST /json", |client| reads(client, "POST", "/json", 415))
            .ends("415")
            .latency(Duration::ZERO),
        Case::new("three on one connection", "GET /ok", |client| Box::pin(three(client))).requests(3),
        Case::new("request with a body", "POST /upload", |client| Box::pin(uploads(client))),
    ]
}

fn failed() -> Vec<Case> {
    vec![
        Case::new("handler panics", "GET /panic", |client| fails_before_head(client, "/panic"))
            .fails("panic"),
        Case::new("time-out, answers 504", "GET /timeout/504", |client| {
            reads(client, "GET", "/timeout/504", 504)
        })
        .fails("504 504"),
        Case::new("time-out, answers 408", "GET /timeout/408", |client| {
            reads(client, "GET", "/timeout/408", 408)
        })
        .ends("408"),
        Case::new("body fails", "GET /body-error", |client| fails_in_body(client, "/body-error"))
            .fails("200 body_error"),
        Case::new("body panics", "GET /body-panic", |client| fails_in_body(client, "/body-panic"))
            .fails("panic"),
    ]
}

fn left() -> Vec<Case> {
    vec![
        Case::new("client leaves before the head", "GET /wait", |client| Box::pin(leaves(client, PATIENT)))
            .excluded("cancelled")
            .latency(WORK + PATIENT),
        Case {
            events: [EXCLUDED, BAD],
            ..Case::new("… after waiting too long", "GET /wait", |client| {
                Box::pin(leaves(client, TOO_LONG))
            })
            .ends("cancelled")
            .latency(WORK + TOO_LONG)
        },
        Case::new("client leaves within a stream", "GET /stream", |client| leaves_body(client, "/stream"))
            .excluded("200 body_aborted"),
        Case::new("client leaves within a body", "GET /stalled", |client| leaves_body(client, "/stalled"))
            .excluded("200 body_aborted")
            .latency(WORK + PATIENT),
        // The handler is told, and answers; nobody hears it.
        Case::new("client leaves while it sends", "POST /upload", |client| Box::pin(leaves_upload(client)))
            .ends("400"),
        Case::new("RST_STREAM before the head", "GET /wait", |client| Box::pin(resets(client)))
            .on(HTTP2)
            .excluded("cancelled")
            .latency(WORK + PATIENT),
        Case::new("RST_STREAM within a body", "GET /stalled", |client| Box::pin(resets_body(client)))
            .on(HTTP2)
            .excluded("200 body_aborted")
            .latency(WORK + PATIENT),
    ]
}

fn streamed() -> Vec<Case> {
    vec![
        Case::new("slow reader", "GET /large", |client| Box::pin(reads_slowly(client)))
            .latency(WORK + PATIENT),
        Case::new("very long stream", "GET /huge", |client| Box::pin(reads_all(client))),
        Case::new("trailers", "GET /trailers", |client| Box::pin(reads_trailers(client))),
    ]
}

fn of_the_protocol() -> Vec<Case> {
    const OK: &str = "GET /ok HTTP/1.1\r\nhost: here\r\n\r\n";
    vec![
        Case::new("101, then raw bytes", "GET /upgrade", |client| Box::pin(upgrades(client)))
            .on(HTTP1)
            .ends("101"),
        Case {
            others: 1,
            ..Case::new("extended CONNECT, then raw bytes", "CONNECT /upgrade", |client| {
                Box::pin(connects(client))
            })
            .on(HTTP2)
        },
        Case::new("pipelined", "GET /ok", |client| writes(client.address, [OK, OK, ""].concat(), 2))
            .on(HTTP1)
            .requests(2),
        Case::new("HTTP/1.0", "GET /ok", |client| {
            writes(client.address, "GET /ok HTTP/1.0\r\n\r\n".into(), 1)
        })
        .on(HTTP1),
        Case::new("100-continue", "POST /upload", |client| Box::pin(continues(client))).on(HTTP1),
        Case::new("malformed head", "GET /ok", |client| {
            writes(client.address, "GET /ok HTTP/1.1\r\n: \r\n\r\n".into(), 1)
        })
        .on(HTTP1)
        .counts_nothing(),
        Case::new("connection without request", "GET /ok", |client| writes(client.address, String::new(), 0))
            .on(HTTP1)
            .counts_nothing(),
    ]
}

fn reads(mut client: Client, method: &'static str, path: &'static str, status: u16) -> Run {
    Box::pin(async move { assert_eq!(client.read(method, path).await, status) })
}

async fn three(mut client: Client) {
    for _ in 0..3 {
        assert_eq!(client.read("GET", "/ok").await, 200);
    }
    assert!(client.is_open().await);
}

async fn uploads(mut client: Client) {
    let body = Script::stream([Step::Repeat(Bytes::from_static(b"chunk"), 10)]);
    let request = client.request("POST", "/upload").body(body).unwrap();
    let answer = client.send(request).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(answer.to_bytes(), "50");
}

fn fails_before_head(mut client: Client, path: &'static str) -> Run {
    Box::pin(async move { assert!(client.get(path).await.is_err()) })
}

fn fails_in_body(mut client: Client, path: &'static str) -> Run {
    Box::pin(async move {
        // HTTP/2 may reset the stream before its head is sent.
        if let Ok(response) = client.get(path).await {
            assert!(response.into_body().collect().await.is_err());
        }
    })
}

async fn leaves(mut client: Client, after: Duration) {
    let stage = client.stage.clone();
    let request = client.request("GET", "/wait").body(Script::text("")).unwrap();
    let answer = tokio::spawn(client.sending(request));
    stage.until_waiting(1).await;
    stage.clock.advance(after);
    client.vanish();
    assert!(answer.await.unwrap().is_err());
}

fn leaves_body(mut client: Client, path: &'static str) -> Run {
    Box::pin(async move {
        let mut response = client.get(path).await.unwrap();
        assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
        client.stage.clock.advance(PATIENT);
        client.vanish();
    })
}

async fn leaves_upload(mut client: Client) {
    let stage = client.stage.clone();
    let first = Step::Data(Bytes::from_static(b"first"));
    let body = Script::announced(1000, [first, Step::Stall]);
    let request = client.request("POST", "/upload").body(body).unwrap();
    let answer = tokio::spawn(client.sending(request));
    stage.until_waiting(1).await;
    client.vanish();
    assert!(answer.await.unwrap().is_err());
}

async fn resets(mut client: Client) {
    let stage = client.stage.clone();
    let request = client.request("GET", "/wait").body(Script::text("")).unwrap();
    let answer = tokio::spawn(client.sending(request));
    stage.until_waiting(1).await;
    stage.clock.advance(PATIENT);
    answer.abort();
    assert!(answer.await.unwrap_err().is_cancelled());
    assert!(client.is_open().await);
}

async fn resets_body(mut client: Client) {
    let mut response = client.get("/stalled").await.unwrap();
    assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
    client.stage.clock.advance(PATIENT);
    drop(response);
    assert!(client.is_open().await);
}

async fn reads_slowly(mut client: Client) {
    let response = client.get("/large").await.unwrap();
    // What is not read yet is more than the sockets hold, so the end of it cannot have been handed over.
    client.stage.clock.advance(PATIENT);
    assert_eq!(drain(response.into_body()).await, LARGE);
}

async fn reads_all(mut client: Client) {
    let response = client.get("/huge").await.unwrap();
    assert_eq!(drain(response.into_body()).await, HUGE);
}

async fn drain(mut body: hyper::body::Incoming) -> usize {
    let mut bytes = 0;
    while let Some(frame) = body.frame().await {
        bytes += frame.unwrap().into_data().unwrap().len();
    }
    bytes
}

async fn reads_trailers(mut client: Client) {
    let request = client.request("GET", "/trailers").header("te", "trailers").body(Script::text("")).unwrap();
    let answer = client.send(request).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(answer.trailers(), Some(&trailers()));
}

async fn upgrades(mut client: Client) {
    let request = client.request("GET", "/upgrade").header("connection", "upgrade").header("upgrade", "echo");
    let response = client.send(request.body(Script::text("")).unwrap()).await.unwrap();
    assert_eq!(response.status(), 101);
    echoes(response).await;
}

async fn connects(mut client: Client) {
    // The server has to have said that it knows of this.
    assert_eq!(client.read("GET", "/other").await, 200);
    let request = client.request("CONNECT", "/upgrade").extension(hyper::ext::Protocol::from_static("echo"));
    let response = client.send(request.body(Script::text("")).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    echoes(response).await;
}

async fn echoes(response: http::Response<hyper::body::Incoming>) {
    let mut io = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    for word in [&b"to and"[..], b"fro"] {
        io.write_all(word).await.unwrap();
        let mut read = vec![0; word.len()];
        io.read_exact(&mut read).await.unwrap();
        assert_eq!(read, word);
    }
    io.shutdown().await.unwrap();
}

/// Writes bytes on a connection of its own and reads so many answers.
fn writes(address: SocketAddr, bytes: String, answers: usize) -> Run {
    Box::pin(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        read_answers(&mut stream, answers).await;
    })
}

async fn continues(client: Client) {
    let mut stream = TcpStream::connect(client.address).await.unwrap();
    let head = "POST /upload HTTP/1.1\r\nhost: here\r\ncontent-length: 5\r\nexpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(read_answers(&mut stream, 1).await.starts_with("HTTP/1.1 100 Continue\r\n\r\n"));
    stream.write_all(b"bytes").await.unwrap();
    read_until(&mut stream, |text| text.ends_with("\r\n\r\n5")).await;
}

/// Reads until so many heads have come.
async fn read_answers(stream: &mut TcpStream, answers: usize) -> String {
    read_until(stream, |text| text.matches("HTTP/1.").count() >= answers).await
}

async fn read_until(stream: &mut TcpStream, enough: impl Fn(&str) -> bool) -> String {
    let mut read = String::new();
    let mut buffer = [0; 4096];
    while !enough(&read) {
        let bytes = stream.read(&mut buffer).await.unwrap();
        assert_ne!(bytes, 0, "cut off after {read}");
        read.push_str(std::str::from_utf8(&buffer[..bytes]).unwrap());
    }
    read
}
