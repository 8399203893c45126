//! Every rule of a check as a table over virtual time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use slo_core::{
    Check, CheckError, Fault, Gate, HealthListener, HealthStatus, Level, Life, Monitor, Report, Run,
    Timestamp,
};

use super::support::START;

const SECOND: Duration = Duration::from_secs(1);

fn check(name: &str) -> Check {
    Check::blocking(name, || Report::Pass).jitter(0.0)
}

fn monitor(checks: Vec<Check>) -> Monitor {
    Monitor::new(checks, Vec::new(), 7, START).expect("the checks are right")
}

/// Drives a monitor second by second, each run ending at once as it is told.
struct Drive {
    monitor: Monitor,
    now: Timestamp,
}

impl Drive {
    fn of(checks: Vec<Check>) -> Self {
        Self { monitor: monitor(checks), now: START }
    }

    /// Passes to the next run of the only check, and ends it.
    fn report(&mut self, report: Report) {
        let run = self.due().remove(0);
        self.monitor.end(run, report, self.now);
    }

    /// Passes on until something is due.
    fn due(&mut self) -> Vec<Run> {
        for _ in 0..10_000 {
            let runs = self.monitor.begin(self.now);
            if !runs.is_empty() {
                return runs;
            }
            self.pass(SECOND);
        }
        panic!("nothing became due")
    }

    fn pass(&mut self, duration: Duration) {
        self.now = self.now.plus(duration);
        self.monitor.expire(self.now);
    }

    fn level(&self, name: &str) -> Level {
        self.monitor.status(self.now).check(name).expect("it was given").level
    }
}

fn report(letter: char) -> Report {
    match letter {
        'P' => Report::Pass,
        'W' => Report::Warn("slow".into()),
        'F' => Report::Fail("broken".into()),
        other => panic!("{other} is no report"),
    }
}

fn letter(level: Level) -> char {
    match level {
        Level::Pass => 'P',
        Level::Warn => 'W',
        Level::Unknown => '?',
        Level::Fail => 'F',
    }
}

#[test]
fn results_settle_after_as_many_in_a_row_as_asked() {
    for (fail_after, pass_after, reports, levels) in [
        // The first result settles, whatever it is.
        (3, 3, "F", "F"),
        (3, 3, "P", "P"),
        (1, 1, "PFPF", "PFPF"),
        (3, 1, "PFFFP", "PPPFP"),
        // A contrary one begins the count anew.
        (3, 1, "PFPFPF", "PPPPPP"),
        (3, 1, "PFFPFFPFFF", "PPPPPPPPPF"),
        (1, 3, "FPPFPPP", "FFFFFFP"),
        (2, 2, "PFFPFPPFF", "PPFFFFPPF"),
        // A warning is a success, seen at once.
        (2, 2, "WPWFFWW", "WPWWFFW"),
        (3, 2, "FWPW", "FFPW"),
    ] {
        let mut drive = Drive::of(vec![check("x").fail_after(fail_after).pass_after(pass_after)]);
        let seen = reports.chars().map(|each| {
            drive.report(report(each));
            letter(drive.level("x"))
        });
        assert_eq!(seen.collect::<String>(), levels, "{reports} by {fail_after} and {pass_after}");
    }
}

#[test]
fn a_failure_counts_only_when_it_has_lasted() {
    let lasting = check("x").fail_after(1).fail_for(25 * SECOND).failing_interval(10 * SECOND);
    let mut drive = Drive::of(vec![lasting]);
    let levels = "PFFFFPFF".chars().map(|each| {
        drive.report(report(each));
        letter(drive.level("x"))
    });
    // Failing since the second result; ten seconds apart, the fourth failure is the first after 25 s.
    assert_eq!(levels.collect::<String>(), "PPPPFPPP");
}

#[test]
fn a_failing_check_is_asked_less_and_no_two_runs_are_in_step() {
    for (letter, pauses) in [('P', 9.0..=11.0), ('F', 18.0..=22.0)] {
        let spread = Check::blocking("x", || Report::Pass).jitter(0.1);
        let (mut drive, mut seen) = (Drive::of(vec![spread]), Vec::new());
        for _ in 0..200 {
            let run = drive.due().remove(0);
            let ended = drive.now;
            drive.monitor.end(run, report(letter), ended);
            seen.push(drive.monitor.next(ended).expect("there is a check").since(ended).as_secs_f64());
        }
        assert!(seen.iter().all(|pause| pauses.contains(pause)), "{seen:?}");
        let mean = seen.iter().sum::<f64>() / seen.len() as f64;
        let middle = f64::midpoint(*pauses.start(), *pauses.end());
        assert!((mean - middle).abs() < 0.02 * middle, "{mean}");
        seen.sort_by(f64::total_cmp);
        seen.dedup();
        assert!(seen.len() > 150, "{} different pauses", seen.len());
    }
    // Neither are two checks, nor two processes.
    let first = |name: &str, seed| {
        let check = Check::blocking(name, || Report::Pass).jitter(0.5);
        Monitor::new(vec![check], Vec::new(), seed, START).expect("right").next(START)
    };
    assert_ne!(first("x", 1), first("y", 1));
    assert_ne!(first("x", 1), first("x", 2));
}

#[test]
fn the_first_run_waits_for_its_delay() {
    let drive = Drive::of(vec![check("x").initial_delay(30 * SECOND)]);
    assert!(drive.monitor.begin(START.plus(29 * SECOND)).is_empty());
    assert_eq!(drive.monitor.begin(START.plus(30 * SECOND)).len(), 1);
}

#[test]
fn what_does_not_end_is_given_up_and_delays_no_other() {
    let mut drive = Drive::of(vec![check("hangs").fail_after(1).timeout(2 * SECOND), check("works")]);
    let mut runs = drive.due();
    let (works, hangs) = (runs.remove(1), runs.remove(0));
    drive.monitor.end(works, Report::Pass, drive.now);
    drive.pass(SECOND);
    assert_eq!(drive.level("hangs"), Level::Unknown);
    drive.pass(SECOND);
    let status = drive.monitor.status(drive.now);
    let hanging = status.check("hangs").expect("it was given");
    assert_eq!((hanging.level, &hanging.fault), (Level::Fail, &Some(Fault::TimedOut(2 * SECOND))));
    // One run in flight, however long; the other goes on.
    let mut works = 0;
    for _ in 0..120 {
        drive.pass(SECOND);
        for run in drive.monitor.begin(drive.now) {
            works += 1;
            drive.monitor.end(run, Report::Pass, drive.now);
        }
    }
    assert_eq!(works, 12);
    // By now it is not even known to fail.
    let status = drive.monitor.status(drive.now);
    let hanging = status.check("hangs").expect("it was given");
    assert!(matches!(hanging.fault, Some(Fault::Stale(_))) && hanging.level == Level::Unknown, "{hanging:?}");
    assert_eq!(drive.level("works"), Level::Pass);
    // What it reports at last comes too late; the next run counts.
    drive.monitor.end(hangs, Report::Pass, drive.now);
    assert_eq!(drive.level("hangs"), Level::Unknown);
    let mut runs = drive.due();
    while runs.len() < 2 && drive.level("hangs") == Level::Unknown {
        runs.into_iter().for_each(|run| drive.monitor.end(run, Report::Pass, drive.now));
        runs = drive.due();
    }
    runs.into_iter().for_each(|run| drive.monitor.end(run, Report::Pass, drive.now));
    assert_eq!(drive.level("hangs"), Level::Pass);
}

#[test]
fn a_panic_is_a_failure_of_its_own_kind() {
    let mut drive = Drive::of(vec![check("x")]);
    let run = drive.due().remove(0);
    drive.monitor.end_panicked(run, drive.now);
    let status = drive.monitor.status(drive.now);
    let x = status.check("x").expect("it was given");
    assert_eq!((x.level, &x.fault, x.runs), (Level::Fail, &Some(Fault::Panicked), [0, 0, 1]));
}

#[test]
fn what_stops_reporting_is_not_known_to_be_well() {
    let mut drive = Drive::of(vec![check("x").stale_after(60 * SECOND), check("soft").warns_only()]);
    for run in drive.due() {
        drive.monitor.end(run, Report::Pass, drive.now);
    }
    // Nobody runs anything any more, and nobody says so: whoever asks finds out.
    let asked = |seconds| {
        let status = drive.monitor.status(drive.now.plus(seconds * SECOND));
        ["x", "soft"].map(|name| letter(status.check(name).expect("it was given").level))
    };
    assert_eq!([asked(59), asked(60), asked(200)], [['P', 'P'], ['?', 'P'], ['?', 'W']]);
}

#[test]
fn the_last_failure_is_kept_when_it_is_over() {
    let mut drive = Drive::of(vec![check("x")]);
    drive.report(report('F'));
    let failed = drive.now;
    drive.report(report('P'));
    let status = drive.monitor.status(drive.now);
    let x = status.check("x").expect("it was given");
    let last = x.last_failure.as_ref().expect("it failed once");
    assert_eq!((last.at, &last.fault), (failed, &Fault::Reported("broken".into())));
    assert_eq!((x.level, &x.fault, x.last_success), (Level::Pass, &None, Some(drive.now)));
}

/// Each line: the levels of a liveness, a readiness, a startup and an informational check; what the probes and people are
/// told.
#[test]
fn probes_look_at_what_gates_them() {
    for (levels, [alive, ready, started], overall) in [
        ("PPPP", [true, true, true], 'P'),
        ("WWWW", [true, true, true], 'W'),
        ("FPPP", [false, true, true], 'F'),
        ("PFPP", [true, false, true], 'F'),
        // What has not passed once keeps the process from being ready, and kills nobody.
        ("PPFP", [true, false, false], 'F'),
        // Others' trouble is reported.
        ("PPPF", [true, true, true], 'W'),
        ("FFFF", [false, false, false], 'F'),
    ] {
        let checks = vec![
            Check::in_process("alive", || Report::Pass).gates_liveness().jitter(0.0),
            check("ready").gates_readiness(),
            check("started").gates_startup(),
            check("others"),
        ];
        let mut drive = Drive::of(checks);
        // Nothing is known yet: alive, but not ready.
        let status = drive.monitor.status(START);
        assert!(status.liveness(&[]).is_success && !status.readiness(&[]).is_success);
        for (run, level) in drive.due().into_iter().zip(levels.chars()) {
            drive.monitor.end(run, report(level), drive.now);
        }
        let status = drive.monitor.status(drive.now);
        let told = [status.liveness(&[]), status.readiness(&[]), status.startup()];
        assert_eq!(told.map(|answer| answer.is_success), [alive, ready, started], "{levels}");
        assert_eq!(letter(status.overall()), overall, "{levels}");
        assert!(status.liveness(&["alive"]).is_success);
        assert_eq!(status.readiness(&["ready"]).is_success, started, "{levels}");
        assert_eq!(status.gating(Gate::Readiness, &[]).count(), 1);
    }
}

#[test]
fn a_process_starts_once_and_drains_for_good() {
    let mut drive = Drive::of(vec![check("started").gates_startup().fail_after(1)]);
    drive.monitor.hold_start(START);
    let life = |drive: &Drive| drive.monitor.status(drive.now).life;
    drive.report(report('P'));
    assert_eq!(life(&drive), Life::Starting, "somebody holds it");
    drive.monitor.release_start(drive.now);
    assert_eq!(life(&drive), Life::Ready);
    drive.report(report('F'));
    assert_eq!(life(&drive), Life::Ready, "it has started, whatever that check says later");
    assert!(drive.monitor.drain(drive.now) && !drive.monitor.drain(drive.now));
    drive.report(report('P'));
    drive.monitor.release_start(drive.now);
    let status = drive.monitor.status(drive.now);
    assert_eq!((status.life, status.has_started), (Life::Draining, true));
    assert!(!status.readiness(&[]).is_success && status.liveness(&[]).is_success);
}

#[test]
fn listeners_are_told_of_changes_only() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let listener: HealthListener = {
        let told = Arc::clone(&told);
        Box::new(move |before: &HealthStatus, after: &HealthStatus| {
            let level = |status: &HealthStatus| letter(status.check("x").expect("it was given").level);
            told.lock().expect("nobody panics").push((level(before), level(after)));
        })
    };
    let monitor =
        Monitor::new(vec![check("x").fail_after(2)], vec![listener], 7, START).expect("the checks are right");
    let mut drive = Drive { monitor, now: START };
    "PPFFFPP".chars().for_each(|each| drive.report(report(each)));
    assert_eq!(*told.lock().expect("nobody panics"), [('?', 'P'), ('P', 'F'), ('F', 'P')]);
}

#[test]
fn wrong_checks_say_what_to_write() {
    let outside = Check::new("db", || async { Report::Pass });
    for (checks, expected) in [
        (
            vec![check("a b")],
            "check name \"a b\" is no name: write 1 to 60 letters, digits, '-', '_' and '.'",
        ),
        (vec![check("a"), check("a")], "two checks are called a: rename one of them"),
        (
            vec![outside.clone().gates_liveness()],
            "check db looks outside of the process, which a restart does not heal: make it gate readiness or nothing, or \
             check the process itself with `Check::in_process`",
        ),
        (
            vec![check("a").timeout(Duration::ZERO)],
            "check a: the timeout is zero or longer than a day: write one between",
        ),
        (vec![check("a").jitter(0.6)], "check a: a jitter of 0.6 is not between 0 and 0.5"),
        (vec![check("a").jitter(f64::NAN)], "check a: a jitter of NaN is not between 0 and 0.5"),
    ] {
        let error = Monitor::new(checks, Vec::new(), 7, START).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
    let many = (0..=Monitor::CHECKS_MAX).map(|index| check(&format!("c{index}"))).collect();
    assert_eq!(Monitor::new(many, Vec::new(), 7, START).err(), Some(CheckError::TooMany { most: 100 }));
    assert!(outside.gates_liveness_although_outside_the_process().fault().is_none());
}

/// What is settled by a list of results, by going through all of it again for each.
fn settled(results: &[char], fail_after: usize, pass_after: usize) -> char {
    let mut settled = results[0];
    for end in 1..=results.len() {
        let streak = |counts: fn(char) -> bool| {
            results[..end].iter().rev().take_while(|result| counts(**result)).count()
        };
        let (last, failing) = (results[end - 1], streak(|result| result == 'F'));
        let passing = streak(|result| result != 'F');
        settled = match (end, settled, last) {
            (1, _, _) => last,
            (_, 'F', _) if passing >= pass_after => last,
            (_, 'F', _) => 'F',
            (_, _, 'F') if failing >= fail_after => 'F',
            (_, _, 'F') => settled,
            _ => last,
        };
    }
    settled
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn what_is_settled_is_what_the_list_of_results_says(
        results in prop::collection::vec(prop::sample::select(vec!['P', 'W', 'F', 'F']), 1..60),
        fail_after in 1..5_u32,
        pass_after in 1..5_u32,
    ) {
        let mut drive = Drive::of(vec![check("x").fail_after(fail_after).pass_after(pass_after)]);
        for end in 1..=results.len() {
            drive.report(report(results[end - 1]));
            let expected = settled(&results[..end], fail_after as usize, pass_after as usize);
            prop_assert_eq!(letter(drive.level("x")), expected, "{:?} by {} and {}", &results[..end], fail_after, pass_after);
        }
    }
}
