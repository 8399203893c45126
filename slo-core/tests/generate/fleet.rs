//! Live is fleet: one engine that sees every event, and rules over the counters of three processes, say the same.
//!
//! The same courses of events go through a registry on a clock moved by hand and, as the counters of three instances that
//! restart and come and go, through the generated rules. Both are asked at each evaluation whether an alert fires. Where the engine
//! has changed its mind within one evaluation, either answer is right: increases are extrapolated to the ends of a window
//! between whose samples an event lies, which moves the crossing of a limit by less than a scrape.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use slo_core::{
    AlertChange, AlertForm, AlertPolicy, Clock, Outcome, Registry, Severity, Sli, Slo, TimeSlices, Timestamp,
    Verdict, Window,
};

use crate::promtool::{Case, Counter, Directory, Question, cases, is_installed, run, said};
use crate::skipped::skipped;
use crate::subjects::{generator, slo};

const TICK: u64 = 10;
const START: Timestamp = Timestamp::from_unix_seconds(472_222 * 3_600);
/// Ticks of a minute.
const MINUTE: u64 = 6;
/// How long all is well before an incident, and how long it is watched.
const BEFORE: u64 = 40 * MINUTE;
const AFTER: u64 = 50 * MINUTE;

/// What an instance does within a tick.
#[derive(Clone, Copy, Debug)]
struct Act {
    /// Events in a tick, and the share of them that is bad.
    events: f64,
    bad: f64,
    up: bool,
    /// Its counters begin anew.
    restarts: bool,
}

const WELL: Act = Act { events: 20.0, bad: 0.0, up: true, restarts: false };
const GONE: Act = Act { up: false, events: 0.0, ..WELL };

/// What the three instances do in each tick of an incident.
type Plot = Box<dyn Fn(u64) -> [Act; 3]>;

struct Incident {
    name: String,
    slo: Slo,
    /// What the three do while all is well.
    usual: Act,
    lasts: u64,
    plot: Plot,
}

fn incident(name: impl Into<String>, lasts: u64, plot: impl Fn(u64) -> [Act; 3] + 'static) -> Incident {
    let slo = slo("fleet", Sli::Availability, "99%").with_window(Window::literal("7d"));
    Incident { name: name.into(), slo, usual: WELL, lasts, plot: Box::new(plot) }
}

const fn failing(share: f64) -> Act {
    Act { bad: share, ..WELL }
}

/// Every kind of trouble. None burns within a hundredth of a limit for minutes: where a window ends between two samples, newer
/// and older versions of Prometheus differ by that much.
fn incidents() -> Vec<Incident> {
    let mut all = Vec::new();
    for share in [0.02, 0.05, 0.08, 0.16, 0.3, 0.7] {
        all.push(incident(format!("steady {share}"), 20 * MINUTE, move |_| [failing(share); 3]));
    }
    for minutes in [1, 3, 10, 25] {
        all.push(incident(format!("down {minutes}"), minutes * MINUTE, |_| [failing(1.0); 3]));
    }
    for (every, lasts, share) in [(5, 3, 1.0), (3, 2, 0.5), (10, 5, 1.0), (2, 1, 0.9)] {
        let burst = move |tick: u64| [if tick % (every * MINUTE) < lasts { failing(share) } else { WELL }; 3];
        all.push(incident(format!("bursts {every} {share}"), 30 * MINUTE, burst));
    }
    for (down, up) in [(1, 4), (2, 2), (1, 19), (3, 12)] {
        let flap = move |tick: u64| {
            [failing(if tick % ((down + up) * MINUTE) < down * MINUTE { 1.0 } else { 0.0 }); 3]
        };
        all.push(incident(format!("flaps {down} {up}"), 30 * MINUTE, flap));
    }
    for (rate, share) in [(0.02, 1.0), (0.01, 1.0), (0.1, 0.5), (0.05, 0.2)] {
        let quiet = Act { events: rate, ..WELL };
        let plot = move |_| [Act { bad: share, ..quiet }; 3];
        all.push(Incident { usual: quiet, ..incident(format!("quiet {rate} {share}"), 25 * MINUTE, plot) });
    }
    for (every, share) in [(7, 0.2), (2, 0.5), (1, 1.0), (11, 0.05)] {
        // Each restarts at another time.
        let crash = move |tick: u64| {
            [0, 1, 2].map(|instance| Act {
                restarts: (tick + instance * MINUTE).is_multiple_of(every * MINUTE),
                ..failing(share)
            })
        };
        all.push(incident(format!("crashes {every} {share}"), 20 * MINUTE, crash));
    }
    for (share, minutes) in [(0.3, 2), (1.0, 2), (0.1, 4)] {
        all.push(incident(format!("deploy {share}"), 20 * MINUTE, move |tick| {
            [0, 1, 2].map(|instance| deployed(tick, instance * minutes * MINUTE, share))
        }));
    }
    for share in [0.2, 0.6, 1.0] {
        all.push(incident(format!("one of three {share}"), 20 * MINUTE, move |_| {
            [failing(share), WELL, WELL]
        }));
    }
    all.push(incident("nobody comes any more", 20 * MINUTE, |tick| {
        [if tick < 3 * MINUTE { failing(0.5) } else { Act { events: 0.0, ..WELL } }; 3]
    }));
    for share in [0.4, 1.0] {
        let mut counted = incident(format!("counted {share}"), 15 * MINUTE, move |_| [failing(share); 3]);
        counted.slo = counted.slo.with_alerts(AlertPolicy::WORKBOOK.with_form(AlertForm::Count));
        all.push(counted);
    }
    let mut floor = incident("floor", 20 * MINUTE, |_| [failing(0.2); 3]);
    floor.slo = floor.slo.with_alerts(AlertPolicy::WORKBOOK.with_bad_events_min(500));
    all.push(floor);
    all
}

/// A new version takes a minute to start, and fails.
fn deployed(tick: u64, at: u64, share: f64) -> Act {
    match tick {
        before if before < at => WELL,
        starting if starting < at + MINUTE => GONE,
        first if first == at + MINUTE => Act { restarts: true, ..failing(share) },
        _ => failing(share),
    }
}

/// Incidents of slices of time, which are judged once in a minute.
fn sliced() -> Vec<Incident> {
    let slices = |mut incident: Incident| {
        incident.slo = incident.slo.with_time_slices(TimeSlices::literal("95% per 1m"));
        incident
    };
    let flap = |tick: u64| [failing(if tick % (4 * MINUTE) < MINUTE { 0.5 } else { 0.0 }); 3];
    vec![
        slices(incident("slices down", 12 * MINUTE, |_| [failing(1.0); 3])),
        slices(incident("slices good enough", 12 * MINUTE, |_| [failing(0.03); 3])),
        slices(incident("slices flap", 24 * MINUTE, flap)),
    ]
}

/// What became of an incident in the engine, and the counters that Prometheus has seen of it.
struct Played {
    /// When an alert changed, in seconds.
    changes: Vec<(Severity, AlertChange, u64)>,
    counters: [[Counter; 2]; 3],
    /// What was left of the budget at some moments.
    left: Vec<(u64, f64)>,
    end: u64,
}

fn play(incident: &Incident) -> Played {
    let (clock, told) = (Clock::manual(START), Arc::new(Mutex::new(Vec::new())));
    let own = Arc::clone(&told);
    let registry = Registry::builder("shop").slo(incident.slo.clone()).clock(clock.clone());
    let registry = registry.on_alert(move |alert| {
        let at = alert.at.since(START).as_secs();
        own.lock().expect("nobody panics with it").push((alert.severity, alert.change, at));
    });
    let registry = registry.build().expect("the promise is valid");
    let mut instances = [(); 3].map(|()| Instance::default());
    let mut counters = [(); 3].map(|()| [Counter::new(), Counter::new()]);
    let (end, mut left) = (BEFORE + incident.lasts + AFTER, Vec::new());
    for tick in 0..end {
        let during = tick.checked_sub(BEFORE).filter(|tick| *tick < incident.lasts);
        let acts = during.map_or([incident.usual; 3], |tick| (incident.plot)(tick));
        for ((act, instance), counters) in acts.into_iter().zip(&mut instances).zip(&mut counters) {
            let (good, bad) = instance.act(act);
            for (verdict, count) in [(Verdict::Good, good), (Verdict::Bad, bad)] {
                (0..count).for_each(|_| registry.attempt("fleet").finish_as(Outcome::Completed(0), verdict));
            }
            let [events, bad] = counters;
            events.see(act.up.then_some(instance.events));
            bad.see(act.up.then_some(instance.bad));
        }
        clock.advance(Duration::from_secs(TICK));
        registry.tick(clock.now());
        if (tick + 1) % (30 * MINUTE) == 0 || tick + 1 == end {
            let status = registry.status();
            let budget = &status.slo("fleet").expect("it is declared").budget;
            left.extend(budget.remaining_ratio.map(|left| ((tick + 1) * TICK, left)));
        }
    }
    let changes = told.lock().expect("nobody panics with it").clone();
    Played { changes, counters, left, end: end * TICK }
}

/// A process: what it has counted since it started, and what is due of the next event.
#[derive(Default)]
struct Instance {
    events: u64,
    bad: u64,
    due: [f64; 2],
}

impl Instance {
    /// Returns good and bad events.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and not negative")]
    fn act(&mut self, act: Act) -> (u64, u64) {
        if act.restarts {
            (self.events, self.bad) = (0, 0);
        }
        let mut whole = |due: usize, more: f64| {
            self.due[due] += more;
            let events = (self.due[due] + 1e-6).floor();
            self.due[due] -= events;
            events
        };
        let events = whole(0, act.events);
        let bad = whole(1, events * act.bad).min(events);
        self.events += events as u64;
        self.bad += bad as u64;
        ((events - bad) as u64, bad as u64)
    }
}

/// Asks Prometheus at each evaluation what the engine knows.
fn questions(played: &Played, evaluation: u64) -> Vec<Question> {
    let mut questions = Vec::new();
    for severity in Severity::ALL {
        let changes: Vec<_> = played.changes.iter().filter(|(own, ..)| *own == severity).collect();
        for at in (1..=played.end / evaluation).map(|step| step * evaluation) {
            if changes.iter().any(|(.., changed)| changed.abs_diff(at) <= evaluation) {
                continue;
            }
            let last = changes.iter().rfind(|(.., changed)| *changed < at);
            let fires = last.is_some_and(|(_, change, _)| *change == AlertChange::Fired);
            questions.push(Question::fires(severity.as_str(), at, fires));
        }
    }
    for (at, left) in &played.left {
        let difference = format!("abs(sum(slo:period_error_budget_remaining:ratio) - ({left}))");
        let expr = format!("{difference} < bool {}", 0.001 * left.abs().max(1.0));
        questions.push(Question { expr, at: *at, expected: Some(1.0) });
    }
    questions
}

/// Returns how often an alert changed.
fn agree(name: &str, incidents: &[Incident], evaluation: u64) -> usize {
    let (directory, mut files, mut changes) = (Directory::new(name), Vec::new(), 0);
    for (index, incident) in incidents.iter().enumerate() {
        let played = play(incident);
        changes += played.changes.len();
        let generator = generator([incident.slo.clone()]);
        let rules = directory.write(&format!("{index}.rules.yaml"), generator.rules().to_yaml());
        let mut groups: Vec<_> = generator.groups().into_iter().map(|group| group.name).collect();
        groups.sort_by_key(|name| !name.starts_with("slo-period"));
        groups.sort_by_key(|name| !name.starts_with("slo-slices"));
        let questions = questions(&played, evaluation);
        assert!(questions.len() > 100, "{}: {}", incident.name, questions.len());
        let mut series = Vec::new();
        for (instance, counters) in ["a", "b", "c"].iter().zip(played.counters) {
            let labels = format!(r#"{{slo="fleet",job="shop",instance="{instance}"}}"#);
            let names = [format!("slo_events_total{labels}"), format!("slo_bad_events_total{labels}")];
            series.extend(names.into_iter().zip(counters));
        }
        let case = Case { name: incident.name.clone(), interval: TICK, series, questions };
        files.push(
            directory.write(&format!("{index}.test.yaml"), &cases(&rules, &groups, evaluation, &[case])),
        );
    }
    let output = run("promtool", &["test", "rules"], &files);
    assert!(output.status.success(), "{}", said(&output));
    changes
}

#[test]
fn a_fleet_alerts_when_one_engine_would_and_has_its_budget() {
    const NAME: &str = "a_fleet_alerts_when_one_engine_would_and_has_its_budget";
    if !is_installed("promtool") {
        return skipped(NAME, "promtool is not installed");
    }
    let (events, slices) = (incidents(), sliced());
    assert!(events.len() + slices.len() >= 36);
    let changes = agree("fleet", &events, 30) + agree("fleet-slices", &slices, 60);
    assert!(changes > 80, "{changes}");
}
