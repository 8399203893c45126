//! In which order: our layer over other middleware, and under it. Each test is a row of the table in the crate's docs.

use std::convert::Infallible;
use std::future::pending;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::error_handling::HandleErrorLayer;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{Route, get, post};
use bytes::Bytes;
use http::StatusCode;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use slo_tower::{Clock, SloRegistry, Timestamp, answer_error};
use tower::buffer::BufferLayer;
use tower::limit::GlobalConcurrencyLimitLayer;
use tower::load_shed::LoadShedLayer;
use tower::timeout;
use tower::{Layer, Service, ServiceBuilder};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::cors::CorsLayer;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;
use tower_http::trace::TraceLayer;

use crate::support::{counted, sum_seconds};

/// What a handler takes, and each piece of a body.
const WORK: Duration = Duration::from_millis(30);

/// One router under another layer as well as ours.
struct Stack {
    slos: SloRegistry,
    clock: Clock,
    app: Router,
}

/// Two stacks of a layer and ours: ours over it, and ours under it.
fn both<L>(layer: &L) -> [Stack; 2]
where
    L: Layer<Route> + Clone + Send + Sync + 'static,
    L::Service: Service<Request, Error: Into<Infallible> + 'static, Future: Send + 'static>,
    L::Service: Clone + Send + Sync + 'static,
    <L::Service as Service<Request>>::Response: IntoResponse + 'static,
{
    [true, false].map(|over| {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        let slos = SloRegistry::builder("test").without_declared().clock(clock.clone()).build().unwrap();
        let app = router(clock.clone());
        let app = if over {
            app.layer(layer.clone()).layer(slos.layer())
        } else {
            app.layer(slos.layer()).layer(layer.clone())
        };
        // As a server does; otherwise each request would get layers of its own.
        Stack { slos, clock, app: app.with_state(()) }
    })
}

fn router(clock: Clock) -> Router {
    let work = |State(clock): State<Clock>| async move { clock.advance(WORK) };
    let wait = |State(clock): State<Clock>| async move {
        clock.advance(WORK);
        pending::<()>().await;
    };
    let panics = |State(clock): State<Clock>| async move {
        clock.advance(WORK);
        resume_unwind(Box::new("scripted")) as StatusCode
    };
    let body = |State(clock): State<Clock>| async move {
        clock.advance(WORK);
        Response::new(Body::new(Pieces { clock, left: 3 }))
    };
    Router::new()
        .route("/work", get(work))
        .route("/wait", get(wait))
        .route("/panics", get(panics))
        .route("/body", get(body))
        .route("/upload", post(|bytes: Bytes| async move { bytes.len().to_string() }))
        .with_state(clock)
}

/// A body of known length, each piece of which takes its time.
struct Pieces {
    clock: Clock,
    left: u64,
}

const PIECE: &[u8] = &[b'x'; 64];

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        self.clock.advance(WORK);
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(PIECE)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left * PIECE.len() as u64)
    }
}

type Answer = <Router as Service<Request>>::Future;

impl Stack {
    fn send(&mut self, request: http::request::Builder) -> Answer {
        Service::<Request>::call(&mut self.app, request.body(Body::empty()).unwrap())
    }

    fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path))
    }

    /// Sends a request and reads its answer as a server does.
    async fn read(&mut self, request: http::request::Builder) -> u16 {
        let response = self.send(request).await.unwrap();
        let status = response.status().as_u16();
        response.into_body().collect().await.unwrap();
        status
    }
}

fn is_pending(future: Pin<&mut impl Future>) -> bool {
    future.poll(&mut Context::from_waker(Waker::noop())).is_pending()
}

#[tokio::test]
async fn trace_is_counted_alike_in_either_order() {
    for mut stack in both(&TraceLayer::new_for_http()) {
        assert_eq!(stack.read(Request::get("/work")).await, 200);
        assert_eq!(counted(&stack.slos), ["GET /work 200 ×1"]);
        let response = stack.get("/body").await.unwrap();
        drop(response);
        assert_eq!(counted(&stack.slos), ["GET /body 200 body_aborted ×1", "GET /work 200 ×1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_time_out_is_its_answer_above_and_a_cancelled_request_below() {
    for (status, above) in [(504, "GET /wait 504 504 ×1"), (408, "GET /wait 408 ×1")] {
        let status_code = StatusCode::from_u16(status).unwrap();
        let layer = TimeoutLayer::with_status_code(status_code, Duration::from_secs(1));
        for (mut stack, expected) in both(&layer).into_iter().zip([above, "GET /wait cancelled ×1"]) {
            assert_eq!(stack.read(Request::get("/wait")).await, status);
            assert_eq!(counted(&stack.slos), [expected]);
        }
    }
}

/// The time-out of tower fails, and who answers for it says why.
#[tokio::test(start_paused = true)]
async fn a_time_out_that_fails_is_answered_above_and_a_cancelled_request_below() {
    let limited = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(answer_error))
        .layer(timeout::TimeoutLayer::new(Duration::from_secs(1)));
    for (mut stack, expected) in
        both(&limited).into_iter().zip(["GET /wait 504 timeout ×1", "GET /wait cancelled ×1"])
    {
        assert_eq!(stack.read(Request::get("/wait")).await, 504);
        assert_eq!(counted(&stack.slos), [expected]);
    }
}

#[tokio::test]
async fn what_is_compressed_is_a_stream_above() {
    let gzipped = || Request::get("/body").header("accept-encoding", "gzip");
    // Above, nobody knows how long it will be: latency ends at the head. Below it is a body of three pieces.
    for (mut stack, seconds) in both(&CompressionLayer::new()).into_iter().zip([0.03, 0.12]) {
        assert_eq!(stack.read(gzipped()).await, 200);
        assert_eq!(counted(&stack.slos), ["GET /body 200 ×1"]);
        assert!((sum_seconds(&stack.slos) - seconds).abs() < 1e-9);
    }
    for mut stack in both(&CompressionLayer::new()) {
        drop(stack.send(gzipped()).await.unwrap());
        assert_eq!(counted(&stack.slos), ["GET /body 200 body_aborted ×1"]);
    }
}

#[tokio::test]
async fn preflights_are_counted_above_cors_only() {
    let above: &[&str] = &["GET /work 200 ×1", "OPTIONS /work 200 ×1"];
    for (mut stack, expected) in both(&CorsLayer::permissive()).into_iter().zip([above, &above[..1]]) {
        let preflight = Request::options("/work").header("origin", "http://elsewhere");
        assert_eq!(stack.read(preflight.header("access-control-request-method", "GET")).await, 200);
        assert_eq!(stack.read(Request::get("/work").header("origin", "http://elsewhere")).await, 200);
        assert_eq!(counted(&stack.slos), expected);
    }
}

#[tokio::test]
async fn a_caught_panic_is_a_500_above_and_a_panic_below() {
    let layer = CatchPanicLayer::custom(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response());
    let expected = ["GET /panics 500 500 ×1", "GET /panics panic ×1"];
    for (mut stack, expected) in both(&layer).into_iter().zip(expected) {
        assert_eq!(stack.read(Request::get("/panics")).await, 500);
        assert_eq!(counted(&stack.slos), [expected]);
    }
}

#[tokio::test]
async fn bodies_announced_too_large_are_counted_above_their_limit_only() {
    for (mut stack, expected) in
        both(&RequestBodyLimitLayer::new(3)).into_iter().zip([&["POST /upload 413 ×1"][..], &[]])
    {
        assert_eq!(stack.read(Request::post("/upload").header("content-length", "4")).await, 413);
        assert_eq!(counted(&stack.slos), expected);
    }
}

#[tokio::test]
async fn bodies_found_too_large_are_counted_in_either_order() {
    for mut stack in both(&RequestBodyLimitLayer::new(3)) {
        let unannounced = Body::from_stream(Body::from("four").into_data_stream());
        let request = Request::post("/upload").body(unannounced).unwrap();
        let response = Service::<Request>::call(&mut stack.app, request).await.unwrap();
        assert_eq!(response.status(), 413);
        response.into_body().collect().await.unwrap();
        assert_eq!(counted(&stack.slos), ["POST /upload 413 ×1"]);
    }
}

#[tokio::test]
async fn who_leaves_a_queue_is_counted_above_it_only() {
    let queue = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(answer_error))
        .layer(BufferLayer::<Request>::new(8))
        .layer(GlobalConcurrencyLimitLayer::new(1));
    let above: &[&str] = &["GET /wait cancelled ×2"];
    for (mut stack, expected) in both(&queue).into_iter().zip([above, &["GET /wait cancelled ×1"]]) {
        let mut first = Box::pin(stack.get("/wait"));
        let mut second = Box::pin(stack.get("/wait"));
        // The queue has a task of its own, which has to have its turn.
        let began = stack.clock.now();
        while stack.clock.now() == began {
            assert!(is_pending(first.as_mut()) && is_pending(second.as_mut()));
            tokio::task::yield_now().await;
        }
        drop((first, second));
        assert_eq!(counted(&stack.slos), expected);
    }
}

#[tokio::test]
async fn what_is_shed_is_counted_above_only() {
    let shed = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(answer_error))
        .layer(LoadShedLayer::new())
        .layer(GlobalConcurrencyLimitLayer::new(1));
    let above: &[&str] = &["GET /wait cancelled ×1", "GET /work 503 shed ×1"];
    for (mut stack, expected) in both(&shed).into_iter().zip([above, &above[..1]]) {
        let mut first = Box::pin(stack.get("/wait"));
        assert!(is_pending(first.as_mut()));
        assert_eq!(stack.read(Request::get("/work")).await, 503);
        drop(first);
        assert_eq!(counted(&stack.slos), expected);
    }
}

#[tokio::test]
async fn waiting_for_a_permit_is_latency_above_only() {
    let waits = Duration::from_millis(70);
    for (mut stack, seconds) in
        both(&GlobalConcurrencyLimitLayer::new(1)).into_iter().zip([0.1 + 0.1, 0.1 + 0.03])
    {
        let mut first = Box::pin(stack.get("/wait"));
        let mut second = Box::pin(stack.get("/work"));
        assert!(is_pending(first.as_mut()) && is_pending(second.as_mut()));
        stack.clock.advance(waits);
        drop(first);
        second.await.unwrap().into_body().collect().await.unwrap();
        assert_eq!(counted(&stack.slos), ["GET /wait cancelled ×1", "GET /work 200 ×1"]);
        assert!((sum_seconds(&stack.slos) - seconds).abs() < 1e-9);
    }
}
