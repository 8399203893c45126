//! What the layer allocates, counted by the allocator itself: nothing.
//!
//! A binary of its own without a test harness: nothing else runs, so every allocation is one of the request's.

use std::alloc::System;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::Full;
use slo_tower::{Clock, RequestHead, SloRegistry, Timestamp, slo};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use tower_layer::Layer;
use tower_service::Service;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const REQUESTS: usize = 10_000;

#[slo(availability = 99.9%, latency = 99% < 250ms, combined = 99% < 1s)]
fn handler() -> Ready<Result<Response<Full<Bytes>>, Infallible>> {
    ready(Ok(Response::new(Full::from("thank you"))))
}

fn route<'a>(request: RequestHead<'a>) -> Option<&'a str> {
    (request.uri.path() == "/").then_some("/")
}

/// Sends requests and reads each response to its end.
fn drive<S, B>(service: &mut S)
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body + Unpin,
{
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..REQUESTS {
        let future = pin!(service.call(Request::new(())));
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
    // The clock stands still: the first latency of another size takes cells of another size, once.
    let still = Clock::manual(Timestamp::default());
    let slos = SloRegistry::builder("test").clock(still).build().expect("it is valid");
    let mut bare = tower::service_fn(|_: Request<()>| handler());
    let mut recorded = slos.layer_with(route).layer(bare);
    drive(&mut recorded);
    let (without, with) = (allocations(|| drive(&mut bare)), allocations(|| drive(&mut recorded)));
    println!(
        "{REQUESTS} requests: {} allocations without the layer, {} with it",
        without.allocations, with.allocations
    );
    assert_eq!(with, without);
    let status = slos.status();
    let counted: Vec<_> = status.slos.iter().map(|slo| slo.total.good).collect();
    assert_eq!(counted, [2 * REQUESTS as u64; 3]);
}
