//! Pages of a real server, good and bad.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Redirect;
use axum::routing::get;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use slo_tower::checks::{self, HttpGet};
use slo_tower::{Level, SloRegistry};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::support::{closed, reading, reason, run};

const PATIENCE: Duration = Duration::from_secs(60);

/// Serves pages until the runtime of the test ends; tells `gone` when a client of `/slow` has left.
async fn serve(gone: mpsc::UnboundedSender<()>) -> SocketAddr {
    let slow = move || {
        let leaving = Leaving(gone.clone());
        async move {
            std::future::pending::<()>().await;
            drop(leaving);
        }
    };
    let token = |headers: HeaderMap| async move {
        let expected = headers.get("x-token").is_some_and(|token| token == "hunter2");
        if expected { StatusCode::OK } else { StatusCode::UNAUTHORIZED }
    };
    let host = |headers: HeaderMap| async move {
        headers["host"].to_str().unwrap().to_owned() + " " + headers["user-agent"].to_str().unwrap()
    };
    let app = Router::new()
        .route("/ok", get(|| async { r#"{"state":"open"}"# }))
        .route("/none", get(|| async { StatusCode::NO_CONTENT }))
        .route("/500", get(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "hunter2 is the password") }))
        .route("/moved", get(|| async { Redirect::temporary("/ok?hunter2") }))
        .route("/slow", get(slow))
        .route("/token", get(token))
        .route("/host", get(host))
        .route("/pieces", get(|| async { pieces(["op", "", "e", "n"].map(Bytes::from).to_vec()) }))
        .route("/endless", get(|| async { Body::from_stream(endless()) }))
        .route("/full", get(|| async { vec![b'x'; HttpGet::BODY_BYTES_MAX] }))
        .route("/at-the-limit", get(|| async { padded(HttpGet::BODY_BYTES_MAX - "open".len()) }))
        .route("/beyond-the-limit", get(|| async { padded(HttpGet::BODY_BYTES_MAX - "ope".len()) }))
        .route(
            "/head-only",
            get(|| async { Body::from_stream(stream::pending::<Result<Bytes, Infallible>>()) }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

struct Leaving(mpsc::UnboundedSender<()>);

impl Drop for Leaving {
    fn drop(&mut self) {
        // The test may have ended.
        let _ = self.0.send(());
    }
}

fn pieces(pieces: Vec<Bytes>) -> Body {
    Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, Infallible>)))
}

fn endless() -> impl stream::Stream<Item = Result<Bytes, Infallible>> {
    stream::repeat_with(|| Ok(Bytes::from_static(&[b'x'; 8_192])))
}

/// So much of nothing, then what is looked for, then more than anybody reads.
fn padded(padding: usize) -> Body {
    let head = stream::iter([Ok(Bytes::from(vec![b'x'; padding])), Ok(Bytes::from_static(b"open"))]);
    Body::from_stream(head.chain(endless()))
}

async fn server() -> SocketAddr {
    serve(mpsc::unbounded_channel().0).await
}

#[tokio::test]
async fn a_page_is_well_as_it_was_said() {
    let server = server().await;
    let page = |path: &str| HttpGet::new(format!("http://{server}{path}"));
    let lacks = |page: &str| format!("the answer of {server} does not contain {page:?}");
    for (page, expected) in [
        (page("/ok"), String::new()),
        (page("/ok?a=b"), String::new()),
        (page("/none"), String::new()),
        (page(""), format!("{server} answered 404, not 200 to 299")),
        (page("").statuses([404]), String::new()),
        (page("/500"), format!("{server} answered 500, not 200 to 299")),
        (page("/500").statuses([200, 500]), String::new()),
        (page("/ok").statuses(300..=599), format!("{server} answered 200, not 300 to 599")),
        (page("/moved"), format!("{server} answered 307, not 200 to 299 (redirects are not followed)")),
        (page("/moved").statuses(200..=399), String::new()),
        (page("/token"), format!("{server} answered 401, not 200 to 299")),
        (page("/token").header("x-token", "hunter1"), format!("{server} answered 401, not 200 to 299")),
        (page("/token").header("x-token", "hunter2"), String::new()),
        (page("/token").header("x-token", "hunter1").header("X-Token", "hunter2"), String::new()),
        (page("/host").body_contains(format!("{server} slo/")), String::new()),
        (page("/host").header("host", "bank.example").body_contains("bank.example slo/"), String::new()),
        (page("/ok").body_contains(r#""state":"open""#), String::new()),
        (page("/ok").body_contains("closed"), lacks("closed")),
        (page("/none").body_contains("open"), lacks("open")),
        (page("/500").body_contains("hunter2"), format!("{server} answered 500, not 200 to 299")),
        (page("/pieces").body_contains("open"), String::new()),
        (page("/pieces").body_contains("opened"), lacks("opened")),
        (page("/head-only"), String::new()),
        (page("/endless"), String::new()),
        (page("/full").body_contains("open"), lacks("open")),
        (page("/at-the-limit").body_contains("open"), String::new()),
        (
            page("/beyond-the-limit").body_contains("open"),
            format!("the first 1048576 bytes of the answer of {server} do not contain \"open\""),
        ),
    ] {
        let told = format!("{page:?}");
        let status = run(checks::http("page", page).timeout(PATIENCE)).await;
        assert_eq!(reason(&status), expected, "{told}");
        assert_eq!(status.level == Level::Pass, expected.is_empty());
    }
}

#[tokio::test]
async fn what_was_measured_is_read_also_where_it_fails() {
    let server = server().await;
    for (path, code) in [("/ok", 200.0), ("/500", 500.0)] {
        let status = run(checks::http("page", format!("http://{server}{path}"))).await;
        assert_eq!(reading(&status, "status_code"), Some(code));
        let seconds = reading(&status, "response_seconds").unwrap();
        assert!((0.0..2.0).contains(&seconds), "{seconds}");
    }
}

#[tokio::test]
async fn who_is_slow_is_given_up_and_his_connection_closed() {
    let (leave, mut left) = mpsc::unbounded_channel();
    let server = serve(leave).await;
    let short = Duration::from_millis(200);
    let status = run(checks::http("page", format!("http://{server}/slow")).timeout(short)).await;
    assert_eq!((status.level, reason(&status)), (Level::Fail, "timed out after 200ms".into()));
    assert!(status.readings.is_empty());
    tokio::time::timeout(PATIENCE, left.recv()).await.expect("the request goes on").unwrap();
    let body = HttpGet::new(format!("http://{server}/head-only")).body_contains("open");
    assert_eq!(reason(&run(checks::http("page", body).timeout(short)).await), "timed out after 200ms");
}

/// On a registry that is started, the checks share a thread.
#[tokio::test]
async fn who_is_slow_delays_no_other() {
    let server = server().await;
    let often = Duration::from_millis(20);
    let check = |name: &str, path: &str| checks::http(name, format!("http://{server}{path}")).interval(often);
    let slos = SloRegistry::builder("test").without_declared();
    let slos =
        slos.check(check("slow", "/slow").timeout(PATIENCE)).check(check("quick", "/ok")).start().unwrap();
    let mut changes = slos.health().changes();
    let runs = changes.wait_for(|status| status.check("quick").unwrap().level == Level::Pass);
    tokio::time::timeout(PATIENCE, runs).await.expect("the quick one waits").unwrap();
    assert_eq!(slos.health().status().check("slow").unwrap().runs, [0; 3]);
}

/// Answers one connection with these bytes and closes it.
async fn raw(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 4_096];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        stream.write_all(answer).await.unwrap();
    });
    address
}

#[tokio::test]
async fn what_is_no_answer_is_said() {
    let broken = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nclosed";
    for (answer, expected) in [
        (&b""[..], "ADDRESS gave no answer: "),
        (b"hunter2 is no HTTP\r\n\r\n", "ADDRESS gave no answer: invalid HTTP "),
        (b"HTTP/1.1 200 OK\r\nX: hunter", "ADDRESS gave no answer: "),
        (broken, "the answer of ADDRESS broke off: "),
        // It has no length, and ends with its connection.
        (b"HTTP/1.0 200 OK\r\n\r\nclosed", "the answer of ADDRESS does not contain \"open\""),
        (b"HTTP/1.0 200 OK\r\n\r\nopen", ""),
        // What comes before the answer is none.
        (b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nopen", ""),
    ] {
        let server = raw(answer).await;
        let page = HttpGet::new(format!("http://{server}")).body_contains("open");
        let status = run(checks::http("page", page).timeout(PATIENCE)).await;
        let why = reason(&status);
        assert!(why.starts_with(&expected.replace("ADDRESS", &server.to_string())), "{why}");
        assert!(!why.contains("hunter") && why.is_empty() == expected.is_empty(), "{why}");
    }
    let closed = closed().await;
    let status = run(checks::http("page", format!("http://{closed}/?hunter2"))).await;
    let why = reason(&status);
    assert!(why.starts_with(&format!("cannot connect to {closed}: ")) && !why.contains("hunter"), "{why}");
}
