//! The shapes of requests and answers that must pass unchanged, in one table.
//!
//! A shape is a request (method, headers, body) and the answer it asks for (status, headers, body). The service that answers
//! says in a header how much of the request's body it has read.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request};
use axum::response::Response;
use axum::routing::any;
use bytes::Bytes;
use http_body_util::BodyExt;

use crate::bodies::{Script, Step};

pub(crate) const TEMPLATE: &str = "/shape/{number}";

/// A request and its answer.
#[derive(Clone)]
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    /// Headers of the request, one a line.
    pub(crate) asks: &'static str,
    pub(crate) sends: Script,
    status: u16,
    /// Headers of the answer, one a line.
    says: &'static [u8],
    body: Script,
}

/// A plain `GET` answered with a text; every other shape differs from it where it says.
fn plain(name: &'static str) -> Shape {
    let (sends, body) = (Script::text(""), Script::text("thank you"));
    Shape { name, method: "GET", asks: "", sends, status: 200, says: b"", body }
}

impl Shape {
    fn by(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    fn asks(self, asks: &'static str) -> Self {
        Self { asks, ..self }
    }

    fn sends(self, sends: Script) -> Self {
        let method = if self.method == "GET" { "POST" } else { self.method };
        Self { sends, method, ..self }
    }

    fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    fn says(self, says: &'static [u8]) -> Self {
        Self { says, ..self }
    }

    fn body(self, body: Script) -> Self {
        Self { body, ..self }
    }

    /// A body of unknown length.
    fn streams<const N: usize>(self, steps: [Step; N]) -> Self {
        self.body(Script::stream(steps))
    }
}

fn data(text: &'static str) -> Step {
    Step::Data(Bytes::from_static(text.as_bytes()))
}

fn repeated(bytes: &'static [u8], times: usize) -> Step {
    Step::Repeat(Bytes::from_static(bytes), times)
}

/// The whole corpus.
pub(crate) fn shapes() -> Vec<Shape> {
    let mut shapes = statuses();
    shapes.extend(heads());
    shapes.extend(bodies());
    shapes.extend(lengths());
    shapes.extend(methods());
    shapes.extend(requests());
    shapes
}

fn statuses() -> Vec<Shape> {
    vec![
        plain("200"),
        plain("201").status(201).says(b"location: /made"),
        plain("202 without a body").status(202).body(Script::text("")),
        plain("204").status(204).body(Script::text("")),
        plain("204 with a body that must not be sent").status(204),
        plain("205").status(205).body(Script::text("")),
        plain("206").status(206).says(b"content-range: bytes 0-8/20"),
        plain("301").status(301).says(b"location: /elsewhere").body(Script::text("")),
        plain("304").status(304).says(b"etag: \"a\"").body(Script::text("")),
        plain("304 with a length").status(304).says(b"content-length: 9").body(Script::text("")),
        plain("400").status(400),
        plain("401").status(401).says(b"www-authenticate: Basic"),
        plain("404").status(404),
        plain("418").status(418),
        plain("429").status(429).says(b"retry-after: 1"),
        plain("500").status(500),
        plain("503 that streams").status(503).streams([data("not "), data("now")]),
        plain("599").status(599),
    ]
}

fn heads() -> Vec<Shape> {
    const LONG: &[u8] = &{
        let mut line = [b'y'; 8000];
        (line[0], line[1], line[2]) = (b'x', b':', b' ');
        line
    };
    vec![
        plain("one header three times").says(b"set-cookie: a=1\nset-cookie: b=2\nset-cookie: a=3"),
        plain("bytes that are no text").says(b"x-bytes: caf\xe9 \xff"),
        plain("an empty header").says(b"x-empty: "),
        plain("a long header").says(LONG),
        plain("its own date").says(b"date: Thu, 01 Jan 1970 00:00:00 GMT"),
        plain("its own server").says(b"server: ours"),
        plain("connection: close").says(b"connection: close"),
        plain("an encoding of its own").says(b"content-encoding: identity\ncontent-length: 9"),
        plain("early hints as an answer").says(b"link: </style.css>; rel=preload").status(200),
        plain("cached").says(b"cache-control: max-age=60\netag: W/\"1\"\nvary: accept, accept-encoding"),
    ]
}

fn bodies() -> Vec<Shape> {
    vec![
        plain("an empty body").body(Script::text("")),
        plain("a stream of nothing").streams([]),
        plain("a stream of one").streams([data("one")]),
        plain("a stream of three, one empty").streams([data("one"), data(""), data("three")]),
        plain("a stream that begins empty").streams([data(""), data("two")]),
        plain("a stream that ends empty").streams([data("one"), data("")]),
        plain("a stream of many").streams([repeated(&[b'x'; 100], 200)]),
        plain("a long stream").streams([repeated(&[b'x'; 16_384], 40)]),
        plain("odd pieces").streams([repeated(&[b'x'; 16_383], 3), data("y"), repeated(&[b'z'; 16_385], 2)]),
        plain("trailers after data").says(b"trailer: x-end").streams([data("one"), Step::Trailers]),
        plain("trailers only").says(b"trailer: x-end").streams([Step::Trailers]),
        plain("trailers unannounced").streams([data("one"), Step::Trailers]),
        plain("a body that fails").streams([data("one"), Step::Fail]),
        plain("a body that fails at once").streams([Step::Fail]),
        plain("a body that panics").streams([data("one"), Step::Panic]),
        plain("a body that panics at once").streams([Step::Panic]),
    ]
}

fn lengths() -> Vec<Shape> {
    let announced = |length, steps: &[Step]| Script::announced(length, steps.to_vec());
    vec![
        plain("known to the body, in two").body(announced(6, &[data("one"), data("two")])),
        plain("known to the body, long").body(announced(1 << 20, &[repeated(&[b'x'; 1 << 12], 1 << 8)])),
        plain("known to the body, then trailers").body(announced(3, &[data("one"), Step::Trailers])),
        plain("said by the head").says(b"content-length: 6").streams([data("one"), data("two")]),
        plain("said by the head, none").says(b"content-length: 0").streams([]),
        plain("said by both").says(b"content-length: 6").body(announced(6, &[data("one"), data("two")])),
        plain("falls short of the head").says(b"content-length: 7").streams([data("one"), data("two")]),
        plain("falls short of the body").body(announced(7, &[data("one"), data("two")])),
        plain("fails before its length").body(announced(7, &[data("one"), Step::Fail])),
        plain("panics before its length").body(announced(7, &[data("one"), Step::Panic])),
        plain("a head that promises what is not there").says(b"content-length: 10").body(Script::text("")),
    ]
}

fn methods() -> Vec<Shape> {
    let of = |name, method| plain(name).by(method);
    vec![
        of("HEAD", "HEAD"),
        of("HEAD of a stream", "HEAD").streams([data("one"), data("two")]),
        of("HEAD with a length of its own", "HEAD").says(b"content-length: 1000").body(Script::text("")),
        of("HEAD of a failure", "HEAD").status(503),
        of("OPTIONS", "OPTIONS").says(b"allow: GET, HEAD").body(Script::text("")),
        of("DELETE", "DELETE").status(204).body(Script::text("")),
        of("TRACE", "TRACE"),
        of("a method nobody knows", "BREW"),
    ]
}

fn requests() -> Vec<Shape> {
    let some = || Script::text("bytes");
    vec![
        plain("POST").sends(some()),
        plain("POST of nothing").sends(Script::text("")).by("POST"),
        plain("PUT in chunks").by("PUT").sends(Script::stream([data("by"), data("tes")])),
        plain("PATCH").by("PATCH").sends(some()),
        plain("GET with a body").sends(some()).by("GET"),
        plain("POST of much").sends(Script::stream([repeated(&[b'u'; 10_000], 10)])),
        plain("POST answered with nothing").sends(some()).status(204).body(Script::text("")),
        plain("POST that fails").sends(some()).status(500).streams([data("why"), Step::Fail]),
        plain("wants trailers").asks("te: trailers").streams([data("one"), Step::Trailers]),
        plain("a header three times").asks("cookie: a=1\ncookie: b=2\nx-more: 1\nx-more: 2"),
        plain("a range").asks("range: bytes=0-3").status(206),
        plain("a condition").asks("if-none-match: \"a\"").status(304).body(Script::text("")),
        plain("compressed, if it may").asks("accept-encoding: gzip, br"),
    ]
}

/// A service that answers each shape by its number.
pub(crate) fn router() -> Router {
    Router::new().route(TEMPLATE, any(answer))
}

async fn answer(Path(number): Path<usize>, request: Request) -> Response {
    // What is left unread would end the connection in its own time.
    let read = request.into_body().collect().await.map_or(0, |body| body.to_bytes().len());
    let Shape { status, says, body, .. } = shapes().swap_remove(number);
    let mut response = Response::builder().status(status).header("x-read", read).extension(Marked);
    for line in says.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let colon = line.iter().position(|&byte| byte == b':').unwrap();
        response = response.header(&line[..colon], &line[colon + 2..]);
    }
    response.body(Body::new(body)).unwrap()
}

/// What a handler leaves for middleware further out.
#[derive(Clone, Debug)]
pub(crate) struct Marked;
