//! Where a latency ends, over the wire: one answer may be good to its head and bad to the end of its body.

use std::time::Duration;

use http_body_util::BodyExt;
use slo_tower::{LatencyEnd, Objective, Sli, Slo, SloRegistry, Threshold};
use tokio::time::timeout;

use crate::client::{Client, PATIENCE, Protocol, Served, samples, until};
use crate::conduct::{Run, TOO_LONG, reads, reads_trailers};
use crate::service::{Mount, Stage, THRESHOLD, WORK};

const ENDS: [LatencyEnd; 3] = [LatencyEnd::Usual, LatencyEnd::Head, LatencyEnd::Body];
const GOOD: [u64; 3] = [1, 0, 0];
const BAD: [u64; 3] = [0, 1, 0];
const EXCLUDED: [u64; 3] = [0, 0, 1];

/// A way to be answered.
struct Case {
    route: &'static str,
    run: fn(Client) -> Run,
    /// Good, bad and excluded for the latency to the usual end, to the head and to the end of the body.
    events: [[u64; 3]; 3],
    /// How long the stream lasted, if it is one.
    streams: Option<Duration>,
}

const CASES: [Case; 5] = [
    Case {
        route: "GET /large",
        run: |client| Box::pin(reads_too_slowly(client)),
        events: [BAD, GOOD, BAD],
        streams: None,
    },
    Case {
        route: "GET /stalled",
        run: |client| Box::pin(leaves_late(client, "/stalled")),
        events: [BAD, EXCLUDED, BAD],
        streams: None,
    },
    Case {
        route: "GET /stream",
        run: |client| Box::pin(leaves_late(client, "/stream")),
        events: [EXCLUDED, EXCLUDED, BAD],
        streams: Some(WORK.saturating_add(TOO_LONG)),
    },
    Case {
        route: "GET /trailers",
        run: |client| Box::pin(reads_trailers(client)),
        events: [GOOD; 3],
        streams: Some(WORK),
    },
    Case {
        route: "HEAD /stream",
        run: |client| reads(client, "HEAD", "/stream", 200),
        events: [GOOD; 3],
        streams: None,
    },
];

async fn reads_too_slowly(mut client: Client) {
    let response = client.get("/large").await.unwrap();
    // What is not read yet is more than the sockets hold, so the end of it cannot have been handed over.
    client.stage.clock.advance(TOO_LONG);
    response.into_body().collect().await.unwrap();
}

async fn leaves_late(mut client: Client, path: &'static str) {
    let mut response = client.get(path).await.unwrap();
    assert_eq!(response.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
    client.stage.clock.advance(TOO_LONG);
    client.vanish();
}

/// A registry that promises the latency of a route to each end.
fn registry(stage: &Stage, route: &str) -> SloRegistry {
    let sli = Sli::Latency { threshold: Threshold::literal(THRESHOLD) };
    let builder = SloRegistry::builder("test").without_declared().clock(stage.clock.clone());
    let promised = ENDS.into_iter().fold(builder, |builder, end| {
        let slo = Slo::new(end.as_str(), sli, Objective::literal("99%")).unwrap();
        builder.slo(slo.with_route(route.to_owned()).unwrap().with_latency_end(end))
    });
    promised.build().unwrap()
}

#[tokio::test]
async fn each_promise_is_judged_by_the_end_it_asks_for() {
    for case in CASES {
        for protocol in [Protocol::Http1, Protocol::Http2] {
            for mount in [Mount::Layer, Mount::Around] {
                let stage = Stage::new();
                let slos = registry(&stage, case.route);
                let served = Served::with(mount, stage, slos).await;
                let client = Client::connect(&served, protocol).await;
                timeout(PATIENCE, (case.run)(client)).await.expect("the client gets what it waits for");
                let count = "http_server_request_duration_seconds_count";
                until(|| samples(&served.slos, count).len() == 1).await;
                let slos = served.stop().await;
                let events = ENDS.map(|end| {
                    let total = slos.status().slo(end.as_str()).unwrap().total;
                    [total.good, total.bad, total.excluded]
                });
                assert_eq!(events, case.events, "{} {protocol:?} {mount:?}", case.route);
                let lasted = slos.stream_duration(case.route).map(|lasted| lasted.sum());
                assert_eq!(lasted, case.streams, "{} {protocol:?} {mount:?}", case.route);
            }
        }
    }
}
