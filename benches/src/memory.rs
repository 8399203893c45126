//! What is kept in memory, counted by the allocator of the binary that calls this.
//!
//! Four threads live at the same time and have their traffic one after the other, so that the clock can be moved
//! by hand and the counts are the same in every run.

use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats};

use crate::exposition::{BOUNDS, Exposition, Labels, samples};
use crate::report::{Row, Section, Unit};
use crate::traffic::Latencies;
use crate::{ours, scrape};

const THREADS: usize = 4;
/// From one tick to the next, and how many fill the windows of one SLO.
const TICK: Duration = Duration::from_secs(10);
const TICKS: usize = 260_000;
/// Requests of each thread for each series.
const REQUESTS: u64 = 500;

/// The section of the memory in use after traffic.
pub const TRAFFIC: &str = "memory, 100 routes × 2 statuses × 4 threads, 400000 requests";
/// The section of the memory that the same traffic again adds while nobody scrapes.
pub const GROWTH: &str = "memory grown by 400000 more requests without a scrape";
/// The section of the memory of SLOs that nothing happens to.
pub const IDLE: &str = "memory, one declared SLO";
/// What is kept for the windows of an SLO of 30 days, from its first event on.
pub const HISTORY: &str = "slo, its history from the first event on";
/// The section of the memory that time adds, with events, ticks and a scrape.
pub const TIME: &str = "memory grown by thirty days of ticks and a scrape";
/// The section of the memory of a series.
pub const SERIES: &str = "memory of one more series";
/// The section of allocations while printing.
pub const SAMPLES: &str = "allocations per sample printed";

/// Counts all of it.
#[must_use]
pub fn run() -> Vec<Section> {
    let expositions = scrape::expositions();
    let mut sections = [TRAFFIC, GROWTH, SERIES, SAMPLES].map(|title| Section {
        title: title.to_owned(),
        ours: ours::SLO,
        rows: Vec::new(),
    });
    for exposition in &expositions {
        let values = [in_traffic(exposition), in_series(exposition)];
        for (section, value) in sections.iter_mut().zip(values.into_iter().flatten()) {
            let unit = if section.title == SAMPLES { Unit::Count } else { Unit::Bytes };
            section.rows.push(Row { value, ..Row::new(exposition.name, unit) });
        }
    }
    sections.into_iter().chain(idle()).collect()
}

/// Returns the bytes in use after traffic, and those that the same traffic adds.
fn in_traffic(exposition: &Exposition) -> [f64; 2] {
    let region = Region::new(&INSTRUMENTED_SYSTEM);
    let metrics = (exposition.build)(BOUNDS);
    let built = kept(&region.change());
    let labels = Labels::of(100, 2);
    let latencies = Latencies::log_normal();
    let (turn, barrier) = (Mutex::new(()), Barrier::new(THREADS + 1));
    let work = || {
        for _ in 0..2 {
            barrier.wait();
            {
                let _turn = turn.lock();
                for request in 0..REQUESTS {
                    for (series, labels) in (0_u64..).zip(&labels) {
                        metrics.observe(labels, latencies.nanos(request * 200 + series));
                    }
                }
            }
            barrier.wait();
        }
        barrier.wait();
    };
    thread::scope(|scope| {
        (0..THREADS).for_each(|_| drop(scope.spawn(work)));
        // What a thread itself needs is there before the first of it counts.
        let start = kept(&region.change());
        barrier.wait();
        barrier.wait();
        let used = kept(&region.change());
        barrier.wait();
        barrier.wait();
        let grown = kept(&region.change());
        barrier.wait();
        [built + used - start, grown - used]
    })
}

/// Returns the bytes of a series with three observations, and the allocations that printing one more sample takes:
/// what a scrape allocates however much it prints is left out.
fn in_series(exposition: &Exposition) -> [f64; 2] {
    let (few, many) = (Printed::of(exposition, 10), Printed::of(exposition, 100));
    let allocations = many.allocations - few.allocations;
    [(many.bytes - few.bytes) / 900.0, allocations / (many.samples - few.samples)]
}

/// A family that was printed.
struct Printed {
    bytes: f64,
    samples: f64,
    allocations: f64,
}

impl Printed {
    fn of(exposition: &Exposition, routes: usize) -> Self {
        let labels = Labels::of(routes, 10);
        let region = Region::new(&INSTRUMENTED_SYSTEM);
        let metrics = scrape::filled(exposition, &labels);
        let bytes = kept(&region.change());
        let mut out = String::new();
        metrics.render(&mut out);
        let samples = samples(&out) as f64;
        out.clear();
        let region = Region::new(&INSTRUMENTED_SYSTEM);
        metrics.render(&mut out);
        let change = region.change();
        Self { bytes, samples, allocations: (change.allocations + change.reallocations) as f64 }
    }
}

fn idle() -> [Section; 2] {
    let used = |slos: usize| {
        let region = Region::new(&INSTRUMENTED_SYSTEM);
        let (registry, hands) = ours::registry_of(slos);
        let declared = kept(&region.change());
        ours::count_each(&registry, slos);
        let counted = kept(&region.change());
        hands.advance(TICK);
        registry.tick(hands.now());
        let kept_by_tick = kept(&region.change()) - counted;
        // Every window is full after some days, and nobody has scraped; then somebody does.
        let region = Region::new(&INSTRUMENTED_SYSTEM);
        for _ in 0..TICKS / slos {
            hands.advance(TICK);
            registry.tick(hands.now());
        }
        let mut out = String::new();
        registry.render(slo_tower::TextFormat::Prometheus, &mut out);
        drop((registry.status(), out));
        [declared, kept_by_tick, kept(&region.change())]
    };
    let (one, many) = (used(1), used(1_001));
    let row = |name, value| Row { value, ..Row::new(name, Unit::Bytes) };
    let rows = vec![row(ours::SLO, (many[0] - one[0]) / 1_000.0), row(HISTORY, (many[1] - one[1]) / 1_000.0)];
    let grown = vec![row(ours::SLO, one[2].max(many[2]))];
    [(IDLE, rows), (TIME, grown)].map(|(title, rows)| Section { title: title.to_owned(), ours: "", rows })
}

fn kept(change: &Stats) -> f64 {
    change.bytes_allocated as f64 - change.bytes_deallocated as f64
}
