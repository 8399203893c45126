//! What the endpoints answer, to whom, and with which headers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use http::{Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::BodyExt;
use slo_tower::{Outcome, SloRegistry, Verdict};

use crate::support::{ROUTE, ask, call, of_the_registry, poll, registry, registry_of_series};

fn count(slos: &SloRegistry, outcome: Outcome, verdict: Verdict) {
    slos.recorder().request("GET", Some(ROUTE)).finish_as(outcome, verdict);
}

#[test]
fn only_reading_is_allowed() {
    let (slos, _) = registry();
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
        for answer in [
            ask(slos.metrics_service(), method.clone(), "*/*").0,
            ask(slos.status_service(), method.clone(), "*/*").0,
        ] {
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
            assert_eq!(answer.headers()[header::ALLOW], "GET, HEAD");
        }
    }
}

#[test]
fn head_is_told_what_get_would_be_told() {
    let (slos, _) = registry();
    let check = |get: (Response<()>, String), head: (Response<()>, String)| {
        assert_eq!(head.0.status(), StatusCode::OK);
        assert_eq!(get.0.headers(), head.0.headers());
        assert!(!get.1.is_empty() && head.1.is_empty());
    };
    let metrics = |method| ask(slos.metrics_service(), method, "*/*");
    check(metrics(Method::GET), metrics(Method::HEAD));
    let status = |method| ask(slos.status_service(), method, "*/*");
    check(status(Method::GET), status(Method::HEAD));
}

/// Servers that mix bodies put them into one box, and the usual one can be shared between threads.
#[test]
fn bodies_fit_into_any_box() {
    let (slos, _) = registry();
    let bodies =
        [call(slos.metrics_service(), Request::new(())), call(slos.status_service(), Request::new(()))];
    for body in bodies.map(|response| response.into_body().boxed()) {
        assert!(!body.is_end_stream());
    }
}

/// Who reads the first chunk is served before the second one is written, and nothing is written ahead.
#[test]
fn others_have_their_turn_between_two_chunks() {
    let slos = registry_of_series(1_000);
    let mut whole = String::new();
    slos.render(slo_tower::TextFormat::Prometheus, &mut whole);
    let mut body = call(slos.metrics_service(), Request::new(())).into_body();
    let polled = std::iter::from_fn(|| match poll(&mut body) {
        Poll::Ready(chunk) => chunk.map(|chunk| Some(chunk.unwrap())),
        Poll::Pending => Some(None),
    });
    let polled: Vec<_> = polled.collect();
    let chunks: Vec<_> = polled.iter().flatten().collect();
    assert!(whole.len() > 1_000_000 && chunks.len() > whole.len() / 80_000);
    assert!(chunks.iter().all(|chunk| chunk.len() <= 72 * 1024), "a chunk is short");
    let in_a_row = polled.windows(2).filter(|polls| polls.iter().all(Option::is_some)).count();
    assert_eq!(in_a_row, 0, "two chunks were written in a row");
    let text = String::from_utf8(chunks.into_iter().flatten().copied().collect()).unwrap();
    assert_eq!(of_the_registry(&text), of_the_registry(&whole));
}

/// The same within a runtime, on its only thread.
#[tokio::test]
async fn tasks_run_between_two_chunks() {
    let slos = registry_of_series(1_000);
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    let other = tokio::spawn(async move {
        loop {
            // Relaxed: there is one thread.
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let mut body = call(slos.metrics_service(), Request::new(())).into_body();
    let mut seen = Vec::new();
    while let Some(frame) = body.frame().await {
        assert!(frame.unwrap().is_data());
        // Relaxed: as above.
        seen.push(turns.load(Ordering::Relaxed));
    }
    other.abort();
    assert!(seen.len() > 10 && seen.windows(2).all(|turns| turns[0] < turns[1]), "{seen:?}");
}

#[test]
fn metrics_come_in_the_format_that_is_asked_for() {
    let (slos, _) = registry();
    count(&slos, Outcome::Completed(200), Verdict::Good);
    for (accept, content_type, counter_type, end) in [
        ("*/*", "text/plain; version=0.0.4; charset=utf-8", "# TYPE slo_events_total counter\n", "\n"),
        (
            "application/openmetrics-text;version=1.0.0;q=0.9,text/plain;q=0.5",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "# TYPE slo_events counter\n",
            "# EOF\n",
        ),
    ] {
        let (response, text) = ask(slos.metrics_service(), Method::GET, accept);
        assert_eq!(response.headers()[header::CONTENT_TYPE], content_type);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert!(text.contains(counter_type) && text.ends_with(end), "{text}");
        assert!(text.contains("slo_events_total{slo=\"get-availability\"} 1\n"), "{text}");
    }
}

#[test]
fn status_is_json_that_says_null_where_there_is_no_data() {
    let (slos, _) = registry();
    count(&slos, Outcome::Completed(200), Verdict::Good);
    count(&slos, Outcome::Completed(500), Verdict::Bad);
    let (response, text) = ask(slos.status_service(), Method::GET, "application/json");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let status: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status["service"], "test");
    let slo = |name: &str| {
        status["slos"].as_array().unwrap().iter().find(|slo| slo["name"] == name).unwrap().clone()
    };
    let counted = slo("get-availability");
    assert_eq!(counted["routes"][0], "GET /job");
    assert_eq!(counted["total"], serde_json::json!({ "good": 1, "bad": 1, "excluded": 0 }));
    assert_eq!(counted["sli_ratio"], 0.5);
    // Half are bad where one in a hundred may be: fifty times the budget.
    assert_eq!(counted["budget"]["remaining_ratio"], -49.0);
    let idle = slo("head-availability");
    assert!(idle["sli_ratio"].is_null() && idle["latency"].is_null(), "{idle}");
    assert!(idle["budget"]["remaining_ratio"].is_null() && idle["burn_rates"][0]["rate"].is_null(), "{idle}");
}

#[cfg(feature = "metrics-exporter-prometheus")]
#[test]
fn the_application_s_own_metrics_follow_ours() {
    use metrics_exporter_prometheus::PrometheusBuilder;

    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        metrics::counter!("carts_total", "kind" => "gift").increment(3);
    });
    let slos =
        SloRegistry::builder("test").without_declared().append_metrics(recorder.handle()).build().unwrap();
    // The other format would need other names for foreign counters, so it is not offered.
    let (response, text) = ask(slos.metrics_service(), Method::GET, "application/openmetrics-text");
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    assert!(text.contains("carts_total{kind=\"gift\"} 3\n"), "{text}");
    assert!(
        text.contains("# TYPE slo_burn_rate") || text.contains("# TYPE slo_series_overflow_total"),
        "{text}"
    );
}
