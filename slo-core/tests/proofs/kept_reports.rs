//! How many reports are kept, how long they get, and that they outlive their process.

use std::time::Duration;

use slo_core::{AlertPolicy, IncidentChange, IncidentReport, Outcome, Registry, TimeSlices};

use super::reports::{DOWN, Event, GOOD, HOUR, MINUTE, Shop, changes, check};
use super::support::START;

#[test]
fn reports_and_their_entries_have_a_maximum() {
    let page = AlertPolicy::literal(&AlertPolicy::WORKBOOK.rows()[..1]);
    let mut shop = Shop::with(|slo| slo.with_alerts(page));
    shop.pass(HOUR, &[GOOD; 10]);
    for _ in 0..100 {
        shop.pass(20 * MINUTE, &[DOWN; 10]);
        shop.pass(20 * MINUTE, &[GOOD; 10]);
    }
    let report = shop.incident("get-availability");
    check(&shop, &report);
    assert_eq!(report.timeline.len(), IncidentReport::TIMELINE_MAX);
    let told = changes(&report);
    assert_eq!((told[0].0, told[1].0), (IncidentChange::Began, IncidentChange::Opened));
    assert_eq!(told[told.len() - 1].0, IncidentChange::Resolved);
    let reopened = told.iter().filter(|(change, _)| *change == IncidentChange::Reopened).count() as u64;
    let resolved = told.iter().filter(|(change, _)| *change == IncidentChange::Resolved).count() as u64;
    assert_eq!(report.timeline_left_out + reopened + resolved, 199);
    let draft = report.to_markdown();
    assert!(draft.contains(&format!("| … | {} entries were left out | | |", report.timeline_left_out)));
    for _ in 0..10 {
        shop.pass(3 * HOUR, &[GOOD; 10]);
        shop.pass(20 * MINUTE, &[DOWN; 10]);
    }
    let mut reports = shop.registry.incidents();
    reports.retain(|report| report.slo == "get-availability");
    assert_eq!(reports.len(), IncidentReport::REPORTS_MAX);
    assert!(reports.iter().all(|report| report.timeline_left_out == 0), "the oldest is forgotten");
}

#[test]
fn routes_beyond_the_maximum_are_summed_up() {
    const STATUSES: u16 = 14;
    let mut shop = Shop::new();
    shop.pass(HOUR, &[GOOD; 10]);
    let events: Vec<Event> = (0..STATUSES)
        .flat_map(|status| vec![("GET /orders", Outcome::Completed(500 + status), 1); status.into()])
        .collect();
    shop.pass(10 * MINUTE, &events);
    let report = shop.incident("get-availability");
    assert_eq!(report.contributions.len(), IncidentReport::CONTRIBUTIONS_MAX);
    assert_eq!(report.contributions[0].status.as_deref(), Some("513"));
    // 1 + 2 + 3, in each of 60 ticks.
    assert_eq!((report.contributions_other, report.contributions_unexplained), (360, 0));
}

/// A deployment in the middle of an outage ends the process and not the outage.
#[test]
fn an_incident_outlives_its_process() {
    let mut first = Shop::new();
    first.pass(HOUR, &[GOOD; 10]);
    first.pass(20 * MINUTE, &[DOWN; 10]);
    let saved = first.registry.export_incidents();
    let open = first.incident("get-availability");
    assert!(open.is_open() && saved.iter().any(|(id, _)| *id == open.id));

    let mut second = Shop::new();
    second.clock.advance(first.now().since(second.now()));
    assert!(second.registry.import_incidents(saved.clone()).is_empty());
    assert!(second.registry.import_incidents(saved.clone()).is_empty(), "twice is once");
    assert_eq!(second.registry.incident_ids(), first.registry.incident_ids());
    second.pass(20 * MINUTE, &[DOWN; 10]);
    let report = second.incident("get-availability");
    assert_eq!(report.id, open.id);
    assert_eq!((report.began, report.detected), (open.began, open.detected));
    assert_eq!(report.events.bad, 2 * open.events.bad);
    assert_eq!(report.contributions[0].bad, 2 * open.contributions[0].bad);
    assert_eq!(report.contributions_unexplained, 0);
    let told = changes(&report);
    assert_eq!(told[..2], changes(&open)[..2]);
    assert!(told.iter().any(|(change, _)| *change == IncidentChange::Continued), "{told:?}");

    // Of a promise that is gone it ends where it was last seen.
    let other = Registry::builder("shop").without_declared().build().expect("it is valid");
    let spoilt = vec![("x-1".to_owned(), b"{".to_vec()), ("y-1".to_owned(), saved[0].1.clone())];
    assert_eq!(other.import_incidents(saved.into_iter().chain(spoilt)), ["x-1", "y-1"]);
    let kept = other.incident(&open.id).expect("it was taken up");
    assert_eq!((kept.resolved, kept.events), (Some(open.measured), open.events));
}

/// Reports of earlier processes and of this one together have a maximum, in whatever order the former come.
#[test]
fn over_restarts_the_newest_reports_are_kept() {
    let shop = |begin| {
        let page = AlertPolicy::literal(&AlertPolicy::WORKBOOK.rows()[..1]);
        let shop = Shop::with(|slo| slo.with_alerts(page));
        shop.clock.advance(begin);
        shop
    };
    let outages = |shop: &mut Shop, times| {
        shop.pass(3 * HOUR, &[GOOD; 10]);
        for _ in 0..times {
            shop.pass(20 * MINUTE, &[DOWN; 10]);
            shop.pass(3 * HOUR, &[GOOD; 10]);
        }
    };
    let ids = |shop: &Shop| {
        let ids = shop.registry.incident_ids().into_iter();
        ids.filter(|id| id.starts_with("get-availability")).collect::<Vec<_>>()
    };
    let mut first = shop(Duration::ZERO);
    outages(&mut first, IncidentReport::REPORTS_MAX);
    let begin = first.now();
    let mut second = shop(begin.since(START));
    assert!(second.registry.import_incidents(first.registry.export_incidents()).is_empty());
    assert_eq!(ids(&second), ids(&first));
    outages(&mut second, 3);
    let expected = [&ids(&second)[..3], &ids(&first)[..IncidentReport::REPORTS_MAX - 3]].concat();
    assert_eq!(ids(&second), expected);

    let mut both = first.registry.export_incidents();
    both.extend(second.registry.export_incidents());
    both.sort();
    let third = shop(second.now().since(START));
    assert!(third.registry.import_incidents(both).is_empty());
    assert_eq!(ids(&third), expected);
}

/// What an incident cost is measured in what the budget is made of.
#[test]
fn of_a_promise_about_time_an_incident_costs_slices() {
    let mut shop = Shop::with(|slo| slo.with_time_slices(TimeSlices::literal("95% per 1m")));
    shop.pass(12 * HOUR, &[GOOD; 10]);
    shop.pass(20 * MINUTE, &[DOWN; 10]);
    shop.pass(12 * HOUR, &[GOOD; 10]);
    let report = shop.incident("get-availability");
    // A slice is bad once it has ended: the ticks before that are not in it.
    assert_eq!((report.events.bad, &*report.budget.unit), (20 * 6 * 10 - 5 * 10, "slices"));
    // Twenty bad minutes, of those that one in a hundred may be.
    let [allowed, spent] = [report.budget.allowed, report.budget.spent_by_incident]
        .map(|known| known.expect("there are slices"));
    assert!((allowed * spent - 20.0).abs() < 1e-9, "{:?}", report.budget);
    assert!(report.to_markdown().contains(" `slices` |\n"));
}
