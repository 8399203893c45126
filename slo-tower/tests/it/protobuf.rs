//! `/metrics` as protocol buffers: for whom, and in chunks like a text.

use std::task::Poll;

use http::{Method, Request, Response, header};
use slo_tower::{EndpointBody, MetricsService, ProtobufExposition, SloRegistry};

use crate::support::{ask, call, poll, read, registry, registry_of_series};

/// As Prometheus 2.42 asks with the feature switched on.
const ACCEPT: &str = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,\
                      application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,\
                      text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

fn scrape(service: MetricsService, method: Method, encoding: &str) -> Response<EndpointBody> {
    let request = Request::builder().method(method).header(header::ACCEPT_ENCODING, encoding);
    call(service, request.header(header::ACCEPT, ACCEPT).body(()).unwrap())
}

/// All families but the last one, in which there is a number of the process.
fn of_the_registry(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let length = prost::decode_length_delimiter(&mut bytes).unwrap();
        let (message, rest) = bytes.split_at(length);
        messages.push(message);
        bytes = rest;
    }
    let last = messages.pop().expect("there are some");
    assert!(last.windows(25).any(|window| window == b"slo_series_overflow_total"));
    messages
}

fn written(slos: &SloRegistry) -> Vec<u8> {
    let (mut exposition, mut bytes) = (slos.protobuf_exposition(), Vec::new());
    while exposition.write_piece(&mut bytes) {}
    bytes
}

#[test]
fn who_asks_for_protobuf_gets_it() {
    for slos in [registry().0, registry_of_series(4_000)] {
        let mut response = scrape(slos.metrics_service(), Method::GET, "identity");
        assert_eq!(response.headers()[header::CONTENT_TYPE], ProtobufExposition::CONTENT_TYPE);
        assert_eq!(response.headers()[header::VARY], "accept, accept-encoding");
        let (bytes, expected) = (read(response.body_mut()).unwrap(), written(&slos));
        assert!(of_the_registry(&bytes) == of_the_registry(&expected));
        let head = scrape(slos.metrics_service(), Method::HEAD, "identity");
        assert_eq!(head.headers(), response.headers());
    }
}

#[cfg(feature = "gzip")]
#[test]
fn it_can_be_compressed() {
    let slos = registry_of_series(4_000);
    let mut response = scrape(slos.metrics_service(), Method::GET, "gzip");
    assert_eq!(response.headers()[header::CONTENT_TYPE], ProtobufExposition::CONTENT_TYPE);
    assert_eq!(response.headers()[header::CONTENT_ENCODING], "gzip");
    let (compressed, mut bytes) = (read(response.body_mut()).unwrap(), Vec::new());
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&compressed[..]), &mut bytes).unwrap();
    assert!(of_the_registry(&bytes) == of_the_registry(&written(&slos)));
}

#[test]
fn others_get_their_text() {
    let (slos, _) = registry();
    for (accept, expected) in [
        ("*/*", "text/plain"),
        ("application/vnd.google.protobuf", "text/plain"),
        ("text/plain;version=0.0.4", "text/plain"),
        (&ACCEPT.replace("delimited", "text"), "application/openmetrics-text"),
        (&ACCEPT.replace("delimited", "delimited;q=0.9"), "application/openmetrics-text"),
    ] {
        let (response, text) = ask(slos.metrics_service(), Method::GET, accept);
        let content_type = response.headers()[header::CONTENT_TYPE].to_str().unwrap();
        assert!(content_type.starts_with(expected), "{accept}: {content_type}");
        assert!(text.starts_with("# HELP "), "{accept}");
    }
}

/// What the application appends is a text, and must not be lost.
#[test]
fn while_something_is_appended_it_is_the_text() {
    let append = || "mine 7\n".to_owned();
    let slos = SloRegistry::builder("test").without_declared().append(append).build().unwrap();
    let (response, text) = ask(slos.metrics_service(), Method::GET, ACCEPT);
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/plain; version=0.0.4; charset=utf-8");
    assert!(text.starts_with("# HELP ") && text.ends_with("mine 7\n"));
}

/// Others have their turn between any two chunks, and while a message is gathered.
#[test]
fn chunks_are_short_and_never_come_in_a_row() {
    let slos = registry_of_series(4_000);
    let mut body = scrape(slos.metrics_service(), Method::GET, "identity").into_body();
    let polled = std::iter::from_fn(|| match poll(&mut body) {
        Poll::Ready(chunk) => chunk.map(|chunk| Some(chunk.unwrap().len())),
        Poll::Pending => Some(None),
    });
    let polled: Vec<_> = polled.collect();
    let chunks: Vec<usize> = polled.iter().copied().flatten().collect();
    assert!(chunks.iter().all(|length| *length <= 96 * 1024), "{chunks:?}");
    assert!(chunks.iter().sum::<usize>() > 1_000_000 && chunks.len() > 10, "{chunks:?}");
    assert!(
        polled.windows(2).all(|polls| polls.iter().any(Option::is_none)),
        "two chunks were written in a row"
    );
    assert!(polled.len() > 150, "a message is gathered in many turns, not {}", polled.len());
}
