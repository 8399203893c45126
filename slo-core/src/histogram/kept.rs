//! What is kept of a histogram to be compared with it later.
//!
//! Traffic fills a few hundred of the thousands of cells, and a copy that is kept for hours holds no others.

use std::time::Duration;

use super::layout::{CELLS, OCTAVES};
use super::snapshot::quantile;

/// The cells that were not empty at some moment, in ascending order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct KeptCells(Box<[(u16, u64)]>);

const _: () = assert!(OCTAVES * CELLS < 1 << u16::BITS, "a cell has a number");

impl KeptCells {
    /// Keeps the cells that are not empty; they come in ascending order.
    pub(super) fn new(cells: impl Iterator<Item = (usize, u64)>) -> Self {
        let filled = cells.filter(|(_, count)| *count > 0);
        Self(filled.filter_map(|(cell, count)| Some((u16::try_from(cell).ok()?, count))).collect())
    }

    /// Returns what was counted after `earlier`, which is of the same histogram.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        let before = |cell: u16| {
            let found = earlier.0.binary_search_by_key(&cell, |(cell, _)| *cell);
            found.map_or(0, |index| earlier.0[index].1)
        };
        Self::new(self.0.iter().map(|(cell, count)| ((*cell).into(), count.saturating_sub(before(*cell)))))
    }

    /// Returns the number of latencies.
    pub(crate) fn count(&self) -> u64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// Returns the latency that this share of all does not exceed, as a histogram does.
    pub(crate) fn quantile(&self, share: f64) -> Option<Duration> {
        quantile(self.0.iter().map(|(cell, count)| ((*cell).into(), *count)), self.count(), share)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Cells, Histogram, Layout};

    fn histogram(latencies: &[u64]) -> Histogram {
        let layout = Layout::with_thresholds([].into_iter());
        let (cells, mut histogram) = (Cells::new(&layout), Histogram::new(&layout));
        latencies.iter().for_each(|nanos| {
            cells.record(&layout, *nanos);
        });
        histogram.add_cells(&cells);
        histogram
    }

    proptest! {
        #[test]
        fn what_came_later_has_the_quantiles_of_a_histogram_of_its_own(
            before in prop::collection::vec(0..10_000_000_u64, 0..50),
            after in prop::collection::vec(0..10_000_000_u64, 0..50),
            share in 0.0..=1.0_f64,
        ) {
            let (all, alone) = ([before.clone(), after.clone()].concat(), histogram(&after));
            let since = histogram(&all).kept().since(&histogram(&before).kept());
            prop_assert_eq!(since.count(), alone.count());
            prop_assert_eq!(since.quantile(share), alone.quantile(share));
            prop_assert_eq!(&since, &alone.kept());
        }
    }
}
