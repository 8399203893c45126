//! How long the file gets, and how long saving takes.

use std::fs;
use std::time::Duration;

use slo_core::{Clock, Objective, Outcome, Registry, RegistryBuilder, Sli, Slo, Verdict};

use super::support::{Directory, START, count, events, open, over, slo, state};

/// So many simulated days; `SLO_STORE_DAYS` asks for more.
fn days() -> u64 {
    std::env::var("SLO_STORE_DAYS").map_or(3, |days| days.parse().expect("SLO_STORE_DAYS is a number"))
}

#[test]
fn the_file_is_bounded_however_long_it_is_written() {
    let (directory, clock_step) = (Directory::new(), Duration::from_secs(10));
    let (registry, clock) = open(&directory, [over("month", "30d"), over("day", "1d"), slo("quiet")], START);
    let (mut longest, mut last) = (0, 0);
    for ticked in 0..days() * 8_640 {
        if ticked % 3 == 0 {
            count(&registry, 7, ticked % 2);
        }
        clock.advance(clock_step);
        registry.tick(clock.now());
        if ticked % 60 == 0 {
            let lengths =
                directory.names().into_iter().filter_map(|name| fs::metadata(directory.0.join(name)).ok());
            last = lengths.map(|file| file.len()).sum::<u64>();
            longest = longest.max(last);
        }
    }
    assert_eq!(state(&registry).saved_at, Some(clock.now()));
    println!("{} days of three promises: {longest} bytes at most, {last} at the end", days());
    // Three whole histories, and what may be appended to them.
    assert!(longest < 512 * 1024, "{longest} bytes");
    let expected = events(&registry, "month");
    drop(registry);
    let (registry, _) = open(&directory, [over("month", "30d")], clock.now());
    assert_eq!(events(&registry, "month"), expected);
}

fn thousand() -> impl Iterator<Item = Slo> {
    (0..1_000).map(|number| {
        let slo = Slo::new(format!("s{number}"), Sli::Availability, Objective::literal("99%"));
        slo.and_then(|slo| slo.with_route(format!("GET /{number}"))).expect("it is plain")
    })
}

/// Lets every promise have an event and a tick pass; returns how long the tick took, in nanoseconds.
fn busy_tick(registry: &Registry, clock: &Clock, elapsed: Duration, real: &Clock) -> u64 {
    for number in 0..1_000 {
        let attempt = registry.recorder().request("GET", Some(&format!("/{number}")));
        attempt.finish_as(Outcome::Completed(200), Verdict::Good);
    }
    clock.advance(elapsed);
    let since = real.ticks();
    registry.tick(clock.now());
    real.nanos_between(since, real.ticks())
}

/// The figures are printed, not asserted: how fast this machine is proves nothing about the code.
#[test]
fn a_thousand_promises_are_saved_within_bounds() {
    let (directory, real) = (Directory::new(), Clock::system());
    let (registry, clock) = open(&directory, thousand(), START);
    let builder = thousand().fold(Registry::builder("shop"), RegistryBuilder::slo);
    let since = real.ticks();
    let forgetful = builder.clock(clock.clone()).build().expect("it is valid");
    let built = real.nanos_between(since, real.ticks());
    // A history of hours, then ticks as they come.
    let (hours, ticks) = if days() > 30 { (720, 200) } else { (24, 10) };
    let (mut longest, mut saved, mut unsaved) = (0, Vec::new(), Vec::new());
    for tick in 0..hours + ticks {
        let elapsed = Duration::from_secs(if tick < hours { 3_600 } else { 10 });
        saved.push(busy_tick(&registry, &clock, elapsed, &real));
        unsaved.push(busy_tick(&forgetful, &clock, Duration::ZERO, &real));
        longest = longest.max(fs::metadata(directory.file()).expect("it is there").len());
    }
    assert_eq!(state(&registry).failure, None);
    let median = |all: &[u64]| {
        let mut last = all[hours..].to_vec();
        last.sort_unstable();
        last[last.len() / 2] / 1_000
    };
    println!(
        "1000 promises with {hours} hours: a tick {} us, with its save {} us, with that of everything {} us; \
         file {longest} bytes at most",
        median(&unsaved),
        median(&saved),
        saved.iter().max().map_or(0, |longest| longest / 1_000),
    );
    let since = real.ticks();
    drop(registry);
    let last_save = real.nanos_between(since, real.ticks());
    let since = real.ticks();
    let (registry, _) = open(&directory, thousand(), clock.now());
    let opened = real.nanos_between(since, real.ticks());
    println!(
        "the last save {} us; built {} us, with what was saved {} us",
        last_save / 1_000,
        built / 1_000,
        opened / 1_000
    );
    let expected = (hours + ticks) as u64;
    assert!((0..1_000).step_by(99).all(|number| events(&registry, &format!("s{number}")) == (expected, 0)));
    // Two whole states of at most 37 KB for each promise.
    assert!(longest < 2 * 37_000 * 1_000, "{longest} bytes");
}
