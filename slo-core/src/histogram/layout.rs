//! Which cell a latency belongs to.
//!
//! Log-linear: each power of two (an octave) is split into 64 cells of equal width, so a cell's middle is
//! within 1/128 = 0.79 % of every value in it. Below 128 ns each cell is one value.

use std::array;

/// Cells in an octave.
pub(super) const CELLS: usize = 64;
const CELL_BITS: u32 = CELLS.trailing_zeros();
/// The largest value told apart: 73 minutes. Larger ones are counted in the last cell.
const NANOS_MAX: u64 = (1 << 42) - 1;
/// The first "octave" holds the values below 64.
pub(super) const OCTAVES: usize = (NANOS_MAX.ilog2() - CELL_BITS + 2) as usize;

const _: () = assert!(NANOS_MAX > 3_600 * 1_000_000_000, "an hour is told apart");

/// Where a value is counted: the octave and the cell within it.
#[inline]
pub(super) const fn position(nanos: u64) -> (usize, usize) {
    position_beyond(if nanos > NANOS_MAX { NANOS_MAX } else { nanos })
}

/// The same, in octaves that do not exist for values beyond the largest.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "two octaves of cells are left")]
pub(super) const fn position_beyond(nanos: u64) -> (usize, usize) {
    // Written as the processor has it: the place of the highest bit.
    let highest = (u64::BITS - 1) ^ (nanos | (CELLS as u64 - 1)).leading_zeros();
    let octave = highest + 1 - CELL_BITS;
    let shift = octave.saturating_sub(1);
    (octave as usize, (nanos >> shift) as usize % CELLS)
}

/// The smallest value of a cell, and how many values share it.
pub(super) const fn span(octave: usize, cell: usize) -> (u64, u64) {
    if octave == 0 {
        return (cell as u64, 1);
    }
    let width = 1 << (octave - 1);
    ((CELLS + cell) as u64 * width, width)
}

/// The value a cell stands for.
pub(super) const fn middle(octave: usize, cell: usize) -> u64 {
    let (lowest, width) = span(octave, cell);
    lowest + width / 2
}

/// The boundaries Prometheus sees, and a way to find a value's place among them in constant time.
#[derive(Debug)]
pub(crate) struct Layout {
    /// Inclusive upper bounds in nanoseconds, ascending, then the end of the scale: a byte always finds one.
    limits: [u64; 1 << u8::BITS],
    /// How many of them are bounds.
    bounds: usize,
    /// For every cell, how many bounds lie below its smallest value.
    below: [[u8; CELLS]; OCTAVES],
}

impl Layout {
    /// The bounds that the OpenTelemetry semantic conventions advise for request durations.
    const DEFAULT_MILLIS: [u64; 14] =
        [5, 10, 25, 50, 75, 100, 250, 500, 750, 1_000, 2_500, 5_000, 7_500, 10_000];
    /// More bounds than a byte counts would cost every series; far fewer are declared in practice.
    const BOUNDS_MAX: usize = 200;
    /// Thresholds that find room beside the default bounds.
    pub(crate) const THRESHOLDS_MAX: usize = Self::BOUNDS_MAX - Self::DEFAULT_MILLIS.len();

    /// The default bounds and these thresholds, the first [`Layout::THRESHOLDS_MAX`] of them.
    pub(crate) fn with_thresholds(thresholds: impl Iterator<Item = u64>) -> Self {
        let defaults = Self::DEFAULT_MILLIS.into_iter().map(|millis| millis * 1_000_000);
        let mut bounds: Vec<u64> = thresholds.collect();
        bounds.sort_unstable();
        bounds.dedup();
        bounds.truncate(Self::THRESHOLDS_MAX);
        bounds.extend(defaults);
        bounds.sort_unstable();
        bounds.dedup();
        let count_below = |value: u64| u8::try_from(bounds.partition_point(|bound| *bound < value));
        let below = |octave, cell| count_below(span(octave, cell).0).unwrap_or(u8::MAX);
        Self {
            limits: array::from_fn(|index| bounds.get(index).copied().unwrap_or(u64::MAX)),
            bounds: bounds.len(),
            below: array::from_fn(|octave| array::from_fn(|cell| below(octave, cell))),
        }
    }

    /// Returns the inclusive upper bounds in nanoseconds, ascending, without the infinite one.
    pub(crate) fn bounds(&self) -> &[u64] {
        &self.limits[..self.bounds]
    }

    /// Returns the index of the first bound that is not below the value; the number of bounds if all are.
    pub(crate) fn bucket(&self, nanos: u64) -> usize {
        let (octave, cell) = position(nanos);
        let mut bucket = self.below[octave][cell];
        // At most the few bounds that lie within one cell: nothing is beyond the end of the scale.
        while self.limits[usize::from(bucket)] < nanos {
            bucket = bucket.wrapping_add(1);
        }
        bucket.into()
    }

    /// The same for a value with its place, unless it lies beyond all octaves or behind a bound in its cell.
    #[inline]
    pub(super) fn bucket_at(&self, (octave, cell): (usize, usize), nanos: u64) -> Option<usize> {
        let bucket = usize::from(self.below.get(octave)?[cell]);
        (nanos <= self.limits[bucket]).then_some(bucket)
    }
}

const _: () = assert!(Layout::BOUNDS_MAX < 1 << u8::BITS, "the end of the scale lies beyond all bounds");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_follow_each_other_without_gap() {
        let mut next = 0;
        for octave in 0..OCTAVES {
            for cell in 0..CELLS {
                let (lowest, width) = span(octave, cell);
                assert_eq!(lowest, next);
                assert_eq!(position(lowest), (octave, cell));
                assert_eq!(position(lowest + width - 1), (octave, cell));
                next = lowest + width;
            }
        }
        assert_eq!(next, NANOS_MAX + 1);
        assert_eq!(position(u64::MAX), position(NANOS_MAX));
    }

    proptest! {
        #[test]
        fn a_cell_stands_for_its_values_within_one_percent(nanos in 1_000..=3_600_000_000_000_u64) {
            let (octave, cell) = position(nanos);
            let error = middle(octave, cell).abs_diff(nanos);
            prop_assert!(error * 100 <= nanos, "{nanos} is {error} away from its cell");
        }

        #[test]
        fn buckets_are_found_exactly(
            thresholds in prop::collection::vec(1..=3_600_000_000_000_u64, 0..20),
            offset in -1_i64..=1,
            pick in any::<prop::sample::Index>(),
            any in any::<u64>(),
        ) {
            let layout = Layout::with_thresholds(thresholds.into_iter());
            // Right at a bound, beside it, and anywhere.
            let near = pick.get(layout.bounds()).wrapping_add_signed(offset);
            for nanos in [near, any] {
                let expected = layout.bounds().iter().filter(|bound| **bound < nanos).count();
                prop_assert_eq!(layout.bucket(nanos), expected);
                let bucket = layout.bucket_at(position_beyond(nanos), nanos);
                prop_assert!(bucket.is_none_or(|bucket| bucket == expected));
            }
        }
    }
}
