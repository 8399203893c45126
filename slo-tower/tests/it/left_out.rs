//! Requests that are neither recorded nor counted.

use std::convert::Infallible;
use std::panic::resume_unwind;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::routing::{any, get};
use http_body_util::BodyExt;
use slo_tower::{Objective, Sli, Slo, SloRegistry, SloRegistryBuilder, slo};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{events, samples};

#[slo(availability = 99%)]
async fn left_out_page() -> &'static str {
    "a page"
}

#[slo(operation = "left-out-work", availability = 99%)]
fn work() {}

const PROBES: [&str; 10] = [
    "/livez",
    "/readyz",
    "/startupz",
    "/healthz",
    "/metrics",
    "/slo",
    "/slo/incidents",
    "/slo/incidents/checkout-availability-1700000000",
    "/grpc.health.v1.Health/Check",
    "/grpc.health.v1.Health/Watch",
];

/// A router that has all of these, or answers them without a route.
fn routers(slos: &SloRegistry) -> [Router; 3] {
    let page = Router::<()>::new().route("/page", get(left_out_page)).route("/health", get(left_out_page));
    let routed = PROBES[..8].iter().fold(page.clone(), |app, probe| app.route(probe, any(|| async {})));
    let routed = routed.route("/grpc.health.v1.Health/{*rest}", any(|| async {}));
    let around = slos.around(page.clone(), ["/page", "/health"]).unwrap();
    [routed.layer(slos.layer()), page.layer(slos.layer()), Router::new().fallback_service(around)]
}

async fn send(app: &Router, method: &str, path: &str, agent: &str) {
    let request = Request::builder().method(method).uri(path).header("user-agent", agent);
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    response.into_body().collect().await.unwrap();
}

/// Sends one probe of each kind, and one request of a user.
async fn probe(app: &Router) {
    for path in PROBES {
        let methods: &[&str] = if path.starts_with("/grpc") { &["POST"] } else { &["GET", "HEAD"] };
        for method in methods {
            // Twice: what a thread has met before it must not remember.
            send(app, method, path, "kube-probe").await;
            send(app, method, path, "kube-probe").await;
        }
    }
    send(app, "GET", "/page", "browser").await;
}

/// How many requests are counted, in all routes.
fn counted(slos: &SloRegistry) -> u64 {
    let prefix = "http_server_request_duration_seconds_count";
    let value = |sample: &String| sample.rsplit(' ').next().and_then(|value| value.parse::<u64>().ok());
    samples(slos, prefix).iter().filter_map(value).sum()
}

fn builder() -> SloRegistryBuilder {
    SloRegistry::builder("test")
}

#[tokio::test]
async fn probes_are_left_out_wherever_they_are_answered() {
    for router in 0..3 {
        let slos = builder().build().unwrap();
        probe(&routers(&slos)[router]).await;
        assert_eq!(counted(&slos), 1, "router {router}");
        let slos = builder().count_probes().build().unwrap();
        probe(&routers(&slos)[router]).await;
        assert_eq!(counted(&slos), 8 * 4 + 2 * 2 + 1, "router {router}");
    }
}

#[tokio::test]
async fn other_methods_other_paths_and_what_is_promised_count() {
    let slo = Slo::new("live", Sli::Availability, Objective::literal("99%")).unwrap();
    let slos = builder().slo(slo.with_route("GET /livez").unwrap()).build().unwrap();
    let [routed, ..] = routers(&slos);
    for (method, path) in [("GET", "/livez"), ("POST", "/metrics"), ("GET", "/health"), ("GET", "/livezz")] {
        send(&routed, method, path, "browser").await;
    }
    assert_eq!(counted(&slos), 4);
    assert_eq!(events(&slos, "live"), [1, 0, 0]);
}

#[tokio::test]
async fn users_leave_out_routes_and_heads() {
    let slos = builder().leave_out("GET /health").leave_out("GET /debug/*");
    let slos = slos.exclude(|request| request.headers.get("user-agent").is_some_and(|agent| agent == "k6"));
    let slos = slos.exclude(|request| {
        if request.uri.path() == "/page/panic" {
            // Unlike `panic!`, this prints nothing.
            resume_unwind(Box::new("of users"));
        }
        request.uri.query() == Some("synthetic")
    });
    let slos = slos.build().unwrap();
    let [routed, ..] = routers(&slos);
    for (path, agent) in [
        ("/page", "k6"),
        ("/page?synthetic", "browser"),
        ("/health", "browser"),
        ("/debug/vars", "browser"),
        ("/nowhere", "k6"),
    ] {
        send(&routed, "GET", path, agent).await;
    }
    assert_eq!(counted(&slos), 0);
    send(&routed, "GET", "/page/panic", "browser").await;
    send(&routed, "GET", "/page", "browser").await;
    assert_eq!(counted(&slos), 2);
    assert_eq!(events(&slos, "left_out_page-availability"), [1, 0, 0]);
    let malformed = builder().leave_out("/health").build().unwrap_err().to_string();
    assert!(malformed.contains("left_out.rs"), "{malformed}");
}

/// They are events of their own: of a request that is nowhere, wherever they would count without the layer.
#[tokio::test]
async fn operations_of_a_request_that_is_left_out_count_where_they_would_without_the_layer() {
    let (slos, other) = (builder().exclude(|request| request.uri.query().is_some()), builder());
    let (slos, other) = (slos.build().unwrap(), other.build().unwrap());
    let layer = slos.layer_with(|request| (request.uri.path() == "/livez").then_some("/livez"));
    let service = layer.layer(service_fn(|_: Request<()>| {
        work();
        async {
            work();
            Ok::<_, Infallible>(Response::new(Body::empty()))
        }
    }));
    for (path, [here, there]) in [("/livez", [0, 2]), ("/?load", [0, 4]), ("/", [2, 4])] {
        let request = Request::get(path).body(()).unwrap();
        let mut call = Box::pin(service.clone().oneshot(request));
        let polled = std::future::poll_fn(|context| other.scope(|| call.as_mut().poll(context)));
        polled.await.unwrap();
        let good = |slos| events(slos, "left-out-work-availability")[0];
        assert_eq!([good(&slos), good(&other)], [here, there], "{path}");
    }
}
