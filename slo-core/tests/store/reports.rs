//! Incidents outlive their process, killed or not.

use std::time::Duration;

use slo_core::{IncidentChange, IncidentReport, Registry};

use super::support::{Directory, START, TICK, count, open, over, tick};

const HOUR: u32 = 360;

fn pass(registry: &Registry, clock: &slo_core::Clock, ticks: u32, good: u64, bad: u64) {
    for _ in 0..ticks {
        count(registry, good, bad);
        tick(registry, clock);
    }
}

fn only(registry: &Registry) -> IncidentReport {
    let mut incidents = registry.incidents();
    assert_eq!(incidents.len(), 1, "{:?}", registry.incident_ids());
    incidents.remove(0)
}

#[test]
fn an_incident_goes_on_where_the_last_process_was_killed() {
    let (directory, slos) = (Directory::new(), || [over("x", "30d")]);
    let (registry, clock) = open(&directory, slos(), START);
    pass(&registry, &clock, HOUR, 10, 0);
    pass(&registry, &clock, 60, 0, 10);
    let before = only(&registry);
    assert!(before.is_open());

    // Killed now, and there again after a minute.
    let left = directory.as_it_is();
    let (second, own) = open(&left, slos(), clock.now().plus(6 * TICK));
    let known = only(&second);
    assert_eq!((&known.id, known.began, known.events), (&before.id, before.began, before.events));
    pass(&second, &own, 60, 0, 10);
    let open_still = only(&second);
    assert_eq!((&open_still.id, open_still.detected), (&before.id, before.detected));
    assert_eq!(open_still.events.bad, before.events.bad + 600);
    assert_eq!(
        (open_still.contributions[0].bad, open_still.contributions_unexplained),
        (open_still.events.bad, 0)
    );
    assert!(open_still.timeline.iter().any(|entry| entry.change == IncidentChange::Continued));
    // The slowest row has a short window of six hours.
    pass(&second, &own, 7 * HOUR, 10, 0);
    let over = only(&second);
    assert!(!over.is_open());
    drop(second);

    // What is over stays as it was, for as long as the longest window.
    let (third, own) = open(&left, slos(), own.now());
    assert_eq!(only(&third), over);
    drop(third);
    let day = Duration::from_secs(86_400);
    let (fourth, _) = open(&left, slos(), own.now().plus(91 * day));
    assert_eq!(fourth.incident_ids(), Vec::<String>::new());
}

#[test]
fn what_is_forgotten_is_not_kept() {
    let (directory, slos) = (Directory::new(), || [over("x", "1h")]);
    let (registry, clock) = open(&directory, slos(), START);
    for _ in 0..IncidentReport::REPORTS_MAX + 4 {
        pass(&registry, &clock, 3 * HOUR, 10, 0);
        pass(&registry, &clock, 60, 0, 10);
    }
    pass(&registry, &clock, 3 * HOUR, 10, 0);
    let ids = registry.incident_ids();
    assert_eq!(ids.len(), IncidentReport::REPORTS_MAX);
    drop(registry);
    let (registry, _) = open(&directory, slos(), clock.now());
    assert_eq!(registry.incident_ids(), ids);
}

/// As many as are kept, twice.
#[test]
fn the_newest_incidents_are_kept_whichever_process_saw_them() {
    let (directory, slos) = (Directory::new(), || [over("x", "1h")]);
    let (mut at, mut seen) = (START, Vec::new());
    for _ in 0..2 {
        let (registry, clock) = open(&directory, slos(), at);
        for _ in 0..IncidentReport::REPORTS_MAX {
            pass(&registry, &clock, 3 * HOUR, 10, 0);
            pass(&registry, &clock, 60, 0, 10);
            seen.insert(0, registry.incident_ids().remove(0));
        }
        pass(&registry, &clock, 3 * HOUR, 10, 0);
        assert_eq!(registry.incident_ids(), seen[..IncidentReport::REPORTS_MAX]);
        at = clock.now();
    }
    assert_eq!(seen.len(), 2 * IncidentReport::REPORTS_MAX);
    let (registry, _) = open(&directory, slos(), at);
    assert_eq!(registry.incident_ids(), seen[..IncidentReport::REPORTS_MAX]);
}
