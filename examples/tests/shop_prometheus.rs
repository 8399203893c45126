//! What was sent is what Prometheus finds: 100 000 requests of a known mix, exactly, per route, status and SLO.
//!
//! How fast a request was is up to the machine, so nothing here expects a fast request to be fast, and of those that
//! were slow on purpose only most to be no slower. What a latency
//! SLO must say is read from the histogram instead, at the bucket of its threshold: the two are counted apart
//! and must agree to the last request.

#[path = "support/load.rs"]
mod load;
#[path = "support/programs.rs"]
mod programs;
#[path = "support/prometheus.rs"]
mod prometheus;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use slo_tower::Clock;

use self::load::{Kind, MIX};
use self::programs::{Shop, eventually, is_installed, skip};
use self::prometheus::{Prometheus, Series};

const REQUESTS: u64 = 100_000;
const SEED: u64 = 20_260_101;

/// A promise of the shop; without a threshold (the bucket's `le`) it is about availability.
struct Promise {
    handler: &'static str,
    sli: &'static str,
    objective: f64,
    threshold: Option<&'static str>,
}

const fn promise(
    handler: &'static str,
    sli: &'static str,
    objective: f64,
    threshold: Option<&'static str>,
) -> Promise {
    Promise { handler, sli, objective, threshold }
}

const PROMISES: [Promise; 7] = [
    promise("checkout", "availability", 0.999, None),
    promise("checkout", "combined", 0.99, Some("0.25")),
    promise("search", "availability", 0.995, None),
    promise("search", "latency", 0.95, Some("0.2")),
    promise("orders", "availability", 0.999, None),
    promise("orders", "latency", 0.99, Some("0.1")),
    promise("recommendations", "availability", 0.99, None),
];

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_finds_exactly_what_was_sent() {
    const NAME: &str = "prometheus_finds_exactly_what_was_sent";
    if !is_installed("prometheus") || !is_installed("promtool") {
        return skip(NAME, "the package prometheus, with promtool, is not installed");
    }
    let shop = Shop::open(&[]);
    let prometheus = Prometheus::start(shop.address).await;
    let declared = async || prometheus.value("count(slo_events_total == 0)").await;
    let series = eventually("the first scrape", declared).await;
    assert_eq!(series, 7.0, "every promise is there before the first request");

    println!("sending {REQUESTS} requests, seed {SEED}");
    let started = tokio::time::Instant::now();
    let sent = load::drive(shop.address, SEED).await;
    let seconds = started.elapsed().as_secs_f64();
    println!("sent {sent} requests in {seconds:.1} s: {:.0} in a second", sent as f64 / seconds);
    assert_eq!(sent as u64, REQUESTS);

    let sent_until = Duration::from_nanos(Clock::system().now().unix_nanos()).as_secs_f64();
    let scraped = async || prometheus.value("min(timestamp(slo_bad_events_total))").await;
    let scraped_since = async || scraped().await.filter(|scraped| *scraped > sent_until);
    eventually("a scrape after the last answer", scraped_since).await;

    requests_are_exact(&prometheus).await;
    for promise in PROMISES {
        events_are_exact(&prometheus, &shop, &promise).await;
    }
    for (expression, expected) in [
        ("sum(http_server_request_duration_seconds_count)", 100_000.0),
        (r#"sum(http_server_request_duration_seconds_count{http_route!~"_.*"})"#, 99_000.0),
        (r#"sum(http_server_request_duration_seconds_bucket{le="+Inf"})"#, 100_000.0),
        ("sum(http_server_active_requests)", 0.0),
        ("max(http_server_active_requests)", 0.0),
        ("sum(slo_series_overflow_total)", 0.0),
        ("sum(resets(slo_events_total[1h]))", 0.0),
    ] {
        assert_eq!(prometheus.value(expression).await, Some(expected), "{expression}");
    }
    promtool_has_nothing_to_say(shop.get("/metrics", &[]).await.body());
    match std::env::var("SLO_PYTHON") {
        Ok(python) => prometheus_client_reads_both_formats(&python, &shop).await,
        Err(_) => skip(NAME, "SLO_PYTHON names no interpreter with prometheus_client"),
    }
}

async fn requests_are_exact(prometheus: &Prometheus) {
    let counts = "sum by (http_request_method, http_route, http_response_status_code, error_type) \
                  (http_server_request_duration_seconds_count) > 0";
    let expected = load::expected(MIX.iter(), |kind| {
        let method = if kind.method == "BREW" { "_OTHER" } else { kind.method };
        let status = kind.counted.status.map_or(String::new(), |status| status.to_string());
        let error = match kind.counted.status {
            None => "panic".to_owned(),
            Some(status @ 500..) => status.to_string(),
            Some(_) => String::new(),
        };
        [
            ("http_request_method", method.to_owned()),
            ("http_route", kind.counted.route.to_owned()),
            ("http_response_status_code", status),
            ("error_type", error),
        ]
    });
    assert_eq!(prometheus.query(counts).await, exact(expected));
}

/// Checks all that is said of one SLO: against what was sent, against the histogram, against arithmetic.
async fn events_are_exact(prometheus: &Prometheus, shop: &Shop, promise: &Promise) {
    let name = format!("{}-{}", promise.handler, promise.sli);
    let kinds = || MIX.iter().filter(|kind| kind.counted.handler == Some(promise.handler));
    let sum =
        |wanted: fn(&Kind) -> bool| kinds().filter(|kind| wanted(kind)).map(|kind| kind.count).sum::<u64>();
    let (all, failed, slow) =
        (sum(|_| true) as f64, sum(Kind::failed) as f64, sum(|kind| kind.counted.slow) as f64);
    let (events, bad) = match promise.threshold {
        None => (all, failed),
        Some(threshold) => {
            let route = kinds().next().expect("every handler is asked").counted.route;
            let within = async |seconds: &str, more: &str| {
                let expression = format!(
                    "sum(http_server_request_duration_seconds_bucket{{http_route=\"{route}\",le=\"{seconds}\",\
                     http_request_method=~\"GET|HEAD|POST\"{more}}})"
                );
                prometheus.value(&expression).await.expect("a bucket")
            };
            let fast_and_good = within(threshold, ",error_type=\"\"").await;
            let late = all - within(threshold, "").await;
            assert!(late >= slow, "{name}: {slow} requests were slow on purpose, {late} are");
            println!("{name}: {slow} requests were slow on purpose, {} by themselves", late - slow);
            let [above, up_to] = load::SLOW_BUCKET;
            let in_bucket = within(up_to, "").await - within(above, "").await;
            assert!(
                in_bucket >= 0.9 * slow,
                "{name}: of {slow} slow requests {in_bucket} are as slow as they should"
            );
            match promise.sli {
                "latency" => (fast_and_good + late, late),
                _ => (all, all - fast_and_good),
            }
        }
    };
    let value =
        async |metric: &str| prometheus.value(&format!("{metric}{{slo=\"{name}\"}}")).await.expect("a value");
    assert_eq!(
        (value("slo_events_total").await, value("slo_bad_events_total").await),
        (events, bad),
        "{name}"
    );
    close(&name, value("slo_objective_ratio").await, promise.objective);
    close(&name, value("slo_sli_ratio").await, (events - bad) / events);
    let left = 1.0 - (bad / events) / (1.0 - promise.objective);
    close(&name, value("slo_error_budget_remaining_ratio").await, left);

    let status = shop.slo(&name).await;
    let total = |kind: &str| status["total"][kind].as_f64().expect("a count");
    assert_eq!((total("good"), total("bad"), total("excluded")), (events - bad, bad, all - events), "{name}");
}

fn promtool_has_nothing_to_say(metrics: &[u8]) {
    let mut promtool = Command::new("promtool");
    let promtool = promtool.args(["check", "metrics"]).stdin(Stdio::piped());
    let mut promtool =
        promtool.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("promtool starts");
    promtool.stdin.take().expect("it is piped").write_all(metrics).expect("promtool reads");
    let said = promtool.wait_with_output().expect("promtool ends");
    let text = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
    assert_eq!((said.status.code(), &*text), (Some(0), ""));
}

/// The parser that others use finds the same totals in the text format and in OpenMetrics.
async fn prometheus_client_reads_both_formats(python: &str, shop: &Shop) {
    let url = format!("http://{}/metrics", shop.address);
    let script = include_str!("support/parse_metrics.py");
    let python = Command::new(python).args(["-c", script, &url]).stderr(Stdio::inherit()).output();
    let output = python.expect("the interpreter named by SLO_PYTHON starts");
    assert!(output.status.success(), "the Python script fails");
    let read: BTreeMap<String, BTreeMap<String, f64>> =
        serde_json::from_slice(&output.stdout).expect("the script prints JSON");
    assert_eq!(read["text"], read["openmetrics"]);
    assert_eq!(read["text"]["http_server_request_duration_seconds_count"], 100_000.0);
    for promise in PROMISES {
        let name = format!("{}-{}", promise.handler, promise.sli);
        let total = shop.slo(&name).await["total"].clone();
        let (good, bad) = (total["good"].as_f64().expect("a count"), total["bad"].as_f64().expect("a count"));
        assert_eq!(read["text"][&format!("slo_events_total {name}")], good + bad, "{name}");
        assert_eq!(read["text"][&format!("slo_bad_events_total {name}")], bad, "{name}");
    }
}

fn exact(counts: BTreeMap<BTreeMap<String, String>, u64>) -> Series {
    counts.into_iter().map(|(labels, count)| (labels, count as f64)).collect()
}

fn close(name: &str, actual: f64, expected: f64) {
    assert!((actual - expected).abs() < 1e-9, "{name}: {actual} instead of {expected}");
}
