//! What our own upkeep costs, over a thousand SLOs: nobody else has any inside the process.

use std::hint::black_box;
use std::time::Duration;

use slo_tower::{Clock, Outcome, SloRegistry, TextFormat, Verdict};

use crate::harness::{median, on_core};
use crate::ours;
use crate::report::{Row, Section, Unit};

/// How many SLOs there are.
pub const SLOS: usize = 1_000;
/// The title of the section.
pub const SECTION: &str = "upkeep of 1000 SLOs";
/// The row of the tick itself.
pub const TICK: &str = "tick";
/// The row of a tick at which every SLO has had events throughout its window and all of them burn.
pub const BURNING: &str = "tick, while all of them burn";

/// Measures a tick, the status and the exposition.
#[must_use]
pub fn run(rounds: usize) -> Section {
    let (registry, hands) = ours::registry_of(SLOS);
    let mut out = String::new();
    let with_series = ours::registry_of_series(SLOS);
    let (burning, burnt) = burning();
    let mut nanos = [const { Vec::new() }; 5];
    for round in 0..=rounds {
        hands.advance(Duration::from_secs(10));
        for index in (0..SLOS).step_by(7) {
            registry
                .recorder()
                .operation(&format!("operation-{index}"))
                .finish_as(Outcome::Completed(0), Verdict::Good);
        }
        let mut timed = |kind: usize, work: &mut dyn FnMut()| {
            let took = on_core(work);
            if round > 0 {
                nanos[kind].push(took);
            }
        };
        timed(0, &mut || registry.tick(hands.now()));
        timed(1, &mut || drop(black_box(registry.status())));
        timed(2, &mut || {
            out.clear();
            registry.render(TextFormat::Prometheus, &mut out);
        });
        timed(3, &mut || drop(black_box(with_series.status())));
        burn(&burning);
        burnt.advance(Duration::from_secs(10));
        timed(4, &mut || burning.tick(burnt.now()));
    }
    let names = [TICK, "status", "metrics", "status, with 10000 series", BURNING];
    let rows = names
        .iter()
        .zip(nanos)
        .map(|(name, nanos)| Row { value: median(nanos.into_iter()), ..Row::new(name, Unit::Nanos) });
    Section { title: SECTION.to_owned(), ours: "", rows: rows.collect() }
}

/// Returns a registry whose SLOs have had events for longer than their windows, of which so many are bad that every row fires,
/// and its clock.
pub(crate) fn burning() -> (SloRegistry, Clock) {
    let (registry, clock) = ours::registry_of(SLOS);
    for _ in 0..31 * 24 {
        burn(&registry);
        clock.advance(Duration::from_secs(3_600));
        registry.tick(clock.now());
    }
    (registry, clock)
}

/// Counts a good and a bad event for each SLO.
fn burn(registry: &SloRegistry) {
    ours::count_each(registry, SLOS);
    for index in 0..SLOS {
        let attempt = registry.recorder().operation(&format!("operation-{index}"));
        attempt.finish_as(Outcome::InnerError, Verdict::Bad);
    }
}
