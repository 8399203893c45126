//! The bytes on the wire are the same without the layer, under it, and within a service around the router.
//!
//! Every request below meets every response below over HTTP/1.1, on a connection of its own that ends with the answer.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::Response;
use axum::routing::{any, get};
use axum::{Router, ServiceExt};
use bytes::Bytes;
use http_body_util::BodyExt;
use slo_tower::SloRegistry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::bodies::{Script, Step};
use crate::client::{PATIENCE, samples, until};

/// A status, headers as lines, and a body.
struct Answer {
    status: u16,
    headers: Vec<u8>,
    body: Script,
}

fn answered(status: u16, headers: impl Into<Vec<u8>>, body: Script) -> Answer {
    Answer { status, headers: headers.into(), body }
}

fn bytes(text: &'static str) -> Step {
    Step::Data(Bytes::from_static(text.as_bytes()))
}

fn answers() -> Vec<Answer> {
    let text = || Script::text("thank you");
    let stream = |steps: &[Step]| Script::stream(steps.to_vec());
    let mut answers: Vec<Answer> = [200, 201, 204, 205, 206, 301, 304, 400, 404, 418, 429, 500, 503, 599]
        .map(|status| answered(status, "", text()))
        .into();
    answers.extend([
        answered(200, "", Script::text("")),
        answered(200, "", stream(&[])),
        answered(200, "", stream(&[bytes("one"), bytes(""), bytes("three")])),
        answered(200, b"trailer: x-end", stream(&[bytes("one"), Step::Trailers])),
        answered(200, b"trailer: x-end", stream(&[Step::Trailers])),
        answered(200, "", stream(&[bytes("one"), Step::Fail])),
        answered(200, "", stream(&[bytes("one"), Step::Panic])),
        answered(200, "", stream(&[Step::Fail])),
        answered(200, b"content-length: 6", stream(&[bytes("one"), bytes("two")])),
        answered(200, b"content-length: 7", stream(&[bytes("one"), bytes("two")])),
        answered(200, b"content-length: 9\ncontent-encoding: identity", text()),
        answered(200, b"content-length: 0", stream(&[])),
        answered(200, b"transfer-encoding: chunked", text()),
        answered(200, b"connection: close", text()),
        answered(200, "", Script::announced(6, [bytes("one"), bytes("two")])),
        answered(
            200,
            "",
            Script::announced(1 << 20, [Step::Repeat(Bytes::from_static(&[b'x'; 1 << 12]), 1 << 8)]),
        ),
        answered(200, "", stream(&[Step::Repeat(Bytes::from_static(&[b'x'; 1000]), 1000)])),
        answered(200, b"set-cookie: a=1\nset-cookie: b=2\nset-cookie: a=3", text()),
        answered(200, b"x-bytes: caf\xe9 \xff\nx-empty: \nserver: ours", text()),
        answered(
            200,
            [&b"date: Thu, 01 Jan 1970 00:00:00 GMT\nx-long: "[..], &[b'y'; 8000]].concat(),
            text(),
        ),
    ]);
    answers
}

/// Requests for an answer by its number, which stands in for `{}`.
const REQUESTS: &[&str] = &[
    "GET /answer/{} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "HEAD /answer/{} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "GET /answer/{} HTTP/1.0\r\n\r\n",
    "GET /answer/{} HTTP/1.1\r\nhost: here\r\nte: trailers\r\nconnection: close\r\n\r\n",
    "GET http://here/answer/{}?query#not HTTP/1.1\r\nhost: there\r\nconnection: close\r\n\r\n",
    "POST /answer/{} HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-length: 5\r\n\r\nbytes",
    "PUT /answer/{} HTTP/1.1\r\nhost: here\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\nby\r\n3\r\ntes\r\n0\r\n\r\n",
    "POST /answer/{} HTTP/1.1\r\nhost: here\r\nconnection: close\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\nbytes",
    "OPTIONS /answer/{} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "BREW /answer/{} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "GET /only-get/{} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "HEAD /only-get/{} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "GET /answer/{} HTTP/1.1\r\nhost: a\r\n\r\nGET /answer/0 HTTP/1.1\r\nhost: b\r\nconnection: close\r\n\r\n",
];

/// Requests that no handler answers, and some that are none.
const STRANGE: &[&str] = &[
    "GET /nowhere HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "HEAD /nowhere HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "POST /only-get/0 HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "GET /only-get/word HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "GET //answer//0 HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "GET /answer/%30 HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "GET /answer/%zz HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "GET / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "GET / HTTP/1.1\r\n: \r\n\r\n",
    "GET /a b HTTP/1.1\r\n\r\n",
    "POST / HTTP/1.1\r\ncontent-length: minus\r\n\r\n",
    "\u{1}\u{2}\r\n\r\n",
];

fn router() -> Router {
    Router::new().route("/answer/{number}", any(answer)).route("/only-get/{number}", get(answer))
}

async fn answer(Path(number): Path<usize>, request: Request) -> Response {
    // What is left unread would end the connection in its own time.
    request.into_body().collect().await.map(drop).unwrap_or_default();
    let Answer { status, headers, body } = answers().swap_remove(number);
    let mut response = Response::builder().status(status);
    for line in headers.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|&byte| byte == b':').unwrap();
        response = response.header(&line[..colon], &line[colon + 2..]);
    }
    response.body(Body::new(body)).unwrap()
}

/// Serves the same router bare, under the layer, and within a service around it.
pub(crate) async fn serve<const N: usize>(
    router: fn() -> Router,
    layered: &SloRegistry,
    around: &SloRegistry,
    templates: [&str; N],
) -> [SocketAddr; 3] {
    let bind = || async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        (listener.local_addr().unwrap(), listener)
    };
    let ((bare, first), (under, second), (within, third)) = (bind().await, bind().await, bind().await);
    let layered = router().layer(layered.layer());
    let around = around.around(router(), templates).unwrap();
    let around = ServiceExt::<Request>::into_make_service(around);
    let bare_router = router();
    tokio::spawn(async { axum::serve(first, bare_router).await.unwrap() });
    tokio::spawn(async { axum::serve(second, layered).await.unwrap() });
    tokio::spawn(async { axum::serve(third, around).await.unwrap() });
    [bare, under, within]
}

/// Sends a request and returns everything that comes back until the connection ends, and whether it ended well.
pub(crate) async fn exchange(address: SocketAddr, request: &str) -> (Vec<u8>, bool) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    let ended = timeout(PATIENCE, stream.read_to_end(&mut read)).await.expect("the connection ends").is_ok();
    mask_dates(&mut read);
    (read, ended)
}

/// The one thing that may differ from one answer to the next.
fn mask_dates(answer: &mut [u8]) {
    const NAME: &[u8] = b"\r\ndate: ";
    const DATE: usize = "Thu, 01 Jan 1970 00:00:00 GMT".len();
    let starts: Vec<usize> =
        (0..answer.len()).filter(|&at| answer[at..].starts_with(NAME)).map(|at| at + NAME.len()).collect();
    for start in starts {
        answer[start..start + DATE].fill(b'-');
    }
}

#[tokio::test]
async fn the_bytes_on_the_wire_are_the_same_with_and_without_us() {
    let registry = || SloRegistry::builder("test").without_declared().build().unwrap();
    let (layered, around) = (registry(), registry());
    let addresses = serve(router, &layered, &around, ["/answer/{number}", "/only-get/{number}"]).await;
    let numbered = |request: &&str| {
        let number = |number: usize| request.replace("{}", &number.to_string());
        (0..answers().len()).map(number).collect::<Vec<_>>()
    };
    let mut requests: Vec<String> = REQUESTS.iter().flat_map(numbered).collect();
    requests.extend(STRANGE.iter().map(ToString::to_string));
    let mut bytes = 0;
    for request in &requests {
        let [bare, others @ ..] = addresses;
        let expected = exchange(bare, request).await;
        bytes += expected.0.len();
        for address in others {
            let answer = exchange(address, request).await;
            let shown = |(bytes, ended): &(Vec<u8>, bool)| {
                format!("{}… ended {ended}", String::from_utf8_lossy(&bytes[..bytes.len().min(2000)]))
            };
            assert!(answer == expected, "{request}\n{}\n{}", shown(&answer), shown(&expected));
        }
    }
    println!("{} exchanges, {bytes} bytes: the same bare, layered and from around", requests.len());
    // And all of them were counted.
    for slos in [&layered, &around] {
        until(|| samples(slos, "http_server_active_requests").is_empty()).await;
    }
    let requests_of = |slos: &SloRegistry| {
        let counts = samples(slos, "http_server_request_duration_seconds_count");
        counts.iter().map(|count| count.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum::<u64>()
    };
    assert_eq!(requests_of(&layered), requests_of(&around));
    assert!(requests_of(&layered) > requests.len() as u64, "two of them are in one connection at times");
}
