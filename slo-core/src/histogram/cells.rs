//! The cells one thread records its latencies into.

use std::array;

use super::layout::{CELLS, Layout, OCTAVES, position, position_beyond};
use crate::sync::{Counter, OnceLock};

/// Buckets beside the sum: those of the default bounds, the one beyond them, and one threshold's.
const NEAR: usize = 16;

/// One thread's part of a histogram. Octaves appear as latencies appear: traffic between 1 ms and 1 s
/// costs ten of them, 512 bytes each.
#[derive(Debug)]
// In this order, so that the sum and the buckets of fast requests share a cache line.
#[repr(C)]
pub(crate) struct Cells {
    sum: Counter,
    near: [Counter; NEAR],
    octaves: [OnceLock<Box<[Counter; CELLS]>>; OCTAVES],
    /// The buckets that found no room in `near`.
    far: Box<[Counter]>,
}

/// What one latency is counted in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found<'a> {
    cell: &'a Counter,
    sum: &'a Counter,
    bucket: &'a Counter,
}

impl Found<'_> {
    /// Counts it, on the thread that owns the cells.
    #[inline]
    pub(crate) fn add(self, nanos: u64) {
        self.cell.add(1);
        self.sum.add(nanos);
        // Last, and released: who sees the event in a bucket sees it everywhere.
        self.bucket.add(1);
    }
}

impl Cells {
    pub(crate) fn new(layout: &Layout) -> Self {
        let buckets = layout.bounds().len() + 1;
        Self {
            sum: Counter::default(),
            near: array::from_fn(|_| Counter::new()),
            octaves: array::from_fn(|_| OnceLock::new()),
            far: (NEAR..buckets).map(|_| Counter::new()).collect(),
        }
    }

    /// Counts one latency, on the thread that owns the cells, and returns its bucket.
    pub(crate) fn record(&self, layout: &Layout, nanos: u64) -> usize {
        let (octave, cell) = position(nanos);
        let cells = self.octaves[octave].get_or_init(|| Box::new(array::from_fn(|_| Counter::new())));
        let bucket = layout.bucket(nanos);
        let bucket_count = self.near.get(bucket).unwrap_or_else(|| &self.far[bucket - NEAR]);
        Found { cell: &cells[cell], sum: &self.sum, bucket: bucket_count }.add(nanos);
        bucket
    }

    /// Returns what one latency is counted in; `None` if that is not there yet, or not found at first glance: then
    /// [`Cells::record`] it.
    #[inline]
    pub(crate) fn at(&self, layout: &Layout, nanos: u64) -> Option<Found<'_>> {
        let (octave, cell) = position_beyond(nanos);
        let cells = self.octaves.get(octave)?.get()?;
        let bucket = self.near.get(layout.bucket_at((octave, cell), nanos)?)?;
        Some(Found { cell: &cells[cell], sum: &self.sum, bucket })
    }

    /// Returns how many latencies lie in each bucket, the one beyond all bounds last; then zeros, perhaps.
    pub(super) fn buckets(&self) -> impl Iterator<Item = u64> {
        self.near.iter().chain(&self.far).map(Counter::get)
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
