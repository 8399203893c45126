//! What becomes of the saved state, in the log: once for each change, with the names of what it is about.
//!
//! In a process of its own, as `traced.rs` is, and all in one test: what is kept of events is global.

use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use slo_core::{Clock, Objective, Registry, RegistryBuilder, Sli, Slo, Timestamp};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(Level, String)>>>);

impl Log {
    fn take(&self) -> Vec<(Level, String)> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics with it"))
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "slo::state"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        self.0.lock().expect("nobody panics with it").push((*event.metadata().level(), message.0));
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

fn slo(name: &'static str, objective: &'static str) -> Slo {
    let slo = Slo::literal(name, Sli::Availability, Objective::literal(objective));
    slo.with_operation("job").expect("it is plain")
}

/// A directory, and what is told about it.
struct Told {
    log: Log,
    directory: PathBuf,
}

impl Told {
    fn open(&self, slos: &[Slo], at: Timestamp) -> Registry {
        let builder = slos.iter().cloned().fold(Registry::builder("shop"), RegistryBuilder::slo);
        builder.clock(Clock::manual(at)).state_dir(&self.directory).build().expect("it is valid")
    }

    /// Each with its level and what it must name, in this order, and nothing else.
    fn expect(&self, what: &str, expected: &[(Level, &[&str])]) {
        let told = self.log.take();
        assert_eq!(told.len(), expected.len(), "{what}: {told:?}");
        for ((level, text), (expected, parts)) in told.iter().zip(expected) {
            assert_eq!(level, expected, "{what}: {text}");
            assert!(parts.iter().all(|part| text.contains(part)), "{what}: {text} does not name {parts:?}");
        }
    }
}

#[test]
fn each_change_of_the_saved_state_is_told_once() {
    let log = Log::default();
    tracing::subscriber::set_global_default(log.clone()).expect("there is none");
    let directory = std::env::temp_dir().join(format!("slo-told-{}", std::process::id()));
    let told = Told { log, directory };
    promises_change(&told);
    saving_fails_and_works_again(&told);
    files_cannot_be_read(&told);
    fs::remove_dir_all(&told.directory).expect("it is ours");
}

fn promises_change(told: &Told) {
    drop(told.open(&[slo("old", "99%"), slo("other", "99%")], START));
    told.expect("the first process", &[]);
    let later = START.plus(Duration::from_secs(90));
    drop(told.open(&[slo("new", "99%"), slo("other", "99.9%")], later));
    told.expect(
        "other promises",
        &[
            (Level::INFO, &["goes on after 90 s"]),
            (Level::INFO, &["\"new\"", "without a history"]),
            (Level::INFO, &["\"other\"", "objective", "99.9%", "99%"]),
            (Level::INFO, &["\"old\"", "not declared any more", "30 days"]),
        ],
    );
    drop(told.open(&[slo("old", "99%"), slo("other", "99.9%")], START));
    told.expect(
        "a clock set back, a promise that comes back",
        &[
            (Level::INFO, &["goes on after 0 s"]),
            (Level::WARN, &["set back by 90 s"]),
            (Level::INFO, &["\"old\"", "declared again"]),
            (Level::INFO, &["\"new\"", "not declared any more"]),
        ],
    );
}

/// Something is in the way of the next file: told once, and once when it is gone.
fn saving_fails_and_works_again(told: &Told) {
    let registry = told.open(&[slo("old", "99%"), slo("other", "99.9%")], START);
    told.log.take();
    let wall = told.directory.join("slo-state.next");
    fs::create_dir_all(wall.join("full")).expect("it can be made");
    let ticks = || (0..7).for_each(|_| registry.tick(START.plus(Duration::from_secs(10))));
    ticks();
    told.expect("it fails", &[(Level::WARN, &["cannot be saved", "restart would lose"])]);
    fs::remove_dir_all(wall).expect("it is there");
    ticks();
    told.expect("it works again", &[(Level::INFO, &["saved again"])]);
}

fn files_cannot_be_read(told: &Told) {
    let file = told.directory.join("slo-state.bin");
    // Of a newer version: both are named, and where the file is kept.
    let mut newer = fs::read(&file).expect("it is there");
    newer[8] = 7;
    let check = crc32fast::hash(&newer[..12]);
    newer[12..16].copy_from_slice(&check.to_le_bytes());
    fs::write(&file, newer).expect("it can be written");
    drop(told.open(&[], START));
    let aside: &[&str] = &["version 7", "knows 1", "slo-state.corrupt-1700000000"];
    told.expect("a newer version", &[(Level::ERROR, aside)]);

    let mut damaged = fs::read(&file).expect("it is there");
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    fs::write(&file, &damaged).expect("it can be written");
    drop(told.open(&[], START));
    let aside: &[&str] = &["damaged", "begins anew", "slo-state.corrupt-1700000000-1"];
    told.expect("damage", &[(Level::ERROR, aside)]);

    // A name that leads nowhere cannot be read, which is told before anything takes its place and when it has.
    fs::remove_file(&file).expect("it is there");
    std::os::unix::fs::symlink(&file, &file).expect("it can be made");
    drop(told.open(&[], START));
    let aside: &[&str] = &["could not be read", "begun anew", "slo-state.corrupt-1700000000-2"];
    told.expect(
        "no file",
        &[
            (Level::WARN, &["cannot be saved", "in memory"]),
            (Level::ERROR, aside),
            (Level::INFO, &["saved again"]),
        ],
    );
}
