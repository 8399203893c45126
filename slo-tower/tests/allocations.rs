//! What the layer allocates, counted by the allocator itself: nothing.
//!
//! axum boxes whatever it is given: each layer costs it allocations, and any body that is not its own costs one
//! more. Ours is therefore compared with a layer that does nothing.
//!
//! A binary of its own without a test harness: nothing else runs, so every allocation is one of the request's.

use std::alloc::System;
use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, poll_fn, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderValue, Request, Response};
use http_body::Body;
use http_body_util::Full;
use slo_tower::{Clock, Objective, Outcome, RequestHead, Sli, Slo, SloRegistry, Timestamp, Verdict, slo};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use tower::{BoxError, service_fn};
use tower_layer::Layer;
use tower_service::Service;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const REQUESTS: usize = 10_000;

/// What a layer allocates in axum, and what our body type does; the README says so too.
const AXUM_LAYER: usize = 2;
const AXUM_BODY: usize = 1;

#[slo(availability = 99.9%, latency = 99% < 250ms, combined = 99% < 1s)]
fn handler() -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    ready(Ok(Response::new(Full::from("thank you"))))
}

fn route<'a>(request: RequestHead<'a>) -> Option<&'a str> {
    (request.uri.path() == "/").then_some("/")
}

#[slo(availability = 99.9%, latency = 99% < 250ms, combined = 99% < 1s)]
async fn axum_handler() -> &'static str {
    "thank you"
}

/// Sends requests and reads each response to its end.
fn drive<S, ReqBody, B>(service: &mut S)
where
    S: Service<Request<ReqBody>, Response = Response<B>, Error = Infallible>,
    ReqBody: Default,
    B: Body + Unpin,
{
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..REQUESTS {
        let future = pin!(service.call(Request::default()));
        let Poll::Ready(Ok(mut response)) = future.poll(&mut context) else { panic!("it answers at once") };
        while let Poll::Ready(Some(Ok(_))) = Pin::new(response.body_mut()).poll_frame(&mut context) {}
    }
}

fn allocations(work: impl FnOnce()) -> Stats {
    let region = Region::new(ALLOCATOR);
    work();
    region.change()
}

fn main() {
    a_slow_reader_holds_one_chunk();
    in_plain_tower();
    in_axum();
    in_calls();
    in_grpc();
}

/// However long the text and however slow its reader, what is kept for a scrape is a chunk, and when the reader leaves
/// nothing is.
fn a_slow_reader_holds_one_chunk() {
    const SERIES: usize = 1_000;
    const CHUNK: usize = 72 * 1024;
    let slos = registry();
    for route in (0..SERIES).map(|index| format!("/{index}")) {
        slos.recorder().request("GET", Some(&route)).finish_as(Outcome::Completed(200), Verdict::Good);
    }
    let mut context = Context::from_waker(Waker::noop());
    let region = Region::new(ALLOCATOR);
    let future = pin!(slos.metrics_service().call(Request::new(())));
    let Poll::Ready(Ok(mut response)) = future.poll(&mut context) else { panic!("it answers at once") };
    let (mut length, mut most) = (0, 0);
    // The chunk before goes when the next one comes.
    let mut chunk = None;
    while length < SERIES * 1_024 {
        if let Poll::Ready(Some(Ok(frame))) = Pin::new(response.body_mut()).poll_frame(&mut context) {
            chunk = frame.into_data().ok();
            length += chunk.as_ref().map_or(0, Bytes::len);
            let change = region.change();
            most = most.max(change.bytes_allocated - change.bytes_deallocated);
        }
    }
    drop((chunk, response));
    let change = region.change();
    println!("{length} bytes scraped: {} allocations, at most {most} bytes at a time", change.allocations);
    // Two chunks at the moment of change, and what was read of the SLOs.
    assert!(most < 3 * CHUNK, "{most} bytes are held");
    assert!(change.allocations < SERIES / 4, "{} allocations", change.allocations);
    assert_eq!(change.bytes_allocated - change.bytes_deallocated, 0);
}

fn registry() -> SloRegistry {
    // The clock stands still: the first latency of another size takes cells of another size, once.
    let still = Clock::manual(Timestamp::default());
    SloRegistry::builder("test").clock(still).build().expect("it is valid")
}

fn in_plain_tower() {
    let slos = registry();
    let mut bare = service_fn(|_: Request<()>| handler());
    let mut recorded = slos.layer_with(route).layer(bare);
    drive(&mut recorded);
    let (without, with) = (allocations(|| drive(&mut bare)), allocations(|| drive(&mut recorded)));
    println!(
        "{REQUESTS} requests: {} allocations without the layer, {} with it",
        without.allocations, with.allocations
    );
    assert_eq!(with, without);
    assert_counted(&slos, "handler");
}

/// A call that succeeds, one that fails, one that is cancelled, with judges of every kind.
fn in_calls() {
    fn drive<S: Service<usize, Error = BoxError>>(mut service: S) {
        let mut context = Context::from_waker(Waker::noop());
        for call in 0..REQUESTS {
            let future = pin!(service.call(call));
            let polled = future.poll(&mut context);
            assert_eq!(polled.is_pending(), call % 3 == 2);
        }
    }
    fn answer(call: usize) -> impl Future<Output = Result<usize, BoxError>> {
        poll_fn(move |_| match call % 3 {
            0 => Poll::Ready(Ok(call)),
            // Boxed without allocation, as it has no size.
            1 => Poll::Ready(Err(Box::new(Refused) as BoxError)),
            _ => Poll::Pending,
        })
    }

    let slo = Slo::literal("calls", Sli::Availability, Objective::literal("99%"));
    let still = Clock::manual(Timestamp::default());
    let slos =
        SloRegistry::builder("test").clock(still).slo(slo.with_operation("call").expect("it is plain"));
    let slos = slos.build().expect("it is valid");
    let named = slos.layer_operations(|_: &usize| "call");
    let judged = named.clone().judged_by(|result: &Result<usize, BoxError>| Outcome::of(result));
    let (named, judged) = (named.layer(service_fn(answer)), judged.layer(service_fn(answer)));
    drive(named.clone());
    let with = allocations(|| {
        drive(named.clone());
        drive(judged.clone());
    });
    println!("{} calls: {} allocations", 2 * REQUESTS, with.allocations);
    assert_eq!((with.allocations, with.reallocations), (0, 0));
    let total = slos.status().slo("calls").expect("declared above").total;
    let each = |kind| 3 * (0..REQUESTS).filter(|call| call % 3 == kind).count() as u64;
    assert_eq!([total.good, total.bad, total.excluded], [each(0), each(1), each(2)]);
}

/// Calls of a method that is known, and of one that never will be: neither leaves anything behind.
fn in_grpc() {
    fn answer(code: &'static str) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        response.headers_mut().insert("grpc-status", HeaderValue::from_static(code));
        response
    }
    /// Calls methods whose paths lie elsewhere each time, as those of requests do.
    fn drive<S: Service<Request<()>, Error = Infallible>>(mut service: S, method: &str) {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..REQUESTS {
            let mut request = Request::new(());
            *request.uri_mut() = method.parse().expect("it is a path");
            let future = pin!(service.call(request));
            assert!(future.poll(&mut context).is_ready());
        }
    }

    let still = Clock::manual(Timestamp::default());
    let slos = SloRegistry::builder("test").clock(still).route("shop.Shop/Buy").build().expect("it is valid");
    for (method, code, unknown) in [("/shop.Shop/Buy", "0", 0), ("/shop.Shop/Sell", "12", 2)] {
        let bare = service_fn(move |_: Request<()>| ready(Ok::<_, Infallible>(answer(code))));
        let recorded = slos.layer_grpc().layer(bare);
        drive(recorded.clone(), method);
        let (without, with) =
            (allocations(|| drive(bare, method)), allocations(|| drive(recorded.clone(), method)));
        println!(
            "{REQUESTS} calls of {method}: {} allocations without the layer, {} with it",
            without.allocations, with.allocations
        );
        // The path of a method that is not known yet is shared with the request's, and kept.
        assert_eq!(with.allocations - without.allocations, unknown * REQUESTS);
        assert_eq!(with.bytes_allocated - with.bytes_deallocated, 0);
    }
    let count = slos.latency("shop.Shop/Buy").map(|latency| latency.count());
    assert_eq!(count, Some(2 * REQUESTS as u64));
}

/// An error that says nothing more.
#[derive(Debug)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("refused")
    }
}

impl std::error::Error for Refused {}

fn in_axum() {
    let slos = registry();
    let app = || Router::<()>::new().route("/", get(axum_handler));
    let bare = each_in_axum(app());
    let idle = each_in_axum(app().layer(tower::layer::layer_fn(|service| service)));
    let ours = each_in_axum(app().layer(slos.layer()));
    println!(
        "a request in axum: {bare} allocations, {idle} with a layer that does nothing, {ours} with ours"
    );
    assert_eq!((idle - bare, ours - idle), (AXUM_LAYER, AXUM_BODY));
    assert_counted(&slos, "axum_handler");
}

/// Returns what a request to a warm router allocates.
fn each_in_axum(app: Router) -> usize {
    // As axum's servers do; otherwise each request would apply the layers anew.
    let mut app = app.with_state::<()>(());
    drive::<_, axum::body::Body, _>(&mut app);
    let all = allocations(|| drive::<_, axum::body::Body, _>(&mut app)).allocations;
    assert_eq!(all % REQUESTS, 0, "a request allocates as much as any other");
    all / REQUESTS
}

fn assert_counted(slos: &SloRegistry, handler: &str) {
    let status = slos.status();
    let of_it = status
        .slos
        .iter()
        .filter(|slo| slo.name.strip_prefix(handler).is_some_and(|kind| kind.starts_with('-')));
    let counted: Vec<_> = of_it.map(|slo| slo.total.good).collect();
    assert_eq!(counted, [2 * REQUESTS as u64; 3]);
}
