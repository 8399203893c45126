//! Disks that are full, read-only or do not answer: counting goes on, and what was counted is saved afterwards.
//!
//! What cannot be had here is skipped with its reason; on CI nothing is.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use slo_core::{Clock, Registry, StateFailure};

use super::support::{Directory, START, TICK, builder, count, events, open, slo, state, tick};

/// A file system in memory of its own, of so many bytes; gone with the test.
struct Mounted(Directory);

impl Mounted {
    fn new(bytes: u64) -> Option<Self> {
        let directory = Directory::new();
        fs::create_dir_all(&directory.0).expect("it can be made");
        let size = format!("size={bytes}");
        mount(&["-t", "tmpfs", "-o", &size, "none"], &directory.0).then_some(Self(directory))
    }

    fn remount(&self, option: &str) {
        assert!(mount(&["-o", &format!("remount,{option}")], &self.0.0), "it is ours");
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let gone = as_root("umount").arg(&self.0.0).status();
        assert!(gone.is_ok_and(|status| status.success()), "{} is still mounted", self.0.0.display());
    }
}

/// Without asking anybody for a password.
fn as_root(program: &str) -> Command {
    let id = Command::new("id").arg("-u").output();
    if id.is_ok_and(|id| id.stdout == b"0\n") {
        return Command::new(program);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["--non-interactive", program]);
    sudo
}

fn mount(arguments: &[&str], at: &Path) -> bool {
    let mount = as_root("mount").args(arguments).arg(at).stderr(Stdio::null()).status();
    mount.is_ok_and(|status| status.success())
}

/// Says that a test did not run because the system does not let it.
fn skipped(test: &str, why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{test} must run on CI: {why}");
    let line = format!("SKIPPED {test}: {why}\n");
    eprint!("{line}");
    if let Some(path) = std::env::var_os("SLO_SKIP_LOG") {
        use std::io::Write as _;
        let log = fs::OpenOptions::new().append(true).create(true).open(path);
        log.and_then(|mut log| log.write_all(line.as_bytes())).expect("the log takes a line");
    }
}

#[test]
fn a_full_disk_is_survived_and_nothing_is_lost_once_there_is_room() {
    let Some(disk) = Mounted::new(256 * 1024) else {
        return skipped(
            "a_full_disk_is_survived_and_nothing_is_lost_once_there_is_room",
            "nothing can be mounted",
        );
    };
    let filler = disk.0.0.join("filler");
    let fill = || {
        // Up to the last byte: the write fails half-way.
        let error = fs::write(&filler, vec![7; 1024 * 1024]).expect_err("there is less room");
        assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    };
    // Full from the start: not even a first file fits.
    fill();
    let (registry, clock) = open(&disk.0, [slo("a")], START);
    count(&registry, 10, 0);
    tick(&registry, &clock);
    assert_eq!((state(&registry).failure, state(&registry).saved_at), (Some(StateFailure::DiskFull), None));
    fs::remove_file(&filler).expect("it is there");
    (0..6).for_each(|_| tick(&registry, &clock));
    assert_eq!((state(&registry).failure, state(&registry).saved_at), (None, Some(clock.now())));
    // Full while ticks are appended, for two hours.
    fill();
    for _ in 0..720 {
        count(&registry, 1, 1);
        tick(&registry, &clock);
    }
    assert_eq!(state(&registry).failure, Some(StateFailure::DiskFull));
    // A process that is killed now has what was saved before.
    let left = disk.0.as_it_is();
    let (killed, _) = open(&left, [slo("a")], clock.now());
    let (good, bad) = events(&killed, "a");
    assert!((10..730).contains(&good) && bad < 720, "{good} {bad}");
    assert!(state(&killed).restored_from.is_some_and(|at| at < clock.now()));
    fs::remove_file(&filler).expect("it is there");
    tick(&registry, &clock);
    assert_eq!((state(&registry).failure, state(&registry).saved_at), (None, Some(clock.now())));
    let left = disk.0.as_it_is();
    let (killed, _) = open(&left, [slo("a")], clock.now());
    assert_eq!(events(&killed, "a"), (730, 720));
    let rates = |registry: &Registry| registry.status().slos.remove(0).burn_rates;
    assert_eq!(rates(&killed), rates(&registry));
}

#[test]
fn a_read_only_disk_is_read_and_written_once_it_can_be() {
    let Some(disk) = Mounted::new(1024 * 1024) else {
        return skipped("a_read_only_disk_is_read_and_written_once_it_can_be", "nothing can be mounted");
    };
    let (registry, clock) = open(&disk.0, [slo("a")], START);
    count(&registry, 5, 1);
    tick(&registry, &clock);
    drop(registry);
    disk.remount("ro");
    let (registry, clock) = open(&disk.0, [slo("a")], clock.now());
    assert_eq!(events(&registry, "a"), (5, 1));
    count(&registry, 2, 0);
    tick(&registry, &clock);
    assert_eq!(state(&registry).failure, Some(StateFailure::ReadOnly));
    // Who only reads keeps others away nevertheless.
    let (second, _) = builder(&disk.0, [slo("a")], START);
    assert!(matches!(second.build(), Err(slo_core::BuildError::StateInUse { .. })));
    disk.remount("rw");
    (0..6).for_each(|_| tick(&registry, &clock));
    assert_eq!(state(&registry).failure, None);
    drop(registry);
    let (registry, _) = open(&disk.0, [slo("a")], clock.now());
    assert_eq!(events(&registry, "a"), (7, 1));
}

/// An empty one that turns writable later: there is no lock before.
#[test]
fn a_directory_that_can_be_made_later_is() {
    let Some(disk) = Mounted::new(1024 * 1024) else {
        return skipped("a_directory_that_can_be_made_later_is", "nothing can be mounted");
    };
    disk.remount("ro");
    let below = disk.0.0.join("some/where");
    let build = || {
        let builder = Registry::builder("shop").slo(slo("a")).clock(Clock::manual(START));
        builder.state_dir(&below).build().expect("it degrades")
    };
    let (registry, second) = (build(), build());
    count(&registry, 3, 0);
    registry.tick(START.plus(TICK));
    assert_eq!(state(&registry).failure, Some(StateFailure::ReadOnly));
    disk.remount("rw");
    (2..9).for_each(|ticks| registry.tick(START.plus(TICK * ticks)));
    assert_eq!(state(&registry).failure, None);
    // Whoever comes second finds it taken.
    second.tick(START.plus(TICK));
    assert_eq!(state(&second).failure, Some(StateFailure::InUse));
}

#[test]
fn a_directory_that_is_removed_is_made_again() {
    let directory = Directory::new();
    let (registry, clock) = open(&directory, [slo("a")], START);
    count(&registry, 3, 0);
    tick(&registry, &clock);
    fs::remove_dir_all(&directory.0).expect("it is there");
    tick(&registry, &clock);
    assert_eq!((state(&registry).failure, state(&registry).saved_at), (None, Some(clock.now())));
    let left = directory.as_it_is();
    let (killed, _) = open(&left, [slo("a")], clock.now());
    assert_eq!(events(&killed, "a"), (3, 0));
}

/// It is removed, and another process is quicker: two files of one name, of which one leads nowhere.
#[test]
fn who_has_lost_the_directory_to_another_one_says_so() {
    let directory = Directory::new();
    let (first, clock) = open(&directory, [slo("a")], START);
    count(&first, 3, 0);
    tick(&first, &clock);
    fs::remove_dir_all(&directory.0).expect("it is there");
    let (second, own) = open(&directory, [slo("a")], START);
    count(&second, 1, 0);
    tick(&second, &own);
    tick(&first, &clock);
    assert_eq!(state(&first).failure, Some(StateFailure::InUse));
    drop(first);
    tick(&second, &own);
    assert_eq!((state(&second).failure, state(&second).saved_at), (None, Some(own.now())));
    drop(second);
    let (third, _) = open(&directory, [slo("a")], own.now());
    assert_eq!(events(&third, "a"), (1, 0));
}

/// A pipe under the name of the file that is written next: opening it does not return before somebody reads.
#[test]
fn a_disk_that_does_not_answer_delays_no_tick_and_no_end() {
    const NAME: &str = "a_disk_that_does_not_answer_delays_no_tick_and_no_end";
    let directory = Directory::new();
    fs::create_dir_all(&directory.0).expect("it can be made");
    let pipe = directory.0.join("slo-state.next");
    if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        return skipped(NAME, "there is no mkfifo");
    }
    let (ticked, real) = (std::sync::Arc::new(Mutex::new(0)), Clock::system());
    let listener = std::sync::Arc::clone(&ticked);
    let (builder, clock) = builder(&directory, [slo("a")], START);
    let builder = builder.on_alert(move |_| *listener.lock().expect("nobody panics") += 1);
    let registry = builder.tick_interval(Duration::from_millis(2)).start().expect("it starts");
    count(&registry, 0, 50);
    let eventually = |what: &str, condition: &dyn Fn() -> bool| {
        let since = real.ticks();
        while !condition() {
            assert!(real.nanos_between(since, real.ticks()) < 30_000_000_000, "in vain: {what}");
            clock.advance(TICK);
            // tidy: real time because threads under test run in it; the condition decides, not the delay.
            thread::yield_now();
        }
    };
    eventually("ticks go on and alerts are told", &|| *ticked.lock().expect("nobody panics") > 0);
    eventually("it is noticed", &|| state(&registry).failure == Some(StateFailure::Stalled));
    assert_eq!(state(&registry).saved_at, None);
    let since = real.ticks();
    registry.tick(clock.now());
    assert_eq!(events(&registry, "a").1, 50);
    let took = real.nanos_between(since, real.ticks());
    drop(registry);
    let ended = real.nanos_between(since, real.ticks());
    println!("a tick and a status took {} us, the end {} ms", took / 1_000, ended / 1_000_000);
    assert!(ended < 10_000_000_000, "the end took {ended} ns");
    // Let the thread go: it finds its pipe read to the end.
    let mut written = Vec::new();
    fs::File::open(&pipe).and_then(|mut pipe| pipe.read_to_end(&mut written)).expect("it is a pipe");
}
