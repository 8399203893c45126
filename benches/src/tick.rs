//! What our own upkeep costs, over a thousand SLOs: nobody else has any inside the process.

use std::hint::black_box;
use std::time::Duration;

use slo_tower::TextFormat;

use crate::harness::{median, on_core};
use crate::ours;
use crate::report::{Row, Section, Unit};

/// How many SLOs there are.
pub const SLOS: usize = 1_000;
/// The title of the section.
pub const SECTION: &str = "upkeep of 1000 SLOs";
/// The row of the tick itself.
pub const TICK: &str = "tick";

/// Measures a tick, the status and the exposition.
#[must_use]
pub fn run(rounds: usize) -> Section {
    let (registry, hands) = ours::registry_of(SLOS);
    let mut out = String::new();
    let with_series = ours::registry_of_series(SLOS);
    let mut nanos = [const { Vec::new() }; 4];
    for round in 0..=rounds {
        hands.advance(Duration::from_secs(10));
        for index in (0..SLOS).step_by(7) {
            registry
                .recorder()
                .operation(&format!("operation-{index}"))
                .finish_as(slo_tower::Outcome::Completed(0), slo_tower::Verdict::Good);
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
    }
    let names = [TICK, "status", "metrics", "status, with 10000 series"];
    let rows = names
        .iter()
        .zip(nanos)
        .map(|(name, nanos)| Row { value: median(nanos.into_iter()), ..Row::new(name, Unit::Nanos) });
    Section { title: SECTION.to_owned(), ours: "", rows: rows.collect() }
}
