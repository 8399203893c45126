//! What clients do: each of these is one conversation, from the first byte to the last.

use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::bodies::{Script, Step, trailers};
use crate::client::Client;
use crate::service::{HUGE, LARGE};

pub(crate) type Run = Pin<Box<dyn Future<Output = ()>>>;

/// What a client lets pass before it goes on: less than is promised, and more.
pub(crate) const PATIENT: Duration = Duration::from_millis(40);
pub(crate) const TOO_LONG: Duration = Duration::from_millis(71);

pub(crate) fn reads(mut client: Client, method: &'static str, path: &'static str, status: u16) -> Run {
    Box::pin(async move { assert_eq!(client.read(method, path).await, status) })
}

pub(crate) async fn three(mut client: Client) {
    for _ in 0..3 {
        assert_eq!(client.read("GET", "/ok").await, 200);
    }
    assert!(client.is_open().await);
}

pub(crate) async fn uploads(mut client: Client) {
    let body = Script::stream([Step::Repeat(Bytes::from_static(b"chunk"), 10)]);
    let request = client.request("POST", "/upload").body(body).unwrap();
    let answer = client.send(request).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(answer.to_bytes(), "50");
}

pub(crate) fn fails_before_head(mut client: Client, path: &'static str) -> Run {
    Box::pin(async move { assert!(client.get(path).await.is_err()) })
}

pub(crate) fn fails_in_body(mut client: Client, path: &'static str) -> Run {
    Box::pin(async move {
        // HTTP/2 may reset the stream before its head is sent.
        if let Ok(response) = client.get(path).await {
            assert!(response.into_body().collect().await.is_err());
        }
    })
}

pub(crate) async fn leaves(mut client: Client, after: Duration) {
    let stage = client.stage.clone();
    let request = client.request("GET", "/wait").body(Script::text("")).unwrap();
    let answer = tokio::spawn(client.sending(request));
    stage.until_waiting(1).await;
    stage.clock.advance(after);
    client.vanish();
    assert!(answer.await.unwrap().is_err());
}

pub(crate) fn leaves_body(mut client: Client, path: &'static str) -> Run {
    Box::pin(async move {
        let mut response = client.get(path).await.unwrap();
        assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
        client.stage.clock.advance(PATIENT);
        client.vanish();
    })
}

pub(crate) async fn leaves_upload(mut client: Client) {
    let stage = client.stage.clone();
    let first = Step::Data(Bytes::from_static(b"first"));
    let body = Script::announced(1000, [first, Step::Stall]);
    let request = client.request("POST", "/upload").body(body).unwrap();
    let answer = tokio::spawn(client.sending(request));
    stage.until_waiting(1).await;
    client.vanish();
    assert!(answer.await.unwrap().is_err());
}

/// To axum's server, a client that will not send any more has left.
pub(crate) async fn half_closes(client: Client) {
    let mut stream = TcpStream::connect(client.address).await.unwrap();
    stream.write_all(b"GET /wait HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    client.stage.until_waiting(1).await;
    client.stage.clock.advance(PATIENT);
    stream.shutdown().await.unwrap();
    assert_eq!(stream.read(&mut [0]).await.unwrap_or_default(), 0);
}

pub(crate) async fn resets(mut client: Client) {
    let stage = client.stage.clone();
    let request = client.request("GET", "/wait").body(Script::text("")).unwrap();
    let answer = tokio::spawn(client.sending(request));
    stage.until_waiting(1).await;
    stage.clock.advance(PATIENT);
    answer.abort();
    assert!(answer.await.unwrap_err().is_cancelled());
    assert!(client.is_open().await);
}

pub(crate) async fn resets_body(mut client: Client) {
    let mut response = client.get("/stalled").await.unwrap();
    assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
    client.stage.clock.advance(PATIENT);
    drop(response);
    assert!(client.is_open().await);
}

pub(crate) async fn reads_slowly(mut client: Client) {
    let response = client.get("/large").await.unwrap();
    // What is not read yet is more than the sockets hold, so the end of it cannot have been handed over.
    client.stage.clock.advance(PATIENT);
    assert_eq!(drain(response.into_body()).await, LARGE);
}

pub(crate) async fn reads_all(mut client: Client) {
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

pub(crate) async fn reads_trailers(mut client: Client) {
    let request = client.request("GET", "/trailers").header("te", "trailers").body(Script::text("")).unwrap();
    let answer = client.send(request).await.unwrap().into_body().collect().await.unwrap();
    assert_eq!(answer.trailers(), Some(&trailers()));
}

pub(crate) async fn upgrades(mut client: Client) {
    let request = client.request("GET", "/upgrade").header("connection", "upgrade").header("upgrade", "echo");
    let response = client.send(request.body(Script::text("")).unwrap()).await.unwrap();
    assert_eq!(response.status(), 101);
    echoes(response).await;
}

pub(crate) async fn connects(mut client: Client) {
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
pub(crate) fn writes(address: SocketAddr, bytes: String, answers: usize) -> Run {
    Box::pin(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        read_answers(&mut stream, answers).await;
    })
}

pub(crate) async fn continues(client: Client) {
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
