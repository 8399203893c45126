//! An alert from its first bad event to its end, as three processes, Prometheus and Alertmanager see it together.
//!
//! The promises are about an hour: their windows are two minutes and ten seconds, so that what fires is resolved soon. A fourth
//! process has gone some minutes ago; what it counted is part of the budget. All three push their alerts too.

#[allow(dead_code, reason = "only some of it is needed")]
#[path = "../fleet/household.rs"]
mod household;
#[allow(dead_code, reason = "no shop is opened here")]
#[path = "support/programs.rs"]
mod programs;
#[allow(dead_code, reason = "the household starts it")]
#[path = "support/prometheus.rs"]
mod prometheus;
#[allow(dead_code, reason = "only some of it is needed")]
#[path = "../fleet/servers.rs"]
mod servers;
#[path = "support/told.rs"]
mod told;

use std::fmt::Write as _;
use std::future::IntoFuture as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::Path;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;
use slo_tower::{
    Alertmanager, Clock, Objective, Outcome, Severity, Sli, Slo, SloRegistry, SloStatus, Window,
};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;

use self::household::Household;
use self::programs::{eventually, free_address, is_installed, skip};
use self::prometheus::{Server, write_blocks};
use self::servers::{Programs, Watched};
use self::told::{Notification, readable};

const SLO: &str = "checkout";
const OBJECTIVE: &str = "99.9%";
/// Of each process, in a second.
const EVENTS: u64 = 40;
/// Of the process that has gone, in a minute: as many as of the other three.
const BEFORE: u64 = 60 * 3 * EVENTS;
const FIRING: &str = "ALERTS{alertname=\"SloBurnRate\",alertstate=\"firing\",severity=\"page\"}";

/// A process of its own as far as the others can tell.
struct Process {
    registry: SloRegistry,
    address: SocketAddr,
}

impl Process {
    fn new(listener: TcpListener, prometheus: SocketAddr, alertmanager: SocketAddr) -> Self {
        let promise = Slo::literal(SLO, Sli::Availability, Objective::literal(OBJECTIVE));
        let promise = promise.with_window(Window::literal("1h")).with_operation(SLO).expect("it is plain");
        let source = slo_tower::Prometheus::new(&format!("http://{prometheus}")).expect("an address");
        let source = source.matching(r#"job="shop""#).expect("matchers").interval(Duration::from_secs(1));
        let pushed = Alertmanager::new(&format!("http://{alertmanager}")).expect("an address");
        let builder = SloRegistry::builder("shop").without_declared().slo(promise);
        let builder = builder.fleet(source).alertmanager(pushed).tick_interval(Duration::from_secs(1));
        let registry = builder.start().expect("it is valid");
        let address = listener.local_addr().expect("it is bound");
        // Ends with the test's runtime.
        tokio::spawn(axum::serve(listener, Router::new().merge(registry.routes())).into_future());
        Self { registry, address }
    }

    /// Has events evenly, and of those one in five bad while it is broken.
    fn work(&self, number: usize, broken: watch::Receiver<Option<usize>>, paused: watch::Receiver<bool>) {
        let registry = self.registry.clone();
        tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_micros(1_000_000 / EVENTS));
            for event in 0_u64.. {
                pace.tick().await;
                let is_bad = *broken.borrow() == Some(number) && event % 5 == 0;
                if !*paused.borrow() {
                    let end = if is_bad { Outcome::InnerError } else { Outcome::Completed(0) };
                    registry.attempt(SLO).finish(end);
                }
            }
        });
    }

    fn status(&self) -> SloStatus {
        self.registry.status().slo(SLO).expect("it is declared").clone()
    }

    fn pages(&self) -> bool {
        self.status().alerts.iter().any(|alert| alert.severity == Severity::Page && alert.active)
    }
}

/// Three processes and who watches them.
struct Fleet {
    processes: Vec<Process>,
    prometheus: Server,
    alertmanager: Server,
    told: Arc<Mutex<Vec<Value>>>,
    _household: Household,
}

impl Fleet {
    async fn open() -> Self {
        let (prometheus, alertmanager) = (free_address(), free_address());
        let mut household = Household::open("slo-fleet-alerts").expect("a directory");
        let mut processes = Vec::new();
        for _ in 0..3 {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            processes.push(Process::new(listener, prometheus, alertmanager));
        }
        let (told, desk) = desk().await;
        let now = Clock::system().now().unix_nanos() / 1_000_000_000;
        write_history(&household, now);
        let generator = processes[0].registry.generate().matching(r#"job="shop""#).expect("matchers");
        let generator = generator.period_interval(Duration::from_secs(1));
        let rules = generator.rules();
        let shops: Vec<_> = processes.iter().map(|process| process.address).collect();
        let routes = servers::received_by(generator.alertmanager().to_yaml(), desk).expect("receivers");
        let watched =
            Watched { shops: &shops, rules: rules.to_yaml(), routes: &routes, prometheus, alertmanager };
        let programs = Programs::find().expect("they are installed");
        servers::watch(&mut household, programs, &watched).await.expect("it starts");
        let (prometheus, alertmanager) = (Server(prometheus), Server(alertmanager));
        Self { processes, prometheus, alertmanager, told, _household: household }
    }

    fn told(&self) -> Vec<Notification> {
        Notification::about(SLO, &self.told.lock().expect("nobody panics with it"))
    }

    /// Returns severity, state, and whether it is of the fleet, of each alert that Alertmanager knows.
    async fn known(&self) -> Vec<(String, String, bool)> {
        let (_, body) = self.alertmanager.get("/api/v2/alerts").await.expect("Alertmanager answers");
        let known: Vec<Value> = serde_json::from_slice(&body).expect("a list");
        let all = known.iter().map(|alert| {
            let (severity, state) = told::state(alert);
            (severity, state, alert["labels"]["sloth_id"].is_string())
        });
        let mut all: Vec<_> = all.collect();
        all.sort_unstable();
        all
    }

    /// Waits until the page of the fleet fires, or does not; returns when the processes began to say the same, and when the fleet.
    async fn until(&self, fires: bool) -> [Instant; 2] {
        let (mut live, mut fleet) = (None, None);
        let agreed = async || {
            let pages = self.processes.iter().any(Process::pages);
            live = if pages == fires { live.or_else(|| Some(Instant::now())) } else { None };
            let pages = !self.prometheus.query(FIRING).await.is_empty();
            fleet = if pages == fires { fleet.or_else(|| Some(Instant::now())) } else { None };
            Some([live?, fleet?])
        };
        eventually("processes and Prometheus say the same", agreed).await
    }
}

/// Whom Alertmanager notifies.
async fn desk() -> (Arc<Mutex<Vec<Value>>>, SocketAddr) {
    let told: Arc<Mutex<Vec<Value>>> = Arc::default();
    let own = Arc::clone(&told);
    let take = async move |Path(receiver): Path<String>, Json(mut notification): Json<Value>| {
        notification["receiver"] = receiver.into();
        own.lock().expect("nobody panics with it").push(notification);
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let routes = Router::new().route("/told/{receiver}", post(take));
    // Ends with the test's runtime.
    tokio::spawn(axum::serve(listener, routes).into_future());
    (told, address)
}

/// A process to which nothing happened for more than an hour, and which ended six minutes ago.
fn write_history(household: &Household, now: u64) {
    let mut text = String::new();
    for minute in 0..90 {
        let at = now - (96 - minute) * 60;
        let labels = format!("slo=\"{SLO}\",job=\"shop\",instance=\"gone\"");
        writeln!(text, "slo_events_total{{{labels}}} {} {at}", minute * BEFORE).expect("memory");
    }
    let bad = text.lines().map(|line| {
        let at = line.rsplit(' ').next().expect("a moment");
        format!("slo_bad_events_total{{slo=\"{SLO}\",job=\"shop\",instance=\"gone\"}} 0 {at}\n")
    });
    let bad: String = bad.collect();
    write_blocks(&household.path("prometheus"), &household.path("history.om"), &text, &bad);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_of_three_breaks_fires_is_told_once_and_resolves() {
    const NAME: &str = "what_one_of_three_breaks_fires_is_told_once_and_resolves";
    for program in ["prometheus", "promtool", "prometheus-alertmanager"] {
        if !is_installed(program) {
            return skip(NAME, &format!("{program} is not installed"));
        }
    }
    let fleet = Fleet::open().await;
    let (broken, seen) = watch::channel(None);
    let (paused, pause) = watch::channel(false);
    for (number, process) in fleet.processes.iter().enumerate() {
        process.work(number, seen.clone(), pause.clone());
    }
    let events = format!("sum(slo_events_total{{slo=\"{SLO}\"}}) > {}", 3 * EVENTS * 10);
    eventually("all work", async || fleet.prometheus.value(&events).await).await;
    assert!(!fleet.processes.iter().any(Process::pages));
    assert!(fleet.prometheus.query(FIRING).await.is_empty());

    broken.send_replace(Some(1));
    let broke = Instant::now();
    agreed("fires", broke, fleet.until(true).await);
    let firing: Vec<_> = fleet.processes.iter().map(Process::pages).collect();
    assert_eq!(firing, [false, true, false]);

    let first = async || fleet.told().into_iter().next();
    let first = eventually("somebody is told", first).await;
    println!("told after {:.1?}", broke.elapsed());
    told_of_the_fleet(&first);
    let kept_silent = [("page", "active", true), ("page", "suppressed", false)];
    let tickets = [("ticket", "suppressed", false), ("ticket", "suppressed", true)];
    let expected = kept_silent.into_iter().chain(tickets);
    let expected: Vec<_> =
        expected.map(|(severity, state, fleet)| (severity.to_owned(), state.to_owned(), fleet)).collect();
    assert_eq!(fleet.known().await, expected);

    broken.send_replace(None);
    let healed = Instant::now();
    agreed("resolves", healed, fleet.until(false).await);
    paused.send_replace(true);
    counts_agree(&fleet).await;

    let end = async || fleet.told().into_iter().nth(1);
    let end = eventually("somebody is told of the end", end).await;
    println!("told of the end after {:.1?}", healed.elapsed());
    assert_eq!((&*end.receiver, &*end.status), ("slo-pager", "resolved"), "{end:?}");
    assert!(end.alerts.iter().any(|alert| alert.is_of_fleet && alert.severity == "page"), "{end:?}");
    assert_eq!(fleet.told().len(), 2);
}

/// A tick, a scrape and an evaluation are a second each. A process sees its own fault three times as large as the fleet does, and
/// takes what happened within ten seconds to have happened evenly, so that its window of ten begins up to ten too early.
fn agreed(what: &str, since: Instant, [live, fleet]: [Instant; 2]) {
    println!(
        "the page of the process {what} after {:.1?}, that of the fleet after {:.1?}",
        live - since,
        fleet - since
    );
    let apart = live.max(fleet) - live.min(fleet);
    assert!(apart < Duration::from_secs(15), "{apart:?} apart");
}

/// The process has pushed a page of itself, which is not told beside that of the fleet; and two tickets.
fn told_of_the_fleet(told: &Notification) {
    assert_eq!((&*told.receiver, &*told.status), ("slo-pager", "firing"));
    let [page] = &told.alerts[..] else { panic!("{told:?}") };
    assert_eq!((&*page.severity, page.is_of_fleet), ("page", true));
    readable(&page.summary, &["shop: checkout burns its error budget ", " times as fast as it may"]);
    let parts = [
        "99.9% over 1h is promised.",
        " The budget burns at ",
        " over 2m, and over 10s too at more than 14.4.",
        " The budget burns at ",
        " over 2m, and over 10s too at more than 6.",
        " % of it is spent.",
        " At this speed it will be gone in ",
        "s.",
    ];
    readable(&page.description, &parts);
}

/// What the processes say of themselves adds up to what Prometheus has recorded, and to what they are told of the fleet.
async fn counts_agree(fleet: &Fleet) {
    let sums = fleet.processes.iter().map(|process| process.status().total);
    let (mut good, mut bad) = (0.0, 0.0);
    for counts in sums {
        (good, bad) = (good + counts.good as f64, bad + counts.bad as f64);
    }
    let live = good + bad;
    let counted = async |family: &str| {
        fleet.prometheus.value(&format!("sum({family}{{slo=\"{SLO}\",instance!=\"gone\"}})")).await
    };
    let scraped = async || {
        let scraped = (counted("slo_events_total").await?, counted("slo_bad_events_total").await?);
        (scraped == (live, bad)).then_some(())
    };
    eventually("all is scraped", scraped).await;
    let recorded = async |name: &str| fleet.prometheus.value(&format!("{name}{{sloth_slo=\"{SLO}\"}}")).await;
    let near = |value: f64, expected: f64| (value - expected).abs() < 0.02;
    // Of the one that has gone, what it had counted between an hour ago and its end, some 53 minutes.
    let before = format!("sum(increase(slo_events_total{{instance=\"gone\",slo=\"{SLO}\"}}[1h]))");
    let before = fleet.prometheus.value(&before).await.expect("there was one");
    let minutes = before / BEFORE as f64;
    assert!((52.0..55.0).contains(&minutes), "{minutes}");
    let left = 1.0 - bad / (live + before) / 0.001;
    let both = async || {
        let recorded = recorded("slo:period_error_budget_remaining:ratio").await?;
        let told = fleet.processes[0].status().fleet?.budget_remaining_ratio?;
        (near(recorded, left) && near(told, left)).then_some((recorded, told))
    };
    let (in_prometheus, told) = eventually(&format!("{left} of the budget are left"), both).await;
    println!("left of the budget: {left} by counts, {in_prometheus} recorded, {told} as a process is told");
    let error = bad / live;
    let burns =
        async || recorded("slo:sli_error:ratio_rate2m").await.filter(|value| near(*value / error, 1.0));
    let value = eventually(&format!("{error} of the last events were bad"), burns).await;
    println!("bad in two minutes: {error} by counts, {value} recorded");
}
