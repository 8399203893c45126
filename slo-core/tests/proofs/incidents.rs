//! Incidents, played by the simulation and computed again from nothing but lists of events.

use std::time::Duration;

use slo_core::{
    AlertChange, AlertForm, AlertPolicy, AlertRow, Incident, Objective, Severity, Simulation, Sli, Slo,
    Traffic, Window, simulate,
};

const TICK: u64 = 10;
const MINUTE: u64 = 60;
const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;
/// Three nines.
const BUDGET: f64 = 0.001;

/// A phase: so many thousandths of the events are bad, for so many seconds.
type Phase = (u64, u64);

fn slo(policy: AlertPolicy) -> Slo {
    Slo::literal("x", Sli::Availability, Objective::literal("99.9%")).with_alerts(policy)
}

fn incident(phases: &[Phase]) -> Incident {
    let ratio = |thousandths: u64| thousandths as f64 / 1_000.0;
    let (first, rest) = phases.split_first().expect("something goes wrong");
    let begin = Incident::failing(ratio(first.0), Duration::from_secs(first.1));
    rest.iter().fold(begin, |incident, phase| incident.then(ratio(phase.0), Duration::from_secs(phase.1)))
}

/// All events, good and bad, up to each tick, as whole numbers are added.
struct Naive {
    totals: Vec<(u64, u64)>,
}

impl Naive {
    /// Thirty days of health, the phases, and thirty days more.
    fn new(per_minute: u64, phases: &[Phase]) -> Self {
        let mut naive = Self { totals: vec![(0, 0)] };
        let whole = [(0, 30 * DAY)].iter().chain(phases).chain(&[(0, 30 * DAY)]).copied().collect::<Vec<_>>();
        let mut thousandths_due = 0;
        for (thousandths, seconds) in whole {
            for _ in 0..seconds / TICK {
                let at = naive.totals.len() as u64;
                let (events, bad) = naive.totals[naive.totals.len() - 1];
                let now = per_minute * at * TICK / MINUTE;
                thousandths_due += (now - events) * thousandths;
                naive.totals.push((now, bad + thousandths_due / 1_000));
                thousandths_due %= 1_000;
            }
        }
        naive
    }

    /// Events, and bad ones, within some seconds before a tick.
    fn within(&self, tick: u64, seconds: u64) -> (u64, u64) {
        let from = (tick * TICK).saturating_sub(seconds) / TICK;
        let [now, before] = [tick, from].map(|tick| self.totals[usize::try_from(tick).expect("it is small")]);
        (now.0 - before.0, now.1 - before.1)
    }

    fn fires(&self, policy: &AlertPolicy, severity: Severity, tick: u64) -> bool {
        let burn = |seconds| {
            let (events, bad) = self.within(tick, seconds);
            let events = match policy.form() {
                AlertForm::Ratio => events as f64,
                AlertForm::Count => {
                    let seen = (tick * TICK).min(30 * DAY) as f64;
                    self.within(tick, 30 * DAY).0 as f64 * (seconds as f64 / seen)
                }
            };
            if bad == 0 { 0.0 } else { bad as f64 / events / BUDGET }
        };
        policy.rows().iter().filter(|row| row.severity() == severity).any(|row| {
            let long = row.long(Window::DAYS_30).as_secs();
            let enough = self.within(tick, long).1 >= policy.bad_events_min();
            enough && burn(long) > row.factor() && burn(long / 12) > row.factor()
        })
    }

    /// When a severity fires and resolves, in seconds after the beginning of the incident.
    fn transitions(&self, policy: &AlertPolicy, severity: Severity) -> Vec<(AlertChange, i64)> {
        let (mut fires, mut transitions) = (false, Vec::new());
        for tick in 1..self.totals.len() as u64 {
            if self.fires(policy, severity, tick) != fires {
                fires = !fires;
                let change = if fires { AlertChange::Fired } else { AlertChange::Resolved };
                transitions.push((change, (tick * TICK).cast_signed() - (30 * DAY).cast_signed()));
            }
        }
        transitions
    }
}

fn played(simulation: &Simulation, severity: Severity) -> Vec<(AlertChange, i64)> {
    let own = simulation.transitions.iter().filter(|transition| transition.severity == severity);
    let since = |transition: &slo_core::AlertTransition| transition.at.since(simulation.began).as_secs();
    own.map(|transition| (transition.change, since(transition).cast_signed())).collect()
}

/// Plays an incident, compares it with the naive computation tick by tick, and returns detection and reset of pages and
/// tickets in seconds.
fn check(policy: AlertPolicy, per_minute: u64, phases: &[Phase]) -> [Option<(u64, u64)>; 2] {
    let simulation = simulate(&slo(policy), Traffic::steady(per_minute as f64), &incident(phases));
    let naive = Naive::new(per_minute, phases);
    Severity::ALL.map(|severity| {
        let expected = naive.transitions(&policy, severity);
        assert_eq!(played(&simulation, severity), expected, "{phases:?} {severity:?} {policy:?}");
        let seconds = |duration: Duration| duration.as_secs();
        simulation.detected(severity).map(seconds).zip(simulation.reset(severity).map(seconds))
    })
}

#[test]
fn five_incidents_are_detected_and_over_when_a_list_of_all_events_says_so() {
    let flapping: Vec<Phase> = [(1_000, MINUTE), (0, 9 * MINUTE)].repeat(12);
    for (phases, page, ticket) in [
        // 14.4 × 0.1 % of an hour are 52 s; the row of six hours goes on for its half hour, that of three days for six.
        (vec![(1_000, 10 * MINUTE)], Some((60, 1_790)), Some((260, 21_580))),
        // 52 s ÷ 15 % are 346 s.
        (vec![(150, 10 * MINUTE)], Some((350, 280)), None),
        // A burn of 10 is above 6 of six hours after 3.6 of them.
        (vec![(10, 6 * HOUR)], Some((12_970, 720)), None),
        // A burn of 2 is above 1 of three days after half of them, with the next bad event.
        (vec![(2, 3 * DAY)], None, Some((129_650, 10_800))),
        // A minute in ten: the fifth one adds up to 259 s of a day.
        (flapping, Some((60, 1_250)), Some((2_420, 21_040))),
    ] {
        assert_eq!(check(AlertPolicy::WORKBOOK, 600, &phases), [page, ticket], "{phases:?}");
        let counts = AlertPolicy::WORKBOOK.with_form(AlertForm::Count);
        check(counts, 600, &phases);
    }
}

/// What ends right at the threshold: windows that began with whole steps fired and resolved thirty times here.
#[test]
fn what_is_just_enough_fires_once() {
    let alone = AlertPolicy::new(&AlertPolicy::WORKBOOK.rows()[1..2]).expect("one row");
    // 1 297 bad events are more than 0.6 % of the events of six hours, by one of them.
    let phases = [(0, 40), (1_000, 2 * MINUTE), (970, TICK)];
    assert_eq!(check(alone, 600, &phases), [Some((170, 1_790)), None]);
}

#[test]
fn at_two_requests_a_minute_one_failure_pages_nobody_and_an_outage_does() {
    for form in [AlertForm::Ratio, AlertForm::Count] {
        let policy = AlertPolicy::WORKBOOK.with_form(form);
        // One request of those half a minute apart.
        assert_eq!(check(policy, 2, &[(1_000, 30)]), [None, None], "{form:?}");
        // The second that fails pages, a minute after the beginning: the floor, and more than 1.44 % of an hour.
        let [page, ticket] = check(policy, 2, &[(1_000, HOUR)]);
        assert_eq!(page.map(|(detected, _)| detected), Some(60), "{form:?}");
        assert!(ticket.is_some_and(|(detected, _)| detected <= 300), "{form:?} {ticket:?}");
    }
}

/// The numbers of the workbook, and those that follow from them.
#[test]
fn a_total_outage_is_detected_when_it_has_spent_what_its_row_says() {
    let rows = AlertPolicy::WORKBOOK;
    for (row, seconds, spent) in [(0, 51.84, 0.02), (1, 129.6, 0.05), (2, 259.2, 0.1), (3, 259.2, 0.1)] {
        let row: AlertRow = rows.rows()[row];
        let alone = AlertPolicy::new(&[row]).expect("one row");
        // The second is a twentieth as bad, and so slow that a tick is little.
        for (bad, slower) in [(1.0, 1.0), (0.05, 20.0)] {
            let outage = Incident::failing(bad, Duration::from_secs(DAY));
            let simulation = simulate(&slo(alone), Traffic::steady(6_000.0), &outage);
            let detected = simulation.detected(row.severity()).expect("it is long enough").as_secs_f64();
            // Windows begin at a step of their ring, and ticks see things ten seconds late.
            let late = detected - seconds * slower;
            assert!((0.0..=10.0 + 0.01 * detected).contains(&late), "{row:?}: {detected} s");
            let at_detection = simulation.transitions[0].budget_spent.expect("there are events");
            let slack = 10.0 * bad / BUDGET / (30.0 * DAY as f64) + 0.02 * spent;
            assert!((at_detection - spent).abs() <= slack, "{row:?} spent {at_detection}");
        }
    }
}

#[test]
fn by_count_a_quiet_night_costs_little_and_by_ratio_it_pages() {
    let policy = |form| AlertPolicy::PAGE.with_form(form);
    let night = Incident::failing(1.0, Duration::from_secs(10 * MINUTE));
    let play = |form, traffic, incident: &Incident| {
        simulate(&slo(policy(form)), traffic, incident).detected(Severity::Page)
    };
    // Midnight has a thousandth of the traffic of noon.
    let traffic = Traffic::daily(10.0, 10_000.0);
    assert_eq!(play(AlertForm::Count, traffic, &night), None);
    assert!(play(AlertForm::Ratio, traffic, &night).is_some());
    let noon = night.after(Duration::from_secs(30 * DAY + 12 * HOUR));
    assert!(play(AlertForm::Count, traffic, &noon).is_some_and(|detected| detected.as_secs() <= 60));
}

#[test]
fn odd_numbers_are_taken_for_the_nearest_that_mean_something() {
    let minute = Duration::from_secs(MINUTE);
    for rate in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, f64::MAX] {
        for ratio in [f64::NAN, f64::INFINITY, -1.0, 2.0] {
            let incident = Incident::failing(ratio, minute).then(0.0, minute);
            let simulation =
                simulate(&slo(AlertPolicy::PAGE), Traffic::steady(rate), &incident.after(minute));
            assert_eq!(simulation.budget_spent.is_some(), rate > 0.0, "{rate} {ratio}");
            // More than everything is everything; what is no number, or less than nothing, is nothing.
            assert_eq!(
                simulation.detected(Severity::Page).is_some(),
                rate > 0.0 && ratio > 1.0,
                "{rate} {ratio}"
            );
        }
    }
}
