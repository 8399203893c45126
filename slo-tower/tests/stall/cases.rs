//! Each case is a process, and what keeps it from running.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use slo_tower::{Clock, Timestamp};

use crate::program::Program;

const STALL_AFTER: Duration = Duration::from_secs(2);
/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn run() {
    // Two workers, or one thread.
    for workers in [2, 0] {
        a_runtime_that_is_blocked_is_dead_until_it_is_not(workers);
        a_process_that_is_stopped_does_not_stall(workers);
        a_process_that_is_stopped_while_it_is_blocked_does_not_stall(workers);
    }
    one_blocked_worker_of_two_is_no_stall();
    a_busy_machine_is_no_stall();
    a_process_out_of_its_share_of_the_cpu_does_not_stall();
}

fn wait(duration: Duration) {
    // tidy: real time because another process must be kept from running for so long.
    thread::sleep(duration);
}

/// Asks until `/livez` answers so, and returns how long it took since `start`.
fn until(program: &Program, livez: u16, clock: &Clock, start: Timestamp) -> Duration {
    while program.livez() != livez {
        assert!(clock.now().since(start) < PATIENCE, "/livez does not answer {livez}");
        wait(Duration::from_millis(20));
    }
    clock.now().since(start)
}

fn a_runtime_that_is_blocked_is_dead_until_it_is_not(workers: usize) {
    let program = Program::start(workers, STALL_AFTER);
    assert_eq!((program.livez(), program.stalls()), (200, 0.0));
    let (clock, blocked_for) = (Clock::system(), Duration::from_secs(8));
    let start = clock.now();
    program.ask("POST", &format!("/block/{}/{}", workers.max(1), blocked_for.as_millis()));
    let dead = until(&program, 503, &clock, start);
    let (text, stalls) = (program.ask("GET", "/livez?verbose").1, program.stalls());
    let alive = until(&program, 200, &clock, start);
    println!("{workers} workers blocked for {blocked_for:?}: dead after {dead:?}, alive after {alive:?}");
    assert!(text.contains("[-]tokio-runtime failed: no task of the runtime has been polled since"), "{text}");
    assert!(dead >= STALL_AFTER.mul_f64(0.9) && dead < blocked_for, "{dead:?}");
    assert!(alive >= blocked_for, "{alive:?}");
    assert_eq!((stalls, program.stalls()), (1.0, 1.0));
    assert!(program.metric("health_runtime_lag_seconds") >= STALL_AFTER.as_secs_f64());
}

fn a_process_that_is_stopped_does_not_stall(workers: usize) {
    let program = Program::start(workers, STALL_AFTER);
    for seconds in [3, 5, 3] {
        program.signal("STOP");
        wait(Duration::from_secs(seconds));
        program.signal("CONT");
        // At once, and once it has looked at itself some times.
        for _ in 0..20 {
            assert_eq!(program.livez(), 200, "{}", program.ask("GET", "/livez?verbose").1);
            wait(Duration::from_millis(50));
        }
    }
    let lag = program.metric("health_runtime_lag_seconds");
    println!("{workers} workers, stopped three times for 3 s and 5 s: no stall, lag {lag} s");
    assert_eq!(program.stalls(), 0.0);
    assert!(lag < STALL_AFTER.as_secs_f64(), "{lag}");
}

/// It was blocked before, and is for a moment after: by the clock for longer than it may be, but it was not run meanwhile.
fn a_process_that_is_stopped_while_it_is_blocked_does_not_stall(workers: usize) {
    let program = Program::start(workers, STALL_AFTER);
    let (moment, stopped) = (Duration::from_millis(700), Duration::from_secs(5));
    program.ask("POST", &format!("/block/{}/{}", workers.max(1), (stopped + 2 * moment).as_millis()));
    wait(moment);
    program.signal("STOP");
    wait(stopped);
    program.signal("CONT");
    watch(&program, 4 * moment);
    let lag = program.metric("health_runtime_lag_seconds");
    println!(
        "{workers} workers, blocked for {:?} and stopped within for {stopped:?}: no stall, lag {lag} s",
        stopped + 2 * moment
    );
    assert!(lag >= 0.3 && lag < STALL_AFTER.as_secs_f64(), "{lag}");
}

fn one_blocked_worker_of_two_is_no_stall() {
    let program = Program::start(2, STALL_AFTER);
    program.ask("POST", &format!("/block/1/{}", 3 * STALL_AFTER.as_millis()));
    watch(&program, 3 * STALL_AFTER);
    println!("one worker of two blocked for {:?}: no stall", 3 * STALL_AFTER);
}

/// Threads of the process itself take all processors.
fn a_busy_machine_is_no_stall() {
    let program = Program::start(2, STALL_AFTER);
    let spinning = 4 * thread::available_parallelism().map_or(1, usize::from);
    program.ask("POST", &format!("/spin/{spinning}"));
    watch(&program, 3 * STALL_AFTER);
    let lag = program.metric("health_runtime_lag_seconds");
    println!("{spinning} threads that spin for {:?}: no stall, lag {lag} s", 3 * STALL_AFTER);
}

/// As a container that has used up its quota: one percent of one processor, of which spinning threads take most.
fn a_process_out_of_its_share_of_the_cpu_does_not_stall() {
    let group = match Group::of_the_cpu() {
        Ok(group) => group,
        Err(error) => return eprintln!("SKIPPED the share of the CPU: {error}"),
    };
    let program = Program::start(2, STALL_AFTER);
    program.ask("POST", "/spin/2");
    group.take(program.id()).expect("it was made for it");
    wait(3 * STALL_AFTER);
    let throttled = group.throttled();
    drop(group);
    let lag = program.metric("health_runtime_lag_seconds");
    println!("throttled {throttled} times: {} stalls, lag {lag} s", program.stalls());
    assert!(throttled > 10, "it was not throttled");
    assert_eq!((program.livez(), program.stalls()), (200, 0.0));
}

fn watch(program: &Program, duration: Duration) {
    let clock = Clock::system();
    let start = clock.now();
    while clock.now().since(start) < duration {
        assert_eq!(program.livez(), 200, "{}", program.ask("GET", "/livez?verbose").1);
        wait(Duration::from_millis(50));
    }
    assert_eq!(program.stalls(), 0.0);
}

/// A group of processes with a small share of the CPU, where the system lets us make one.
struct Group {
    path: PathBuf,
    /// The group that processes go back to.
    parent: PathBuf,
}

impl Group {
    fn of_the_cpu() -> io::Result<Self> {
        let name = format!("slo-stall-{}", std::process::id());
        let first = PathBuf::from("/sys/fs/cgroup/cpu");
        let (parent, is_first) =
            if first.is_dir() { (first, true) } else { ("/sys/fs/cgroup".into(), false) };
        let path = parent.join(name);
        fs::create_dir(&path)?;
        let group = Self { path, parent };
        if is_first {
            fs::write(group.path.join("cpu.cfs_period_us"), "100000")?;
            fs::write(group.path.join("cpu.cfs_quota_us"), "1000")?;
        } else {
            fs::write(group.path.join("cpu.max"), "1000 100000")?;
        }
        Ok(group)
    }

    fn take(&self, process: u32) -> io::Result<()> {
        fs::write(self.path.join("cgroup.procs"), process.to_string())
    }

    fn throttled(&self) -> u64 {
        let stat = fs::read_to_string(self.path.join("cpu.stat")).expect("it says how it is");
        let line = stat.lines().find_map(|line| line.strip_prefix("nr_throttled "));
        line.expect("it counts").parse().expect("a number")
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for process in fs::read_to_string(self.path.join("cgroup.procs")).unwrap_or_default().lines() {
            // It may have ended by itself.
            let _ = fs::write(self.parent.join("cgroup.procs"), process);
        }
        let _ = fs::remove_dir(&self.path);
    }
}
