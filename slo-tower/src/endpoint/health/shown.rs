//! What one request may see of the health: lines, before they are written in any format.

use std::borrow::Cow;
use std::cmp::Reverse;

use slo_core::{CheckStatus, Fault, Gate, HealthStatus, Level, Life, Reading};

use super::asked::Asked;
use super::service::Asks;

/// How much may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Leave {
    /// Whether, and nothing else.
    Status,
    /// Which checks, and how they are.
    Names,
    /// And why.
    Details,
}

/// An answer.
pub(super) struct Shown<'a> {
    /// What was asked: `readyz`, or `readyz/database`.
    pub(super) title: String,
    pub(super) level: Level,
    pub(super) is_success: bool,
    pub(super) leave: Leave,
    pub(super) lines: Vec<Line<'a>>,
    /// Names that were to be excluded and are of no check.
    pub(super) unmatched: Vec<Cow<'a, str>>,
    /// Lines that would have made the answer too long.
    pub(super) left_out: usize,
    reason_chars_max: usize,
}

/// One check, or something like it.
pub(super) struct Line<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) level: Level,
    /// Whether it makes the answer a failure; otherwise it warns at most.
    pub(super) holds_back: bool,
    pub(super) is_excluded: bool,
    pub(super) reason: Option<String>,
    pub(super) check: Option<&'a CheckStatus>,
}

impl<'a> Line<'a> {
    fn of(check: &'a CheckStatus, gates: bool) -> Self {
        let holds_back = gates && check.level > Level::Warn;
        let reason = check.fault.as_ref().map(Fault::to_string);
        let name = Cow::Borrowed(check.name.as_str());
        Self { name, level: check.level, holds_back, is_excluded: false, reason, check: Some(check) }
    }

    fn made(name: String, level: Level, reason: Option<String>) -> Self {
        let holds_back = level > Level::Warn;
        Self { name: name.into(), level, holds_back, is_excluded: false, reason, check: None }
    }
}

impl<'a> Shown<'a> {
    /// No answer is longer than this.
    const BYTES_MAX: usize = 10 * 1024 - 1;
    const REASON_CHARS_MAX: usize = 300;
    const UNMATCHED_MAX: usize = 20;

    /// Shows what is asked for; without leave for names nothing but the status, whatever is excluded.
    pub(super) fn new(asks: Asks, health: &'a HealthStatus, asked: &'a Asked<'_>, leave: Leave) -> Self {
        let excluded: Vec<&str> = match leave {
            Leave::Status => Vec::new(),
            Leave::Names | Leave::Details => asked.excluded.iter().map(|name| &**name).collect(),
        };
        let answer = match asks {
            Asks::Liveness => health.liveness(&excluded),
            Asks::Readiness => health.readiness(&excluded),
            Asks::Startup => health.startup_without(&excluded),
        };
        let mut lines = match leave {
            Leave::Status => vec![Line::made(asks.word().to_owned(), answer.level, None)],
            Leave::Names | Leave::Details => lines(asks, health, &excluded),
        };
        let mut unmatched = Vec::new();
        for name in excluded {
            match lines.iter_mut().find(|line| line.check.is_some() && line.name == name) {
                Some(line) => (line.is_excluded, line.holds_back) = (true, false),
                None => unmatched.push(Cow::Borrowed(name)),
            }
        }
        unmatched.truncate(Self::UNMATCHED_MAX);
        let title = asks.path().to_owned();
        Self::of(title, (answer.level, answer.is_success), leave, lines, unmatched)
    }

    /// Shows one check by itself, whatever it gates; `None` if the probe has no such check, or nobody may know.
    pub(super) fn one(asks: Asks, health: &'a HealthStatus, name: &str, leave: Leave) -> Option<Self> {
        if leave == Leave::Status {
            return None;
        }
        let mut lines = lines(asks, health, &[]);
        lines.retain(|line| line.check.is_some() && line.name == name);
        let line = lines.first_mut()?;
        // What has not run yet says nothing against the life of the process here either.
        let says_nothing = asks == Asks::Liveness && line.check.is_none_or(|check| check.reported.is_none());
        line.holds_back = line.level > Level::Warn && !says_nothing;
        let is_success = !line.holds_back;
        let level = if is_success { line.level.min(Level::Warn) } else { line.level };
        let title = format!("{}/{name}", asks.path());
        Some(Self::of(title, (level, is_success), leave, lines, Vec::new()))
    }

    fn of(
        title: String,
        (level, is_success): (Level, bool),
        leave: Leave,
        lines: Vec<Line<'a>>,
        unmatched: Vec<Cow<'a, str>>,
    ) -> Self {
        let (left_out, reason_chars_max) = (0, Self::REASON_CHARS_MAX);
        Self { title, level, is_success, leave, lines, unmatched, left_out, reason_chars_max }
    }

    /// Returns why, as far as there is leave and room for it, on one line.
    pub(super) fn reason(&self, line: &Line<'_>) -> Option<String> {
        let reason = line.reason.as_ref().filter(|_| self.leave == Leave::Details)?;
        let plain = |character: char| if character.is_control() { ' ' } else { character };
        let mut text: String = reason.chars().take(self.reason_chars_max).map(plain).collect();
        if text.len() < reason.len() {
            text.push('…');
        }
        Some(text)
    }

    /// Returns the numbers of a check, as far as there is leave.
    pub(super) fn readings(&self, line: &Line<'a>) -> &'a [Reading] {
        match line.check {
            Some(check) if self.leave == Leave::Details => &check.readings,
            _ => &[],
        }
    }

    /// Writes it, with reasons shortened, and then with the best checks left out, until it is short enough.
    pub(super) fn write(mut self, write: fn(&Self) -> String) -> String {
        loop {
            let text = write(&self);
            if text.len() <= Self::BYTES_MAX || self.lines.is_empty() {
                return text;
            }
            if self.reason_chars_max > 20 {
                self.reason_chars_max /= 4;
                continue;
            }
            self.leave_out_half();
        }
    }

    /// Leaves the better half of the lines out; those that are left keep their order.
    fn leave_out_half(&mut self) {
        let mut worst: Vec<usize> = (0..self.lines.len()).collect();
        worst.sort_by_key(|index| Reverse((self.lines[*index].holds_back, self.lines[*index].level)));
        self.left_out += worst.split_off(self.lines.len() / 2).len();
        worst.sort_unstable();
        let mut indices = 0..;
        self.lines.retain(|_| indices.next().is_some_and(|index| worst.binary_search(&index).is_ok()));
    }
}

/// Returns what a probe looks at, in the order in which it was given.
fn lines<'a>(asks: Asks, health: &'a HealthStatus, excluded: &[&str]) -> Vec<Line<'a>> {
    let checks = |gate: Gate| health.gating(gate, &[]).map(move |check| (gate, check));
    let life = |level| {
        let reason = match (health.life, health.is_held) {
            (Life::Draining, _) => Some("the process is ending"),
            (Life::Starting | Life::Ready, true) => Some("something has still to be started"),
            (Life::Starting, false) => Some("a check has not passed yet"),
            (Life::Ready, false) => None,
        };
        // What is well needs no reason: a process that ends has started nevertheless.
        let reason = reason.filter(|_| level > Level::Pass).map(str::to_owned);
        Line::made(format!("life:{}", health.life.as_str()), level, reason)
    };
    match asks {
        Asks::Liveness => {
            // What has not run yet says nothing against the process.
            checks(Gate::Liveness).map(|(_, check)| Line::of(check, check.reported.is_some())).collect()
        }
        Asks::Startup => {
            let waits = |check: &CheckStatus| !health.has_started && !check.has_passed;
            let checks = checks(Gate::Startup)
                .map(|(_, check)| Line { holds_back: waits(check), ..Line::of(check, true) });
            [life(health.startup_without(excluded).level)].into_iter().chain(checks).collect()
        }
        Asks::Readiness => {
            let starting = checks(Gate::Startup).filter(|_| !health.has_started);
            let starting =
                starting.map(|(_, check)| Line { holds_back: !check.has_passed, ..Line::of(check, true) });
            let gating = checks(Gate::Readiness).map(|(_, check)| Line::of(check, true));
            let others = checks(Gate::Informational).map(|(_, check)| Line::of(check, false));
            let burns = health
                .burns
                .iter()
                .map(|burn| Line::made(format!("slo:{}", burn.slo), burn.level, Some(burn.to_string())));
            let life = life(health.life_without(excluded).level);
            [life].into_iter().chain(starting).chain(gating).chain(others).chain(burns).collect()
        }
    }
}
