//! Random histories with restarts anywhere and clocks set anywhere, held against a model that keeps every event.

use std::time::Duration;

use proptest::prelude::*;
use slo_core::{Clock, Registry, Slo, Timestamp};

use super::support::{Directory, START, cases, count, open, over};

const WINDOWS: [(&str, u64, u64); 5] = [
    ("1h", 3_600, 10),
    ("6h", 21_600, 60),
    ("1d", 86_400, 300),
    ("7d", 604_800, 3_600),
    ("30d", 2_592_000, 3_600),
];

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// So many seconds pass, so many events end, then there is a tick.
    Tick(u64, u64, u64),
    /// The process ends after some events and another one begins, so many seconds later; fewer than none if the clock is
    /// set back.
    Restart(u64, i64),
    /// As before, but it is killed, so that what came after the last tick is lost.
    Kill(u64, i64),
}

/// Every event, and every period that was watched, at the moments that the clock shows now.
#[derive(Default)]
struct Model {
    events: Vec<(i64, bool)>,
    watched: Vec<(i64, i64)>,
    /// How often the clock was set back; each time moments are known to a step only.
    set_back: i64,
}

impl Model {
    fn count(&self, bad: bool, after: i64) -> u64 {
        self.events.iter().filter(|event| event.1 == bad && event.0 > after).count() as u64
    }

    fn seen(&self, after: i64) -> i64 {
        self.watched.iter().map(|(from, to)| (to - from.max(&after)).max(0)).sum()
    }

    fn move_back(&mut self, seconds: i64) {
        self.events.iter_mut().for_each(|event| event.0 -= seconds);
        self.watched.iter_mut().for_each(|(from, to)| (*from, *to) = (*from - seconds, *to - seconds));
        self.set_back += seconds.signum();
    }
}

fn step() -> impl Strategy<Value = Step> {
    let jump = || prop_oneof![4 => 0..120_i64, 2 => -20_000..20_000_i64, 1 => -400_000..400_000_i64];
    prop_oneof![
        12 => (1..61_u64, 0..4_u64, 0..3_u64).prop_map(|(seconds, good, bad)| Step::Tick(seconds, good, bad)),
        2 => (61..200_000_u64, 0..4_u64, 0..3_u64).prop_map(|(seconds, good, bad)| Step::Tick(seconds, good, bad)),
        1 => (0..5_u64, jump()).prop_map(|(good, jump)| Step::Restart(good, jump)),
        1 => (0..5_u64, jump()).prop_map(|(good, jump)| Step::Kill(good, jump)),
    ]
}

fn slos() -> impl Iterator<Item = Slo> {
    WINDOWS.iter().map(|(window, ..)| over(window, window))
}

fn seconds(moment: Timestamp) -> i64 {
    i64::try_from(moment.unix_nanos() / 1_000_000_000).expect("it is not that late")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(u64::try_from(seconds).expect("it is after the epoch"))
}

/// The process that runs, and the tick before.
struct Running {
    directory: Directory,
    registry: Registry,
    clock: Clock,
    ticked: i64,
    /// The last tick of any process: a killed one may have had none.
    saved: i64,
    /// By how much this process found the clock set back. If it is killed before its first tick, nobody knows.
    moved: i64,
}

impl Running {
    fn tick(&mut self, model: &mut Model, elapsed: u64, good: u64, bad: u64) {
        self.clock.advance(Duration::from_secs(elapsed));
        count(&self.registry, good, bad);
        let now = seconds(self.clock.now());
        self.registry.tick(self.clock.now());
        model.events.extend((0..good).map(|_| (now, false)).chain((0..bad).map(|_| (now, true))));
        if now - self.ticked <= 60 {
            model.watched.push((self.ticked, now));
        }
        (self.ticked, self.saved, self.moved) = (now, now, 0);
    }

    fn restart(self, model: &mut Model, good: u64, jump: i64, is_killed: bool) -> Self {
        let now = seconds(self.clock.now());
        count(&self.registry, good, 0);
        let mut saved = self.saved;
        let directory = if is_killed {
            let left = self.directory.as_it_is();
            drop(self.registry);
            model.move_back(-self.moved);
            saved += self.moved;
            left
        } else {
            saved = now;
            model.events.extend((0..good).map(|_| (now, false)));
            drop(self.registry);
            self.directory
        };
        let begins = now + jump;
        let moved = (saved - begins).max(0);
        model.move_back(moved);
        saved -= moved;
        let (registry, clock) = open(&directory, slos(), at(begins));
        Self { directory, registry, clock, ticked: begins, saved, moved }
    }
}

fn check(running: &Running, model: &Model) -> Result<(), TestCaseError> {
    let (now, all) = (seconds(running.clock.now()), running.registry.status());
    for (name, window, step) in WINDOWS {
        let status = all.slo(name).expect("it is declared");
        let (window, set_back) = (window as i64, model.set_back);
        // The tick that ends the step may come late, within the next one.
        let (step, later) = (step as i64 * (1 + set_back), step as i64 * (2 + set_back));
        for (kind, bad, seen) in [("good", false, status.events.good), ("bad", true, status.events.bad)] {
            let (most, least) =
                (model.count(bad, now - window - step), model.count(bad, now - window + later));
            prop_assert!((least..=most).contains(&seen), "{name}: {seen} {kind}, not {least} to {most}");
        }
        let covered = status.coverage * window as f64;
        // What was watched between two ticks is known at the second one, a minute later at most.
        let (most, least) = (model.seen(now - window - step - 60), model.seen(now - window + later + 60));
        let within = least as f64 - 1e-6 <= covered && covered <= (most.min(window)) as f64 + 1e-6;
        prop_assert!(within, "{name}: {covered} s, not {least} to {most}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(60)))]

    #[test]
    fn windows_agree_with_a_model_whatever_restarts(steps in prop::collection::vec(step(), 1..120)) {
        let directory = Directory::new();
        let begin = START.plus(Duration::from_secs(90 * 86_400 + 3));
        let (registry, clock) = open(&directory, slos(), begin);
        // Nothing is saved yet: a clock set back before that changes nothing.
        let mut running = Running { directory, registry, clock, ticked: seconds(begin), saved: 0, moved: 0 };
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Tick(elapsed, good, bad) => running.tick(&mut model, elapsed, good, bad),
                Step::Restart(good, jump) => running = running.restart(&mut model, good, jump, false),
                Step::Kill(good, jump) => running = running.restart(&mut model, good, jump, true),
            }
            check(&running, &model)?;
        }
    }
}
