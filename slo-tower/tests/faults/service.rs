//! The service that requests are sent to: a route for each way to answer.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::map_request_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use bytes::Bytes;
use http::{StatusCode, header};
use hyper_util::rt::TokioIo;
use slo_tower::{Clock, Objective, Sli, Slo, SloRegistry, Threshold, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Semaphore;
use tower_http::timeout::TimeoutLayer;

use crate::bodies::{Script, Step};

/// What each handler takes, on the clock of the test.
pub(crate) const WORK: Duration = Duration::from_millis(30);
/// What is promised, unless a handler waits for its client.
pub(crate) const THRESHOLD: &str = "100ms";

/// A stream in chunks of this size.
pub(crate) const CHUNK: usize = 256 * 1024;
/// More than the buffers of two sockets on loopback hold.
pub(crate) const LARGE: usize = 32 * 1024 * 1024;
pub(crate) const HUGE: usize = 1 << 30;

/// What handlers and clients share.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) clock: Clock,
    /// Has a permit for each handler that has begun to wait.
    pub(crate) waiting: Arc<Semaphore>,
    /// Lets handlers go on that wait for it.
    pub(crate) go_on: Arc<Semaphore>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self {
            clock: Clock::manual(Timestamp::from_unix_seconds(1_700_000_000)),
            waiting: Arc::new(Semaphore::new(0)),
            go_on: Arc::new(Semaphore::new(0)),
        }
    }

    /// Returns when so many handlers have begun to wait.
    pub(crate) async fn until_waiting(&self, handlers: u32) {
        self.waiting.acquire_many(handlers).await.unwrap().forget();
    }
}

/// How the layer is mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mount {
    Layer,
    Around,
}

pub(crate) const ROUTES: [&str; 20] = [
    "/ok",
    "/status/{code}",
    "/empty",
    "/panic",
    "/json",
    "/upload",
    "/wait",
    "/go-on",
    "/timeout/504",
    "/timeout/408",
    "/stream",
    "/stalled",
    "/body-error",
    "/body-panic",
    "/body-short",
    "/large",
    "/huge",
    "/trailers",
    "/upgrade",
    "/other",
];

/// A registry on the stage's clock that promises two things of `route`, and the same of another one.
pub(crate) fn registry(stage: &Stage, route: &str) -> SloRegistry {
    let threshold = Threshold::literal(THRESHOLD);
    let mut builder = SloRegistry::builder("test").without_declared().clock(stage.clock.clone());
    for (name, route) in [("case", route), ("other", "GET /other")] {
        for sli in [Sli::Availability, Sli::Latency { threshold }] {
            let slo = Slo::new(format!("{name}-{}", sli.kind()), sli, Objective::literal("99%")).unwrap();
            builder = builder.slo(slo.with_route(route.to_owned()).unwrap());
        }
    }
    builder.build().unwrap()
}

pub(crate) fn router(stage: Stage) -> Router {
    // The work is done before the time is limited, since the limit is one of real time.
    let limited = |status| {
        get(pending::<()>)
            .layer(TimeoutLayer::with_status_code(status, Duration::from_millis(1)))
            .layer(map_request_with_state(stage.clone(), before))
    };
    Router::new()
        .route("/ok", get(|stage| worked(stage, Script::text("thank you"))))
        .route("/status/{code}", any(status))
        .route("/empty", get(|stage| worked(stage, Script::text(""))))
        .route("/panic", get(panics))
        .route("/json", post(json))
        .route("/upload", post(upload))
        .route("/wait", get(wait))
        .route("/go-on", get(go_on))
        .route("/timeout/504", limited(StatusCode::GATEWAY_TIMEOUT))
        .route("/timeout/408", limited(StatusCode::REQUEST_TIMEOUT))
        .route("/stream", get(|stage| worked(stage, Script::stream([first(), Step::Stall]))))
        .route("/stalled", get(|stage| worked(stage, Script::announced(1000, [first(), Step::Stall]))))
        .route("/body-error", get(|stage| worked(stage, Script::stream([first(), Step::Fail]))))
        .route("/body-panic", get(|stage| worked(stage, Script::stream([first(), Step::Panic]))))
        .route("/body-short", get(|stage| worked(stage, Script::announced(1000, [first()]))))
        .route("/large", get(|stage| worked(stage, repeated(LARGE, true))))
        .route("/huge", get(|stage| worked(stage, repeated(HUGE, false))))
        .route("/trailers", get(with_trailers))
        .route("/upgrade", any(upgrade))
        .route("/other", get(|stage| worked(stage, Script::text("not asked for"))))
        .with_state(stage)
}

fn first() -> Step {
    Step::Data(Bytes::from_static(b"first"))
}

fn repeated(length: usize, announced: bool) -> Script {
    let step = Step::Repeat(Bytes::from_static(&[b'x'; CHUNK]), length / CHUNK);
    if announced { Script::announced(length as u64, [step]) } else { Script::stream([step]) }
}

async fn worked(State(stage): State<Stage>, body: Script) -> Response {
    stage.clock.advance(WORK);
    Response::new(Body::new(body))
}

async fn status(State(stage): State<Stage>, request: Request) -> Response {
    stage.clock.advance(WORK);
    let code: u16 = request.uri().path().rsplit('/').next().unwrap().parse().unwrap();
    Response::builder().status(code).body(Body::empty()).unwrap()
}

async fn panics(State(stage): State<Stage>) {
    stage.clock.advance(WORK);
    resume_unwind(Box::new("scripted"))
}

async fn json(State(stage): State<Stage>, Json(items): Json<Vec<u64>>) -> String {
    stage.clock.advance(WORK);
    items.len().to_string()
}

/// Waits for all of the body, as one that copies it elsewhere does.
async fn upload(State(stage): State<Stage>, request: Request) -> Response {
    stage.clock.advance(WORK);
    stage.waiting.add_permits(1);
    match axum::body::to_bytes(request.into_body(), usize::MAX).await {
        Ok(bytes) => bytes.len().to_string().into_response(),
        Err(_) => StatusCode::BAD_REQUEST.into_response(),
    }
}

async fn before(State(stage): State<Stage>, request: Request) -> Request {
    stage.clock.advance(WORK);
    request
}

async fn wait(State(stage): State<Stage>) {
    stage.clock.advance(WORK);
    stage.waiting.add_permits(1);
    pending::<()>().await;
}

async fn go_on(State(stage): State<Stage>) -> Response {
    stage.waiting.add_permits(1);
    stage.go_on.acquire().await.unwrap().forget();
    Response::new(Body::new(Script::text("gone on")))
}

async fn with_trailers(State(stage): State<Stage>) -> Response {
    stage.clock.advance(WORK);
    let body = Body::new(Script::stream([first(), Step::Trailers]));
    Response::builder().header(header::TRAILER, "x-end").body(body).unwrap()
}

/// Goes on without HTTP on the same connection or stream, and sends back whatever comes.
async fn upgrade(State(stage): State<Stage>, mut request: Request) -> Response {
    stage.clock.advance(WORK);
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let mut io = TokioIo::new(upgraded.await.unwrap());
        let mut read = [0; 64];
        while let Ok(bytes @ 1..) = io.read(&mut read).await {
            io.write_all(&read[..bytes]).await.unwrap();
        }
        io.shutdown().await.ok();
    });
    if request.version() == http::Version::HTTP_2 {
        return Response::new(Body::empty());
    }
    let head = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
    let head = head.header(header::CONNECTION, "upgrade").header(header::UPGRADE, "echo");
    head.body(Body::empty()).unwrap()
}
