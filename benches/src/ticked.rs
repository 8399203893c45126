//! What those who record notice of a tick.
//!
//! A tick reads the cells that others write, so it can only cost them the lines it takes along. One thread records and looks
//! at the clock after every single one; another one ticks a thousand burning SLOs without a pause, where a service would
//! every ten seconds, or spins. In turns, each on a core of its own.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use slo_tower::{Outcome, SloRegistry, Verdict};

use crate::harness::pin;
use crate::report::{Row, Section, Unit};
use crate::scraped::{quantile, quietest_quarter};
use crate::tick;
use crate::watch::Watch;

/// The quantiles that are shown, and the titles of their sections.
pub const QUANTILES: [(f64, &str); 2] = [
    (0.5, "one record while 1000 burning SLOs are ticked without a pause, median"),
    (0.999, "one record while 1000 burning SLOs are ticked without a pause, 99.9th percentile"),
];
/// The rows: with a thread that only spins on the other core, and with one that ticks.
pub const ROWS: [&str; 2] = ["slo, not ticked", "slo, ticked"];

const RECORDS: usize = 200_000;

/// Measures both, in turns.
#[must_use]
pub fn run(rounds: usize) -> Vec<Section> {
    let (registry, clock) = tick::burning();
    let mut values = [const { [const { Vec::new() }; 2] }; 2];
    for round in 0..=rounds {
        for (kind, is_ticked) in [false, true].into_iter().enumerate() {
            let (done, ready) = (AtomicBool::new(false), Barrier::new(2));
            let nanos = thread::scope(|scope| {
                scope.spawn(|| {
                    pin(1);
                    ready.wait();
                    // Relaxed: a lone flag.
                    while !done.load(Ordering::Relaxed) {
                        if is_ticked {
                            clock.advance(Duration::from_millis(10));
                            registry.tick(clock.now());
                        } else {
                            std::hint::spin_loop();
                        }
                    }
                });
                let recorder = scope.spawn(|| {
                    pin(0);
                    ready.wait();
                    let nanos = record(&registry);
                    // Relaxed: a lone flag.
                    done.store(true, Ordering::Relaxed);
                    nanos
                });
                recorder.join().expect("recording does not panic")
            });
            if round > 0 {
                for (values, (share, _)) in values.iter_mut().zip(QUANTILES) {
                    values[kind].push(quantile(&nanos, share));
                }
            }
        }
    }
    let sections = QUANTILES.iter().zip(values).map(|((_, title), values)| {
        let rows = ROWS.iter().zip(values);
        let rows = rows.map(|(name, values)| {
            // Whatever else runs on the machine can only add to a tail, so the quietest quarter of the turns counts.
            Row { value: quietest_quarter(values), ..Row::new(name, Unit::Nanos) }
        });
        Section { title: (*title).to_owned(), ours: ROWS[0], rows: rows.collect() }
    });
    sections.collect()
}

/// Returns how long each record took, in order of length; the look at the clock is in it.
fn record(registry: &SloRegistry) -> Vec<u64> {
    let watch = Watch::start();
    let names: Vec<String> = (0..tick::SLOS).map(|index| format!("operation-{index}")).collect();
    let recorder = registry.recorder();
    let mut nanos = Vec::with_capacity(RECORDS);
    for turn in 0..RECORDS / names.len() + 1 {
        for name in &names {
            let start = watch.nanos();
            recorder.operation(name).finish_as(Outcome::Completed(0), Verdict::Good);
            // The first turn resolves the names, once for each thread.
            if turn > 0 {
                nanos.push(watch.nanos() - start);
            }
        }
    }
    nanos.sort_unstable();
    nanos
}
