//! What all processes have counted together is shown beside what this one has, as a real Prometheus knows it.

#[allow(dead_code, reason = "no shop is opened here")]
#[path = "support/programs.rs"]
mod programs;
#[allow(dead_code, reason = "nothing is asked here by hand")]
#[path = "support/prometheus.rs"]
mod prometheus;

use std::fmt::Write as _;
use std::time::Duration;

use slo_tower::{Clock, FleetStatus, Objective, Sli, Slo, SloRegistry, Timestamp, Window};

use self::programs::{Directory, eventually, is_installed, skip};
use self::prometheus::{Prometheus, write_blocks};

const MINUTE: u64 = 60;
const DAY: u64 = 1_440;
const START: u64 = 1_690_000_000;

fn registry(clock: &Clock, source: slo_tower::Prometheus) -> SloRegistry {
    let slo = |name: &'static str, window| {
        let slo = Slo::literal(name, Sli::Availability, Objective::literal("99%")).with_window(window);
        slo.with_operation(name).expect("it is plain")
    };
    let builder = SloRegistry::builder("shop").without_declared().clock(clock.clone());
    let builder =
        builder.slo(slo("checkout", Window::literal("30d"))).slo(slo("search", Window::literal("7d")));
    let builder = builder.slo(slo("unheard-of", Window::literal("30d")));
    builder.fleet(source.interval(Duration::from_secs(1))).build().expect("it is valid")
}

/// Thirty days of an instance, scraped each minute: so many events and bad ones a minute from one minute to another, in a
/// process that is restarted each five days.
fn scrape(into: &mut [String; 2], labels: &str, per_minute: [u64; 2], minutes: std::ops::Range<u64>) {
    for minute in minutes {
        let at = START + minute * MINUTE;
        let counted = minute % (5 * DAY);
        for ((family, text), each) in
            ["slo_events_total", "slo_bad_events_total"].iter().zip(&mut *into).zip(per_minute)
        {
            writeln!(text, "{family}{{{labels}}} {} {at}", counted * each).expect("memory");
        }
    }
}

/// One process was there throughout, one for the last ten days; another service has an SLO of the same name.
fn history() -> [String; 2] {
    let mut scraped = [String::new(), String::new()];
    let labels = |slo: &str, instance: &str| format!("slo=\"{slo}\",job=\"shop\",instance=\"{instance}\"");
    scrape(&mut scraped, &labels("checkout", "one"), [1_000, 2], 0..30 * DAY + 1);
    scrape(&mut scraped, &labels("checkout", "two"), [3_000, 60], 20 * DAY..30 * DAY + 1);
    scrape(&mut scraped, &labels("search", "two"), [500, 10], 20 * DAY..30 * DAY + 1);
    scrape(&mut scraped, "slo=\"checkout\",job=\"other\",instance=\"one\"", [9_000, 9_000], 0..30 * DAY + 1);
    scraped
}

fn fleet(registry: &SloRegistry, name: &str) -> FleetStatus {
    registry.status().slo(name).expect("it is declared").fleet.clone().expect("it is asked about")
}

fn close(what: &str, actual: f64, expected: f64) {
    println!("{what} is {actual}, counted were {expected}");
    assert!((actual - expected).abs() <= 0.001 * expected.abs(), "{what} is {actual} instead of {expected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fleet_is_the_sum_of_its_processes() {
    const NAME: &str = "the_fleet_is_the_sum_of_its_processes";
    if !is_installed("prometheus") || !is_installed("promtool") {
        return skip(NAME, "the package prometheus, with promtool, is not installed");
    }
    let scraped = history();
    let directory = Directory::new("fleet");
    write_blocks(&directory.0.join("data"), &directory.0.join("history.om"), &scraped[0], &scraped[1]);
    let prometheus = Prometheus::run(directory, &[]).await;

    let clock = Clock::manual(Timestamp::from_unix_seconds(START + 30 * DAY * MINUTE));
    let source = slo_tower::Prometheus::new(&prometheus.url()).expect("an address");
    let source = source.matching(r#"job="shop""#).expect("matchers");
    let registry = registry(&clock, source);
    let known = async || Some(fleet(&registry, "checkout")).filter(|fleet| fleet.at.is_some());
    let checkout = eventually("the fleet is known", known).await;
    assert_eq!((checkout.processes, checkout.stale, &checkout.error), (2, false, &None));
    assert_eq!((checkout.at, checkout.age_seconds), (Some(clock.now()), Some(0.0)));
    // The last sample before a restart is the last that is known; a minute of 7 200 is lost with each.
    let (events, bad) =
        (30.0 * 1_440.0 * 1_000.0 + 10.0 * 1_440.0 * 3_000.0, 30.0 * 1_440.0 * 2.0 + 10.0 * 1_440.0 * 60.0);
    let counts = checkout.events.expect("there were events");
    close("events", counts.total() as f64, events);
    close("bad events", counts.bad as f64, bad);
    close("budget", checkout.budget_remaining_ratio.expect("there were events"), 1.0 - bad / events / 0.01);
    close("ratio", checkout.sli_ratio.expect("there were events"), 1.0 - bad / events);
    let day = checkout.burn_rates.iter().find(|burn| burn.window == "1d").and_then(|burn| burn.rate);
    close("burn over a day", day.expect("there were events").get(), 62.0 / 4_000.0 / 0.01);
    close("coverage", checkout.coverage.expect("it is known"), 1.0);

    let search = fleet(&registry, "search");
    close("events", search.events.expect("there were events").total() as f64, 7.0 * 1_440.0 * 500.0);
    assert_eq!(
        (search.processes, search.burn_rates.last().map(|burn| burn.window.as_str())),
        (1, Some("7d"))
    );
    let unheard_of = fleet(&registry, "unheard-of");
    assert_eq!((unheard_of.processes, unheard_of.events, unheard_of.sli_ratio), (0, None, None));
    assert_eq!(unheard_of.coverage, Some(0.0));

    // It is in what `/slo` answers, beside what this process has counted: nothing.
    let status = serde_json::to_value(registry.status()).expect("a status");
    assert_eq!(status["slos"][0]["events"]["good"], 0);
    assert_eq!(status["slos"][0]["fleet"]["processes"], 2);

    // An answer grows old, and says so.
    drop(prometheus);
    let failed = async || Some(fleet(&registry, "checkout")).filter(|fleet| fleet.error.is_some());
    let kept = eventually("it is not known any more", failed).await;
    assert_eq!(
        (kept.error.as_deref(), kept.stale, kept.events),
        (Some("not reachable"), false, checkout.events)
    );
    clock.advance(Duration::from_secs(10));
    let old = fleet(&registry, "checkout");
    assert_eq!((old.stale, old.age_seconds, old.events), (true, Some(10.0), checkout.events));
}
