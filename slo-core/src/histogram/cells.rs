//! The cells one thread records its latencies into.

use std::array;

use super::layout::{CELLS, Layout, OCTAVES, position};
use crate::sync::{Counter, OnceLock};

/// One thread's part of a histogram. Octaves appear as latencies appear: traffic between 1 ms and 1 s
/// costs ten of them, 512 bytes each.
#[derive(Debug)]
pub(crate) struct Cells {
    sum: Counter,
    buckets: Box<[Counter]>,
    octaves: [OnceLock<Box<[Counter; CELLS]>>; OCTAVES],
}

impl Cells {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self {
            sum: Counter::default(),
            buckets: (0..=layout.bounds().len()).map(|_| Counter::default()).collect(),
            octaves: array::from_fn(|_| OnceLock::new()),
        }
    }

    /// Counts one latency, on the thread that owns the cells, and returns its bucket.
    #[inline]
    pub(crate) fn record(&self, layout: &Layout, nanos: u64) -> usize {
        let (octave, cell) = position(nanos);
        self.octaves[octave].get_or_init(|| Box::new(array::from_fn(|_| Counter::new())))[cell].add(1);
        self.sum.add(nanos);
        // Last, and released: who sees the event in a bucket sees it everywhere.
        let bucket = layout.bucket(nanos);
        self.buckets[bucket].add(1);
        bucket
    }

    /// Returns how many latencies lie in each bucket, the one beyond all bounds last.
    pub(super) fn buckets(&self) -> impl Iterator<Item = u64> {
        self.buckets.iter().map(Counter::get)
    }

    pub(super) fn sum(&self) -> u64 {
        self.sum.get()
    }

    /// Visits the cells of octaves that exist.
    pub(super) fn for_each_cell(&self, mut visit: impl FnMut(usize, usize, u64)) {
        for (index, octave) in self.octaves.iter().enumerate() {
            for (cell, count) in octave.get().into_iter().flat_map(|cells| cells.iter().enumerate()) {
                visit(index, cell, count.get());
            }
        }
    }
}
