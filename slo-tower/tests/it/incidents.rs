//! `/slo/incidents`: who gets what, and that asking is no event.

use http::{Method, Request, Response, StatusCode, header};
use slo_tower::{Clock, IncidentReport, Outcome, SloRegistry};
use std::time::Duration;

use crate::support::{ROUTE, ask, call, read, registry};

/// A registry of which `GET /job` was down for a minute.
fn after_an_outage() -> (SloRegistry, String) {
    let (slos, clock) = registry();
    down(&slos, &clock);
    let id = slos.incident_ids().remove(0);
    (slos, id)
}

fn down(slos: &SloRegistry, clock: &Clock) {
    for _ in 0..6 {
        for _ in 0..10 {
            slos.recorder().request("GET", Some(ROUTE)).finish(Outcome::Completed(503));
        }
        clock.advance(Duration::from_secs(10));
        slos.tick(clock.now());
    }
}

fn get(slos: &SloRegistry, method: Method, path: &str, accept: &str) -> (Response<()>, String) {
    let request =
        Request::builder().method(method).uri(path).header(header::ACCEPT, accept).body(()).unwrap();
    let (parts, mut body) = call(slos.incidents_service(), request).into_parts();
    let text = String::from_utf8(read(&mut body).unwrap()).unwrap();
    (Response::from_parts(parts, ()), text)
}

#[test]
fn the_list_is_what_serde_writes_at_once() {
    let (empty, _) = registry();
    let (slos, id) = after_an_outage();
    // Availability and both: two promises, two incidents.
    for (slos, expected) in [(empty, 0), (slos.clone(), 2)] {
        for path in ["/slo/incidents", "/slo/incidents/", "/"] {
            let (response, text) = get(&slos, Method::GET, path, "*/*");
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
            let value = serde_json::json!({ "service": "test", "incidents": slos.incidents() });
            assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
            assert_eq!(value["incidents"].as_array().unwrap().len(), expected);
        }
    }
    let (_, status) = ask(slos.status_service(), Method::GET, "*/*");
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    let slo = status["slos"].as_array().unwrap().iter().find(|slo| slo["name"] == "get-availability");
    let open = slo.unwrap()["incident"].as_str().unwrap();
    assert!(slos.incident(open).is_some_and(|report| report.is_open()));
    assert!([&id[..], &slos.incident_ids()[1]].contains(&open));
}

#[test]
fn one_comes_as_json_or_as_a_draft() {
    let (slos, id) = after_an_outage();
    let report = slos.incident(&id).unwrap();
    let (json, markdown) = ("application/json", "text/markdown; charset=utf-8");
    for (suffix, accept, expected) in [
        ("", "*/*", json),
        ("/", "application/json", json),
        ("", "text/markdown", markdown),
        ("", "text/markdown;q=0.5, application/json", json),
        (".md", "*/*", markdown),
        (".md", "application/json", markdown),
    ] {
        let (response, text) = get(&slos, Method::GET, &format!("/slo/incidents/{id}{suffix}"), accept);
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()[header::CONTENT_TYPE], expected, "{suffix} {accept}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        if expected == json {
            assert_eq!(serde_json::from_str::<IncidentReport>(&text).unwrap(), report);
        } else {
            assert_eq!(text, report.to_markdown());
        }
    }
}

#[test]
fn what_is_not_there_is_said_and_writing_is_refused() {
    let (slos, id) = after_an_outage();
    for path in ["/slo/incidents/get-availability-1", "/slo/incidents/x.md", "/slo/incidents/%3Cscript%3E"] {
        let (response, text) = get(&slos, Method::GET, path, "text/html");
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        assert!(text.starts_with("there is no such incident") && !text.contains("script"), "{text}");
    }
    for path in ["/slo/incidents".to_owned(), format!("/slo/incidents/{id}"), "/slo/incidents/x".to_owned()] {
        let (head, nothing) = get(&slos, Method::HEAD, &path, "*/*");
        let (get_head, _) = get(&slos, Method::GET, &path, "*/*");
        assert_eq!((head.status(), head.headers()), (get_head.status(), get_head.headers()));
        assert_eq!(nothing, "");
        let (refused, _) = get(&slos, Method::POST, &path, "*/*");
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(refused.headers()[header::ALLOW], "GET, HEAD");
    }
}

/// In axum they are routes like the others.
#[cfg(feature = "axum")]
#[tokio::test]
async fn axum_has_their_routes() {
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    let (slos, id) = after_an_outage();
    let routes: axum::Router = slos.routes();
    for (path, expected) in [
        ("/slo/incidents".to_owned(), "{\n  \"service\": \"test\",\n  \"incidents\": [\n    {\n"),
        (format!("/slo/incidents/{id}.md"), "# Incident: "),
        (format!("/slo/incidents/{id}"), "{\n  \"id\": "),
    ] {
        let request = Request::get(&path).body(axum::body::Body::empty()).unwrap();
        let response = routes.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(body.starts_with(expected.as_bytes()), "{path}: {body:?}");
    }
}
