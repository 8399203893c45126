//! The same latencies in buckets that grow by a factor: what Prometheus calls a native histogram.
//!
//! A cell goes into the bucket of its middle, always and as a whole: so a bucket only ever grows, and all of them
//! together are all that was counted. A cell that lies across a bound puts what is beyond it on the wrong side, by half
//! of its own width at most, which is 0.8 % of the latency.
//! What must never happen: a cell that changes its bucket, or is divided between two.

use std::array;
use std::sync::LazyLock;

use super::cells::Cells;
use super::layout::{CELLS, OCTAVES, middle};

/// Buckets in an octave, as a power of two: 32, each 2.2 % wider than the one before.
///
/// With half a cell beside a bucket, no quantile is more than 3 % away, whatever the distribution. Half as many buckets
/// would be too coarse for a promise of 5 %; twice as many are as fine as our own cells, and none the better for it.
pub(crate) const SCHEMA: u8 = 5;
const PER_OCTAVE: i32 = 1 << SCHEMA;
/// Latencies up to 2⁻²⁰ seconds, which is a microsecond, are not told apart.
const ZERO_OCTAVE: i32 = -20;
/// The index that Prometheus gives the bucket that ends there.
const ZERO_INDEX: i32 = ZERO_OCTAVE * PER_OCTAVE;
/// The last octave ends at 2⁴² nanoseconds, in the thirteenth octave above a second.
const BUCKETS: usize = ((13 - ZERO_OCTAVE) * PER_OCTAVE) as usize + 1;

/// The place of the bucket that each cell belongs to.
static PLACES: LazyLock<[[u16; CELLS]; OCTAVES]> =
    LazyLock::new(|| array::from_fn(|octave| array::from_fn(|cell| place(middle(octave, cell)))));

/// Counts by bucket, of which all but those around the usual latencies are empty.
#[derive(Debug)]
pub(crate) struct NativeBuckets {
    /// The first one is that of zero.
    counts: Box<[u64]>,
    count: u64,
}

impl NativeBuckets {
    pub(crate) fn new() -> Self {
        Self { counts: vec![0; BUCKETS].into(), count: 0 }
    }

    /// Adds one thread's cells.
    pub(crate) fn add(&mut self, cells: &Cells) {
        cells.for_each_cell(|octave, cell, count| {
            self.counts[usize::from(PLACES[octave][cell])] += count;
            self.count += count;
        });
    }

    pub(crate) fn clear(&mut self) {
        self.counts.fill(0);
        self.count = 0;
    }

    /// Returns the number of latencies in all buckets.
    pub(crate) const fn count(&self) -> u64 {
        self.count
    }

    /// Returns how many latencies are as good as zero.
    pub(crate) fn zeros(&self) -> u64 {
        self.counts[0]
    }

    /// Returns the largest latency that is as good as zero, in seconds.
    pub(crate) fn zero_threshold() -> f64 {
        f64::from(ZERO_OCTAVE).exp2()
    }

    /// Returns the other buckets that are not empty, ascending, by the index that Prometheus gives them: bucket *i* ends,
    /// inclusively, at 2^(i/32) seconds.
    pub(crate) fn filled(&self) -> impl Iterator<Item = (i32, u64)> {
        let indexed = (ZERO_INDEX..).zip(self.counts.iter().copied());
        indexed.skip(1).filter(|(_, count)| *count > 0)
    }
}

/// Returns the place of the bucket of a latency. None of those that are asked about lies on a bound.
#[expect(clippy::cast_precision_loss, reason = "2^42 nanoseconds and less")]
#[expect(clippy::cast_possible_truncation, reason = "a few hundred")]
fn place(nanos: u64) -> u16 {
    let seconds = nanos as f64 / 1e9;
    let index = (seconds.log2() * f64::from(PER_OCTAVE)).ceil() as i32;
    u16::try_from(index.saturating_sub(ZERO_INDEX)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::layout::{Layout, position, span};
    use super::*;

    fn end(index: i32) -> f64 {
        (f64::from(index) / f64::from(PER_OCTAVE)).exp2()
    }

    /// Every cell there is: it lies in its bucket but for half of it at most, which is 0.8 %.
    #[test]
    fn a_cell_lies_in_its_bucket_but_for_half_of_itself() {
        let mut before = 0;
        for (octave, cell) in (0..OCTAVES).flat_map(|octave| (0..CELLS).map(move |cell| (octave, cell))) {
            let (place, (lowest, width)) = (PLACES[octave][cell], span(octave, cell));
            assert!(before <= place && usize::from(place) < BUCKETS, "cell {cell} of octave {octave}");
            before = place;
            let index = ZERO_INDEX + i32::from(place);
            let (begin, end) = (if place == 0 { 0.0 } else { end(index - 1) * 1e9 }, end(index) * 1e9);
            let (lowest, highest, half) = (lowest as f64, (lowest + width - 1) as f64, width as f64 / 2.0);
            let (early, late) = (begin - lowest, highest - end);
            assert!(early <= half && late <= half, "{lowest} to {highest} in {begin} to {end}");
            assert!(lowest < 1e3 || half / lowest < 0.008, "{lowest}");
        }
    }

    /// Among them 125 ms, 250 ms and 500 ms: what is half a cell away or more is on its own side.
    #[test]
    fn powers_of_two_of_seconds_end_buckets() {
        for (nanos, index) in
            [(125_000_000_u32, -96), (250_000_000, -64), (500_000_000, -32), (1_000_000_000, 0)]
        {
            assert_eq!(end(index) * 1e9, f64::from(nanos));
            for (nanos, after) in [(nanos - nanos / 128, 0), (nanos + nanos / 128, 1)] {
                let (octave, cell) = position(nanos.into());
                assert_eq!(i32::from(PLACES[octave][cell]), index + after - ZERO_INDEX, "{nanos}");
            }
        }
    }

    proptest! {
        /// Whatever is recorded is in one bucket, that of its own value or of half a cell beside it.
        #[test]
        fn every_latency_is_in_one_bucket(
            latencies in prop::collection::vec(prop_oneof![0..5_000_u64, 0..10_000_000_000_u64, any::<u64>()], 0..50),
        ) {
            let layout = Layout::with_thresholds([].into_iter());
            let (cells, mut native) = (Cells::new(&layout), NativeBuckets::new());
            for (count, nanos) in (1..).zip(&latencies) {
                cells.record(&layout, *nanos);
                native.clear();
                native.add(&cells);
                prop_assert_eq!(native.count(), count);
                prop_assert_eq!(native.zeros() + native.filled().map(|(_, count)| count).sum::<u64>(), count);
                let (octave, cell) = position(*nanos);
                let index = ZERO_INDEX + i32::from(PLACES[octave][cell]);
                let is_there = native.filled().any(|(filled, _)| filled == index);
                prop_assert!(is_there || index == ZERO_INDEX && native.zeros() > 0);
            }
            let indices: Vec<_> = native.filled().map(|(index, _)| index).collect();
            prop_assert!(indices.is_sorted_by(|one, next| one < next));
        }
    }
}
