//! The reports of incidents, held against a list of everything that happened.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use slo_core::{
    AlertPolicy, Clock, IncidentChange, IncidentReport, Objective, Outcome, Registry, Severity, Sli, Slo,
    Threshold, Timestamp,
};

use super::support::START;

pub(crate) const TICK: u64 = 10;
pub(crate) const HOUR: u64 = 3_600;
pub(crate) const MINUTE: u64 = 60;

/// What one request was: the route, how it ended, after how long.
pub(crate) type Event = (&'static str, Outcome, u64);

/// A service with a promise of each kind about two routes, the clock of which is moved by whole ticks.
pub(crate) struct Shop {
    pub(crate) registry: Registry,
    pub(crate) clock: Clock,
    /// Everything that happened, by the tick that saw it.
    events: Vec<(Timestamp, Event)>,
}

impl Shop {
    pub(crate) fn new() -> Self {
        Self::with(|slo| slo)
    }

    pub(crate) fn with(change: impl Fn(Slo) -> Slo) -> Self {
        let (clock, threshold) = (Clock::manual(START), Threshold::literal("100ms"));
        let slis = [Sli::Availability, Sli::Latency { threshold }, Sli::Combined { threshold }];
        let slos = slis.iter().flat_map(|sli| {
            ["GET /orders", "POST /orders"].map(|route| {
                let name = format!("{}-{}", route[..4].trim().to_lowercase(), sli.kind());
                let slo = Slo::new(name, *sli, Objective::literal("99%")).expect("a plain name");
                change(slo.with_route(route).expect("a route"))
            })
        });
        let builder = slos.fold(Registry::builder("shop").without_declared(), slo_core::RegistryBuilder::slo);
        let registry = builder.clock(clock.clone()).build().expect("it is valid");
        Self { registry, clock, events: Vec::new() }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Lets these happen within a tick.
    fn tick(&mut self, events: &[Event]) {
        let tick = self.now().plus(Duration::from_secs(TICK));
        for event in events {
            let (method, template) = event.0.split_once(' ').expect("a method and a template");
            let mut series =
                self.registry.recorder().request_series(method, Some(template), event.1, event.1.verdict());
            series.record(Duration::from_millis(event.2));
            self.events.push((tick, *event));
        }
        self.clock.advance(Duration::from_secs(TICK));
        self.registry.tick(self.now());
    }

    pub(crate) fn pass(&mut self, seconds: u64, events: &[Event]) {
        for _ in 0..seconds / TICK {
            self.tick(events);
        }
    }

    pub(crate) fn incident(&self, slo: &str) -> IncidentReport {
        let mut reports = self.registry.incidents();
        reports.retain(|report| report.slo == slo);
        assert!(!reports.is_empty(), "{slo} had no incident");
        reports.remove(0)
    }
}

pub(crate) const GOOD: Event = ("GET /orders", Outcome::Completed(200), 5);
pub(crate) const DOWN: Event = ("GET /orders", Outcome::Completed(503), 2);
const LATE: Event = ("GET /orders", Outcome::Completed(200), 150);

fn is_bad(slo: &str, (_, outcome, millis): Event) -> Option<bool> {
    let (failed, slow) = (outcome.verdict() == slo_core::Verdict::Bad, millis > 100);
    match slo.rsplit_once('-').expect("a kind").1 {
        "availability" => Some(failed),
        "latency" => (slow || !failed).then_some(slow),
        _ => Some(failed || slow),
    }
}

fn key(route: &str, outcome: Outcome) -> (String, String) {
    let text = match outcome {
        Outcome::Completed(status) => status.to_string(),
        Outcome::Panicked => "panic".to_owned(),
        Outcome::TimedOut(_) => "504 timeout".to_owned(),
        other => panic!("{other:?} is not in the test"),
    };
    (route.to_owned(), text)
}

/// Counts an incident's events again, one by one.
pub(crate) fn check(shop: &Shop, report: &IncidentReport) {
    let end = report.resolved.unwrap_or(report.measured);
    let route = if report.slo.starts_with("get") { "GET /orders" } else { "POST /orders" };
    let within =
        shop.events.iter().filter(|(at, event)| *at > report.began && *at <= end && event.0 == route);
    let (mut good, mut bad, mut parts) = (0, 0, BTreeMap::<_, [u64; 2]>::new());
    for (_, event) in within {
        let verdict = is_bad(&report.slo, *event);
        let part = parts.entry(key(event.0, event.1)).or_default();
        part[0] += 1;
        match verdict {
            Some(true) => (bad, part[1]) = (bad + 1, part[1] + 1),
            Some(false) => good += 1,
            None => {}
        }
    }
    parts.retain(|_, [_, bad]| *bad > 0);
    assert_eq!((report.events.good, report.events.bad), (good, bad), "{report:?}");
    let found = report.contributions.iter().map(|part| {
        let status = part.status.clone().unwrap_or_default();
        let text = match &part.error_type {
            Some(error) if part.status.is_some() && *error != status => format!("{status} {error}"),
            Some(error) => error.clone(),
            None => status,
        };
        ((part.route.clone(), text), [part.events, part.bad])
    });
    assert_eq!(found.collect::<BTreeMap<_, _>>(), parts, "{report:?}");
    assert_eq!((report.contributions_other, report.contributions_unexplained), (0, 0));
    let last_bad = shop.events.iter().filter(|(at, event)| {
        *at > report.began && *at <= end && event.0 == route && is_bad(&report.slo, *event) == Some(true)
    });
    assert_eq!(Some(report.last_bad), last_bad.map(|(at, _)| *at).max(), "{report:?}");
    let order: Vec<_> = report.contributions.iter().map(|part| part.bad).collect();
    assert!(order.is_sorted_by(|one, other| one >= other), "{order:?}");
}

pub(crate) fn changes(report: &IncidentReport) -> Vec<(IncidentChange, Option<Severity>)> {
    report.timeline.iter().map(|entry| (entry.change, entry.severity)).collect()
}

/// What can happen in a tick, and for how many of them.
fn histories() -> impl Strategy<Value = Vec<(Vec<Event>, u64)>> {
    let outcome = prop::sample::select(vec![
        Outcome::Completed(200),
        Outcome::Completed(200),
        Outcome::Completed(404),
        Outcome::Completed(503),
        Outcome::Completed(500),
        Outcome::Panicked,
        Outcome::TimedOut(504),
    ]);
    let route = prop::sample::select(vec!["GET /orders", "POST /orders"]);
    let event = (route, outcome, prop::sample::select(vec![1_u64, 100, 101, 900]));
    let healthy = Just(vec![GOOD; 4]);
    let events = prop_oneof![2 => healthy, 3 => prop::collection::vec(event, 0..6)];
    let length = prop_oneof![4 => 1..20_u64, 1 => 100..800_u64];
    prop::collection::vec((events, length), 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_a_report_counts_is_what_a_list_of_all_events_counts(history in histories()) {
        let mut shop = Shop::new();
        for (events, ticks) in &history {
            shop.pass(ticks * TICK, events);
        }
        for report in shop.registry.incidents() {
            check(&shop, &report);
            prop_assert!(report.began < report.detected && report.measured >= report.detected);
            let json = serde_json::to_vec(&report).expect("it is JSON");
            let read: IncidentReport = serde_json::from_slice(&json).expect("it reads what it wrote");
            prop_assert_eq!(&read, &report);
        }
        let ids = shop.registry.incident_ids();
        let begins: Vec<_> = shop.registry.incidents().iter().map(|report| report.began).collect();
        prop_assert!(begins.is_sorted_by(|one, other| one >= other), "{:?}", ids);
    }
}

/// A burst within one tick is over before anybody could have looked, and is nevertheless in the report.
#[test]
fn an_incident_begins_before_its_first_bad_event() {
    let mut shop = Shop::new();
    shop.pass(HOUR, &[GOOD; 10]);
    let before = shop.now();
    shop.tick(&[DOWN; 500]);
    shop.pass(7 * HOUR, &[GOOD; 10]);
    let report = shop.incident("get-availability");
    assert_eq!((report.began, report.events.bad), (before, 500));
    assert_eq!(report.id, format!("get-availability-{}", before.unix_nanos() / 1_000_000_000));
    check(&shop, &report);
    assert_eq!(report.contributions[0].bad, 500);
    assert!(!report.is_open() && report.detection_delay() == Duration::from_secs(TICK));
    assert_eq!(shop.registry.incident(&report.id).as_ref(), Some(&report));
}

/// What is suspected and calms down is forgotten: the next incident does not begin there.
#[test]
fn a_suspicion_that_came_to_nothing_is_forgotten() {
    let mut shop = Shop::new();
    shop.pass(HOUR, &[GOOD; 100]);
    // Above 1 in five minutes, and too little for any row.
    shop.tick(&[DOWN; 60]);
    shop.pass(6 * HOUR, &[GOOD; 100]);
    assert_eq!(shop.registry.incidents(), []);
    let before = shop.now();
    shop.pass(10 * MINUTE, &[DOWN; 100]);
    let report = shop.incident("get-availability");
    assert_eq!(report.began, before);
    check(&shop, &report);
}

#[test]
fn a_slow_leak_begins_long_before_its_ticket() {
    let mut shop = Shop::new();
    shop.pass(24 * HOUR, &[GOOD; 20]);
    let before = shop.now();
    // Twice the budget: for days nobody is told.
    let mut hours = 0;
    while shop.registry.incidents().is_empty() {
        shop.pass(HOUR, &[GOOD; 49].into_iter().chain([DOWN]).collect::<Vec<_>>());
        hours += 1;
        assert!(hours < 72, "it is never detected");
    }
    let report = shop.incident("get-availability");
    assert!(report.detection_delay() > Duration::from_secs(9 * HOUR), "{:?}", report.detection_delay());
    // It takes some bad events until five minutes burn at all.
    assert!(
        report.began.since(before) <= Duration::from_secs(10 * MINUTE),
        "{:?}",
        report.began.since(before)
    );
    assert_eq!(report.severity, Severity::Ticket);
    check(&shop, &report);
}

#[test]
fn what_flaps_began_with_the_first_flap() {
    let page = AlertPolicy::literal(&AlertPolicy::WORKBOOK.rows()[..1]);
    let mut shop = Shop::with(|slo| slo.with_alerts(page));
    shop.pass(3 * HOUR, &[GOOD; 10]);
    let before = shop.now();
    for flaps in 1.. {
        shop.pass(2 * MINUTE, &[DOWN; 10]);
        shop.pass(8 * MINUTE, &[GOOD; 10]);
        if !shop.registry.incident_ids().is_empty() {
            assert!(flaps > 1, "the first one is not enough");
            break;
        }
        assert!(flaps < 10, "it is never detected");
    }
    let report = shop.incident("get-availability");
    assert_eq!(report.began, before);
    check(&shop, &report);
}

#[test]
fn flapping_is_one_incident() {
    // Each flap pages and resolves; an hour later it would be another incident.
    let page = AlertPolicy::literal(&AlertPolicy::WORKBOOK.rows()[..1]);
    let mut flapping = Shop::with(|slo| slo.with_alerts(page));
    flapping.pass(2 * HOUR, &[GOOD; 10]);
    for _ in 0..5 {
        flapping.pass(20 * MINUTE, &[DOWN; 10]);
        flapping.pass(20 * MINUTE, &[GOOD; 10]);
    }
    let report = flapping.incident("get-availability");
    check(&flapping, &report);
    let reopened = changes(&report).iter().filter(|(change, _)| *change == IncidentChange::Reopened).count();
    assert_eq!((reopened, report.is_open()), (4, false), "{:?}", changes(&report));
    let of = |slo: &str| flapping.registry.incidents().iter().filter(|report| report.slo == slo).count();
    assert_eq!(of("get-availability"), 1);
    flapping.pass(3 * HOUR, &[GOOD; 10]);
    flapping.pass(20 * MINUTE, &[DOWN; 10]);
    let of = |slo: &str| flapping.registry.incidents().iter().filter(|report| report.slo == slo).count();
    assert_eq!(of("get-availability"), 2);
    assert!(flapping.incident("get-availability").began > report.resolved.expect("it is over"));
}

#[test]
fn what_gets_worse_and_better_is_told_in_order() {
    let mut shop = Shop::new();
    shop.pass(72 * HOUR, &[GOOD; 10]);
    // Four times the budget: a ticket. Then everything fails: a page. Then all is well.
    let leak: Vec<Event> = [GOOD; 24].into_iter().chain([DOWN]).collect();
    shop.pass(26 * HOUR, &leak);
    assert_eq!(shop.incident("get-availability").severity, Severity::Ticket);
    let open = shop.registry.status();
    let open = open.slo("get-availability").expect("it is declared").incident.clone();
    assert_eq!(open, Some(shop.incident("get-availability").id));
    shop.pass(20 * MINUTE, &[DOWN; 25]);
    shop.pass(24 * HOUR, &[GOOD; 25]);
    let report = shop.incident("get-availability");
    check(&shop, &report);
    let (page, ticket) = (Some(Severity::Page), Some(Severity::Ticket));
    let told = changes(&report);
    use IncidentChange::{Began, Eased, Opened, Resolved, Worsened};
    assert_eq!(told[..2], [(Began, None), (Opened, ticket)]);
    assert_eq!(told[told.len() - 2..], [(Eased, ticket), (Resolved, None)]);
    assert!(told[2..told.len() - 2].iter().all(|(change, _)| *change == Worsened), "{told:?}");
    assert!(told.contains(&(Worsened, page)), "{told:?}");
    assert_eq!(report.severity, Severity::Page);
    assert!(report.timeline.is_sorted_by_key(|entry| (entry.at, entry.events.bad)));
    let last = &report.timeline[report.timeline.len() - 1];
    assert_eq!((last.at, last.events), (report.resolved.expect("it is over"), report.events));
}

/// What a handler overrules is counted for the promise and not in the series: the report says how much does not fit.
#[test]
fn what_series_do_not_tell_is_left_unexplained() {
    use slo_core::{EventOverride, Verdict};
    let mut shop = Shop::new();
    shop.pass(HOUR, &[GOOD; 10]);
    for _ in 0..60 {
        for (status, said) in
            [(200, EventOverride::Bad), (200, EventOverride::Bad), (503, EventOverride::Excluded)]
        {
            let mut attempt = shop.registry.recorder().request("GET", Some("/orders"));
            attempt.overrule(said);
            attempt.finish(Outcome::Completed(status));
        }
        shop.tick(&[DOWN; 5]);
    }
    let report = shop.incident("get-availability");
    assert_eq!(DOWN.1.verdict(), Verdict::Bad);
    // Five failed, two were said to; one more failed and does not count.
    assert_eq!((report.events.bad, report.contributions[0].bad), (420, 360));
    assert_eq!(report.contributions_unexplained, 60);
    assert!(report.to_markdown().contains("\n60 more bad events are in no series"));
}

#[test]
fn latencies_are_told_before_and_during() {
    let mut shop = Shop::new();
    shop.pass(HOUR, &[GOOD; 10]);
    shop.pass(20 * MINUTE, &[LATE; 10]);
    let report = shop.incident("get-latency");
    check(&shop, &report);
    let [before, during] =
        [report.latency_before, report.latency_during].map(|latency| latency.expect("there were"));
    for (latency, millis, count) in [(before, 5.0, 3_600), (during, 150.0, 1_200)] {
        // One tick in 360 is in the wrong one: less than a hundredth, more than a thousandth.
        for quantile in [latency.p50, latency.p90, latency.p99] {
            assert!((quantile * 1e3 / millis - 1.0).abs() < 0.01, "{latency:?}");
        }
        // It is read with the tick that sees the first of them.
        assert!(latency.count.abs_diff(count) <= 10, "{latency:?}");
    }
    assert_eq!(report.contributions[0].error_type, None);
}
