//! Endings whose promises are not known yet.
//!
//! A request that never reaches its handler counts for the promises of the handler it would have reached, but
//! until that handler has first run nobody knows which these are. Such endings are counted by what it takes to
//! judge them later: the verdict, and the bucket of the latency, since every threshold is a bound of a bucket.
//! They are never moved: once the route is bound, readers judge the counts where they are. So an outage that
//! began before the first success is not lost, however long it lasted.

use super::goal::{Goal, Judgement};
use super::outcome::{VERDICTS, Verdict};
use super::status::Events;
use crate::histogram::Layout;
use crate::sync::Counter;

/// What one thread holds for one route.
#[derive(Debug)]
pub(super) struct Held {
    /// One row of buckets for each verdict, in the order of [`VERDICTS`].
    rows: [Box<[Counter]>; VERDICTS.len()],
}

impl Held {
    pub(super) fn new(layout: &Layout) -> Self {
        Self { rows: VERDICTS.map(|_| (0..=layout.bounds().len()).map(|_| Counter::new()).collect()) }
    }

    /// Keeps an ending, on the thread that owns the cells.
    pub(super) fn add(&self, verdict: Verdict, bucket: usize) {
        self.rows[verdict as usize][bucket].add(1);
    }

    /// Adds what the endings are for each goal.
    pub(super) fn judge(&self, layout: &Layout, goals: &[Goal], totals: &mut [Events]) {
        for (verdict, row) in VERDICTS.into_iter().zip(&self.rows) {
            // A bucket lies on one side of every threshold; its bound stands for all that is in it.
            let bounds = layout.bounds().iter().copied().chain([u64::MAX]);
            for (nanos, count) in bounds.zip(row.iter().map(Counter::get)) {
                for goal in goals {
                    let events = &mut totals[goal.slo];
                    match goal.judge(verdict, nanos) {
                        Judgement::Good => events.good += count,
                        Judgement::Bad => events.bad += count,
                        Judgement::Excluded => events.excluded += count,
                    }
                }
            }
        }
    }
}
