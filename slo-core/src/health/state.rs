//! What has become of one check: its runs, and what they have settled.
//!
//! One contrary result resets a streak, so that `F S F S F` never adds up to three failures. The first result settles by
//! itself: nothing is known that it could be held against.

use std::time::Duration;

use super::finding::{Finding, Reading};
use super::report::{Fault, Level};
use super::rules::CheckRules;
use super::status::{CheckStatus, Failure};
use crate::time::Timestamp;

/// The state of one check.
#[derive(Debug, Default)]
pub(super) struct CheckState {
    settled: Option<Settled>,
    /// In a row, against what is settled.
    failures: u32,
    successes: u32,
    failing_since: Option<Timestamp>,
    last: Option<Last>,
    last_success: Option<Timestamp>,
    last_failure: Option<Failure>,
    running: Option<Running>,
    due: Timestamp,
    runs: u64,
    counts: [u64; 3],
    has_passed: bool,
}

#[derive(Clone, Debug)]
struct Settled {
    level: Level,
    fault: Option<Fault>,
    since: Timestamp,
}

#[derive(Clone, Debug)]
struct Last {
    at: Timestamp,
    took: Duration,
    readings: Vec<Reading>,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    number: u64,
    since: Timestamp,
    /// It has timed out, and goes on blocking its thread.
    is_given_up: bool,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ended {
    Reported(Finding),
    Panicked,
    TimedOut,
}

impl CheckState {
    pub(super) fn new(due: Timestamp) -> Self {
        Self { due, ..Self::default() }
    }

    /// Returns when something is to be done: a run is due, or has taken too long, or the last result is too old.
    pub(super) fn next(&self, rules: &CheckRules, now: Timestamp) -> Timestamp {
        let run = match self.running {
            None => Some(self.due),
            Some(run) if !run.is_given_up => Some(run.since.plus(rules.timeout)),
            Some(_) => None,
        };
        let stale = self.stale_at(rules).filter(|stale| *stale > now);
        [run, stale].into_iter().flatten().min().unwrap_or(Timestamp::from_unix_nanos(u64::MAX))
    }

    /// Begins a run, if one is due, and returns its number.
    pub(super) fn begin(&mut self, now: Timestamp) -> Option<u64> {
        if self.running.is_some() || now < self.due {
            return None;
        }
        self.runs += 1;
        self.running = Some(Running { number: self.runs, since: now, is_given_up: false });
        Some(self.runs)
    }

    /// Gives up a run that takes too long; it stays the one in flight until it has ended.
    pub(super) fn expire(&mut self, rules: &CheckRules, now: Timestamp) {
        let late = |run: &&mut Running| !run.is_given_up && now >= run.since.plus(rules.timeout);
        if let Some(run) = self.running.as_mut().filter(late) {
            run.is_given_up = true;
            let since = run.since;
            self.take(rules, Ended::TimedOut, since, now);
        }
    }

    /// Ends a run; what a run that was given up reports comes too late.
    pub(super) fn end(&mut self, rules: &CheckRules, number: u64, ended: Ended, now: Timestamp, draw: f64) {
        let Some(run) = self.running.filter(|run| run.number == number) else { return };
        self.running = None;
        if !run.is_given_up {
            self.take(rules, ended, run.since, now);
        }
        let is_failing = self.settled.as_ref().is_some_and(|settled| settled.level == Level::Fail);
        self.due = rules.due(now, rules.pause(is_failing), draw);
    }

    fn take(&mut self, rules: &CheckRules, ended: Ended, since: Timestamp, now: Timestamp) {
        let mut readings = Vec::new();
        let (level, fault) = match ended {
            Ended::Reported(finding) => {
                let report;
                (report, readings) = finding.into_parts();
                let fault = report.reason().map(|reason| Fault::Reported(reason.to_owned()));
                (report.level(), fault)
            }
            Ended::Panicked => (Level::Fail, Some(Fault::Panicked)),
            Ended::TimedOut => (Level::Fail, Some(Fault::TimedOut(rules.timeout))),
        };
        self.last = Some(Last { at: now, took: now.since(since), readings });
        match level {
            Level::Fail | Level::Unknown => self.fail(rules, fault, now),
            Level::Pass | Level::Warn => self.succeed(rules, level, fault, now),
        }
    }

    fn fail(&mut self, rules: &CheckRules, fault: Option<Fault>, now: Timestamp) {
        self.counts[2] += 1;
        self.successes = 0;
        self.failures = self.failures.saturating_add(1);
        let since = *self.failing_since.get_or_insert(now);
        self.last_failure = fault.clone().map(|fault| Failure { at: now, fault });
        let is_enough = self.failures >= rules.fail_after && now.since(since) >= rules.fail_for;
        let was_failing = self.settled.as_ref().is_some_and(|settled| settled.level == Level::Fail);
        if self.settled.is_none() || is_enough || was_failing {
            self.settle(Level::Fail, fault, now);
        }
    }

    fn succeed(&mut self, rules: &CheckRules, level: Level, fault: Option<Fault>, now: Timestamp) {
        self.counts[usize::from(level == Level::Warn)] += 1;
        (self.failures, self.failing_since, self.last_success) = (0, None, Some(now));
        self.successes = self.successes.saturating_add(1);
        let was_failing = self.settled.as_ref().is_some_and(|settled| settled.level == Level::Fail);
        if !was_failing || self.successes >= rules.pass_after {
            self.settle(level, fault, now);
            self.has_passed = true;
        }
    }

    /// Settles a level; its reason is that of the last result.
    fn settle(&mut self, level: Level, fault: Option<Fault>, now: Timestamp) {
        let same = self.settled.as_ref().filter(|settled| settled.level == level);
        let since = same.map_or(now, |settled| settled.since);
        self.settled = Some(Settled { level, fault, since });
    }

    /// Returns when the last result is too old to be believed.
    pub(super) fn stale_at(&self, rules: &CheckRules) -> Option<Timestamp> {
        Some(self.last.as_ref()?.at.plus(rules.stale_after()))
    }

    /// Returns how well it is by all that is known, and why.
    pub(super) fn level(&self, rules: &CheckRules, now: Timestamp) -> (Level, Option<Fault>) {
        let (Some(settled), Some(last)) = (&self.settled, &self.last) else {
            return (Level::Unknown, Some(Fault::NotYet));
        };
        let silent = now.since(last.at);
        if silent >= rules.stale_after() {
            return (Level::Unknown, Some(Fault::Stale(Duration::from_secs(silent.as_secs()))));
        }
        (settled.level, settled.fault.clone())
    }

    /// Returns whether it has ever passed.
    pub(super) const fn has_passed(&self) -> bool {
        self.has_passed
    }

    pub(super) fn status(&self, name: &str, rules: &CheckRules, now: Timestamp) -> CheckStatus {
        let (level, fault) = self.level(rules, now);
        let is_warning = !rules.is_critical && level > Level::Warn;
        CheckStatus {
            name: name.to_owned(),
            gate: rules.gate.as_str(),
            level: if is_warning { Level::Warn } else { level },
            is_known: level != Level::Unknown,
            fault,
            since: self.settled.as_ref().map(|settled| settled.since),
            reported: self.last.as_ref().map(|last| last.at),
            took_seconds: self.last.as_ref().map(|last| last.took.as_secs_f64()),
            // What is not believed any more is not shown either.
            readings: self
                .last
                .iter()
                .filter(|_| level != Level::Unknown)
                .flat_map(|last| last.readings.clone())
                .collect(),
            last_success: self.last_success,
            last_failure: self.last_failure.clone(),
            has_passed: self.has_passed,
            runs: self.counts,
        }
    }
}
