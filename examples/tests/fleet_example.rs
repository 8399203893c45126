//! The fleet as somebody who follows its walk-through sees it: three shops, of which one breaks, on real servers.

#[path = "support/example.rs"]
mod example;
#[allow(dead_code, reason = "its own tests are run here, and nothing is opened")]
#[path = "../fleet/places.rs"]
mod places;
#[allow(dead_code, reason = "the example starts everything by itself")]
#[path = "support/programs.rs"]
mod programs;
#[allow(dead_code, reason = "the example starts its own")]
#[path = "support/prometheus.rs"]
mod prometheus;
#[path = "support/told.rs"]
mod told;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use http::Method;
use serde_json::Value;
use tokio::time::Instant;

use self::example::Example;
use self::programs::{eventually, is_installed, shop, skip};
use self::prometheus::Server;
use self::told::{Notification, readable};

const SLO: &str = "checkout-availability";
const FIRING: &str = "ALERTS{alertname=\"SloBurnRate\",alertstate=\"firing\"}";

/// A running fleet, as its welcome says where it is.
struct Fleet {
    example: Example,
    shops: Vec<Server>,
    prometheus: Server,
    alertmanager: Server,
}

impl Fleet {
    fn open() -> Self {
        let mut example = Example::open("fleet", "The desk of the fleet is open at");
        let mut places = Vec::new();
        loop {
            let line = example.line();
            if line.starts_with("Stop it") {
                break;
            }
            let address = line.trim().strip_prefix("http://").and_then(|rest| rest.split_once('/'));
            places.extend(address.map(|(address, _)| Server(address.parse().expect("an address"))));
        }
        let [one, two, three, prometheus, alertmanager, _] = places[..] else { panic!("{places:?}") };
        Self { example, shops: vec![one, two, three], prometheus, alertmanager }
    }

    async fn post(&mut self, path: &str) {
        let (status, body) = self.example.send(Method::POST, path, "x-nothing").await;
        assert_eq!(status, 200, "{path}: {body:?}");
    }

    /// Returns what the desk was told about an SLO.
    async fn told(&mut self, slo: &str) -> Vec<Notification> {
        let (_, body) = self.example.send(Method::GET, "/notifications", "x-nothing").await;
        Notification::about(slo, &serde_json::from_slice::<Vec<Value>>(&body).expect("a list"))
    }

    /// Returns good and bad events of all shops, as they say themselves.
    async fn counted(&self, slo: &str) -> [f64; 2] {
        let mut sums = [0.0; 2];
        for shop in &self.shops {
            let (_, body) = shop.get("/slo").await.expect("the shop answers");
            let status: Value = serde_json::from_slice(&body).expect("/slo is JSON");
            let slos = status["slos"].as_array().expect("a list");
            let own = slos.iter().find(|own| own["name"] == slo).expect("it is declared");
            for (sum, kind) in sums.iter_mut().zip(["good", "bad"]) {
                *sum += own["total"][kind].as_f64().expect("a count");
            }
        }
        sums
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        let servers = self.shops.iter().chain([&self.prometheus, &self.alertmanager]);
        servers.map(|server| server.0).chain([self.example.address()]).collect()
    }

    fn directory(&self) -> PathBuf {
        std::env::temp_dir().join(format!("slo-fleet-{}", self.example.id()))
    }
}

fn is_missing(test: &str) -> bool {
    let missing =
        ["prometheus", "prometheus-alertmanager"].into_iter().find(|program| !is_installed(program));
    if let Some(program) = missing {
        skip(test, &format!("the package {program} is not installed"));
    }
    missing.is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_in_one_of_three_shops_is_told_once_and_can_be_read() {
    if is_missing("a_fault_in_one_of_three_shops_is_told_once_and_can_be_read") {
        return;
    }
    let mut fleet = Fleet::open();
    let prometheus = fleet.prometheus;
    let checkouts = format!("sum(slo_events_total{{slo=\"{SLO}\"}}) > 100");
    eventually("there are checkouts", async || prometheus.value(&checkouts).await).await;
    assert!(prometheus.query(FIRING).await.is_empty());
    assert!(prometheus.query("slo_alert_active == 1").await.is_empty());

    fleet.post("/break?shop=2").await;
    let broken = Instant::now();
    fires(&fleet, broken).await;
    let first = loop {
        match fleet.told(SLO).await.into_iter().next() {
            Some(notification) => break notification,
            None => wait(broken).await,
        }
    };
    println!("and the desk is told after {:.1?}", broken.elapsed());
    can_be_read(&first);
    a_ticket_is_kept_silent(&fleet).await;

    fleet.post("/heal").await;
    fleet.post("/pause").await;
    agree(&fleet).await;
    assert_eq!(fleet.told(SLO).await.len(), 1);
    ends(fleet).await;
}

/// Prometheus fires for the fleet, and the shop that is broken says so of itself, as no other does.
async fn fires(fleet: &Fleet, broken: Instant) {
    let prometheus = fleet.prometheus;
    let both = async || {
        let mut alerts = prometheus.query(FIRING).await;
        alerts.retain(|labels, _| labels["slo"] == SLO);
        (alerts.len() == 2).then_some(alerts)
    };
    let alerts = eventually("Prometheus fires", both).await;
    println!("Prometheus fires after {:.1?}", broken.elapsed());
    for labels in alerts.keys() {
        let own = ["service", "sloth_id", "team"].map(|name| &*labels[name]);
        assert_eq!(own, ["shop", "shop-checkout-availability", "payments"]);
    }
    let own = format!("slo_alert_active{{slo=\"{SLO}\",severity=\"page\"}} == 1");
    let own = async || Some(prometheus.query(&own).await).filter(|own| !own.is_empty());
    let own = eventually("the shop fires", own).await;
    println!("and the shop itself after {:.1?}", broken.elapsed());
    let instances: Vec<_> = own.keys().map(|labels| labels["instance"].clone()).collect();
    assert_eq!(instances, [fleet.shops[1].0.to_string()]);
}

fn can_be_read(told: &Notification) {
    assert_eq!((&*told.receiver, &*told.status), ("slo-pager", "firing"));
    let [page] = &told.alerts[..] else { panic!("{told:?}") };
    assert_eq!((&*page.severity, page.is_of_fleet), ("page", true));
    let summary = ["shop: checkout-availability burns its error budget ", " times as fast as it may"];
    readable(&page.summary, &summary);
    let parts = [
        "99.9% over 30d is promised.",
        " The budget burns at ",
        " over 1h, and over 5m too at more than 14.4.",
        " The budget burns at ",
        " over 6h, and over 30m too at more than 6.",
        " % of it is spent.",
        " It is gone.",
    ];
    readable(&page.description, &parts);
}

async fn a_ticket_is_kept_silent(fleet: &Fleet) {
    let (_, body) = fleet.alertmanager.get("/api/v2/alerts").await.expect("Alertmanager answers");
    let known: Vec<Value> = serde_json::from_slice(&body).expect("a list");
    let states = known.iter().filter(|alert| alert["labels"]["slo"] == SLO).map(told::state);
    let mut states: Vec<_> = states.collect();
    states.sort_unstable();
    let expected = [("page", "active"), ("ticket", "suppressed")];
    assert_eq!(states, expected.map(|(severity, state)| (severity.to_owned(), state.to_owned())));
}

/// What the shops say together is what was scraped, and what was recorded of it.
async fn agree(fleet: &Fleet) {
    let prometheus = fleet.prometheus;
    let counted = async |family: &str| prometheus.value(&format!("sum({family}{{slo=\"{SLO}\"}})")).await;
    let quiet = async || {
        let [good, bad] = fleet.counted(SLO).await;
        let scraped = (counted("slo_events_total").await?, counted("slo_bad_events_total").await?);
        (scraped == (good + bad, bad)).then_some([good, bad])
    };
    let [good, bad] = eventually("everything is scraped", quiet).await;
    let burn_rate = bad / (good + bad) / 0.001;
    println!("{bad} of {} checkouts were bad, which burns at {burn_rate}", good + bad);
    // Prometheus guesses what came before the first and after the last sample of a window. The longer ago the first scrape, the
    // less that is.
    let close = |value: f64, expected: f64| ((value - expected) / expected).abs() < 0.01;
    for (recorded, expected) in [
        ("slo:current_burn_rate:ratio", burn_rate),
        ("slo:period_burn_rate:ratio", burn_rate),
        ("slo:period_error_budget_remaining:ratio", 1.0 - burn_rate),
        ("slo:sli_error:ratio_rate5m", burn_rate * 0.001),
        ("slo:sli_error:ratio_rate1h", burn_rate * 0.001),
        ("slo:sli_error:ratio_rate6h", burn_rate * 0.001),
    ] {
        let selector = format!("{recorded}{{sloth_slo=\"{SLO}\"}}");
        let agrees = async || prometheus.value(&selector).await.filter(|value| close(*value, expected));
        let value = eventually(&format!("{selector} is about {expected}"), agrees).await;
        println!("{selector} is {value}, {:.3} % off", 100.0 * (value - expected) / expected);
    }
}

async fn wait(since: Instant) {
    assert!(since.elapsed() < Duration::from_secs(60), "nobody is told");
    // tidy: real time because other programs must get something done.
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Kills the fleet, which it cannot notice: everything goes nevertheless.
async fn ends(fleet: Fleet) {
    let addresses = fleet.addresses();
    let directory = fleet.directory();
    assert!(directory.join("rules.yaml").is_file(), "{}", directory.display());
    drop(fleet);
    let gone = async || {
        let open = addresses.iter().any(|place| std::net::TcpStream::connect(place).is_ok());
        (!open && !directory.exists()).then_some(())
    };
    eventually("nothing is left", gone).await;
}
#[test]
fn mistakes_end_the_fleet_with_what_to_do() {
    let fleet = || {
        let path = PathBuf::from(shop().get_program())
            .with_file_name(format!("fleet{}", std::env::consts::EXE_SUFFIX));
        let mut command = Command::new(path);
        command.stdin(Stdio::null()).env("PORT", "0");
        command
    };
    let said = |command: &mut Command| {
        let output = command.output().expect("the fleet starts");
        (output.status.code(), String::from_utf8(output.stderr).expect("text"))
    };
    let (code, error) = said(fleet().arg("now"));
    assert_eq!(
        (code, &*error),
        (Some(2), "fleet: unexpected argument \"now\"; --help says what can be given\n")
    );
    let (code, error) = said(fleet().env("PATH", "/nowhere"));
    assert_eq!(code, Some(1));
    let expected = "fleet: prometheus-alertmanager is not installed: on Debian and Ubuntu run apt-get install prometheus prometheus-alertmanager";
    assert!(error.starts_with(expected), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_that_is_asked_to_end_leaves_nothing() {
    if is_missing("a_fleet_that_is_asked_to_end_leaves_nothing") {
        return;
    }
    let fleet = Fleet::open();
    let (addresses, directory) = (fleet.addresses(), fleet.directory());
    let (code, printed) = fleet.example.terminate();
    assert_eq!(code, Some(0), "{printed}");
    assert!(printed.ends_with("Closing.\n"), "{printed}");
    let open = addresses.iter().any(|place| std::net::TcpStream::connect(place).is_ok());
    assert!(!open && !directory.exists(), "{}", directory.display());
}
