//! `/metrics`, compressed: the same text, off the worker, for as many scrapers as there are threads.

use std::io::Read as _;
use std::task::Poll;

use flate2::read::GzDecoder;
use http::{Method, Request, Response, StatusCode, header};
use slo_tower::{EndpointBody, MetricsService, SloRegistry, TextFormat};

use crate::support::{call, of_the_registry, poll, read, registry, registry_of_series};

const OPEN_METRICS: &str = "application/openmetrics-text;version=1.0.0";

fn ask(service: MetricsService, method: Method, encoding: &str) -> Response<EndpointBody> {
    let request = Request::builder().method(method).header(header::ACCEPT_ENCODING, encoding);
    call(service, request.header(header::ACCEPT, OPEN_METRICS).body(()).unwrap())
}

fn is_compressed(response: &Response<EndpointBody>) -> bool {
    response.headers().get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "gzip")
}

fn text(mut response: Response<EndpointBody>) -> String {
    let bytes = read(response.body_mut()).unwrap();
    let mut text = String::new();
    GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap();
    text
}

/// More than the thread may write ahead.
fn large() -> SloRegistry {
    registry_of_series(4_000)
}

#[test]
fn compressed_text_is_the_same_text() {
    for slos in [registry().0, large()] {
        let response = ask(slos.metrics_service(), Method::GET, "gzip");
        assert!(is_compressed(&response));
        assert_eq!(response.headers()[header::VARY], "accept, accept-encoding");
        let mut plain = String::new();
        slos.render(TextFormat::OpenMetrics, &mut plain);
        assert!(plain.len() > 1_024, "it is worth compressing");
        plain.push_str(TextFormat::OpenMetrics.end());
        assert_eq!(of_the_registry(&text(response)), of_the_registry(&plain));
        let head = ask(slos.metrics_service(), Method::HEAD, "gzip");
        assert_eq!(head.headers(), ask(slos.metrics_service(), Method::GET, "gzip").headers());
    }
}

#[test]
fn an_encoding_that_is_not_wanted_is_not_sent() {
    let (slos, _) = registry();
    for (encoding, status, compressed) in [
        ("gzip", StatusCode::OK, true),
        ("gzip;q=0", StatusCode::OK, false),
        ("identity, gzip;q=0.5", StatusCode::OK, false),
        ("identity;q=0", StatusCode::NOT_ACCEPTABLE, false),
        ("identity;q=0, gzip", StatusCode::OK, true),
    ] {
        let response = ask(slos.metrics_service(), Method::GET, encoding);
        assert_eq!((response.status(), is_compressed(&response)), (status, compressed), "{encoding}");
    }
}

/// Two clients that do not read hold two threads and no more; the others are served, and a thread ends with its
/// client.
#[test]
fn clients_that_do_not_read_hold_two_threads_at_most() {
    let slos = large();
    let service = slos.metrics_service();
    let stalled = [(); 2].map(|()| ask(service.clone(), Method::GET, "gzip"));
    assert!(stalled.iter().all(is_compressed));
    let third = ask(service.clone(), Method::GET, "gzip");
    assert!(!is_compressed(&third));
    assert!(read(&mut third.into_body()).unwrap().ends_with(b"# EOF\n"));
    let refused = ask(service.clone(), Method::GET, "gzip, identity;q=0");
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()[header::RETRY_AFTER], "1");
    drop(stalled);
    // They end as soon as they notice.
    while !is_compressed(&ask(service.clone(), Method::GET, "gzip")) {
        std::thread::yield_now();
    }
}

/// What is cut off must not look complete.
#[test]
fn a_text_that_dies_is_an_error() {
    let dies = || -> String { panic!("on purpose: the application's own metrics fail") };
    let slos = SloRegistry::builder("test").without_declared().append(dies).build().unwrap();
    let mut response = ask(slos.metrics_service(), Method::GET, "gzip");
    let error = read(response.body_mut()).expect_err("the thread has died");
    assert_eq!(error.to_string(), "the thread that compresses has died");
    assert!(matches!(poll(response.body_mut()), Poll::Ready(None)));
}
