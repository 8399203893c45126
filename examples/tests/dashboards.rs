//! What our boards, and those that others have made for sloth and pyrra, ask of a real Prometheus: it has scraped a real
//! server with traffic and failures, evaluated the generated rules, and knows an answer to everything.

#[allow(dead_code, reason = "no shop is opened here")]
#[path = "support/programs.rs"]
mod programs;
#[allow(dead_code, reason = "it is started with a directory of its own")]
#[path = "support/prometheus.rs"]
mod prometheus;

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::Value;
use slo_examples::client::Connection;
use slo_tower::{
    AlertForm, AlertPolicy, Clock, Dashboard, Generator, Objective, Sli, Slo, SloRegistry, Threshold, Window,
};

use self::programs::{Directory, eventually, is_installed, skip};
use self::prometheus::Prometheus;

/// What the values that are chosen on a board are here.
const CHOSEN: [(&str, &str); 9] = [
    ("$__rate_interval", "5s"),
    ("$__range", "1m"),
    ("$service", "shop"),
    ("$instance", ".*"),
    ("$route", ".*"),
    ("$call", ".*"),
    ("$operation", ".*"),
    ("$slo", "<slo>"),
    ("$threshold", "<threshold>"),
];

/// An SLO of each kind whose rules differ: with and without a threshold, and by counts.
fn slos() -> Vec<Slo> {
    let slo = |name: &'static str, sli, objective: &str| {
        let slo =
            Slo::new(name, sli, Objective::parse(objective).expect("an objective")).expect("a plain name");
        slo.with_route("GET /tea/{kind}").expect("a route")
    };
    let latency = Sli::Latency { threshold: Threshold::literal("50ms") };
    let whole = Sli::Combined { threshold: Threshold::literal("1s") };
    vec![
        slo("tea-availability", Sli::Availability, "99%"),
        slo("tea-latency", latency, "99%"),
        // Whole seconds are those that Prometheus may spell otherwise.
        slo("tea-combined", whole, "80%"),
        slo("tea-counted", Sli::Availability, "99%")
            .with_alerts(AlertPolicy::WORKBOOK.with_form(AlertForm::Count))
            // So that its mean is known after a minute.
            .with_window(Window::literal("1h")),
    ]
}

async fn tea(Path(kind): Path<String>) -> (StatusCode, &'static str) {
    match kind.as_str() {
        "spilt" => (StatusCode::INTERNAL_SERVER_ERROR, "sorry\n"),
        "strong" => {
            // tidy: real time because a slow answer takes it.
            tokio::time::sleep(Duration::from_millis(60)).await;
            (StatusCode::OK, "tea\n")
        }
        _ => (StatusCode::OK, "tea\n"),
    }
}

/// Opens a shop of tea and returns where.
async fn open() -> (SloRegistry, SocketAddr) {
    let builder =
        slos().into_iter().fold(SloRegistry::builder("shop").without_declared(), |all, slo| all.slo(slo));
    let slos = builder.start().expect("it is valid");
    let router = Router::new().route("/tea/{kind}", get(tea)).layer(slos.layer()).merge(slos.routes());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    // Ends with the test's runtime.
    tokio::spawn(async move { axum::serve(listener, router).await });
    (slos, address)
}

/// A round of requests: most are well, some fail and some are slow.
async fn drink(address: SocketAddr) {
    let mut connection = Connection::new(address);
    for kind in ["green"; 16].into_iter().chain(["spilt", "spilt", "strong", "strong"]) {
        let request = Request::get(format!("/tea/{kind}")).body(Full::<Bytes>::default()).expect("a request");
        let answer = connection.send(request).await.expect("the shop answers");
        assert_eq!(answer.status() == 500, kind == "spilt");
    }
}

fn generator(slos: &SloRegistry) -> Generator {
    slos.generate()
        .matching(r#"job="shop""#)
        .expect("matchers")
        .pyrra()
        .period_interval(Duration::from_secs(1))
}

/// Every query of a board: the panel, the expression, and whether it is asked about a moment.
fn queries(generator: &Generator, board: Dashboard) -> Vec<(String, String, bool)> {
    let board: Value = serde_json::from_str(generator.dashboard(board).as_str()).expect("it is JSON");
    let mut queries = Vec::new();
    for panel in board["panels"].as_array().expect("a list").iter().filter(|panel| panel["type"] != "row") {
        for target in panel["targets"].as_array().expect("a list") {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let is_instant = target["instant"].as_bool().expect("it is said");
            queries.push((text(&panel["title"]), text(&target["expr"]), is_instant));
        }
    }
    queries
}

/// Fills in what is chosen, once for each SLO where that makes a difference.
fn filled(expr: &str) -> Vec<String> {
    let plain = CHOSEN.iter().fold(expr.to_owned(), |text, (name, value)| text.replace(name, value));
    assert!(!plain.contains('$'), "nobody knows all of {plain}");
    if !plain.contains("<slo>") && !plain.contains("<threshold>") {
        return vec![plain];
    }
    let threshold = |slo: &Slo| {
        slo.sli()
            .threshold()
            .map_or(String::new(), |threshold| threshold.duration().as_secs_f64().to_string())
    };
    slos()
        .iter()
        .map(|slo| plain.replace("<slo>", slo.name()).replace("<threshold>", &threshold(slo)))
        .collect()
}

/// Returns how many series have a number.
async fn numbers(prometheus: &Prometheus, query: &str, is_instant: bool) -> usize {
    if is_instant {
        return prometheus.query(query).await.values().filter(|value| value.is_finite()).count();
    }
    let series = prometheus.query_range(query, Duration::from_secs(60)).await;
    series.iter().filter(|values| values.iter().any(|value| value.is_finite())).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_query_of_every_board_has_an_answer() {
    const NAME: &str = "every_query_of_every_board_has_an_answer";
    if !is_installed("prometheus") {
        return skip(NAME, "the package prometheus is not installed");
    }
    let (slos, address) = open().await;
    let generator = generator(&slos);
    let directory = Directory::new("dashboards");
    fs::write(directory.0.join("rules.yaml"), generator.rules().as_str()).expect("the rules can be written");
    let prometheus = Prometheus::run(directory, &[address]).await;
    let zeros = async || prometheus.value("count(slo_events_total == 0)").await;
    assert_eq!(eventually("the first scrape", zeros).await, 4.0, "counted from the first event on");

    // The mean traffic is looked at each whole minute.
    let minute = || Clock::system().now().unix_nanos() / 60_000_000_000;
    let (began, drunk) = (minute(), async || drink(address).await);
    let next = async || {
        drunk().await;
        (minute() > began).then_some(())
    };
    eventually("the next minute", next).await;
    for expression in [
        r#"count(ALERTS{alertstate="firing",severity="page",slo="tea-availability"})"#,
        r#"slo:count_error:ratio_rate10s{sloth_slo="tea-counted"}"#,
    ] {
        let there = async || {
            drunk().await;
            prometheus.value(expression).await
        };
        eventually(expression, there).await;
    }

    every_panel_shows_numbers(&prometheus, &generator).await;
    others_find_theirs(&prometheus).await;
    numbers_are_those_of_the_process(&prometheus, &generator, address).await;
}

async fn every_panel_shows_numbers(prometheus: &Prometheus, generator: &Generator) {
    for board in Dashboard::ALL {
        let queries = queries(generator, board);
        for (panel, expr, is_instant) in &queries {
            let mut found = 0;
            for query in filled(expr) {
                found += numbers(prometheus, &query, *is_instant).await;
            }
            assert!(found > 0, "{board}: {panel} has no number to show for {expr}");
        }
        println!("{board}: each of {} queries has an answer", queries.len());
    }
    // What nobody chooses comes from the label of a series that is there.
    let thresholds = prometheus.query(r#"slo_info{slo="tea-combined",job="shop"}"#).await;
    let threshold = &thresholds.keys().next().expect("it is declared")["threshold"];
    assert!(["1", "1.0"].contains(&threshold.as_str()), "{threshold}");
    the_heat_map_is_cut_at_the_threshold(prometheus, generator).await;
}

/// The buckets, taken from each other as Grafana does, lie up to the threshold in one map and beyond it in the other.
async fn the_heat_map_is_cut_at_the_threshold(prometheus: &Prometheus, generator: &Generator) {
    let queries = queries(generator, Dashboard::Slo);
    let buckets = async |title: &str, slo: &str| {
        let (_, expr, _) = queries.iter().find(|(panel, ..)| panel.starts_with(title)).expect("it is there");
        // All that was counted, so that the number of samples in between does not matter.
        let query = filled(&expr.replace("$__rate_interval", "10m"));
        let index = slos().iter().position(|each| each.name() == slo).expect("it is declared");
        let answer = prometheus.query(&query[index]).await;
        let mut buckets: Vec<(f64, f64)> =
            answer.iter().map(|(labels, count)| (labels["le"].parse().expect("a bound"), *count)).collect();
        buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let below = std::iter::once(0.0).chain(buckets.iter().map(|bucket| bucket.1)).collect::<Vec<_>>();
        let own = buckets.iter().zip(below).map(|((le, count), below)| (*le, count - below));
        own.filter(|(_, count)| *count > 0.5).map(|(le, _)| le).collect::<Vec<_>>()
    };
    let (good, slow) = (buckets("Up to", "tea-latency").await, buckets("Beyond", "tea-latency").await);
    assert!(!good.is_empty() && good.iter().all(|le| *le <= 0.05), "{good:?}");
    assert!(!slow.is_empty() && slow.iter().all(|le| *le > 0.05), "{slow:?}");
    // Without a threshold all is in the first.
    let (all, none) =
        (buckets("Up to", "tea-availability").await, buckets("Beyond", "tea-availability").await);
    assert_eq!((all.len(), none.len()), (good.len() + slow.len(), 0), "{all:?}");
}

/// What boards made for sloth and pyrra ask for, with the labels that they group and choose by.
async fn others_find_theirs(prometheus: &Prometheus) {
    let sloth = ["sloth_id", "sloth_service", "sloth_slo"];
    let with = |more: &[&'static str]| sloth.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    let pyrra = vec!["slo"];
    for (query, labels) in [
        ("slo:sli_error:ratio_rate5m", with(&["sloth_window"])),
        ("slo:objective:ratio", with(&[])),
        ("slo:error_budget:ratio", with(&[])),
        ("slo:time_period:days", with(&[])),
        ("slo:current_burn_rate:ratio", with(&[])),
        ("slo:period_burn_rate:ratio", with(&[])),
        ("slo:period_error_budget_remaining:ratio", with(&[])),
        ("sloth_slo_info", with(&["sloth_mode", "sloth_objective", "sloth_spec", "sloth_version"])),
        ("pyrra_objective", pyrra.clone()),
        ("pyrra_window", pyrra.clone()),
        ("pyrra_availability", pyrra.clone()),
        ("pyrra_requests:rate5m", pyrra.clone()),
        ("pyrra_errors:rate5m", pyrra),
    ] {
        let answer = prometheus.query(query).await;
        let found: BTreeSet<_> =
            answer.iter().filter(|(_, value)| value.is_finite()).map(|(labels, _)| labels).collect();
        assert_eq!(found.len(), 4, "{query}: {answer:?}");
        for labels_found in found {
            assert!(
                labels.iter().all(|label| labels_found.contains_key(*label)),
                "{query}: {labels_found:?}"
            );
        }
    }
    // As sloth's boards put them together, for one SLO and for all.
    for query in [
        r#"1 - (sum(slo:sli_error:ratio_rate5m{sloth_service="shop",sloth_slo="tea-latency"}) OR on() vector(0))"#,
        r#"slo:current_burn_rate:ratio{sloth_service="shop",sloth_slo="tea-latency"}"#,
        r#"sum(slo:period_error_budget_remaining:ratio{sloth_service="shop"}) by (sloth_slo)"#,
        r#"(sum(ALERTS{alertstate="firing",sloth_service="shop"}) by (sloth_service, sloth_slo, sloth_severity)) > 0"#,
        "max(slo:objective:ratio) by (sloth_service, sloth_slo)",
        "(pyrra_availability - pyrra_objective) / (1 - pyrra_objective)",
        r#"pyrra_errors:rate5m{slo="tea-latency"} / pyrra_requests:rate5m{slo="tea-latency"}"#,
    ] {
        assert!(numbers(prometheus, query, true).await > 0, "{query}");
    }
}

/// What is shown of an SLO is what the process itself says, once Prometheus has seen the last request.
///
/// Both counters were scraped at zero and then together, so what is estimated of each cancels out in their ratio.
async fn numbers_are_those_of_the_process(
    prometheus: &Prometheus,
    generator: &Generator,
    address: SocketAddr,
) {
    let request = Request::get("/slo").body(Full::<Bytes>::default()).expect("a request");
    let answer = Connection::new(address).send(request).await.expect("the shop answers");
    let status: Value = serde_json::from_slice(answer.body()).expect("/slo is JSON");
    let queries = queries(generator, Dashboard::Slo);
    for (index, slo) in slos().iter().enumerate() {
        let all = status["slos"].as_array().expect("a list");
        let own = all.iter().find(|own| own["name"] == slo.name()).expect("it is declared");
        let burn = own["burn_rates"].as_array().expect("a list").iter().find(|burn| burn["window"] == "5m");
        for (panel, expected) in [
            ("Promised", Some(slo.objective().ratio())),
            ("Kept", own["sli_ratio"].as_f64()),
            ("Budget left", own["budget"]["remaining_ratio"].as_f64()),
        ]
        .into_iter()
        // That of a window of seconds has moved on since.
        .chain(
            burn.filter(|_| slo.window() == Window::literal("30d"))
                .map(|burn| ("Burn now", burn["rate"].as_f64())),
        ) {
            let expected = expected.unwrap_or_else(|| panic!("{panel}: {own}"));
            let (_, expr, _) = queries.iter().find(|(title, ..)| title == panel).expect("it is there");
            let query = &filled(expr)[index];
            let same = async || {
                let shown = prometheus.value(query).await?;
                ((shown - expected).abs() <= 1e-9 * expected.abs()).then_some(shown)
            };
            let shown = eventually(&format!("{panel} of {} is {expected}", slo.name()), same).await;
            println!("{}: {panel} is {shown}, /slo says {expected}", slo.name());
        }
    }
}
