//! `/slo/gate`: what a pipeline is told.

use std::time::Duration;

use http::{Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};
use slo_tower::{BuildError, Clock, GateError, GatePolicy, Outcome, SloRegistry};

use crate::support::{ROUTE, call, read, registry};

fn ask(slos: &SloRegistry, method: Method) -> (Response<()>, Value) {
    let request = Request::builder().method(method).uri("/slo/gate").body(()).unwrap();
    let (parts, mut body) = call(slos.gate_service(), request).into_parts();
    let text = String::from_utf8(read(&mut body).unwrap()).unwrap();
    (Response::from_parts(parts, ()), serde_json::from_str(&text).unwrap_or(Value::Null))
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

#[test]
fn a_pipeline_is_told_whether_and_why_not() {
    let (slos, clock) = registry();
    let (response, answer) = ask(&slos, Method::GET);
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let at = answer["at"].clone();
    let expected = json!({
        "allowed": true, "service": "test", "at": at, "numbers": "process", "reasons": [], "exempted": [],
    });
    assert_eq!(answer, expected);

    down(&slos, &clock);
    let (response, answer) = ask(&slos, Method::GET);
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert_eq!((&answer["allowed"], answer["reasons"].as_array().unwrap().len()), (&json!(false), 4));
    assert_eq!(answer["reasons"][0]["rule"], "alert");
    let budget = json!({
        "slo": "get-availability", "rule": "budget", "value": -99.0, "limit": 0.0,
        "text": "get-availability has -9900.0 % of its error budget left, and a release needs more than 0.0 %",
    });
    let value = answer["reasons"][1]["value"].as_f64().unwrap();
    assert!((value + 99.0).abs() < 1e-9, "{value}");
    assert_eq!(answer["reasons"][1]["text"], budget["text"]);
    assert_eq!(slos.gate().reasons.len(), 4);

    let (response, answer) = ask(&slos, Method::HEAD);
    assert_eq!((response.status(), answer), (StatusCode::CONFLICT, Value::Null));
    let (response, _) = ask(&slos, Method::POST);
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[test]
fn a_policy_that_cannot_decide_makes_no_registry() {
    for policy in [GatePolicy::new().exempt("x"), GatePolicy::new().coverage_min(2.0)] {
        let error = SloRegistry::builder("test").without_declared().gate(policy).build().unwrap_err();
        assert!(
            matches!(error, BuildError::Gate(GateError::Exempt { .. } | GateError::Limit { .. })),
            "{error}"
        );
    }
}
