//! All checks together: which run is due, what has ended, who is told.
//!
//! A runner asks [`Monitor::begin`] for what is due, runs it wherever it likes, and says with [`Monitor::end`] how it
//! ended. Each check has at most one run in flight; one that hangs holds up nothing but itself. What is settled is worked
//! out when it changes and then only read.

use std::fmt;
use std::sync::{Arc, PoisonError};

use super::burn::Burn;
use super::check::{Check, CheckError, Probe};
use super::finding::Finding;
use super::life::Life;
use super::rules::{CheckRules, Gate, draw};
use super::runtime::RuntimeReader;
use super::state::{CheckState, Ended};
use super::status::HealthStatus;
use super::told::Told;
use crate::sync::{Mutex, MutexGuard};
use crate::time::Timestamp;

/// Called with what was and what is, where something has changed.
pub type HealthListener = Box<dyn Fn(&HealthStatus, &HealthStatus) + Send + Sync>;

/// The checks of a process and the state of its health.
pub struct Monitor {
    checks: Box<[Check]>,
    told: Told,
    /// Differs from process to process, so that the replicas of a service do not ask a database in step.
    seed: u64,
    runtimes: Vec<RuntimeReader>,
    state: Mutex<State>,
}

struct State {
    checks: Box<[CheckState]>,
    /// Those who have something to do before the process is ready.
    starting: usize,
    burns: Vec<Burn>,
    /// The tick that they are of.
    burns_of: Timestamp,
    is_draining: bool,
    has_started: bool,
    /// What is settled, and when it is to be looked at again because results grow old.
    status: Arc<HealthStatus>,
    fresh_until: Timestamp,
}

/// A run of a check that is due. It ends once.
#[derive(Debug)]
#[must_use = "say how it ended"]
pub struct Run {
    check: usize,
    number: u64,
    probe: Probe,
    rules: CheckRules,
}

impl Run {
    /// Returns what is to be run.
    #[must_use]
    pub const fn probe(&self) -> &Probe {
        &self.probe
    }

    /// Returns the rules of its check.
    #[must_use]
    pub const fn rules(&self) -> &CheckRules {
        &self.rules
    }
}

impl Monitor {
    /// As many checks as there may be.
    pub const CHECKS_MAX: usize = 100;

    /// Starts to watch.
    ///
    /// # Errors
    ///
    /// If a check is wrong in itself, two have the same name, or there are too many.
    pub fn new(
        checks: Vec<Check>,
        listeners: Vec<HealthListener>,
        seed: u64,
        now: Timestamp,
    ) -> Result<Self, CheckError> {
        if checks.len() > Self::CHECKS_MAX {
            return Err(CheckError::TooMany { most: Self::CHECKS_MAX });
        }
        for (index, check) in checks.iter().enumerate() {
            if let Some(fault) = check.fault() {
                return Err(fault.clone());
            }
            if checks[..index].iter().any(|other| other.name() == check.name()) {
                return Err(CheckError::Twice { name: check.name().to_owned() });
            }
        }
        let first =
            |check: &Check| CheckState::new(check.rules().first_due(now, draw(seed, check.name(), 0)));
        let states: Box<[_]> = checks.iter().map(first).collect();
        let status = HealthStatus {
            at: now,
            life: Life::Starting,
            has_started: false,
            is_held: false,
            checks: Vec::new(),
            burns: Vec::new(),
            runtimes: Vec::new(),
        };
        let state = State {
            checks: states,
            starting: 0,
            burns: Vec::new(),
            burns_of: Timestamp::default(),
            is_draining: false,
            has_started: false,
            status: Arc::new(status),
            fresh_until: now,
        };
        let told = Told::new(listeners);
        let (checks, runtimes) = (checks.into(), Vec::new());
        let monitor = Self { checks, told, seed, runtimes, state: Mutex::new(state) };
        // Nobody is told of the first status.
        monitor.refresh(&mut monitor.lock(), now);
        Ok(monitor)
    }

    /// Shows what is known of these runtimes, as often as one of its checks reports.
    #[must_use]
    pub fn with_runtimes(mut self, runtimes: Vec<RuntimeReader>, now: Timestamp) -> Self {
        self.runtimes = runtimes;
        self.refresh(&mut self.lock(), now);
        self
    }

    /// Begins every run that is due. Each of them must be ended.
    pub fn begin(&self, now: Timestamp) -> Vec<Run> {
        let mut state = self.lock();
        let each = self.checks.iter().zip(&mut state.checks).enumerate();
        let due = each.filter_map(|(index, (check, state))| {
            let number = state.begin(now)?;
            Some(Run { check: index, number, probe: check.probe().clone(), rules: check.rules().clone() })
        });
        due.collect()
    }

    /// Ends a run that has reported.
    #[expect(clippy::needless_pass_by_value, reason = "it ends once")]
    pub fn end(&self, run: Run, finding: impl Into<Finding>, now: Timestamp) {
        self.ended(&run, Ended::Reported(finding.into()), now);
    }

    /// Ends a run that has panicked.
    #[expect(clippy::needless_pass_by_value, reason = "it ends once")]
    pub fn end_panicked(&self, run: Run, now: Timestamp) {
        self.ended(&run, Ended::Panicked, now);
    }

    /// Ends a run that was cancelled because it took too long. One that cannot be cancelled is given up by
    /// [`Monitor::expire`], and ended when it ends.
    #[expect(clippy::needless_pass_by_value, reason = "it ends once")]
    pub fn end_timed_out(&self, run: Run, now: Timestamp) {
        self.ended(&run, Ended::TimedOut, now);
    }

    fn ended(&self, run: &Run, ended: Ended, now: Timestamp) {
        self.change(now, |state| {
            let check = &self.checks[run.check];
            let draw = draw(self.seed, check.name(), run.number);
            state.checks[run.check].end(check.rules(), run.number, ended, now, draw);
        });
    }

    /// Gives up the runs that have taken too long, and distrusts results that have become too old.
    pub fn expire(&self, now: Timestamp) {
        self.change(now, |state| self.expire_each(state, now));
    }

    fn expire_each(&self, state: &mut State, now: Timestamp) {
        for (check, state) in self.checks.iter().zip(&mut state.checks) {
            state.expire(check.rules(), now);
        }
    }

    /// Returns when [`Monitor::begin`] or [`Monitor::expire`] next have something to do; `None` without checks.
    #[must_use]
    pub fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let state = self.lock();
        self.checks.iter().zip(&state.checks).map(|(check, state)| state.next(check.rules(), now)).min()
    }

    /// Holds the start: the process is not ready before as many have called [`Monitor::release_start`]. One that was ready
    /// is not until then, but has started for good.
    pub fn hold_start(&self, now: Timestamp) {
        self.change(now, |state| state.starting += 1);
    }

    /// Ends one hold of the start.
    pub fn release_start(&self, now: Timestamp) {
        self.change(now, |state| state.starting = state.starting.saturating_sub(1));
    }

    /// Begins to drain, for good; `false` if it has begun before.
    pub fn drain(&self, now: Timestamp) -> bool {
        let mut is_first = false;
        self.change(now, |state| is_first = !std::mem::replace(&mut state.is_draining, true));
        is_first
    }

    /// Takes which budgets burn, as of the tick at `now`. What an earlier tick says comes too late.
    pub(crate) fn set_burns(&self, now: Timestamp, burns: Vec<Burn>) {
        self.change(now, |state| {
            if now >= state.burns_of {
                (state.burns, state.burns_of) = (burns, now);
            }
        });
    }

    /// Returns what is settled. No check runs for it; results that have become too old since are no longer believed. Nor is
    /// a listener called: whoever runs the checks tells of what has become old.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> Arc<HealthStatus> {
        let mut state = self.lock();
        if now >= state.fresh_until {
            self.settle(&mut state, now, |state| self.expire_each(state, now));
        }
        Arc::clone(&state.status)
    }

    /// Changes the state and tells whoever listens, outside of the lock, if that is seen.
    fn change(&self, now: Timestamp, change: impl FnOnce(&mut State)) {
        self.settle(&mut self.lock(), now, change);
        self.told.tell();
    }

    /// Changes the state and queues what is to be told.
    fn settle(&self, state: &mut State, now: Timestamp, change: impl FnOnce(&mut State)) {
        change(state);
        let before = Arc::clone(&state.status);
        self.refresh(state, now);
        if state.status.changes_since(&before).next().is_some() {
            self.told.queue(before, Arc::clone(&state.status));
        }
    }

    fn refresh(&self, state: &mut State, now: Timestamp) {
        let each = || self.checks.iter().zip(&state.checks);
        let gates_start = |check: &Check| check.rules().gate() == Gate::Startup;
        let all_passed = each().filter(|(check, _)| gates_start(check)).all(|(_, state)| state.has_passed());
        let has_started = state.has_started || (state.starting == 0 && all_passed);
        let life = match (state.is_draining, has_started) {
            (true, _) => Life::Draining,
            (false, true) if state.starting == 0 => Life::Ready,
            (false, _) => Life::Starting,
        };
        let checks: Vec<_> =
            each().map(|(check, state)| state.status(check.name(), check.rules(), now)).collect();
        let stale = each().filter_map(|(check, state)| state.stale_at(check.rules()));
        let fresh_until = stale.filter(|stale| *stale > now).min();
        state.fresh_until = fresh_until.unwrap_or(Timestamp::from_unix_nanos(u64::MAX));
        state.has_started = has_started;
        let (is_held, burns) = (state.starting > 0, state.burns.clone());
        let runtimes = self.runtimes.iter().map(|read| read()).collect();
        state.status =
            Arc::new(HealthStatus { at: now, life, has_started, is_held, checks, burns, runtimes });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Valid after every statement, also after a panic elsewhere.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.checks.iter().map(Check::name).collect();
        f.debug_struct("Monitor").field("checks", &names).finish_non_exhaustive()
    }
}
