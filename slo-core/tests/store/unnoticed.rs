//! A registry that is restarted is one that never was: held against one that goes on, tick by tick.

use std::time::Duration;

use proptest::prelude::*;
use slo_core::{Clock, Registry, RegistryBuilder, Slo, Status, TimeSlices, Window};

use super::support::{Directory, START, TICK, cases, count, open, over, slo};

fn slos() -> Vec<Slo> {
    let sliced = |name, slices| slo(name).with_time_slices(TimeSlices::literal(slices));
    let mut slos = vec![
        over("hour", "1h"),
        over("month", "30d"),
        sliced("minutes", "80% per 1m"),
        sliced("quarters", "50% per 15m"),
    ];
    if cfg!(feature = "calendar") {
        let calendar = |name, window| slo(name).with_window(Window::literal(window));
        slos.extend([calendar("week", "week"), calendar("kathmandu", "month Asia/Kathmandu")]);
    }
    slos
}

/// All that is said of the promises but what is of one process only.
fn said(status: &Status) -> Vec<String> {
    let one = |slo: &slo_core::SloStatus| {
        format!(
            "{} {:?} {:?} {:?} {:?} {:.9} {:?}",
            slo.name, slo.events, slo.budget, slo.burn_rates, slo.exhaustion, slo.coverage, slo.alerts
        )
    };
    status.slos.iter().map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(10)))]

    #[test]
    fn a_restart_between_two_ticks_changes_nothing(
        // Some begin shortly before a week and a month end: 30 June 2024 was a Sunday.
        ending in any::<bool>(),
        steps in prop::collection::vec((1..600_u32, 0..20_u64, 0..6_u64, 0..12_u8), 1..25),
    ) {
        let start = if ending { slo_core::Timestamp::from_unix_seconds(1_719_767_000) } else { START };
        let clock = Clock::manual(start);
        let builder = slos().into_iter().fold(Registry::builder("shop"), RegistryBuilder::slo);
        let whole = builder.clock(clock.clone()).build().expect("it is valid");
        let directory = Directory::new();
        let (mut registry, mut own) = open(&directory, slos(), start);
        for (ticks, good, bad, restart) in steps {
            for registry in [&whole, &registry] {
                count(registry, good, bad);
            }
            for _ in 0..ticks {
                clock.advance(TICK);
                own.advance(TICK);
                whole.tick(clock.now());
                registry.tick(own.now());
            }
            if restart == 0 {
                drop(registry);
                (registry, own) = open(&directory, slos(), clock.now());
            }
            prop_assert_eq!(said(&registry.status()), said(&whole.status()));
        }
    }
}

/// The beginning of a period that nobody was there for.
#[cfg(feature = "calendar")]
#[test]
fn a_period_that_begins_without_a_process_begins_with_what_was_saved() {
    let directory = Directory::new();
    let monday = slo_core::Timestamp::from_unix_seconds(1_719_792_000);
    let week = || [slo("week").with_window(Window::literal("week"))];
    let (registry, clock) = open(&directory, week(), monday.minus(Duration::from_secs(3_000)));
    count(&registry, 50, 5);
    clock.advance(TICK);
    registry.tick(clock.now());
    drop(registry);
    let (registry, clock) = open(&directory, week(), monday.plus(Duration::from_secs(100)));
    assert_eq!(super::support::events(&registry, "week"), (0, 0));
    count(&registry, 3, 0);
    clock.advance(TICK);
    registry.tick(clock.now());
    drop(registry);
    let (registry, _) = open(&directory, week(), clock.now());
    assert_eq!(super::support::events(&registry, "week"), (3, 0));
}

#[test]
fn what_counts_something_else_begins_anew_and_comes_back_with_what_it_counted() {
    let directory = Directory::new();
    let minutes = |slices| [slo("a").with_time_slices(TimeSlices::literal(slices))];
    let mut at = START;
    let mut run = |slos: [Slo; 1], expected: (u64, u64)| {
        let (registry, clock) = open(&directory, slos, at);
        assert_eq!(super::support::events(&registry, "a"), expected);
        count(&registry, 3, 1);
        for _ in 0..6 {
            clock.advance(TICK);
            registry.tick(clock.now());
        }
        at = clock.now();
        super::support::events(&registry, "a")
    };
    assert_eq!(run([slo("a")], (0, 0)), (3, 1));
    assert_eq!(run(minutes("50% per 1m"), (0, 0)), (1, 0));
    assert_eq!(run(minutes("90% per 1m"), (0, 0)), (0, 1));
    assert_eq!(run(minutes("50% per 1m"), (1, 0)), (2, 0));
    assert_eq!(run([slo("a")], (3, 1)), (6, 2));
}
