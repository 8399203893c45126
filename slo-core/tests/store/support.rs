//! Directories of tests, and registries that keep their state in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use slo_core::{
    AlertPolicy, Clock, Objective, Outcome, Registry, RegistryBuilder, Sli, Slo, SloStatus, StateStatus,
    Timestamp, Verdict, Window,
};

pub(crate) const START: Timestamp = Timestamp::from_unix_seconds(472_222 * 3_600);
pub(crate) const TICK: Duration = Duration::from_secs(10);

/// So many random histories; `PROPTEST_CASES` asks for more.
pub(crate) fn cases(few: u32) -> u32 {
    std::env::var("PROPTEST_CASES").map_or(few, |cases| cases.parse().expect("PROPTEST_CASES is a number"))
}

/// A directory that goes with the test.
#[derive(Debug)]
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    /// A new one, which is not made yet.
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        // Relaxed: only the numbers must differ.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        // In memory where that can be had: thousands of files that are forced to a disk take minutes.
        let memory = PathBuf::from("/dev/shm");
        let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
        Self(parent.join(format!("slo-store-{}-{number}", std::process::id())))
    }

    /// A new one with the same files: what a process leaves that is killed now.
    pub(crate) fn as_it_is(&self) -> Self {
        let copy = Self::new();
        fs::create_dir_all(&copy.0).expect("it can be made");
        for name in self.names() {
            fs::copy(self.0.join(&name), copy.0.join(&name)).expect("it can be copied");
        }
        copy
    }

    /// A new one with this state in it.
    pub(crate) fn with(state: &[u8]) -> Self {
        let directory = Self::new();
        fs::create_dir_all(&directory.0).expect("it can be made");
        fs::write(directory.file(), state).expect("it can be written");
        directory
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.0.join("slo-state.bin")
    }

    /// The names of its files, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("it is there");
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("it can be read").file_name();
        let mut names: Vec<_> = entries.map(name).map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort_unstable();
        names
    }

    /// How many files were moved aside.
    pub(crate) fn aside(&self) -> usize {
        self.names().iter().filter(|name| name.starts_with("slo-state.corrupt-")).count()
    }
}

impl AsRef<Path> for Directory {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // It may never have been made.
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn slo(name: &str) -> Slo {
    let slo = Slo::new(name.to_owned(), Sli::Availability, Objective::literal("99%"));
    slo.and_then(|slo| slo.with_route("GET /a")).expect("it is plain")
}

pub(crate) fn over(name: &str, window: &str) -> Slo {
    slo(name).with_window(Window::parse(window).expect("a window"))
}

pub(crate) fn builder(
    directory: &Directory,
    slos: impl IntoIterator<Item = Slo>,
    at: Timestamp,
) -> (RegistryBuilder, Clock) {
    let clock = Clock::manual(at);
    let builder = slos.into_iter().fold(Registry::builder("shop"), RegistryBuilder::slo);
    // Thousands are built, of which none is asked for a thousand routes.
    let builder = builder.routes_max(8).series_max(32);
    (builder.clock(clock.clone()).state_dir(&directory.0), clock)
}

/// A registry that is ticked by hand, at this moment.
pub(crate) fn open(
    directory: &Directory,
    slos: impl IntoIterator<Item = Slo>,
    at: Timestamp,
) -> (Registry, Clock) {
    let (builder, clock) = builder(directory, slos, at);
    (builder.build().expect("the promises are valid"), clock)
}

/// Counts events of the route that all promises here are about.
pub(crate) fn count(registry: &Registry, good: u64, bad: u64) {
    let recorder = registry.recorder();
    for _ in 0..good {
        recorder.request("GET", Some("/a")).finish_as(Outcome::Completed(200), Verdict::Good);
    }
    for _ in 0..bad {
        recorder.request("GET", Some("/a")).finish_as(Outcome::Completed(500), Verdict::Bad);
    }
}

/// Lets a tick pass.
pub(crate) fn tick(registry: &Registry, clock: &Clock) {
    clock.advance(TICK);
    registry.tick(clock.now());
}

pub(crate) fn of(registry: &Registry, name: &str) -> SloStatus {
    registry.status().slo(name).expect("it is declared").clone()
}

/// Good and bad events within the window.
pub(crate) fn events(registry: &Registry, name: &str) -> (u64, u64) {
    let events = of(registry, name).events;
    (events.good, events.bad)
}

pub(crate) fn state(registry: &Registry) -> StateStatus {
    registry.status().state.expect("there is a state directory")
}

/// A small state: two promises, two minutes, of one an alert that fires. The report of its incident is most of it.
pub(crate) fn small() -> (Directory, Vec<Slo>, Timestamp) {
    let quiet = over("short", "1h").with_alerts(AlertPolicy::OFF);
    let (directory, slos) = (Directory::new(), vec![quiet, over("long", "6h")]);
    let (registry, clock) = open(&directory, slos.clone(), START);
    for minute in 0..12 {
        count(&registry, 10 + minute, minute % 3);
        tick(&registry, &clock);
    }
    let at = clock.now();
    drop(registry);
    (directory, slos, at)
}
