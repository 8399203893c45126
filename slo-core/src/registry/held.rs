//! Endings whose promises are not known yet.
//!
//! A request that never reaches its handler counts for the promises of the handler it would have reached, but
//! until that handler has first run nobody knows which these are. Such endings are counted by what it takes to
//! judge them later: the verdict, and the bucket of the latency, since every threshold is a bound of a bucket.
//! Where an answer was followed beyond its head, that is one bucket for each end that a goal can ask for.
//! They are never moved: once the route is bound, readers judge the counts where they are. So an outage that
//! began before the first success is not lost, however long it lasted.

use super::goal::{Goal, Judgement};
use super::outcome::{VERDICTS, Verdict};
use super::status::Events;
use super::took::{Followed, Took};
use crate::histogram::Layout;
use crate::objective::LatencyEnd;
use crate::sync::{Counter, OnceLock};

const ENDS: [LatencyEnd; 3] = [LatencyEnd::Usual, LatencyEnd::Head, LatencyEnd::Body];

/// What one thread holds for one route.
#[derive(Debug)]
pub(super) struct Held {
    /// Endings of one duration, to whatever end.
    plain: Rows,
    /// Endings of answers that were followed: each is in all of these, in the order of [`ENDS`], and a goal looks at
    /// those of its own end. None until the first.
    followed: OnceLock<Box<[Rows; ENDS.len()]>>,
}

impl Held {
    pub(super) fn new(layout: &Layout) -> Self {
        Self { plain: Rows::new(layout), followed: OnceLock::new() }
    }

    /// Keeps an ending, on the thread that owns the cells.
    pub(super) fn add(&self, verdict: Verdict, bucket: usize) {
        self.plain.add(verdict, bucket);
    }

    /// Keeps the ending of an answer that was followed, on the thread that owns the cells.
    pub(super) fn add_followed(&self, verdict: Verdict, took: Followed, layout: &Layout) {
        let followed = self.followed.get_or_init(|| Box::new(ENDS.map(|_| Rows::new(layout))));
        for (end, rows) in ENDS.into_iter().zip(&**followed) {
            rows.add(verdict, layout.bucket(took.to(end)));
        }
    }

    /// Adds what the endings are for each goal.
    pub(super) fn judge(&self, layout: &Layout, goals: &[Goal], totals: &mut [Events]) {
        for goal in goals {
            let total = &mut totals[goal.slo()];
            self.plain.judge(layout, goal, total);
            if let Some(followed) = self.followed.get() {
                let own = ENDS.into_iter().zip(&**followed).filter(|(end, _)| *end == goal.end());
                own.for_each(|(_, rows)| rows.judge(layout, goal, total));
            }
        }
    }
}

/// Endings by verdict and bucket.
#[derive(Debug)]
struct Rows([Box<[Counter]>; VERDICTS.len()]);

impl Rows {
    fn new(layout: &Layout) -> Self {
        Self(VERDICTS.map(|_| (0..=layout.bounds().len()).map(|_| Counter::new()).collect()))
    }

    fn add(&self, verdict: Verdict, bucket: usize) {
        self.0[verdict as usize][bucket].add(1);
    }

    fn judge(&self, layout: &Layout, goal: &Goal, total: &mut Events) {
        for (verdict, row) in VERDICTS.into_iter().zip(&self.0) {
            // A bucket lies on one side of every threshold; its bound stands for all that is in it.
            let bounds = layout.bounds().iter().copied().chain([u64::MAX]);
            for (nanos, count) in bounds.zip(row.iter().map(Counter::get)) {
                match goal.judge(verdict, nanos) {
                    Judgement::Good => total.good += count,
                    Judgement::Bad => total.bad += count,
                    Judgement::Excluded => total.excluded += count,
                }
            }
        }
    }
}
