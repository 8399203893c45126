//! The server: every kind of route, once for each kind of client, and two witnesses.

use std::io::Write as _;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::StatusCode;
use http_body::{Frame, SizeHint};
use slo_tower::{Objective, Sli, Slo, SloRegistry, Threshold};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::time::{Sleep, sleep};

use crate::witness::{Witness, watch};

/// Who sends a request; each has routes of its own, so that each is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Our own clients, which leave.
    Own,
    /// Our own client in processes that are killed.
    Child,
    Wrk,
    WrkKilled,
    H2load,
    H2loadKilled,
}

impl Kind {
    pub(crate) const ALL: [Self; 6] =
        [Self::Own, Self::Child, Self::Wrk, Self::WrkKilled, Self::H2load, Self::H2loadKilled];
    pub(crate) const PROGRAMS: [Self; 5] =
        [Self::Child, Self::Wrk, Self::WrkKilled, Self::H2load, Self::H2loadKilled];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Child => "child",
            Self::Wrk => "wrk",
            Self::WrkKilled => "wrk-killed",
            Self::H2load => "h2load",
            Self::H2loadKilled => "h2load-killed",
        }
    }
}

/// What each kind sends, in percent.
pub(crate) const SHARES: [u64; 6] = [54, 10, 9, 9, 9, 9];

/// Method, template below the name of the kind, and a path that it matches.
pub(crate) const ROUTES: [(&str, &str, &str); 10] = [
    ("GET", "/fast", "/fast"),
    ("GET", "/slow", "/slow"),
    ("GET", "/orders/{id}", "/orders/7"),
    ("GET", "/stream", "/stream"),
    ("GET", "/large", "/large"),
    ("GET", "/fail", "/fail"),
    ("POST", "/upload", "/upload"),
    ("GET", "/panic", "/panic"),
    ("GET", "/body-panic", "/body-panic"),
    ("GET", "/body-fail", "/body-fail"),
];

/// The routes that answer what they promise: a client that stays gets its answer whole.
pub(crate) const WHOLE: usize = 6;
pub(crate) const UPLOAD: usize = 6;

/// The size of an answer of known length, and of its chunks.
const LARGE: usize = 256 * 1024;
const CHUNK: usize = 16 * 1024;

/// Panics that were begun, by the hand that began them.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Every template, kind by kind.
pub(crate) fn templates() -> Vec<String> {
    let of = |kind: Kind| ROUTES.map(|(_, template, _)| format!("/{}{template}", kind.name()));
    Kind::ALL.into_iter().flat_map(of).collect()
}

/// The name of what is promised of a route.
pub(crate) fn promise(kind: Kind, route: usize, sli: &str) -> String {
    let word = ROUTES[route].2[1..].split('/').next().unwrap_or_default();
    format!("{}-{word}-{sli}", kind.name())
}

/// Serves until standard input ends, as it does when whoever started us is gone.
pub(crate) async fn serve() {
    let slos = registry();
    let (outer, inner) = (Witness::new(), Witness::new());
    let counts = move || async move {
        // Relaxed: read when all is over.
        Json((outer.seen(), inner.seen(), PANICS.load(Ordering::Relaxed)))
    };
    let app = Kind::ALL
        .into_iter()
        .fold(Router::new(), |app, kind| app.nest(&format!("/{}", kind.name()), routes()));
    let app = app
        .fallback(|| async { StatusCode::NOT_FOUND })
        .layer(from_fn_with_state(inner, watch))
        .layer(slos.layer())
        .layer(from_fn_with_state(outer, watch))
        .merge(slos.routes())
        .route("/counts", get(counts));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("{}", listener.local_addr().unwrap());
    std::io::stdout().flush().unwrap();
    let served = tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
    tokio::io::stdin().read_to_end(&mut Vec::new()).await.unwrap_or_default();
    served.abort();
}

fn registry() -> SloRegistry {
    let threshold = Threshold::literal("20ms");
    let mut builder = SloRegistry::builder("storm").without_declared();
    for kind in Kind::ALL {
        for (route, (method, template, _)) in ROUTES.into_iter().enumerate() {
            for sli in [Sli::Availability, Sli::Latency { threshold }, Sli::Combined { threshold }] {
                let slo = Slo::new(promise(kind, route, sli.kind()), sli, Objective::literal("99%")).unwrap();
                builder =
                    builder.slo(slo.with_route(format!("{method} /{}{template}", kind.name())).unwrap());
            }
        }
    }
    // With its ticks, as services run.
    builder.tick_interval(Duration::from_millis(100)).start().unwrap()
}

fn routes() -> Router {
    Router::new()
        .route("/fast", get(|| async { "fast" }))
        .route("/slow", get(slow))
        .route("/orders/{id}", get(|| async { "an order" }))
        .route("/stream", get(|| async { Body::new(Pieces::stream(6, End::Reached)) }))
        .route("/large", get(|| async { Body::new(Pieces::large()) }))
        .route("/fail", get(|| async { (StatusCode::SERVICE_UNAVAILABLE, "not now") }))
        .route("/upload", post(upload))
        .route("/panic", get(panics))
        .route("/body-panic", get(|| async { Body::new(Pieces::stream(2, End::Panics)) }))
        .route("/body-fail", get(|| async { Body::new(Pieces::stream(2, End::Fails)) }))
}

async fn slow() -> &'static str {
    // tidy: real time because clients are to be killed while a handler waits.
    sleep(Duration::from_micros(fastrand::u64(500..5000))).await;
    "slow"
}

async fn upload(request: Request) -> Response {
    match axum::body::to_bytes(request.into_body(), usize::MAX).await {
        Ok(bytes) => bytes.len().to_string().into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn panics() -> StatusCode {
    if fastrand::bool() {
        slow().await;
    }
    panic()
}

fn panic() -> ! {
    // Relaxed: read when all is over.
    PANICS.fetch_add(1, Ordering::Relaxed);
    // Unwinds as a panic does, without a message for whoever reads the output.
    resume_unwind(Box::new("scripted"))
}

/// How a body ends.
#[derive(Clone, Copy)]
enum End {
    Reached,
    Fails,
    Panics,
}

/// A body in pieces: with pauses and of unknown length, or at once and announced.
struct Pieces {
    left: usize,
    piece: Bytes,
    end: End,
    announced: bool,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Pieces {
    fn stream(left: usize, end: End) -> Self {
        Self { left, piece: Bytes::from_static(&[b's'; 1000]), end, announced: false, pause: None }
    }

    fn large() -> Self {
        static PIECE: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(vec![b'l'; CHUNK]));
        let piece = PIECE.clone();
        Self { left: LARGE / CHUNK, piece, end: End::Reached, announced: true, pause: None }
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        if let Some(left) = self.left.checked_sub(1) {
            self.left = left;
            if !self.announced {
                // tidy: real time because clients are to be killed between two pieces.
                self.pause = Some(Box::pin(sleep(Duration::from_micros(fastrand::u64(100..1500)))));
            }
            return Poll::Ready(Some(Ok(Frame::data(self.piece.clone()))));
        }
        match self.end {
            End::Reached => Poll::Ready(None),
            End::Fails => Poll::Ready(Some(Err(std::io::Error::other("scripted")))),
            End::Panics => panic(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        let exact = || SizeHint::with_exact((self.left * self.piece.len()) as u64);
        if self.announced { exact() } else { SizeHint::default() }
    }
}
