//! Every rule as a table over virtual time.

use std::cell::{Cell, RefCell};

use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const STALL_AFTER: Duration = Duration::from_secs(30);

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A task that is no task.
#[derive(Clone, Copy, Default)]
struct Task {
    is_asked: bool,
    is_over: bool,
    answers: Answers,
}

/// A runtime that runs when it is told to.
struct Runtime {
    watch: Watch,
    tasks: RefCell<Vec<Task>>,
    now: Cell<Timestamp>,
}

impl Runtime {
    fn of(tasks: usize) -> Self {
        let watch = Watch::new(tasks, Patience::of(STALL_AFTER), START);
        let mut runtime =
            Self { watch, tasks: RefCell::new(vec![Task::default(); tasks]), now: Cell::new(START) };
        runtime.observe();
        runtime
    }

    fn pass(&self, duration: Duration) {
        self.now.set(self.now.get().plus(duration));
    }

    /// Has a task answer, if it is asked.
    fn poll(&self, task: usize) {
        let task = &mut self.tasks.borrow_mut()[task];
        if replace(&mut task.is_asked, false) {
            task.answers = Answers { count: task.answers.count + 1, last: self.now.get() };
        }
    }

    fn observe(&mut self) {
        let tasks = &self.tasks;
        let answers = |task: usize| {
            let task = tasks.borrow()[task];
            (!task.is_over).then_some(task.answers)
        };
        self.watch.observe(self.now.get(), answers, |task| {
            let asked = replace(&mut tasks.borrow_mut()[task].is_asked, true);
            assert!(!asked, "who has not answered is not asked again");
        });
    }

    /// Passes seconds with the usual looks, in which only these tasks are polled, `late` after they were asked.
    fn run(&mut self, seconds: u64, polled: &[usize], late: Duration) {
        for _ in 0..seconds {
            self.pass(late);
            polled.iter().for_each(|task| self.poll(*task));
            self.pass(millis(1_000) - late);
            self.observe();
        }
    }

    fn letter(&self) -> char {
        match self.watch.report() {
            Report::Pass => 'P',
            Report::Warn(_) => 'W',
            Report::Fail(_) => 'F',
        }
    }
}

#[test]
fn a_runtime_stands_still_when_none_of_its_tasks_has_been_polled_for_so_long() {
    for (tasks, polled, seconds, expected) in [
        (2, &[0, 1][..], 100, 'P'),
        (2, &[], 29, 'W'),
        (2, &[], 30, 'F'),
        // One that is stuck behind a blocked worker is a warning, as long as others are polled.
        (2, &[1], 100, 'W'),
        (8, &[7], 100_000, 'W'),
        (1, &[], 29, 'W'),
        (1, &[], 30, 'F'),
    ] {
        let mut runtime = Runtime::of(tasks);
        runtime.run(seconds, polled, millis(1));
        assert_eq!(runtime.letter(), expected, "{tasks} tasks, {polled:?} polled, {seconds} s");
        assert_eq!(runtime.watch.stalls(), u64::from(expected == 'F'));
    }
}

#[test]
fn a_stall_is_counted_once_and_ends_with_the_first_answer() {
    let mut runtime = Runtime::of(2);
    for stalls in 1..=3 {
        runtime.run(500, &[], millis(0));
        assert_eq!((runtime.watch.stalls(), runtime.letter()), (stalls, 'F'));
        let Report::Fail(reason) = runtime.watch.report() else { panic!("it fails") };
        let since = runtime.now.get().minus(millis(500_000));
        assert!(reason.contains(&format!("{since:.0}")), "{reason}");
        runtime.run(1, &[1], millis(0));
        assert_eq!(runtime.letter(), 'W', "not forgotten at once");
        runtime.run(61, &[0, 1], millis(0));
        assert_eq!((runtime.watch.stalls(), runtime.letter()), (stalls, 'P'));
    }
}

#[test]
fn time_in_which_nobody_was_run_is_no_stall() {
    for gap in [2_001, 31_000, 86_400_000] {
        // Asked and not answered, or answered afterwards, before or after we look.
        for polled_first in [None, Some(true), Some(false)] {
            let mut runtime = Runtime::of(2);
            runtime.run(5, &[0, 1], millis(0));
            for _ in 0..3 {
                runtime.pass(millis(gap));
                if polled_first == Some(true) {
                    (0..2).for_each(|task| runtime.poll(task));
                }
                runtime.observe();
                if polled_first == Some(false) {
                    (0..2).for_each(|task| runtime.poll(task));
                }
            }
            assert_eq!((runtime.letter(), runtime.watch.stalls()), ('P', 0), "{gap} ms, {polled_first:?}");
            assert_eq!(runtime.watch.worst_lag(), Duration::ZERO);
        }
    }
}

#[test]
fn after_a_gap_the_patience_begins_anew_and_a_known_stall_goes_on() {
    let mut runtime = Runtime::of(2);
    runtime.run(29, &[], millis(0));
    runtime.pass(millis(10_000));
    runtime.observe();
    runtime.run(29, &[], millis(0));
    assert_eq!(runtime.watch.stalls(), 0);
    runtime.run(1, &[], millis(0));
    assert_eq!(runtime.letter(), 'F');
    runtime.pass(millis(10_000));
    runtime.observe();
    assert_eq!((runtime.letter(), runtime.watch.stalls()), ('F', 1), "nobody has answered");
    assert!(!runtime.watch.answers_within(millis(60_000)));
}

#[test]
fn the_lag_is_that_of_the_slowest_and_remembered_for_about_a_minute() {
    let mut runtime = Runtime::of(3);
    runtime.run(10, &[0, 1, 2], millis(7));
    assert_eq!(
        (runtime.watch.lag(), runtime.watch.worst_lag(), runtime.letter()),
        (millis(7), millis(7), 'P')
    );
    for task in 0..3 {
        runtime.pass(millis(1 + 300 * task as u64));
        runtime.poll(task);
    }
    runtime.pass(millis(50));
    runtime.observe();
    assert_eq!((runtime.watch.lag(), runtime.letter()), (millis(903), 'P'));
    runtime.run(1, &[0, 1], millis(0));
    runtime.run(1, &[0, 1, 2], millis(0));
    assert_eq!((runtime.watch.worst_lag(), runtime.letter()), (millis(1_000), 'W'));
    runtime.run(28, &[0, 1, 2], millis(2));
    assert_eq!((runtime.watch.lag(), runtime.letter()), (millis(2), 'W'));
    runtime.run(60, &[0, 1, 2], millis(2));
    assert_eq!((runtime.watch.worst_lag(), runtime.letter()), (millis(2), 'P'));
}

#[test]
fn a_runtime_that_has_ended_is_no_stall() {
    let mut runtime = Runtime::of(2);
    runtime.run(31, &[], millis(0));
    assert_eq!(runtime.letter(), 'F');
    runtime.tasks.borrow_mut().iter_mut().for_each(|task| task.is_over = true);
    runtime.run(1_000, &[], millis(0));
    assert_eq!((runtime.letter(), runtime.watch.stalls()), ('P', 1));
    // One that is no more does not speak for the others, nor they for it.
    let mut runtime = Runtime::of(2);
    runtime.tasks.borrow_mut()[0].is_over = true;
    runtime.run(31, &[], millis(0));
    assert_eq!(runtime.letter(), 'F');
}

#[test]
fn patience_is_between_a_second_and_a_day_and_longer_than_a_gap() {
    for (asked, stall_after, interval) in [
        (Duration::ZERO, millis(1_000), millis(100)),
        (millis(5_000), millis(5_000), millis(500)),
        (millis(30_000), millis(30_000), millis(1_000)),
        (Duration::MAX, millis(86_400_000), millis(1_000)),
    ] {
        let patience = Patience::of(asked);
        assert_eq!((patience.stall_after, patience.interval), (stall_after, interval));
        assert!(patience.gap < patience.stall_after);
    }
}

/// What happens between two looks: how long it is, and who is polled.
fn steps() -> impl Strategy<Value = Vec<(u64, [bool; 3])>> {
    let duration = prop_oneof![8 => 1_u64..2_000, 1 => 2_001_u64..100_000];
    let polled = prop_oneof![3 => Just([false; 3]), 1 => any::<[bool; 3]>()];
    let silence = (duration, polled);
    proptest::collection::vec(silence, 0..300)
}

proptest! {
    /// By the list of all that happened: a stall is a time without an answer in which we looked often enough for so
    /// long, and each such time is one.
    #[test]
    fn stalls_are_what_the_list_of_all_that_happened_says(steps in steps()) {
        let mut runtime = Runtime::of(3);
        let (mut silent, mut is_known, mut stalls) = (0, false, 0);
        for (took, polled) in steps {
            runtime.pass(millis(took));
            (0..3).filter(|task| polled[*task]).for_each(|task| runtime.poll(task));
            runtime.observe();
            let is_answered = polled.contains(&true);
            // Every task is asked from the first moment on, as whoever answers is asked again.
            silent = if is_answered || took > 2_000 { 0 } else { silent + took };
            is_known &= !is_answered;
            if silent >= 30_000 && !is_known {
                (is_known, stalls) = (true, stalls + 1);
            }
            prop_assert_eq!(runtime.watch.stalls(), stalls);
            prop_assert_eq!(runtime.letter() == 'F', is_known);
            prop_assert_eq!(runtime.watch.answers_within(millis(1_000)), !is_known && silent < 1_000);
        }
    }
}
