//! What a policy would make of an incident: when it alerts, when it is over, what it costs.
//!
//! The same engine that watches the service is driven by a clock of its own, one tick of ten seconds after the other, so
//! that no second opinion on windows and rows can creep in. Nothing is random and nothing waits: thirty days are a quarter of
//! a million ticks, well below a second of work in a release build.

use std::time::Duration;

use serde::Serialize;

use crate::alert::{AlertChange, AlertTransition};
use crate::budget::ErrorBudget;
use crate::engine::Engine;
use crate::objective::{Severity, Slo};
use crate::time::Timestamp;
use crate::window::{Counts, Past};

const TICK: Duration = Duration::from_secs(10);
/// Midnight, where every ring of the windows has a step that begins.
const START: Timestamp = Timestamp::from_unix_seconds(19_676 * 86_400);

/// How many events there are, by the time of day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Traffic {
    quiet_per_minute: f64,
    busy_per_minute: f64,
}

impl Traffic {
    /// A trillion, of which ninety days can be counted.
    const PER_MINUTE_MAX: f64 = 1e12;

    /// The same at all times: at most a trillion events a minute, and none if that is no number or below zero.
    #[must_use]
    pub const fn steady(events_per_minute: f64) -> Self {
        Self::daily(events_per_minute, events_per_minute)
    }

    /// Quietest at midnight, busiest at noon, a wave in between.
    #[must_use]
    pub const fn daily(quiet_per_minute: f64, busy_per_minute: f64) -> Self {
        let (quiet_per_minute, busy_per_minute) = (bounded(quiet_per_minute), bounded(busy_per_minute));
        Self { quiet_per_minute, busy_per_minute }
    }

    /// Returns the events in a minute at a moment.
    fn per_minute_at(&self, moment: Timestamp) -> f64 {
        let day = moment.since(START).as_secs_f64() / 86_400.0;
        let noon = 0.5 - 0.5 * (day * std::f64::consts::TAU).cos();
        self.quiet_per_minute + (self.busy_per_minute - self.quiet_per_minute) * noon
    }
}

const fn bounded(per_minute: f64) -> f64 {
    // What is no number is not above zero either.
    if per_minute > 0.0 { per_minute.min(Traffic::PER_MINUTE_MAX) } else { 0.0 }
}

/// What goes wrong, after the service has been healthy for a while.
///
/// ```
/// use slo_core::Incident;
/// use std::time::Duration;
/// const MINUTE: Duration = Duration::from_secs(60);
/// // Down for a minute, well for nine, five times over.
/// let flapping = (1..5).fold(Incident::failing(1.0, MINUTE), |incident, _| {
///     incident.then(0.0, 9 * MINUTE).then(1.0, MINUTE)
/// });
/// assert_eq!(flapping.duration(), 41 * MINUTE);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    after: Option<Duration>,
    phases: Vec<(f64, Duration)>,
}

impl Incident {
    /// This share of the events is bad, for so long. Durations count in whole ticks of ten seconds.
    #[must_use]
    pub fn failing(bad_ratio: f64, lasts: Duration) -> Self {
        Self { after: None, phases: Vec::new() }.then(bad_ratio, lasts)
    }

    /// Then this share is, which may be none.
    #[must_use]
    pub fn then(mut self, bad_ratio: f64, lasts: Duration) -> Self {
        // What is no number is nothing.
        let bad_ratio = if bad_ratio > 0.0 { bad_ratio.min(1.0) } else { 0.0 };
        self.phases.push((bad_ratio, lasts));
        self
    }

    /// Begins after so long, in which the process has started and all was well. Unless changed that is the SLO's window,
    /// rounded up to whole days, so that the budget is full and it is midnight.
    #[must_use]
    pub const fn after(mut self, healthy: Duration) -> Self {
        self.after = Some(healthy);
        self
    }

    /// Returns how long it lasts.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.phases.iter().map(|(_, lasts)| *lasts).sum()
    }
}

/// What became of a simulated incident. Made by [`simulate`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Simulation {
    /// The last tick before the incident.
    pub began: Timestamp,
    /// The last tick of the incident.
    pub ended: Timestamp,
    /// Share of the error budget that is spent when the incident ends; `None` if there were no events.
    pub budget_spent: Option<f64>,
    /// Every alert that fired or resolved, in order.
    pub transitions: Vec<AlertTransition>,
}

impl Simulation {
    /// Returns how long after its beginning the incident first raised this severity.
    #[must_use]
    pub fn detected(&self, severity: Severity) -> Option<Duration> {
        let fired = self.of(severity).find(|transition| transition.change == AlertChange::Fired)?;
        Some(fired.at.since(self.began))
    }

    /// Returns how long after the end of the incident this severity had resolved for good, zero if it had before;
    /// `None` if it never fired, or still does a whole window later.
    #[must_use]
    pub fn reset(&self, severity: Severity) -> Option<Duration> {
        let last = self.of(severity).last()?;
        (last.change == AlertChange::Resolved).then(|| last.at.since(self.ended))
    }

    fn of(&self, severity: Severity) -> impl DoubleEndedIterator<Item = &AlertTransition> {
        self.transitions.iter().filter(move |transition| transition.severity == severity)
    }
}

/// Plays an incident, and what follows until no alert can fire any more, but no longer than the SLO's window.
///
/// ```
/// use slo_core::{Incident, Objective, Severity, Sli, Slo, Traffic, simulate};
/// use std::time::Duration;
/// let slo = Slo::new("checkout", Sli::Availability, Objective::parse("99.9%")?)?;
/// let outage = Incident::failing(1.0, Duration::from_secs(600));
/// let simulation = simulate(&slo, Traffic::steady(600.0), &outage);
/// // 14.4 times the budget of an hour are 52 seconds of errors, seen by the tick after them.
/// assert_eq!(simulation.detected(Severity::Page), Some(Duration::from_secs(60)));
/// // The short window of the row of six hours ends it.
/// assert_eq!(simulation.reset(Severity::Page), Some(Duration::from_secs(1_790)));
/// assert!(simulation.budget_spent.is_some_and(|spent| (spent - 0.23).abs() < 0.01));
/// # Ok::<(), slo_core::ObjectiveError>(())
/// ```
///
/// The clock begins at midnight of UTC on 15 November 2023, a Wednesday; a calendar period begins and ends on it as on any.
///
/// # Panics
///
/// If the SLO has a calendar window and its time zone is not known, or the feature `calendar` is off: a registry refuses such
/// an SLO.
#[must_use]
pub fn simulate(slo: &Slo, traffic: Traffic, incident: &Incident) -> Simulation {
    let mut run = Run::new(slo, traffic);
    let day = Duration::from_secs(86_400);
    let days = slo.window().duration().as_secs().div_ceil(day.as_secs());
    run.pass(0.0, incident.after.unwrap_or(Duration::from_secs(days * day.as_secs())));
    let began = run.now;
    for (bad_ratio, lasts) in &incident.phases {
        run.pass(*bad_ratio, *lasts);
    }
    let (ended, budget_spent) = (run.now, run.budget_spent());
    while run.may_fire() && run.now.since(ended) < slo.window().duration() {
        run.tick(0.0);
    }
    Simulation { began, ended, budget_spent, transitions: run.transitions }
}

/// A service that does not exist.
struct Run {
    slo: [Slo; 1],
    traffic: Traffic,
    engine: Engine,
    now: Timestamp,
    totals: Counts,
    /// What is due of the next event, and of the next bad one.
    due: [f64; 2],
    /// When there was a bad event last.
    failed: Timestamp,
    transitions: Vec<AlertTransition>,
}

impl Run {
    fn new(slo: &Slo, traffic: Traffic) -> Self {
        let slo = [slo.clone()];
        let Ok(engine) = Engine::new(&slo, TICK, START) else {
            panic!("there is no window of a {}: see `BuildError`", slo[0].window());
        };
        let (totals, due) = (Counts::default(), [0.0; 2]);
        Self { slo, traffic, engine, now: START, totals, due, failed: START, transitions: Vec::new() }
    }

    fn pass(&mut self, bad_ratio: f64, lasts: Duration) {
        for _ in 0..lasts.as_nanos().div_ceil(TICK.as_nanos()) {
            self.tick(bad_ratio);
        }
    }

    fn tick(&mut self, bad_ratio: f64) {
        let per_tick = self.traffic.per_minute_at(self.now) * TICK.as_secs_f64() / 60.0;
        let [event, bad] = &mut self.due;
        let events = whole(event, per_tick);
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 events, rounded beyond")]
        let bad = whole(bad, events as f64 * bad_ratio).min(events);
        self.totals.good += events - bad;
        self.totals.bad += bad;
        self.now = self.now.plus(TICK);
        self.failed = if bad > 0 { self.now } else { self.failed };
        let transitions = &mut self.transitions;
        self.engine.tick(self.now, &self.slo, &[self.totals], |transition| transitions.push(transition));
    }

    /// Returns whether anything fires, or could at one of the next ticks without another bad event: every row needs one in
    /// its short window.
    fn may_fire(&self) -> bool {
        let [slo] = &self.slo;
        // A slice of time that is bad may not have ended yet.
        let open = slo.time_slices().is_some_and(|slices| self.now.since(self.failed) <= slices.duration());
        let past = self.past();
        open || slo.alert_rows().any(|(_, row)| past.window(row.short(slo.window())).counts.bad > 0)
    }

    fn past(&self) -> impl Past {
        self.engine.past(0, self.now, self.engine.counted(0, self.totals))
    }

    fn budget_spent(&self) -> Option<f64> {
        let [slo] = &self.slo;
        ErrorBudget::new(slo.objective(), self.past().period().counts).spent_ratio()
    }
}

/// Adds to what is due and takes the whole events out of it.
fn whole(due: &mut f64, more: f64) -> u64 {
    // A third added three times is one, whatever is lost by rounding.
    const ROUNDING: f64 = 1e-6;
    *due += more;
    let events = (*due + ROUNDING).floor();
    *due -= events;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole, and never below zero"
    )]
    let events = events as u64;
    events
}
