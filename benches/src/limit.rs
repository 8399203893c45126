//! The limit: what recording costs if nothing but the counting is left.
//!
//! No registry, no route, no way to read the counts: nobody can be faster on this machine, and whoever is near has
//! nothing left to save. The atomic read-modify-writes show what the other designs start from.

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::harness::{Competitor, repeat};
use crate::traffic::Latencies;

/// The name of the competitor that is the limit.
pub const LIMIT: &str = "limit: per-thread cells, plain load + store ×3";

const CELL_BITS: u32 = 6;
const CELLS: usize = 1 << 12;

/// One thread's histogram, with nothing around it.
struct Cells {
    cells: [AtomicU64; CELLS],
    sum: AtomicU64,
    count: AtomicU64,
}

thread_local! {
    static CELLS_HERE: Cells = const {
        Cells { cells: [const { AtomicU64::new(0) }; CELLS], sum: AtomicU64::new(0), count: AtomicU64::new(0) }
    };
}

/// Returns the competitors that have nothing but the counting.
#[must_use]
pub fn competitors() -> Vec<Competitor> {
    let shared = Arc::new(AtomicU64::new(0));
    vec![
        operation(LIMIT, || |nanos| CELLS_HERE.with(|cells| record(cells, nanos, plain))),
        operation("per-thread cells, fetch_add ×2", || {
            |nanos| {
                CELLS_HERE.with(|cells| {
                    locked(&cells.cells[index(nanos)], 1);
                    locked(&cells.sum, nanos);
                });
            }
        }),
        operation("one shared cell, fetch_add", move || {
            let shared = Arc::clone(&shared);
            move |nanos| locked(&shared, nanos)
        }),
    ]
}

/// Makes a competitor of what records one latency in nanoseconds.
pub fn operation<F>(name: &str, make: impl Fn() -> F + Send + Sync + 'static) -> Competitor
where
    F: FnMut(u64) + 'static,
{
    Competitor::new(name, move || {
        let latencies = Latencies::log_normal();
        let mut record = make();
        repeat(move |turn| record(black_box(latencies.nanos(turn))))
    })
}

#[inline]
fn record(cells: &Cells, nanos: u64, add: fn(&AtomicU64, u64)) {
    add(&cells.cells[index(nanos)], 1);
    add(&cells.sum, nanos);
    add(&cells.count, 1);
}

/// Log-linear: 64 cells for each power of two.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "masked to a cell")]
const fn index(nanos: u64) -> usize {
    let octave = (nanos | ((1 << CELL_BITS) - 1)).ilog2() + 1 - CELL_BITS;
    let within = nanos >> octave.saturating_sub(1);
    (((octave as usize) << CELL_BITS) | (within as usize & ((1 << CELL_BITS) - 1))) & (CELLS - 1)
}

#[inline]
fn plain(cell: &AtomicU64, amount: u64) {
    // Relaxed: one writer, and nobody reads.
    cell.store(cell.load(Ordering::Relaxed).wrapping_add(amount), Ordering::Relaxed);
}

#[inline]
fn locked(cell: &AtomicU64, amount: u64) {
    // Relaxed: nobody reads.
    cell.fetch_add(amount, Ordering::Relaxed);
}
