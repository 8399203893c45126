//! The data plane alone, in a loop: what `scripts/hot-path.sh` looks at instruction by instruction.
//!
//! `hot_path <what> <times>` records in `measured`, after a warm-up that makes every route and series known.
//! `layer` is the whole way of a request: an annotated handler under the layer, its response read to the end.
//! `locked` is no recording at all: it proves that the script sees a locked instruction where there is one.

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use slo_core::{Clock, Objective, Outcome, Recorder, Registry, Sli, Slo, Threshold, Timestamp, Verdict};
use slo_tower::{SloRegistry, slo};
use tower::{Layer, Service};

/// As many as a large service has; more than a cache by address keeps apart by luck.
const ROUTES: usize = 500;
const WARM_UP: usize = 64 * ROUTES;

static SHARED: AtomicU64 = AtomicU64::new(0);

/// What is repeated.
#[derive(Clone, Copy)]
enum Work<'a> {
    /// Requests of these routes in turn.
    Requests(&'a [String]),
    Operations,
    /// Requests through the layer.
    Layer(&'a dyn Fn()),
    Locked,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (what, times) = (argument(1)?, argument(2)?.parse()?);
    let routes: Vec<String> = (0..ROUTES).map(route).collect();
    let still = Clock::manual(Timestamp::default());
    let layered = SloRegistry::builder("shop").clock(still.clone()).build()?;
    let send = through_the_layer(&layered);
    let (clock, work) = match what.as_str() {
        "request" => (still, Work::Requests(&routes[..1])),
        "routes" => (still, Work::Requests(&routes)),
        "operation" => (still, Work::Operations),
        "layer" => (still, Work::Layer(&send)),
        "request-system-clock" => (Clock::system(), Work::Requests(&routes[..1])),
        "locked" => (still, Work::Locked),
        other => return Err(format!("{other:?} is nothing to record").into()),
    };
    let registry = registry(clock)?;
    record(registry.recorder(), work, WARM_UP);
    measured(registry.recorder(), work, times);
    let layered = layered.status();
    let wanted = if matches!(work, Work::Layer(_)) { WARM_UP + times } else { 0 };
    // A layer that does not count would prove nothing.
    assert!(layered.slos.iter().all(|slo| slo.total.good == wanted as u64), "{:?}", layered.slos);
    // Relaxed: read by the thread that wrote it.
    println!("{} events, {}", registry.status().slos[0].total.good, SHARED.load(Ordering::Relaxed));
    Ok(())
}

#[slo(availability = 99.9%, latency = 99% < 250ms, combined = 99% < 1s)]
async fn hello() -> Response<Full<Bytes>> {
    // Static, so that the service itself shares no reference count.
    Response::new(Full::from("hello"))
}

/// Returns what sends one request to `hello` under the layer and reads the response to its end.
fn through_the_layer(slos: &SloRegistry) -> impl Fn() {
    let layer = slos.layer_with(|request| (request.uri.path() == "/").then_some("/"));
    let service =
        layer.layer(tower::service_fn(|_: Request<()>| async { Ok::<_, Infallible>(hello().await) }));
    move || {
        let mut context = Context::from_waker(Waker::noop());
        // A clone for each request, as routers make.
        let mut service = service.clone();
        let future = pin!(service.call(black_box(Request::new(()))));
        let Poll::Ready(Ok(mut response)) = future.poll(&mut context) else { return };
        while let Poll::Ready(Some(frame)) = Pin::new(response.body_mut()).poll_frame(&mut context) {
            black_box(&frame);
        }
    }
}

/// Of different lengths, so that their addresses follow no pattern.
fn route(number: usize) -> String {
    format!("/orders/{number}/{}{{item}}", "x".repeat(number * 37 % 101))
}

fn argument(index: usize) -> Result<String, &'static str> {
    std::env::args().nth(index).ok_or("usage: hot_path <what> <times>")
}

/// Two promises about the first route, as an annotated handler makes them.
fn registry(clock: Clock) -> Result<Registry, Box<dyn std::error::Error>> {
    let threshold = Threshold::literal("250ms");
    let mut builder = Registry::builder("shop").without_declared().clock(clock);
    for (name, sli) in [("availability", Sli::Availability), ("latency", Sli::Latency { threshold })] {
        let slo = Slo::new(name, sli, Objective::literal("99.9%"))?;
        builder = builder.slo(slo.with_route(format!("GET {}", route(0)))?);
    }
    Ok(builder.build()?)
}

/// The loop whose instructions are examined, told apart from the warm-up by its name.
#[inline(never)]
fn measured(recorder: Recorder, work: Work<'_>, times: usize) {
    record(recorder, black_box(work), black_box(times));
}

#[inline(always)]
fn record(recorder: Recorder, work: Work<'_>, times: usize) {
    match work {
        Work::Requests(routes) => {
            for route in routes.iter().cycle().take(times) {
                let attempt = recorder.request(black_box("GET"), black_box(Some(route)));
                attempt.finish_as(black_box(Outcome::Completed(200)), black_box(Verdict::Good));
            }
        }
        Work::Operations => {
            for _ in 0..times {
                let attempt = recorder.operation(black_box("restock"));
                attempt.finish_as(black_box(Outcome::Completed(0)), black_box(Verdict::Good));
            }
        }
        Work::Layer(send) => {
            for _ in 0..times {
                send();
            }
        }
        Work::Locked => {
            for _ in 0..times {
                // Relaxed: a lone number; locked all the same.
                SHARED.fetch_add(black_box(1), Ordering::Relaxed);
            }
        }
    }
}
