//! What the counters of an SLO's series said at some moment.

use crate::histogram::KeptCells;

/// The events of one series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SeriesCount {
    /// Index of the series in the registry.
    pub(crate) series: usize,
    /// Those that met the SLO's threshold; all, where it has none.
    pub(crate) in_time: u64,
    /// Those that did not.
    pub(crate) slow: u64,
}

/// All series of an SLO, and the latencies in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// By the index of the series.
    series: Vec<SeriesCount>,
    /// Of all series together; none if they were not looked at.
    pub(crate) latencies: Option<KeptCells>,
}

impl Evidence {
    pub(crate) fn new(mut series: Vec<SeriesCount>, latencies: Option<KeptCells>) -> Self {
        series.sort_unstable_by_key(|count| count.series);
        Self { series, latencies }
    }

    /// Returns what was counted after `earlier`. A series that was not there then had counted nothing.
    pub(crate) fn since(&self, earlier: &Self) -> Vec<SeriesCount> {
        let before = |series: usize| {
            let found = earlier.series.binary_search_by_key(&series, |count| count.series);
            found.map_or(SeriesCount::default(), |index| earlier.series[index])
        };
        let difference = |count: &SeriesCount| {
            let before = before(count.series);
            SeriesCount {
                series: count.series,
                in_time: count.in_time.saturating_sub(before.in_time),
                slow: count.slow.saturating_sub(before.slow),
            }
        };
        self.series.iter().map(difference).filter(|count| count.in_time + count.slow > 0).collect()
    }

    /// Returns the latencies counted after `earlier`, if both were looked at.
    pub(crate) fn latencies_since(&self, earlier: &Self) -> Option<KeptCells> {
        Some(self.latencies.as_ref()?.since(earlier.latencies.as_ref()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_that_is_new_has_counted_all_of_it_since() {
        let count = |series, in_time, slow| SeriesCount { series, in_time, slow };
        let before = Evidence::new(vec![count(7, 10, 1), count(2, 5, 0)], None);
        let after = Evidence::new(vec![count(2, 5, 0), count(9, 0, 4), count(7, 12, 3)], None);
        assert_eq!(after.since(&before), [count(7, 2, 2), count(9, 0, 4)]);
        assert_eq!(after.latencies_since(&before), None);
    }
}
