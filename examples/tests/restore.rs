//! What a Prometheus has kept of thirty days is as good as having been there: counters that were reset, scrapes that were
//! missed and hours in which nobody was there included.

#[allow(dead_code, reason = "no shop is opened here")]
#[path = "support/programs.rs"]
mod programs;
#[allow(dead_code, reason = "nothing is asked here by hand")]
#[path = "support/prometheus.rs"]
mod prometheus;

use std::fmt::Write as _;
use std::time::Duration;

use slo_tower::{BurnRate, Clock, Objective, Outcome, Sli, Slo, SloRegistry, SloStatus, Timestamp};

use self::programs::{Directory, eventually, is_installed, skip};
use self::prometheus::{Prometheus, write_blocks};

const DAY: u64 = 86_400;
/// No round moment, so that no window begins where a step does.
const START: u64 = 1_690_000_003;
const TICK: Duration = Duration::from_secs(10);
const NAMES: [&str; 2] = ["checkout", "search"];

fn builder(clock: &Clock) -> slo_tower::SloRegistryBuilder {
    let slo = |name: &'static str| {
        let slo = Slo::literal(name, Sli::Availability, Objective::literal("99%"));
        slo.with_operation(name).expect("it is plain")
    };
    NAMES
        .into_iter()
        .fold(SloRegistry::builder("shop").without_declared().clock(clock.clone()), |builder, name| {
            builder.slo(slo(name))
        })
}

/// The service as it was, and what was scraped of it.
struct Original {
    clock: Clock,
    registry: SloRegistry,
    random: fastrand::Rng,
    /// What each SLO had counted when the present process began: events and bad ones.
    began: [[u64; 2]; 2],
    /// The samples of both families.
    scraped: [String; 2],
}

impl Original {
    fn new() -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(START));
        let registry = builder(&clock).build().expect("it is valid");
        let random = fastrand::Rng::with_seed(20_260_101);
        Self { clock, registry, random, began: [[0; 2]; 2], scraped: [String::new(), String::new()] }
    }

    /// Ten seconds of traffic: more by day, in bursts, and with two outages.
    fn traffic(&mut self, at: u64) -> [(u64, u64); 2] {
        let busy = if at % DAY < DAY / 2 { 8 } else { 2 };
        let burst = if self.random.u8(..) < 3 { 40 } else { 1 };
        let outage = at / 3_600 == 200 || at / 3_600 == 650;
        NAMES.map(|_| {
            let events = self.random.u64(0..busy) * burst;
            let bad =
                (0..events).filter(|_| self.random.f64() < if outage { 0.6 } else { 0.006 }).count() as u64;
            (events, bad)
        })
    }

    fn totals(&self) -> [[u64; 2]; 2] {
        let status = self.registry.status();
        NAMES.map(|name| {
            let total = status.slo(name).expect("it is declared").total;
            [total.good + total.bad, total.bad]
        })
    }

    fn scrape(&mut self) {
        let at = self.clock.now().unix_nanos() / 1_000_000;
        let at = format!("{}.{:03}", at / 1_000, at % 1_000);
        for ((name, totals), began) in NAMES.iter().zip(self.totals()).zip(self.began) {
            for (index, family) in ["slo_events_total", "slo_bad_events_total"].into_iter().enumerate() {
                let value = totals[index] - began[index];
                let labels = format!("slo=\"{name}\",job=\"shop\",instance=\"one\"");
                writeln!(self.scraped[index], "{family}{{{labels}}} {value} {at}").expect("memory");
            }
        }
    }

    /// Thirty-one days, scraped each minute: restarted every 37 hours and once right on the hour, down for three hours, and once not scraped
    /// for five.
    fn live(&mut self) {
        for tick in 0..31 * DAY / 10 {
            let at = tick * 10;
            self.clock.advance(TICK);
            let down = (400 * 3_600..403 * 3_600).contains(&at);
            let begins = at % (37 * 3_600) == 20_000 || at == 403 * 3_600;
            let round = START + at >= 1_691_020_800 && START + at < 1_691_020_810;
            if begins || round {
                self.began = self.totals();
            }
            if !down {
                let traffic = self.traffic(at);
                record(&self.registry, traffic);
                let unseen = (500 * 3_600..505 * 3_600).contains(&at);
                if tick.is_multiple_of(6) && !unseen {
                    self.scrape();
                }
            }
            self.registry.tick(self.clock.now());
        }
    }
}

fn record(registry: &SloRegistry, traffic: [(u64, u64); 2]) {
    for (name, (events, bad)) in NAMES.iter().zip(traffic) {
        for event in 0..events {
            let outcome = if event < bad { Outcome::InnerError } else { Outcome::Completed(0) };
            registry.attempt(name).finish(outcome);
        }
    }
}

fn slo(registry: &SloRegistry, name: &str) -> SloStatus {
    registry.status().slo(name).expect("it is declared").clone()
}

fn close(what: &str, name: &str, [original, restored]: [f64; 2], most: f64) {
    println!("{name}: {what} {original} is restored as {restored}");
    assert!((original - restored).abs() <= most, "{name}: {what} {original} is restored as {restored}");
}

fn compare(original: &SloRegistry, restored: &SloRegistry) {
    for name in NAMES {
        let both = [original, restored].map(|registry| slo(registry, name));
        let of = |what: fn(&SloStatus) -> f64| [what(&both[0]), what(&both[1])];
        let events = of(|slo| slo.events.total() as f64);
        close("events", name, events, events[0] / 1_000.0);
        let bad = of(|slo| slo.events.bad as f64);
        close("bad events", name, bad, bad[0] / 1_000.0);
        close("budget", name, of(|slo| slo.budget.remaining_ratio.expect("there were events")), 0.001);
        for (original, restored) in both[0].burn_rates.iter().zip(&both[1].burn_rates) {
            assert_eq!(original.window, restored.window);
            // What was counted after the last scrape is lost, which is much of an hour and little of a day.
            let rates = [original, restored].map(|burn| burn.rate.map_or(0.0, BurnRate::get));
            let most = if original.window.ends_with('d') { 0.01 * rates[0] } else { 0.5 };
            close(&format!("burn over {}", original.window), name, rates, most);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn thirty_days_are_restored_to_a_thousandth() {
    const NAME: &str = "thirty_days_are_restored_to_a_thousandth";
    if !is_installed("prometheus") || !is_installed("promtool") {
        return skip(NAME, "the package prometheus, with promtool, is not installed");
    }
    let mut original = Original::new();
    original.live();
    let directory = Directory::new("restore");
    let [events, bad] = &original.scraped;
    write_blocks(&directory.0.join("data"), &directory.0.join("history.om"), events, bad);
    let prometheus = Prometheus::run(directory, &[]).await;

    let clock = Clock::manual(original.clock.now());
    let source = slo_tower::Prometheus::new(&prometheus.url()).expect("an address");
    let source = source.matching(r#"job="shop",instance="one""#).expect("matchers");
    let machine = Clock::system();
    let began = machine.now();
    let restored = builder(&clock).restore_from(source).build().expect("it is valid");
    assert_eq!(slo(&restored, "checkout").coverage, 0.0);
    let coverage = async || Some(slo(&restored, "checkout").coverage).filter(|coverage| *coverage > 0.0);
    let coverage = eventually("it is restored", coverage).await;
    println!("restored within {:?}", machine.now() - began);
    // Eight hours of thirty days were not seen.
    close("coverage", "all", [1.0 - 8.0 / 720.0, coverage], 0.001);
    compare(&original.registry, &restored);

    // Life goes on.
    for tick in 0..720 {
        let traffic = original.traffic(31 * DAY + 10 * tick);
        for (registry, clock) in [(&original.registry, &original.clock), (&restored, &clock)] {
            clock.advance(TICK);
            record(registry, traffic);
            registry.tick(clock.now());
        }
    }
    compare(&original.registry, &restored);
}
