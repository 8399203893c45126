//! Each way to end, on each protocol, under each mount: counted once, as what it was, and nothing else.

use slo_tower::SloRegistry;
use tokio::time::timeout;

use crate::cases::{Case, cases, instead};
use crate::client::{Client, PATIENCE, Protocol, Served, samples, until};
use crate::service::Mount;

const COUNT: &str = "http_server_request_duration_seconds_count";
const SUM: &str = "http_server_request_duration_seconds_sum";

/// What a service has counted.
#[derive(Debug, PartialEq)]
struct Counted {
    /// Labels and number of requests.
    series: Vec<String>,
    seconds: f64,
    /// Good, bad and excluded: availability and latency of the case, and of a route that is not asked for.
    events: [[u64; 3]; 4],
}

impl Counted {
    fn of(slos: &SloRegistry) -> Self {
        // What a case asks for only in order to go on is none of its requests.
        let of_case = |sample: &String| !sample.contains("\"/other\"");
        let series = samples(slos, COUNT).into_iter().filter(of_case).map(|sample| short(&sample)).collect();
        let sums = samples(slos, SUM).into_iter().filter(of_case);
        let seconds = sums.map(|sum| sum.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum();
        let status = slos.status();
        let events =
            ["case-availability", "case-latency", "other-availability", "other-latency"].map(|name| {
                let total = status.slo(name).unwrap().total;
                [total.good, total.bad, total.excluded]
            });
        Self { series, seconds, events }
    }

    fn expected(case: &Case) -> Self {
        let series = case.ends.map(|ends| format!("{} {ends} ×{}", case.route, case.requests));
        let [availability, latency] = case.events;
        let others = [case.others, 0, 0];
        Self {
            series: series.into_iter().collect(),
            seconds: case.latency.as_secs_f64(),
            events: [availability, latency, others, others],
        }
    }
}

/// A sample as its label values and its number: `GET /ok 200 ×1`.
pub(crate) fn short(sample: &str) -> String {
    let (labels, count) = sample.rsplit_once(' ').unwrap();
    let values: Vec<&str> = labels.split('"').skip(1).step_by(2).collect();
    format!("{} ×{count}", values.join(" "))
}

async fn run(case: &Case, protocol: Protocol, mount: Mount) -> Counted {
    let served = Served::start(mount, case.route).await;
    let client = Client::connect(&served, protocol).await;
    timeout(PATIENCE, (case.run)(client)).await.expect("the client gets what it waits for");
    let requests = || samples(&served.slos, COUNT).iter().filter(|sample| !sample.contains("/other")).count();
    until(|| requests() == usize::from(case.ends.is_some())).await;
    until(|| samples(&served.slos, "http_server_active_requests").is_empty()).await;
    // Whatever might be counted a second time has its chance now.
    Counted::of(&served.stop().await)
}

#[tokio::test]
async fn every_ending_is_counted_once_over_the_wire() {
    println!("| how it ends | HTTP/1.1 | HTTP/2 | availability | latency | seconds |");
    println!("|---|---|---|---|---|---|");
    for case in cases() {
        check(&case).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_ending_is_counted_once_whatever_thread_it_ends_on() {
    for case in cases() {
        check(&case).await;
    }
}

/// Runs a case wherever it can be and prints its row.
async fn check(case: &Case) {
    let expected = Counted::expected(case);
    let mut cells = Vec::new();
    for protocol in [Protocol::Http1, Protocol::Http2] {
        if !case.on.contains(&protocol) {
            cells.push("–".to_owned());
            continue;
        }
        for mount in [Mount::Layer, Mount::Around] {
            let counted = run(case, protocol, mount).await;
            if instead(case).is_none_or(|instead| counted != Counted::expected(&instead)) {
                assert_eq!(counted, expected, "{}, {protocol:?}, {mount:?}", case.name);
            }
        }
        cells.push(expected.series.first().map_or("nothing", String::as_str).to_owned());
    }
    let [availability, latency] = [expected.events[0], expected.events[1]].map(verdict);
    let (name, cells, seconds) = (case.name, cells.join(" | "), expected.seconds);
    println!("| {name} | {cells} | {availability} | {latency} | {seconds} |");
}

pub(crate) fn verdict(events: [u64; 3]) -> &'static str {
    match events {
        [0, 0, 0] => "–",
        [_, 0, 0] => "good",
        [0, _, 0] => "bad",
        [0, 0, _] => "excluded",
        _ => "mixed",
    }
}
