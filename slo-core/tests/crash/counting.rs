//! The process that is killed. It says on its standard output what it has counted, in lines of one write each, so that
//! what it said outlives it.

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use slo_core::{Objective, Outcome, Registry, Sli, Slo, Timestamp, Verdict};

/// Ticks come twenty times a second.
pub(crate) const TICK: Duration = Duration::from_millis(50);
/// Two threads count, each for a promise of its own.
pub(crate) const NAMES: [&str; 2] = ["one", "two"];
/// More promises, whose events make the state longer than one piece of it.
const OTHERS: usize = 40;

/// Counts until it is killed.
pub(crate) fn count(directory: &Path) {
    let slo = |name: String| {
        let slo = Slo::new(name.clone(), Sli::Availability, Objective::literal("99%"));
        slo.and_then(|slo| slo.with_operation(name)).expect("the name is plain")
    };
    let names = NAMES.map(str::to_owned).into_iter().chain((0..OTHERS).map(|other| format!("other-{other}")));
    let builder = names.fold(Registry::builder("crash"), |builder, name| builder.slo(slo(name)));
    let registry = builder.tick_interval(TICK).state_dir(directory).start().expect("the directory is free");
    let status = registry.status();
    let restored = status.state.and_then(|state| state.restored_from).map_or(0, Timestamp::unix_nanos);
    let [one, two] = NAMES.map(|name| status.slo(name).expect("it is declared").events);
    say(&format!("restored {restored} {} {} {} {}\n", one.good, one.bad, two.good, two.bad));
    for other in 0..OTHERS {
        registry.attempt(&format!("other-{other}")).finish(Outcome::Completed(0));
    }
    std::thread::scope(|scope| {
        for (number, name) in NAMES.into_iter().enumerate() {
            let registry = &registry;
            scope.spawn(move || load(registry, number, name));
        }
    });
}

/// Counts good events and every seventh a bad one; between them it says until when it knows that all is saved, and how
/// much it had counted before it asked that.
fn load(registry: &Registry, number: usize, name: &str) {
    let (mut good, mut bad) = (0_u64, 0_u64);
    loop {
        for event in 0..50 {
            if event % 7 == 0 {
                registry.attempt(name).finish_as(Outcome::InnerError, Verdict::Bad);
                bad += 1;
            } else {
                registry.attempt(name).finish_as(Outcome::Completed(0), Verdict::Good);
                good += 1;
            }
            if event % 10 == 0 {
                // What is counted here is counted at this moment or before; the next ones are not yet begun.
                let now = registry.clock().now().unix_nanos();
                let saved = registry.status().state.and_then(|state| state.saved_at);
                let saved = saved.map_or(0, Timestamp::unix_nanos);
                say(&format!("{number} {good} {bad} {now} {saved}\n"));
            }
        }
        // tidy: real time because a process that says more than its parent can read would only wait for that.
        std::thread::sleep(Duration::from_micros(500));
    }
}

fn say(line: &str) {
    // Nobody listens any more: the parent has ended.
    if std::io::stdout().write_all(line.as_bytes()).is_err() {
        std::process::exit(1);
    }
}
