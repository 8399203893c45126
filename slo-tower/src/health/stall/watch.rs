//! Whether a runtime stands still, judged from when its tasks were asked and when they answered.
//!
//! Only moments and counts come in, so that every rule is a table over moments. A runtime that stands still polls none of
//! its tasks: as long as any of them answers, others can too, and what is late is a warning.
//! What must never happen: time in which we were not run ourselves (a suspended machine, SIGSTOP, a container out of its
//! share of the CPU) is held against the runtime, which was not run then either.

use std::mem::replace;
use std::time::Duration;

use slo_core::{Report, Timestamp};

/// How often a runtime is asked, unless something shorter has to be noticed.
const INTERVAL: Duration = Duration::from_secs(1);
/// How late a task may be polled before somebody should look.
const WARN_AFTER: Duration = Duration::from_secs(1);
/// How late we may be ourselves where the interval is shorter.
const GAP_MIN: Duration = Duration::from_millis(250);

/// How long what may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// A runtime that has polled none of its tasks for so long stands still.
    pub(super) stall_after: Duration,
    /// How often it is asked.
    pub(super) interval: Duration,
    /// If we look so much later than the last time, nobody was run.
    gap: Duration,
}

impl Patience {
    pub(super) const STALL_AFTER: Duration = Duration::from_secs(30);
    const STALL_AFTER_MIN: Duration = Duration::from_secs(1);
    const STALL_AFTER_MAX: Duration = Duration::from_secs(86_400);

    pub(super) fn of(stall_after: Duration) -> Self {
        let stall_after = stall_after.clamp(Self::STALL_AFTER_MIN, Self::STALL_AFTER_MAX);
        let interval = (stall_after / 10).min(INTERVAL);
        Self { stall_after, interval, gap: interval + interval.max(GAP_MIN) }
    }
}

/// What a task has answered by now.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Answers {
    /// How often.
    pub(super) count: u64,
    /// When last.
    pub(super) last: Timestamp,
}

/// What a task was asked.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    count: u64,
    /// When last, or since when it can have been run.
    at: Timestamp,
}

/// What is known of one runtime.
#[derive(Debug)]
pub(super) struct Watch {
    patience: Patience,
    asked: Box<[Asked]>,
    observed: Timestamp,
    /// For how long all tasks have been silent.
    silence: Duration,
    stalled_since: Option<Timestamp>,
    stalls: u64,
    /// The longest wait as of the last look.
    lag: Duration,
    /// The longest of now and of before.
    worst: [Duration; 2],
    turned: Timestamp,
}

impl Watch {
    /// The longest wait is that of so many intervals, or up to twice as many.
    const INTERVALS_LATELY: u32 = 30;

    pub(super) fn new(tasks: usize, patience: Patience, now: Timestamp) -> Self {
        Self {
            patience,
            asked: vec![Asked::default(); tasks].into(),
            observed: now,
            silence: Duration::ZERO,
            stalled_since: None,
            stalls: 0,
            lag: Duration::ZERO,
            worst: [Duration::ZERO; 2],
            turned: now,
        }
    }

    /// Looks at what each task has answered, `None` if it is no more, and asks those that have.
    pub(super) fn observe(
        &mut self,
        now: Timestamp,
        answers: impl Fn(usize) -> Option<Answers>,
        mut ask: impl FnMut(usize),
    ) {
        let has_rested = now.since(replace(&mut self.observed, now)) > self.patience.gap;
        let (mut lag, mut silence) = (Duration::ZERO, None);
        for (task, asked) in self.asked.iter_mut().enumerate() {
            let Some(answers) = answers(task) else { continue };
            if has_rested {
                asked.at = now;
            }
            let has_answered = answers.count >= asked.count;
            let waited = if has_answered { answers.last } else { now }.since(asked.at);
            lag = lag.max(waited);
            let silent = (!has_answered).then_some(waited);
            // The one that was silent for the shortest time; none, as soon as one has answered.
            silence = Some(silence.map_or(silent, |least: Option<_>| least.min(silent)));
            if has_answered {
                *asked = Asked { count: asked.count + 1, at: now };
                ask(task);
            }
        }
        self.judge(silence.flatten(), now);
        self.note(lag, now);
    }

    /// Takes for how long nobody has answered; `None` if somebody has, or nobody is left who could.
    fn judge(&mut self, silence: Option<Duration>, now: Timestamp) {
        self.silence = silence.unwrap_or_default();
        match silence {
            None => self.stalled_since = None,
            // What stood still goes on to do so until somebody answers, whatever happens to us meanwhile.
            Some(silence) if silence >= self.patience.stall_after && self.stalled_since.is_none() => {
                self.stalled_since = Some(now.minus(silence));
                self.stalls += 1;
            }
            Some(_) => {}
        }
    }

    fn note(&mut self, lag: Duration, now: Timestamp) {
        let lately = self.patience.interval * Self::INTERVALS_LATELY;
        if now.since(self.turned) >= lately {
            let is_recent = now.since(self.turned) < 2 * lately;
            let before = if is_recent { self.worst[0] } else { Duration::ZERO };
            (self.worst, self.turned) = ([Duration::ZERO, before], now);
        }
        self.worst[0] = self.worst[0].max(lag);
        self.lag = lag;
    }

    /// Returns the longest that a task has waited as of the last look.
    pub(super) const fn lag(&self) -> Duration {
        self.lag
    }

    /// Returns the longest that a task has waited lately.
    pub(super) fn worst_lag(&self) -> Duration {
        self.worst[0].max(self.worst[1])
    }

    /// Returns how often the runtime has stood still.
    pub(super) const fn stalls(&self) -> u64 {
        self.stalls
    }

    /// Returns whether the runtime has polled a task within this time, as far as we were there to see it.
    #[cfg_attr(not(all(feature = "systemd", unix)), allow(dead_code, reason = "only systemd asks"))]
    pub(super) fn answers_within(&self, limit: Duration) -> bool {
        self.stalled_since.is_none() && self.silence < limit
    }

    pub(super) fn report(&self) -> Report {
        let worst = self.worst_lag();
        match self.stalled_since {
            Some(since) => Report::Fail(format!(
                "no task of the runtime has been polled since {since:.0}: calls that block hold all of its threads, or it has \
                 a single one and nobody drives it"
            )),
            None if worst >= WARN_AFTER.min(self.patience.stall_after / 2) => Report::Warn(format!(
                "a task of the runtime has waited for {:.1} s lately: a call that blocks holds one of its threads, or \
                 there is too little CPU",
                worst.as_secs_f64()
            )),
            None => Report::Pass,
        }
    }
}

#[cfg(test)]
#[path = "watch_tests.rs"]
mod tests;
