//! A real Alertmanager receives what a registry pushes, notifies once, and learns of the end, also after it was down.

#[path = "support/alertmanager.rs"]
mod alertmanager;
#[allow(dead_code, reason = "no shop is opened here")]
#[path = "support/programs.rs"]
mod programs;

use std::time::Duration;

use slo_tower::{Clock, Objective, Outcome, Sli, Slo, SloRegistry, TextFormat, Timestamp};

use self::alertmanager::{Alertmanager, Receiver};
use self::programs::{eventually, is_installed, skip};

const RESEND: Duration = Duration::from_secs(1);

/// A registry in a process of its own, as far as an Alertmanager can tell. It is ticked by hand and by the machine's clock.
fn process(alertmanager: &Alertmanager) -> SloRegistry {
    let slo = |name: &'static str| {
        let slo = Slo::literal(name, Sli::Availability, Objective::literal("99%"));
        slo.with_operation(name).expect("it is plain").with_label("team", "payments").expect("it is plain")
    };
    let pushed =
        slo_tower::Alertmanager::new(&format!("http://{}", alertmanager.address)).expect("an address");
    let pushed = pushed.annotation("runbook_url", "https://wiki.example/{slo}").expect("it is plain");
    let builder = SloRegistry::builder("shop").without_declared().slo(slo("checkout")).slo(slo("search"));
    builder.alertmanager(pushed.resend_interval(RESEND)).build().expect("it is valid")
}

/// From the next tick on an SLO pages, and has a ticket.
fn fail(process: &SloRegistry, slo: &str) {
    (0..5).for_each(|_| process.attempt(slo).finish(Outcome::InnerError));
    process.tick(process.clock().now());
}

/// From the next tick on an SLO has had so much success that nothing fires.
fn recover(process: &SloRegistry, slo: &str) {
    (0..10_000).for_each(|_| process.attempt(slo).finish(Outcome::Completed(0)));
    process.tick(process.clock().now());
}

/// Returns a sample of `/metrics` about notifications.
fn notifications(process: &SloRegistry, name: &str) -> f64 {
    let mut text = String::new();
    process.render(TextFormat::Prometheus, &mut text);
    let values = text.lines().filter(|line| line.starts_with("slo_notifications") && line.contains(name));
    values
        .map(|line| line.rsplit(' ').next().and_then(|value| value.parse::<f64>().ok()).expect("a value"))
        .sum()
}

fn both(status: &str) -> (String, Vec<(String, String)>) {
    let alerts = ["page", "ticket"].map(|severity| (severity.to_owned(), status.to_owned()));
    (status.to_owned(), alerts.to_vec())
}

async fn sent(process: &SloRegistry, more: f64) {
    let before = notifications(process, "result=\"sent\"");
    let enough = async || (notifications(process, "result=\"sent\"") >= before + more).then_some(());
    eventually("alerts are sent again", enough).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_notify_once_and_their_end_is_told() {
    const NAME: &str = "two_processes_notify_once_and_their_end_is_told";
    if !is_installed("prometheus-alertmanager") {
        return skip(NAME, "the package prometheus-alertmanager is not installed");
    }
    let (receiver, address) = Receiver::open().await;
    let alertmanager = Alertmanager::start("am-twice", address).await;
    let processes = [process(&alertmanager), process(&alertmanager)];
    processes.iter().for_each(|process| fail(process, "checkout"));
    let told = async || receiver.about("checkout").into_iter().next();
    assert_eq!(eventually("it notifies", told).await, both("firing"));
    let alert = receiver.first();
    for (name, value) in [("alertname", "SloBurnRate"), ("service", "shop"), ("team", "payments")] {
        assert_eq!(alert["labels"][name], value);
    }
    assert_eq!(alert["annotations"]["runbook_url"], "https://wiki.example/checkout");
    let text = alert["annotations"]["description"].as_str().expect("text");
    assert!(text.starts_with("99% over 30d is promised. The budget burns at 100.0 over 1"), "{text}");
    // Sent again and again by both, it is still one alert, and nobody is notified again.
    for process in &processes {
        sent(process, 8.0).await;
    }
    assert_eq!(receiver.about("checkout"), [both("firing")]);
    assert_eq!(alertmanager.active().await.len(), 2);
    for process in &processes {
        recover(process, "checkout");
    }
    let told = async || receiver.about("checkout").into_iter().nth(1);
    assert_eq!(eventually("it notifies of the end", told).await, both("resolved"));
    assert!(alertmanager.active().await.is_empty());
    assert_eq!(notifications(&processes[0], "result=\"failed\""), 0.0);

    // What still fires when a process ends is resolved.
    fail(&processes[1], "search");
    let told = async || receiver.about("search").into_iter().next();
    assert_eq!(eventually("it notifies", told).await, both("firing"));
    drop(processes);
    let told = async || receiver.about("search").into_iter().nth(1);
    assert_eq!(eventually("it notifies of the end", told).await, both("resolved"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_it_is_down_is_told_when_it_is_up_again() {
    const NAME: &str = "what_happens_while_it_is_down_is_told_when_it_is_up_again";
    if !is_installed("prometheus-alertmanager") {
        return skip(NAME, "the package prometheus-alertmanager is not installed");
    }
    let (receiver, address) = Receiver::open().await;
    let mut alertmanager = Alertmanager::start("am-down", address).await;
    let process = process(&alertmanager);
    fail(&process, "checkout");
    let told = async || receiver.about("checkout").into_iter().next();
    assert_eq!(eventually("it notifies", told).await, both("firing"));

    alertmanager.stop();
    recover(&process, "checkout");
    fail(&process, "search");
    let failures = async || (notifications(&process, "result=\"failed\"") >= 12.0).then_some(());
    eventually("it is tried again", failures).await;
    assert_eq!(notifications(&process, "queued"), 4.0);
    alertmanager.run().await;
    let up: Timestamp = Clock::system().now();

    let told = async || receiver.about("search").into_iter().next();
    assert_eq!(eventually("it notifies of what began", told).await, both("firing"));
    let told = async || receiver.about("checkout").into_iter().nth(1);
    assert_eq!(eventually("it notifies of what ended", told).await, both("resolved"));
    println!("told {:?} after it was up", Clock::system().now() - up);
    assert_eq!(notifications(&process, "queued"), 0.0);
    let expected = ["page", "ticket"].map(|severity| ("search".to_owned(), severity.to_owned()));
    assert_eq!(alertmanager.active().await, expected);

    // One that has forgotten everything learns what fires within a resend interval.
    alertmanager.stop();
    alertmanager.forget();
    alertmanager.run().await;
    let active = async || Some(alertmanager.active().await).filter(|active| *active == expected);
    eventually("it has learnt what fires", active).await;
}
