//! What every series had counted at one of the last ticks.
//!
//! An incident begins with a tick that has already counted its first bad events, perhaps all of them. What was counted
//! before is known only if somebody wrote it down while all was well. So each tick reads some of the series, in turn, and
//! no more than that however many there are.
//!
//! What an entry says is exact as of the last tick in services of up to [`SERIES_A_TICK`] series. In larger ones it may be
//! so many ticks old as it takes to read all of them; an incident's contributions may then hold what was bad shortly before.

use super::shared::Shared;
use crate::histogram::Histogram;

/// Some hundred microseconds of work, if many threads have counted.
const SERIES_A_TICK: usize = 512;

/// Buckets by series.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    buckets: Vec<u64>,
    /// How many there are of each series; none before the first reading.
    stride: usize,
    /// The series to be read next.
    next: usize,
    scratch: Option<Histogram>,
}

impl Ledger {
    /// Reads on where the last tick stopped.
    pub(super) fn read_on(&mut self, shared: &Shared) {
        self.stride = shared.layout.bounds().len() + 1;
        let histogram = self.scratch.get_or_insert_with(|| Histogram::new(&shared.layout));
        for _ in 0..SERIES_A_TICK {
            if shared.routes.one_series(self.next).is_none() {
                self.next = 0;
                break;
            }
            histogram.clear();
            shared.add_buckets(self.next, histogram);
            let start = self.next * self.stride;
            if self.buckets.len() < start + self.stride {
                self.buckets.resize(start + self.stride, 0);
            }
            self.buckets[start..start + self.stride].copy_from_slice(histogram.buckets());
            self.next += 1;
        }
    }

    /// Returns the buckets of a series; none if it is new.
    pub(super) fn buckets(&self, series: usize) -> &[u64] {
        let start = series * self.stride;
        self.buckets.get(start..start + self.stride).unwrap_or(&[])
    }
}
