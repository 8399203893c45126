//! A histogram at rest: merged, queried, handed on.

use std::time::Duration;

use super::cells::Cells;
use super::kept::KeptCells;
use super::layout::{CELLS, Layout, OCTAVES, middle};

/// Latencies counted up to some moment; a value of its own that no longer changes.
///
/// Quantiles are within 1 % from 1 µs to 1 h. [`Histogram::to_hdr`] gives the standard histogram of the field
/// for everything else: interchange, logs, merging across processes.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// Counts by cell; empty until the first latency.
    cells: Vec<u64>,
    count: u64,
    sum_nanos: u64,
    buckets: Vec<u64>,
}

impl Histogram {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self { cells: Vec::new(), count: 0, sum_nanos: 0, buckets: vec![0; layout.bounds().len() + 1] }
    }

    /// Adds one thread's buckets and sum: all that exposition needs.
    pub(crate) fn add_buckets(&mut self, cells: &Cells) {
        for (bucket, count) in self.buckets.iter_mut().zip(cells.buckets()) {
            *bucket += count;
        }
        self.sum_nanos = self.sum_nanos.wrapping_add(cells.sum());
    }

    /// Adds one thread's cells: what quantiles need.
    pub(crate) fn add_cells(&mut self, cells: &Cells) {
        self.cells.resize(OCTAVES * CELLS, 0);
        cells.for_each_cell(|octave, cell, count| {
            self.cells[octave * CELLS + cell] += count;
            self.count += count;
        });
    }

    /// Forgets everything but the bounds, to be filled again.
    pub(crate) fn clear(&mut self) {
        self.cells.clear();
        self.buckets.fill(0);
        (self.count, self.sum_nanos) = (0, 0);
    }

    /// Returns how many latencies lie in each bucket of the exposition, the one beyond all bounds last.
    pub(crate) fn buckets(&self) -> &[u64] {
        &self.buckets
    }

    /// Returns the sum of all latencies.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum_nanos)
    }

    /// Returns the number of latencies.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns the latency that this share of all latencies does not exceed (nearest rank), or `None` if
    /// there are none. The share is clamped to 0 ..= 1.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        quantile(self.cells.iter().copied().enumerate(), self.count, share)
    }

    /// Returns the cells that are not empty, to be kept.
    pub(crate) fn kept(&self) -> KeptCells {
        KeptCells::new(self.cells.iter().copied().enumerate())
    }

    /// Returns the histogram as a [`hdrhistogram::Histogram`] of nanoseconds with three significant digits.
    ///
    /// ```
    /// use slo_core::{Outcome, Registry, Verdict};
    /// let registry = Registry::builder("shop").build()?;
    /// registry.recorder().operation("restock").finish_as(Outcome::Completed(0), Verdict::Good);
    /// let hdr = registry.latency("restock").expect("it ran").to_hdr();
    /// assert_eq!(hdr.len(), 1);
    /// # Ok::<(), slo_core::BuildError>(())
    /// ```
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "three digits are valid and the histogram resizes")]
    pub fn to_hdr(&self) -> hdrhistogram::Histogram<u64> {
        const DIGITS: u8 = 3;
        let mut hdr = hdrhistogram::Histogram::new(DIGITS).expect("three digits are supported");
        for (cell, count) in self.cells.iter().enumerate().filter(|(_, count)| **count > 0) {
            hdr.record_n(middle(cell / CELLS, cell % CELLS), *count).expect("it resizes itself");
        }
        hdr
    }
}

/// Returns the latency that this share of all does not exceed (nearest rank), of cells in ascending order.
#[expect(clippy::cast_precision_loss, reason = "a rank off by one in 2^53 is no different latency")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 1 and count")]
pub(super) fn quantile(
    cells: impl IntoIterator<Item = (usize, u64)>,
    count: u64,
    share: f64,
) -> Option<Duration> {
    let rank = ((share.clamp(0.0, 1.0) * count as f64).ceil() as u64).clamp(1, count.max(1));
    let mut seen = 0;
    let reached = |(_, count): &(usize, u64)| {
        seen += *count;
        seen >= rank
    };
    let (cell, _) = cells.into_iter().find(reached)?;
    Some(Duration::from_nanos(middle(cell / CELLS, cell % CELLS)))
}
