//! What we put into every comparison, through the public API alone.

use axum::Router;
use axum::routing::get;
use slo_tower::{
    Around, Clock, GrpcMethods, Objective, Outcome, Record, Recorder, RequestHead, Sli, Slo, SloLayer,
    SloRegistry, SloRegistryBuilder, TextFormat, Threshold, Timestamp, Verdict, slo,
};

use crate::exposition::{Exposition, Labels, Metrics};
use crate::harness::Competitor;
use crate::layer::{Entry, over_tower, serving};
use crate::limit::operation;
use crate::traffic::{CALLED, hello, path, router};

/// Our name where a latency that is known is recorded, as the peers record it.
pub const RECORD: &str = "slo, held series";
/// Our name where a request is started and ended, and the clock is apart.
pub const RECORD_REQUEST: &str = "slo, clock apart";
/// Our name where the clock is part of the recording.
pub const RECORD_TIMED: &str = "slo, with its clock";
/// Our layer where nothing is promised.
pub const LAYER: &str = "slo, no SLO";
/// Our layer where availability, latency and both combined are promised.
pub const LAYER_PROMISED: &str = "slo, availability + latency + combined";
/// Our service around a whole router, where the same is promised.
pub const AROUND: &str = "slo around the Router, the same promises";
/// Our name where there is only one of us.
pub const SLO: &str = "slo";

/// A handler that promises all there is to promise.
#[slo(availability = 99.9%, latency = 99% < 250ms, combined = 99.5% < 250ms)]
async fn promised() -> &'static str {
    "hello"
}

fn builder() -> SloRegistryBuilder {
    SloRegistry::builder("bench")
}

fn build(builder: SloRegistryBuilder) -> SloRegistry {
    builder.build().expect("the promises are valid")
}

/// Records into a series that is held; and starts and ends a request of a known route, whose latency is what its clock
/// says.
pub fn record() -> Vec<Competitor> {
    let silent = build(builder().without_declared());
    let held = operation(RECORD, move || {
        let (good, verdict) = (Outcome::Completed(200), Verdict::Good);
        let mut series = silent.recorder().request_series("GET", Some("/checkout"), good, verdict);
        move |nanos| series.record_nanos(nanos)
    });
    let recording = |name: &str, clock: Clock| {
        let registry = build(builder().without_declared().clock(clock));
        operation(name, move || {
            let (registry, recorder) = (registry.clone(), registry.recorder());
            move |_| {
                count(recorder, "/checkout", 200);
                let _alive = &registry;
            }
        })
    };
    vec![held, recording(RECORD_REQUEST, manual_clock()), recording(RECORD_TIMED, Clock::system())]
}

#[inline]
fn count(recorder: Recorder, route: &str, status: u16) {
    recorder.request("GET", Some(route)).finish_as(Outcome::Completed(status), Verdict::Good);
}

fn manual_clock() -> Clock {
    Clock::manual(Timestamp::from_unix_seconds(1_700_000_000))
}

/// Our layers, over a bare tower service and in axum routers.
pub fn layers() -> Vec<Entry> {
    let silent = build(builder().without_declared());
    let promising = build(
        slos("GET /shop/resource-0").into_iter().fold(builder().without_declared(), SloRegistryBuilder::slo),
    );
    let over = |name, registry: &SloRegistry| over_tower(name, registry.layer_with(first_route));
    vec![
        Entry {
            name: LAYER,
            tower: Some(over(LAYER, &silent)),
            router: Box::new(|routes| {
                router(routes, &get(hello)).layer(build(builder().without_declared()).layer())
            }),
        },
        Entry {
            name: LAYER_PROMISED,
            tower: Some(over(LAYER_PROMISED, &promising)),
            router: Box::new(|routes| promised_router(routes, &build(builder()))),
        },
    ]
}

/// Our layers over calls of gRPC, where nothing is promised and where the same is as above. A call that works is one of
/// a known method.
#[must_use]
pub fn grpc_layers() -> [(&'static str, SloLayer<GrpcMethods>); 2] {
    let promising = slos(CALLED.trim_start_matches('/')).into_iter();
    let promising = promising.fold(builder().without_declared(), SloRegistryBuilder::slo);
    [(LAYER, builder().without_declared()), (LAYER_PROMISED, promising)]
        .map(|(name, builder)| (name, build(builder).layer_grpc()))
}

/// Returns routes to a handler that promises, recorded by this registry.
pub fn promised_router(routes: usize, registry: &SloRegistry) -> Router {
    router(routes, &get(promised)).layer(registry.layer())
}

/// Returns routes to a handler that promises, with one recording service around the whole router instead of a layer
/// in each of its routes.
pub fn around_router(routes: usize) -> Competitor {
    let app = build(builder()).around(router(routes, &get(promised)), (0..routes).map(path));
    // The service holds what it counts in.
    serving(AROUND, routes, app.expect("the paths differ"))
}

/// Starts a registry that ticks, as a service does, and returns its routes to a handler that promises.
pub fn served() -> Router {
    let registry = builder().start().expect("the promises are valid, and a thread can be started");
    promised_router(1, &registry).merge(registry.routes())
}

/// The same without `/metrics`, recorded from around the router.
#[must_use]
pub fn served_around() -> Record<Router, Around> {
    let registry = builder().start().expect("the promises are valid, and a thread can be started");
    registry.around(router(1, &get(promised)), [path(0)]).expect("a valid path")
}

fn first_route<'a>(_: RequestHead<'a>) -> Option<&'a str> {
    Some("/shop/resource-0")
}

fn slos(route: &'static str) -> Vec<Slo> {
    let threshold = Threshold::parse("250ms").expect("a duration");
    let kinds = [
        ("availability", Sli::Availability, "99.9%"),
        ("latency", Sli::Latency { threshold }, "99%"),
        ("combined", Sli::Combined { threshold }, "99.5%"),
    ];
    let make = |(name, sli, objective): (&str, Sli, &str)| {
        let objective = Objective::parse(objective).expect("a share");
        Slo::new(format!("first-{name}"), sli, objective)
            .and_then(|slo| slo.with_route(route))
            .expect("valid")
    };
    kinds.into_iter().map(make).collect()
}

/// Returns a registry with this many SLOs, each on an operation of its own, and a clock to move by hand.
#[must_use]
pub fn registry_of(slos: usize) -> (SloRegistry, Clock) {
    let clock = manual_clock();
    let builder = (0..slos).fold(builder().without_declared().clock(clock.clone()), |builder, index| {
        let objective = Objective::parse("99.9%").expect("a share");
        let slo = Slo::new(format!("operation-{index}-availability"), Sli::Availability, objective);
        builder.slo(slo.and_then(|slo| slo.with_operation(format!("operation-{index}"))).expect("valid"))
    });
    (build(builder.routes_max(u16::try_from(slos).expect("a few thousand at most") + 10)), clock)
}

/// Counts one event for each SLO of [`registry_of`].
pub fn count_each(registry: &SloRegistry, slos: usize) {
    for index in 0..slos {
        let attempt = registry.recorder().operation(&format!("operation-{index}"));
        attempt.finish_as(Outcome::Completed(0), Verdict::Good);
    }
}

/// Returns a registry with ten thousand series, ten of each route, which have seen some requests each, and a promise
/// about each of the first `slos` routes.
#[must_use]
pub fn registry_of_series(slos: usize) -> SloRegistry {
    let promise = |route: usize| {
        let objective = Objective::parse("99.9%").expect("a share");
        let slo = Slo::new(format!("resource-{route}-availability"), Sli::Availability, objective);
        slo.and_then(|slo| slo.with_route(format!("GET /shop/resource-{route}"))).expect("valid")
    };
    let exposed = Exposed::promising((0..slos).map(promise));
    for labels in Labels::of(1_000, 10) {
        (1..=3).for_each(|latency| exposed.observe(&labels, latency * 40_000_000));
    }
    exposed.registry
}

/// Our exposition.
pub fn exposition() -> Exposition {
    Exposition { name: SLO, build: |_| Box::new(Exposed::promising(std::iter::empty())) }
}

struct Exposed {
    registry: SloRegistry,
    clock: Clock,
}

impl Exposed {
    fn promising(slos: impl Iterator<Item = Slo>) -> Self {
        let clock = manual_clock();
        let builder = builder().without_declared().clock(clock.clone()).routes_max(1_100).series_max(10_010);
        Self { registry: build(slos.fold(builder, SloRegistryBuilder::slo)), clock }
    }
}

impl Metrics for Exposed {
    fn observe(&self, labels: &Labels, nanos: u64) {
        let attempt = self.registry.recorder().request(labels.method, Some(&labels.route));
        self.clock.advance(std::time::Duration::from_nanos(nanos));
        attempt.finish_as(Outcome::Completed(labels.status), Verdict::Good);
    }

    fn render(&self, out: &mut String) {
        self.registry.render(TextFormat::Prometheus, out);
    }
}
