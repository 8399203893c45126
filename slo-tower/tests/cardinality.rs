//! Whatever clients invent, there are as many series as before, in as much memory.
//!
//! Paths and methods nobody has heard of arrive in numbers; the exposition and the allocator say what is left of them.
//! A binary of its own without a test harness: nothing else runs, so every byte is one of these requests'.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::alloc::System;
use std::convert::Infallible;
use std::fmt::Write;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::body::Body;
use axum::routing::{any, get};
use http::{Method, Request, Response};
use http_body::Body as HttpBody;
use slo_tower::{Clock, Objective, Sli, Slo, SloRegistry, TextFormat, Timestamp, slo};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tower_layer::Layer;
use tower_service::Service;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// A debug build sends fewer, so as not to be waited for.
const REQUESTS: usize = if cfg!(debug_assertions) { 40_000 } else { 1_000_000 };
const METHODS: usize = 10_000;
const SEED: u64 = 0x5eed_0f5e_71e5;
const ROUTES_MAX: u16 = 100;
const TEMPLATES: [&str; 3] = ["/late/{id}", "/files/{*rest}", "/written"];

#[slo(availability = 99%)]
async fn late() {}

fn main() {
    println!("seed {SEED:#x}");
    let methods = methods();
    let slos = registry();
    check("layer_for", &slos, &methods, slos.layer_for(TEMPLATES).unwrap().layer(router().with_state(())));
    let slos = registry();
    check("layer in axum", &slos, &methods, router().layer(slos.layer()).with_state(()));
    let slos = registry();
    check("around", &slos, &methods, slos.around(router(), TEMPLATES).unwrap());
    // A mistake: what clients send as if it were a template. It costs what `routes_max` allows, and no more.
    let slos = registry();
    let mistaken = slos.layer_with(|request| Some(request.uri.path())).layer(router().with_state(()));
    check("paths as templates", &slos, &methods, mistaken);
    assert!(exposition(&slos).lines().any(|line| {
        line.starts_with("slo_series_overflow_total{kind=\"route\"}") && !line.ends_with(" 0")
    }));
}

fn registry() -> SloRegistry {
    // The clock stands still: the first latency of another size takes cells of another size, once.
    let still = Clock::manual(Timestamp::default());
    let written = Slo::new("written", Sli::Availability, Objective::literal("99%")).unwrap();
    let written = written.with_route("GET /written").unwrap();
    SloRegistry::builder("test").clock(still).routes_max(ROUTES_MAX).slo(written).build().unwrap()
}

fn router() -> Router {
    Router::new()
        .route("/late/{id}", get(late))
        .route("/files/{*rest}", any(|| async {}))
        .route("/written", get(|| async {}))
}

/// Sends inventions, and looks for what is left of them.
fn check<S, B>(name: &str, slos: &SloRegistry, methods: &[Method], mut service: S)
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: HttpBody + Unpin,
{
    let mut random = Random(SEED);
    // Everything that may be known is known now: each method, matched and unmatched.
    for method in methods {
        for path in ["/files/known", "/unknown"] {
            send(&mut service, method.clone(), path);
        }
        // Where a path is taken for a template, there are soon as many routes as there may be.
        send(&mut service, method.clone(), &random.path());
    }
    let (series, region) = (series(slos), Region::new(ALLOCATOR));
    for _ in 0..REQUESTS {
        let method = methods[random.below(METHODS)].clone();
        send(&mut service, method, &random.path());
    }
    let change = region.change();
    let left = change.bytes_allocated.wrapping_sub(change.bytes_deallocated).cast_signed();
    println!("{name}: {REQUESTS} inventions left {} series and {left} bytes", self::series(slos) - series);
    assert_eq!((self::series(slos), left), (series, 0), "{name}");
    for (path, promise, method, route) in [
        ("/written", "written", Method::GET, "/written"),
        ("/late/1", "late-availability", Method::GET, "/late/{id}"),
    ] {
        send(&mut service, method, path);
        assert_eq!(slos.status().slo(promise).unwrap().total.good, 1, "{name} {promise}");
        // A path taken for a template is not the template of the other route.
        if name != "paths as templates" || path == route {
            let own = format!(
                "_count{{http_request_method=\"GET\",http_route=\"{route}\",http_response_status_code=\"200\"}} 1\n"
            );
            assert!(exposition(slos).contains(&own), "{name} {route}");
        }
    }
}

fn send<S, B>(service: &mut S, method: Method, path: &str)
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible>,
    B: HttpBody + Unpin,
{
    let mut context = Context::from_waker(Waker::noop());
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let future = pin!(service.call(request));
    let Poll::Ready(Ok(mut response)) = future.poll(&mut context) else { panic!("it answers at once") };
    while let Poll::Ready(Some(Ok(_))) = Pin::new(response.body_mut()).poll_frame(&mut context) {}
}

fn exposition(slos: &SloRegistry) -> String {
    let mut out = String::new();
    slos.render(TextFormat::Prometheus, &mut out);
    out
}

fn series(slos: &SloRegistry) -> usize {
    exposition(slos).lines().filter(|line| !line.starts_with('#')).count()
}

/// The nine that are known, and many that are not.
fn methods() -> Vec<Method> {
    let known = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "CONNECT", "PATCH", "TRACE"];
    let invented = (0..METHODS - known.len()).map(|index| format!("INVENTED-{index:x}"));
    let names = known.into_iter().map(str::to_owned).chain(invented);
    names.map(|name| name.parse().unwrap()).collect()
}

/// xorshift64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// A path as scanners send them: one in two is of a route that takes anything.
    fn path(&mut self) -> String {
        let mut path = String::from(if self.next() & 1 == 0 { "/files" } else { "" });
        for _ in 0..=self.below(3) {
            write!(path, "/{:x}", self.next()).unwrap();
        }
        path
    }
}
