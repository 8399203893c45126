//! In an axum router: annotated handlers find their promises, whatever the router does.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{Request, StatusCode};
use axum::routing::{any, get, post};
use http_body_util::BodyExt;
use slo_tower::{SloRegistry, slo};
use tower::{Service, ServiceExt};

use crate::support::{events, samples};

#[slo(availability = 99.9%, latency = 99% < 1h)]
async fn axum_create(axum::Json(items): axum::Json<Vec<u64>>) -> Result<String, StatusCode> {
    if items.is_empty() { Err(StatusCode::INTERNAL_SERVER_ERROR) } else { Ok(items.len().to_string()) }
}

#[slo(availability = 99.9%)]
async fn axum_show(Path(id): Path<u64>) -> StatusCode {
    if id == 13 { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
}

#[slo(availability = 99%, route = "GET /axum/written")]
async fn axum_written() {}

#[slo(availability = 99%)]
#[axum::debug_handler]
async fn axum_debug_outside() {}

#[axum::debug_handler]
#[slo(availability = 99%)]
async fn axum_debug_inside() {}

fn build() -> SloRegistry {
    SloRegistry::builder("test").build().unwrap()
}

/// Sends requests one after the other and returns their status codes.
async fn send(app: &Router, requests: &[(&str, &str, &'static str)]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for (method, path, body) in requests {
        let request =
            Request::builder().method(*method).uri(*path).header("content-type", "application/json");
        let response = app.clone().oneshot(request.body(Body::from(*body)).unwrap()).await.unwrap();
        statuses.push(response.status().as_u16());
        // Read to the end, as a server does.
        let _ = response.into_body().collect().await;
    }
    statuses
}

fn requests_of(slos: &SloRegistry, route: &str) -> Vec<String> {
    let prefix = "http_server_request_duration_seconds_count";
    let label = format!("http_route=\"{route}\"");
    let with_route = samples(slos, prefix).into_iter().filter(|sample| sample.contains(&label));
    with_route.map(|sample| sample.replace(prefix, "")).collect()
}

#[tokio::test]
async fn annotated_handlers_count_for_their_promises() {
    let slos = build();
    let app = Router::new().route("/axum/{id}", get(axum_show)).layer(slos.layer());
    let statuses =
        send(&app, &[("GET", "/axum/1", ""), ("GET", "/axum/13", ""), ("GET", "/axum/x", "")]).await;
    assert_eq!(statuses, [200, 502, 400]);
    // A rejected path is the client's fault, and still a request of this route.
    assert_eq!(events(&slos, "axum_show-availability"), [2, 1, 0]);
    assert_eq!(slos.status().slo("axum_show-availability").unwrap().routes, ["GET /axum/{id}"]);
    assert_eq!(requests_of(&slos, "/axum/{id}").len(), 3);
}

#[tokio::test]
async fn requests_rejected_before_the_handler_first_ran_are_counted_once_it_has() {
    let slos = build();
    let app = Router::new().route("/axum", post(axum_create)).layer(slos.layer());
    assert_eq!(send(&app, &[("POST", "/axum", "no json"), ("POST", "/axum", "{}")]).await, [400, 422]);
    assert_eq!(events(&slos, "axum_create-availability"), [0, 0, 0]);
    assert_eq!(send(&app, &[("POST", "/axum", "[1]"), ("POST", "/axum", "[]")]).await, [200, 500]);
    assert_eq!(events(&slos, "axum_create-availability"), [3, 1, 0]);
    assert_eq!(events(&slos, "axum_create-latency"), [3, 0, 1]);
}

#[tokio::test]
async fn a_written_route_counts_from_the_first_request() {
    let slos = build();
    let mut first_scrape = String::new();
    slos.render(slo_tower::TextFormat::Prometheus, &mut first_scrape);
    let labels = r#"{http_request_method="GET",http_route="/axum/written",http_response_status_code="200"}"#;
    assert!(first_scrape.contains(&format!("http_server_request_duration_seconds_count{labels} 0\n")));
    let refuse = axum::middleware::from_fn(|_: axum::extract::Request, _: axum::middleware::Next| async {
        StatusCode::SERVICE_UNAVAILABLE
    });
    let app = Router::new().route("/axum/written", get(axum_written)).layer(refuse).layer(slos.layer());
    assert_eq!(send(&app, &[("GET", "/axum/written", "")]).await, [503]);
    assert_eq!(events(&slos, "axum_written-availability"), [0, 1, 0]);
}

#[tokio::test]
async fn a_nested_service_knows_its_routes_from_within() {
    let inner = || Router::new().route("/{id}", get(axum_show));
    let slos = build();
    let app = Router::new().nest_service("/nested", inner()).layer(slos.layer());
    send(&app, &[("GET", "/nested/1", "")]).await;
    assert_eq!(requests_of(&slos, "_UNMATCHED").len(), 1);
    let slos = build();
    let app = Router::new().nest_service("/nested", inner().layer(slos.layer()));
    send(&app, &[("GET", "/nested/1", "")]).await;
    assert_eq!(requests_of(&slos, "/nested/{id}").len(), 1);
    assert_eq!(events(&slos, "axum_show-availability"), [1, 0, 0]);
}

#[tokio::test]
async fn one_handler_may_serve_several_routes_and_one_route_several_handlers() {
    let slos = build();
    let either = any(|request: axum::extract::Request| async move {
        if request.uri().query() == Some("show") {
            axum_show(Path(1)).await
        } else {
            axum_written().await;
            StatusCode::OK
        }
    });
    let app = Router::new()
        .route("/v1/{id}", get(axum_show))
        .nest("/nested", Router::new().route("/{id}", get(axum_show)))
        .route("/either", either)
        .layer(slos.layer());
    send(&app, &[("GET", "/v1/1", ""), ("GET", "/nested/2", "")]).await;
    send(&app, &[("GET", "/either?show", ""), ("GET", "/either", ""), ("GET", "/either", "")]).await;
    assert_eq!(events(&slos, "axum_show-availability"), [3, 0, 0]);
    assert_eq!(events(&slos, "axum_written-availability"), [2, 0, 0]);
    assert_eq!(requests_of(&slos, "/nested/{id}").len(), 1);
}

#[tokio::test]
async fn a_handler_that_another_attribute_repeats_is_one_handler() {
    let slos = build();
    let app = Router::new()
        .route("/outside", get(axum_debug_outside))
        .route("/inside", get(axum_debug_inside))
        .layer(slos.layer());
    send(&app, &[("GET", "/outside", ""), ("GET", "/inside", "")]).await;
    assert_eq!(events(&slos, "axum_debug_outside-availability"), [1, 0, 0]);
    assert_eq!(events(&slos, "axum_debug_inside-availability"), [1, 0, 0]);
}

#[tokio::test]
async fn what_clients_invent_shares_one_constant() {
    let slos = build();
    let app = Router::new().route("/axum/{id}", any(axum_show)).fallback(|| async {}).layer(slos.layer());
    for path in ["/a", "/b?c=d", "/axum/1/2"] {
        send(&app, &[("GET", path, "")]).await;
    }
    send(&app, &[("BREW", "/axum/1", ""), ("SPILL", "/axum/1", "")]).await;
    let three = r#"{http_request_method="GET",http_route="_UNMATCHED",http_response_status_code="200"} 3"#;
    assert_eq!(requests_of(&slos, "_UNMATCHED"), [three]);
    let two = r#"{http_request_method="_OTHER",http_route="/axum/{id}",http_response_status_code="200"} 2"#;
    assert_eq!(requests_of(&slos, "/axum/{id}"), [two]);
}

#[tokio::test]
async fn unmatched_requests_are_counted_once_in_any_order() {
    let build_app: [fn(&SloRegistry) -> Router; 4] = [
        |slos| Router::new().route("/axum/{id}", get(axum_show)).layer(slos.layer()),
        |slos| Router::new().route("/axum/{id}", get(axum_show)).layer(slos.layer()).merge(slos.routes()),
        |slos| Router::new().route("/axum/{id}", get(axum_show)).merge(slos.routes()).layer(slos.layer()),
        |slos| Router::new().route("/axum/{id}", get(axum_show)).layer(slos.layer()).layer(slos.layer()),
    ];
    for build_app in build_app {
        let slos = build();
        let app = build_app(&slos);
        assert_eq!(send(&app, &[("GET", "/nowhere", ""), ("GET", "/axum/1", "")]).await, [404, 200]);
        let one = r#"{http_request_method="GET",http_route="_UNMATCHED",http_response_status_code="404"} 1"#;
        assert_eq!(requests_of(&slos, "_UNMATCHED"), [one]);
        assert_eq!(events(&slos, "axum_show-availability"), [1, 0, 0]);
        assert_eq!(samples(&slos, "http_server_active_requests"), Vec::<String>::new());
    }
}

#[tokio::test]
async fn the_endpoints_are_routes_that_are_not_counted() {
    let slos = build();
    let app = Router::new().route("/axum/{id}", get(axum_show)).layer(slos.layer()).merge(slos.routes());
    let statuses = send(&app, &[("GET", "/metrics", ""), ("GET", "/slo", ""), ("POST", "/slo", "")]).await;
    assert_eq!(statuses, [200, 200, 405]);
    assert_eq!(samples(&slos, "http_server_request_duration_seconds_count"), Vec::<String>::new());
}

#[tokio::test]
async fn a_mounted_layer_keeps_its_registry() {
    let slos = build();
    let metrics = slos.metrics_service();
    let app = Router::new().route("/axum/{id}", get(axum_show)).layer(slos.layer());
    drop(slos);
    send(&app, &[("GET", "/axum/1", "")]).await;
    let response = metrics.oneshot(Request::new(())).await.unwrap();
    let text = response.into_body().collect().await.unwrap().to_bytes();
    assert!(
        std::str::from_utf8(&text).unwrap().contains("slo_events_total{slo=\"axum_show-availability\"} 1\n")
    );
}

#[tokio::test]
async fn one_service_records_a_whole_router() {
    let slos = build();
    let router = Router::new()
        .route("/orders/{id}", get(axum_show))
        .route("/files/{*rest}", any(|| async { "bytes" }));
    let mut app = slos.around(router, ["/orders/{id}", "/files/{*rest}"]).unwrap();
    for (method, path) in [
        ("GET", "/orders/7"),
        ("GET", "/orders/13"),
        ("PUT", "/files/a/b"),
        ("GET", "/files/"),
        ("GET", "/none"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let response = Service::<Request<Body>>::call(&mut app, request).await.unwrap();
        response.into_body().collect().await.unwrap();
    }
    let status = r#"http_response_status_code"#;
    let bad = format!(
        r#"{{http_request_method="GET",http_route="/orders/{{id}}",{status}="502",error_type="502"}} 1"#
    );
    let good = format!(r#"{{http_request_method="GET",http_route="/orders/{{id}}",{status}="200"}} 1"#);
    assert_eq!(requests_of(&slos, "/orders/{id}"), [good, bad]);
    let put = format!(r#"{{http_request_method="PUT",http_route="/files/{{*rest}}",{status}="200"}} 1"#);
    assert_eq!(requests_of(&slos, "/files/{*rest}"), [put]);
    // Two requests: the router does not take `/files/` for a file either.
    let unmatched = format!(r#"{{http_request_method="GET",http_route="_UNMATCHED",{status}="404"}} 2"#);
    assert_eq!(requests_of(&slos, "_UNMATCHED"), [unmatched]);
    assert_eq!(events(&slos, "axum_show-availability"), [1, 1, 0]);
}

#[test]
fn templates_that_cannot_be_told_apart_are_refused() {
    let slos = build();
    assert!(slos.layer_for(["/orders/{id}", "/orders/mine", "/orders/{id}/lines"]).is_ok());
    for (templates, problem) in [
        (&["/orders/{id}", "/orders/{number}"][..], "`/orders/{number}`"),
        (&["orders"], "`orders`: it does not begin with /"),
        (&["/orders/{"], "`/orders/{`"),
    ] {
        let error = slos.layer_for(templates.iter().copied()).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}
