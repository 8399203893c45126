//! The ways a request can end, and what each must leave behind.

use std::time::Duration;

use crate::client::{Client, Protocol};
use crate::conduct::{
    PATIENT, Run, TOO_LONG, connects, continues, fails_before_head, fails_in_body, half_closes, leaves,
    leaves_body, leaves_upload, reads, reads_all, reads_slowly, reads_trailers, resets, resets_body, three,
    upgrades, uploads, writes,
};
use crate::service::WORK;

/// One way to end. On each protocol and under each mount it leaves the same.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) on: &'static [Protocol],
    /// Method and template.
    pub(crate) route: &'static str,
    /// The labels of the one series that counts it, after the route; `None` if nothing is counted.
    pub(crate) ends: Option<&'static str>,
    /// What it may end as instead, and is then excluded, where two tasks of the server race for who learns of it first.
    pub(crate) or_ends: Option<&'static str>,
    pub(crate) requests: u64,
    /// Requests of another route that it makes before.
    pub(crate) others: u64,
    /// Good, bad and excluded for availability, and for the latency of 100 ms.
    pub(crate) events: [[u64; 3]; 2],
    /// Of all its requests together.
    pub(crate) latency: Duration,
    pub(crate) run: fn(Client) -> Run,
}

const HTTP1: &[Protocol] = &[Protocol::Http1];
const HTTP2: &[Protocol] = &[Protocol::Http2];
/// The same case, ended as it may instead.
pub(crate) fn instead(case: &Case) -> Option<Case> {
    let Case { name, on, route, requests, others, latency, run, .. } = *case;
    let ends = Some(case.or_ends?);
    Some(Case { name, on, route, ends, or_ends: None, requests, others, events: [EXCLUDED; 2], latency, run })
}

const BOTH: &[Protocol] = &[Protocol::Http1, Protocol::Http2];

const GOOD: [u64; 3] = [1, 0, 0];
const BAD: [u64; 3] = [0, 1, 0];
const EXCLUDED: [u64; 3] = [0, 0, 1];

impl Case {
    /// One request on either protocol, answered with 200 in good time.
    fn new(name: &'static str, route: &'static str, run: fn(Client) -> Run) -> Self {
        Self {
            name,
            on: BOTH,
            route,
            ends: Some("200"),
            or_ends: None,
            requests: 1,
            others: 0,
            events: [GOOD; 2],
            latency: WORK,
            run,
        }
    }

    fn on(self, on: &'static [Protocol]) -> Self {
        Self { on, ..self }
    }

    fn ends(self, ends: &'static str) -> Self {
        Self { ends: Some(ends), ..self }
    }

    fn or_ends(self, ends: &'static str) -> Self {
        Self { or_ends: Some(ends), ..self }
    }

    /// A failure, which says nothing about latency unless it is slow.
    fn fails(self, ends: &'static str) -> Self {
        Self { events: [BAD, EXCLUDED], ..self.ends(ends) }
    }

    fn excluded(self, ends: &'static str) -> Self {
        Self { events: [EXCLUDED; 2], ..self.ends(ends) }
    }

    fn latency(self, latency: Duration) -> Self {
        Self { latency, ..self }
    }

    fn requests(self, requests: u64) -> Self {
        let events = self.events.map(|events| events.map(|count| count * requests));
        Self { requests, events, latency: self.latency * u32::try_from(requests).unwrap(), ..self }
    }

    fn counts_nothing(self) -> Self {
        Self { ends: None, latency: Duration::ZERO, ..self.requests(0) }
    }
}

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = answered();
    cases.extend(failed());
    cases.extend(left());
    cases.extend(streamed());
    cases.extend(of_the_protocol());
    cases
}

fn answered() -> Vec<Case> {
    vec![
        Case::new("ok", "GET /ok", |client| reads(client, "GET", "/ok", 200)),
        Case::new("empty body", "GET /empty", |client| reads(client, "GET", "/empty", 200)),
        Case::new("204", "GET /status/{code}", |client| reads(client, "GET", "/status/204", 204)).ends("204"),
        Case::new("304", "GET /status/{code}", |client| reads(client, "GET", "/status/304", 304)).ends("304"),
        Case::new("4xx", "GET /status/{code}", |client| reads(client, "GET", "/status/404", 404)).ends("404"),
        Case::new("5xx", "GET /status/{code}", |client| reads(client, "GET", "/status/503", 503))
            .fails("503 503"),
        Case::new("HEAD", "HEAD /ok", |client| reads(client, "HEAD", "/ok", 200)),
        Case::new("HEAD of a stream", "HEAD /stream", |client| reads(client, "HEAD", "/stream", 200)),
        Case::new("method that nobody takes", "POST /ok", |client| reads(client, "POST", "/ok", 405))
            .ends("405")
            .latency(Duration::ZERO),
        Case::new("extractor rejects", "POST /json", |client| reads(client, "POST", "/json", 415))
            .ends("415")
            .latency(Duration::ZERO),
        Case::new("three on one connection", "GET /ok", |client| Box::pin(three(client))).requests(3),
        Case::new("request with a body", "POST /upload", |client| Box::pin(uploads(client))),
    ]
}

fn failed() -> Vec<Case> {
    vec![
        Case::new("handler panics", "GET /panic", |client| fails_before_head(client, "/panic"))
            .fails("panic"),
        Case::new("time-out, answers 504", "GET /timeout/504", |client| {
            reads(client, "GET", "/timeout/504", 504)
        })
        .fails("504 504"),
        Case::new("time-out, answers 408", "GET /timeout/408", |client| {
            reads(client, "GET", "/timeout/408", 408)
        })
        .ends("408"),
        Case::new("body fails", "GET /body-error", |client| fails_in_body(client, "/body-error"))
            .fails("200 body_error"),
        Case::new("body falls short", "GET /body-short", |client| fails_in_body(client, "/body-short"))
            .fails("200 body_error"),
        Case::new("body panics", "GET /body-panic", |client| fails_in_body(client, "/body-panic"))
            .fails("panic"),
    ]
}

fn left() -> Vec<Case> {
    vec![
        Case::new("client leaves before the head", "GET /wait", |client| Box::pin(leaves(client, PATIENT)))
            .excluded("cancelled")
            .latency(WORK + PATIENT),
        Case {
            events: [EXCLUDED, BAD],
            ..Case::new("… after waiting too long", "GET /wait", |client| {
                Box::pin(leaves(client, TOO_LONG))
            })
            .ends("cancelled")
            .latency(WORK + TOO_LONG)
        },
        Case::new("client leaves within a stream", "GET /stream", |client| leaves_body(client, "/stream"))
            .excluded("200 body_aborted"),
        Case::new("client leaves within a body", "GET /stalled", |client| leaves_body(client, "/stalled"))
            .excluded("200 body_aborted")
            .latency(WORK + PATIENT),
        // The handler is told, and answers; nobody hears it. On HTTP/2 its stream may be taken away before.
        Case::new("client leaves while it sends", "POST /upload", |client| Box::pin(leaves_upload(client)))
            .ends("400")
            .or_ends("cancelled"),
        Case::new("client half-closes", "GET /wait", |client| Box::pin(half_closes(client)))
            .on(HTTP1)
            .excluded("cancelled")
            .latency(WORK + PATIENT),
        Case::new("RST_STREAM before the head", "GET /wait", |client| Box::pin(resets(client)))
            .on(HTTP2)
            .excluded("cancelled")
            .latency(WORK + PATIENT),
        Case::new("RST_STREAM within a body", "GET /stalled", |client| Box::pin(resets_body(client)))
            .on(HTTP2)
            .excluded("200 body_aborted")
            .latency(WORK + PATIENT),
    ]
}

fn streamed() -> Vec<Case> {
    vec![
        Case::new("slow reader", "GET /large", |client| Box::pin(reads_slowly(client)))
            .latency(WORK + PATIENT),
        Case::new("very long stream", "GET /huge", |client| Box::pin(reads_all(client))),
        Case::new("trailers", "GET /trailers", |client| Box::pin(reads_trailers(client))),
    ]
}

fn of_the_protocol() -> Vec<Case> {
    const OK: &str = "GET /ok HTTP/1.1\r\nhost: here\r\n\r\n";
    vec![
        Case::new("101, then raw bytes", "GET /upgrade", |client| Box::pin(upgrades(client)))
            .on(HTTP1)
            .ends("101"),
        Case {
            others: 1,
            ..Case::new("extended CONNECT, then raw bytes", "CONNECT /upgrade", |client| {
                Box::pin(connects(client))
            })
            .on(HTTP2)
        },
        Case::new("pipelined", "GET /ok", |client| writes(client.address, [OK, OK, ""].concat(), 2))
            .on(HTTP1)
            .requests(2),
        Case::new("HTTP/1.0", "GET /ok", |client| {
            writes(client.address, "GET /ok HTTP/1.0\r\n\r\n".into(), 1)
        })
        .on(HTTP1),
        Case::new("100-continue", "POST /upload", |client| Box::pin(continues(client))).on(HTTP1),
        Case::new("malformed head", "GET /ok", |client| {
            writes(client.address, "GET /ok HTTP/1.1\r\n: \r\n\r\n".into(), 1)
        })
        .on(HTTP1)
        .counts_nothing(),
        Case::new("head cut off", "GET /ok", |client| {
            writes(client.address, "GET /ok HTTP/1.1\r\nho".into(), 0)
        })
        .on(HTTP1)
        .counts_nothing(),
        Case::new("connection without request", "GET /ok", |client| writes(client.address, String::new(), 0))
            .on(HTTP1)
            .counts_nothing(),
    ]
}
