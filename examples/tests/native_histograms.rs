//! What was recorded is what a real Prometheus reads out of native histograms: quantiles within 5 %, and the share below
//! a threshold as the event counters have it.

#[allow(dead_code, reason = "no shop is opened here")]
#[path = "support/programs.rs"]
mod programs;
#[allow(dead_code, reason = "no history is written here")]
#[path = "support/prometheus.rs"]
mod prometheus;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use slo_tower::{Objective, Outcome, Sli, Slo, SloRegistry, Threshold, Verdict};

use self::programs::{Directory, eventually, is_installed, skip};
use self::prometheus::Prometheus;

const SEED: u64 = 20_260_101;
const EVENTS: usize = 40_000;
const HISTOGRAM: &str = "http_server_request_duration_seconds";
/// A bucket and half a cell: further away from a quantile, or on the wrong side of a threshold, no latency can be.
const NEAR: f64 = 1.031;

/// How latencies are distributed, in seconds, and what is promised of them.
struct Traffic {
    route: &'static str,
    threshold: &'static str,
    /// The bucket of the threshold.
    le: &'static str,
    next: fn(&mut fastrand::Rng) -> f64,
}

const TRAFFIC: [Traffic; 8] = [
    Traffic { route: "/one", threshold: "300ms", le: "0.3", next: |_| 0.2871 },
    Traffic { route: "/uniform", threshold: "250ms", le: "0.25", next: |random| 0.5 * random.f64() },
    Traffic { route: "/exponential", threshold: "100ms", le: "0.1", next: |random| -0.02 * ln(random) },
    Traffic {
        route: "/log-normal",
        threshold: "500ms",
        le: "0.5",
        next: |random| 0.08 * (0.8 * normal(random)).exp(),
    },
    Traffic { route: "/pareto", threshold: "1s", le: "1.0", next: |random| 0.01 * (-ln(random) / 1.2).exp() },
    Traffic {
        route: "/bimodal",
        threshold: "1s",
        le: "1.0",
        next: |random| {
            if random.u8(..) < 200 { 0.003 + 0.001 * random.f64() } else { 0.8 + 0.4 * random.f64() }
        },
    },
    Traffic {
        route: "/memory",
        threshold: "40us",
        le: "4e-05",
        next: |random| 0.000_02 * (0.5 * normal(random)).exp(),
    },
    Traffic { route: "/hours", threshold: "750s", le: "750.0", next: |random| 3_000.0 * random.f64() },
];

/// The logarithm of a share that is never zero.
fn ln(random: &mut fastrand::Rng) -> f64 {
    (1.0 - random.f64()).ln()
}

fn normal(random: &mut fastrand::Rng) -> f64 {
    (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
}

/// A service of which only the endpoints are asked.
struct Service {
    slos: SloRegistry,
    address: SocketAddr,
    server: tokio::task::JoinHandle<()>,
}

impl Service {
    async fn open(slos: SloRegistry) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = listener.local_addr().expect("it is bound");
        let app: Router = Router::new().merge(slos.routes());
        let server = tokio::spawn(async move { axum::serve(listener, app).await.expect("it serves") });
        Self { slos, address, server }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// A service with a promise about each route.
async fn promising() -> Service {
    let builder = SloRegistry::builder("native").without_declared();
    let builder = TRAFFIC.iter().fold(builder, |builder, traffic| {
        let threshold = Threshold::parse(traffic.threshold).expect("a duration");
        let name = traffic.route[1..].to_owned();
        let slo = Slo::new(name, Sli::Latency { threshold }, Objective::literal("90%")).expect("it is plain");
        builder.slo(slo.with_route(format!("GET {}", traffic.route)).expect("it is a route"))
    });
    Service::open(builder.build().expect("it is valid")).await
}

/// Records half of what there is to record, and returns it by route.
fn record(slos: &SloRegistry, random: &mut fastrand::Rng, recorded: &mut [Vec<f64>]) {
    for (traffic, recorded) in TRAFFIC.iter().zip(recorded) {
        let (ok, good) = (Outcome::Completed(200), Verdict::Good);
        let mut writer = slos.recorder().request_series("GET", Some(traffic.route), ok, good);
        for _ in 0..EVENTS / 2 {
            let latency = Duration::from_secs_f64((traffic.next)(random));
            writer.record(latency);
            recorded.push(latency.as_secs_f64());
        }
    }
}

async fn count(prometheus: &Prometheus) -> Option<f64> {
    prometheus.value("sum(slo_events_total)").await
}

#[tokio::test(flavor = "multi_thread")]
async fn prometheus_reads_quantiles_and_shares_out_of_native_histograms() {
    const NAME: &str = "prometheus_reads_quantiles_and_shares_out_of_native_histograms";
    if !is_installed("prometheus") {
        return skip(NAME, "the package prometheus is not installed");
    }
    let service = promising().await;
    let native = ["--enable-feature=native-histograms"];
    let prometheus = Prometheus::run_with(Directory::new("native"), &[service.address], &native).await;
    let classic = Prometheus::start(service.address).await;
    for server in [&prometheus, &classic] {
        let first = eventually("the first scrape", async || count(server).await).await;
        assert_eq!(first, 0.0);
    }
    println!("{EVENTS} latencies of each kind, seed {SEED}");
    let (mut random, mut recorded) = (fastrand::Rng::with_seed(SEED), vec![Vec::new(); TRAFFIC.len()]);
    for half in 1..=2_usize {
        record(&service.slos, &mut random, &mut recorded);
        let all = (half * TRAFFIC.len() * EVENTS / 2) as f64;
        for server in [&prometheus, &classic] {
            eventually("a scrape", async || count(server).await.filter(|count| *count == all)).await;
        }
    }
    for (traffic, recorded) in TRAFFIC.iter().zip(&mut recorded) {
        recorded.sort_by(f64::total_cmp);
        quantiles_are_near(&prometheus, traffic.route, recorded).await;
        the_share_is_near(&prometheus, traffic, recorded).await;
    }
    nothing_is_doubled(&prometheus, &classic).await;
}

async fn quantiles_are_near(prometheus: &Prometheus, route: &str, sorted: &[f64]) {
    let selector = format!("{HISTOGRAM}{{http_route=\"{route}\"}}");
    let mut worst: f64 = 0.0;
    for mille in [10, 100, 500, 900, 950, 990, 999_u16] {
        let (share, rank) = (f64::from(mille) / 1e3, (sorted.len() * usize::from(mille)).div_ceil(1_000));
        let exact = sorted[rank - 1];
        // All that was counted, and what the rate of it says: of a series that began with zero they are the same.
        for of in [selector.clone(), format!("rate({selector}[5m])")] {
            let expression = format!("histogram_quantile({share}, {of})");
            let found = prometheus.value(&expression).await.expect("a quantile");
            let error = (found / exact).max(exact / found) - 1.0;
            assert!(error < 0.05, "{expression}: {found} instead of {exact}");
            worst = worst.max(error);
        }
    }
    println!("{route}: quantiles are within {:.2} %", worst * 100.0);
    assert!(worst < NEAR - 1.0, "{route}: the documented bound is {NEAR}");
}

async fn the_share_is_near(prometheus: &Prometheus, traffic: &Traffic, sorted: &[f64]) {
    let (route, name) = (traffic.route, &traffic.route[1..]);
    let seconds = Threshold::parse(traffic.threshold).expect("a duration").duration().as_secs_f64();
    let value = async |expression: String| prometheus.value(&expression).await.expect("a value");
    let counted = value(format!(
        "1 - rate(slo_bad_events_total{{slo=\"{name}\"}}[5m]) / rate(slo_events_total{{slo=\"{name}\"}}[5m])"
    ))
    .await;
    let fast = sorted.partition_point(|latency| *latency <= seconds) as f64 / sorted.len() as f64;
    assert!((counted - fast).abs() < 1e-9, "{route}: counters say {counted} instead of {fast}");
    let told =
        value(format!("histogram_fraction(0, {seconds}, rate({HISTOGRAM}{{http_route=\"{route}\"}}[5m]))"))
            .await;
    let near = |limit: f64| sorted.partition_point(|latency| *latency <= limit);
    let doubtful = (near(seconds * NEAR) - near(seconds / NEAR)) as f64 / sorted.len() as f64;
    println!(
        "{route}: {told:.5} within {}, counters say {counted:.5}, {doubtful:.5} are near it",
        traffic.threshold
    );
    assert!((told - counted).abs() <= doubtful + 1e-9, "{route}: {told} for {counted}");
    let events = value(format!("slo_events_total{{slo=\"{name}\"}}")).await;
    assert_eq!(value(format!("histogram_count({HISTOGRAM}{{http_route=\"{route}\"}})")).await, events);
    let (sum, exact) = (
        value(format!("histogram_sum({HISTOGRAM}{{http_route=\"{route}\"}})")).await,
        sorted.iter().sum::<f64>(),
    );
    assert!((sum / exact - 1.0).abs() < 1e-6, "{route}: {sum} for {exact}");
}

/// With the feature there are native histograms and no classic buckets; without it everything is as it always was.
async fn nothing_is_doubled(native: &Prometheus, classic: &Prometheus) {
    let buckets = format!("count({HISTOGRAM}_bucket)");
    assert_eq!(native.value(&buckets).await, None);
    assert_eq!(native.value(&format!("count({HISTOGRAM}_count)")).await, None);
    assert_eq!(native.value("sum(resets(slo_events_total[5m]))").await, Some(0.0));
    assert_eq!(native.value(&format!("sum(resets({HISTOGRAM}[5m]))")).await, Some(0.0));
    assert_eq!(classic.value(&format!("count({HISTOGRAM})")).await, None);
    let series = classic.value(&format!("count({HISTOGRAM}_count)")).await.expect("there are some");
    assert_eq!(native.value(&format!("count({HISTOGRAM})")).await, Some(series));
    let bounds = classic.value(&format!("count(count by (le) ({HISTOGRAM}_bucket))")).await.expect("some");
    assert_eq!(classic.value(&buckets).await, Some(series * bounds));
    for traffic in TRAFFIC {
        let (route, name, le) = (traffic.route, &traffic.route[1..], traffic.le);
        let fast = format!("{HISTOGRAM}_bucket{{http_route=\"{route}\",le=\"{le}\"}}");
        let good = format!("slo_events_total{{slo=\"{name}\"}} - slo_bad_events_total{{slo=\"{name}\"}}");
        assert_eq!(classic.value(&fast).await, classic.value(&good).await, "{route}");
    }
}

/// The hardest distribution: all latencies are one, at either edge of a bucket, and a server that knows only the bucket
/// guesses between its bounds.
#[tokio::test(flavor = "multi_thread")]
async fn one_latency_is_found_wherever_it_lies() {
    const NAME: &str = "one_latency_is_found_wherever_it_lies";
    const POINTS: u16 = 500;
    if !is_installed("prometheus") {
        return skip(NAME, "the package prometheus is not installed");
    }
    let slos = SloRegistry::builder("native").without_declared().routes_max(POINTS).series_max(POINTS);
    let slos = slos.build().expect("it is valid");
    // From ten microseconds to an hour, at no regular place of a bucket.
    let latency = |point: u16| 1e-5 * 1.04_f64.powi(point.into());
    for point in 0..POINTS {
        let (ok, route) = (Outcome::Completed(200), format!("/{point}"));
        slos.recorder()
            .request_series("GET", Some(&route), ok, Verdict::Good)
            .record(Duration::from_secs_f64(latency(point)));
    }
    assert!((3_000.0..3_600.0).contains(&latency(POINTS - 1)));
    let service = Service::open(slos).await;
    let native = ["--enable-feature=native-histograms"];
    let prometheus = Prometheus::run_with(Directory::new("native-points"), &[service.address], &native).await;
    let sum = async || prometheus.value(&format!("sum(histogram_count({HISTOGRAM}))")).await;
    assert_eq!(eventually("the first scrape", sum).await, f64::from(POINTS));
    let mut worst: f64 = 1.0;
    for share in ["0.0001", "0.9999"] {
        let found = prometheus.query(&format!("histogram_quantile({share}, {HISTOGRAM})")).await;
        let mut points = 0;
        for (labels, found) in found {
            let Ok(point) = labels["http_route"][1..].parse() else { continue };
            let exact = latency(point);
            worst = worst.max(found / exact).max(exact / found);
            points += 1;
        }
        assert_eq!(points, POINTS);
    }
    println!("one latency is found within {:.2} %", (worst - 1.0) * 100.0);
    assert!(worst > 1.01 && worst < NEAR, "{worst}");
}

/// A family that goes in several messages is one family to Prometheus.
#[tokio::test(flavor = "multi_thread")]
async fn prometheus_takes_several_messages_as_one_family() {
    const NAME: &str = "prometheus_takes_several_messages_as_one_family";
    const SERIES: u16 = 4_000;
    if !is_installed("prometheus") {
        return skip(NAME, "the package prometheus is not installed");
    }
    let slos = SloRegistry::builder("native").without_declared().routes_max(SERIES).series_max(SERIES);
    let slos = slos.build().expect("it is valid");
    for route in 1..SERIES {
        let (ok, route) = (Outcome::Completed(200), format!("/route-{route}"));
        slos.recorder().request("GET", Some(&route)).finish_as(ok, Verdict::Good);
    }
    let service = Service::open(slos).await;
    let native = ["--enable-feature=native-histograms"];
    let prometheus = Prometheus::run_with(Directory::new("native-large"), &[service.address], &native).await;
    let sum = async || prometheus.value(&format!("sum(histogram_count({HISTOGRAM}))")).await;
    assert_eq!(eventually("the first scrape", sum).await, f64::from(SERIES - 1));
    assert_eq!(prometheus.value(&format!("count({HISTOGRAM})")).await, Some(f64::from(SERIES)));
    assert_eq!(prometheus.value("up").await, Some(1.0));
}
