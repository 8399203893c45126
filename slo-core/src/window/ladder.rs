//! Rings of growing steps, so that any window up to ninety days is one look-up.
//!
//! | step | reaches back | share of the shortest window |
//! |---|---|---|
//! | 10 s | 1 h | 3.4 % of 5 min |
//! | 1 min | 6 h | 0.9 % of 2 h |
//! | 5 min | 3 d | 0.4 % of 1 d |
//! | 1 h | the SLO window | 0.14 % of 30 d |
//!
//! A window begins where it was asked to, within a step: what happened in that step is taken to have happened evenly. With
//! ticks on time a window that begins where a step does is exact, and so are all of even traffic.

use std::time::Duration;

use super::ring::{Grows, Ring};
use crate::time::Timestamp;

const HOUR: Duration = Duration::from_secs(3_600);

/// The history of something that only grows.
#[derive(Debug)]
pub(super) struct Ladder<T> {
    pub(super) rings: [Ring<T>; 4],
    pub(super) last: T,
}

impl<T: Grows> Ladder<T> {
    /// A history as long as `window`, of what has been `sample` from the start until the last tick.
    pub(super) fn new(window: Duration, start: Timestamp, ticked: Timestamp, sample: T) -> Self {
        let reach = [(10, HOUR), (60, 6 * HOUR), (300, 72 * HOUR), (3_600, window)];
        let rings = reach.map(|(step, span)| {
            Ring::new(Duration::from_secs(step), span.min(window), start, ticked, sample)
        });
        Self { rings, last: sample }
    }

    /// Takes a sample.
    pub(super) fn tick(&mut self, now: Timestamp, sample: T) {
        for ring in &mut self.rings {
            ring.push(now, self.last, sample);
        }
        self.last = sample;
    }

    /// Returns the sample of a moment, as exactly as is still known at `now`.
    ///
    /// What is taken to be even in a long step may lie ahead of what a finer ring knows of a later moment. It is held against
    /// the first moment of that ring, so that no window has less than another within it.
    pub(super) fn at(&self, moment: Timestamp, now: Timestamp) -> T {
        let span = now - moment;
        let last = self.rings.len() - 1;
        let index = self.rings.iter().position(|ring| ring.reaches(span)).unwrap_or(last);
        let sample = self.rings[index].at(moment, self.last);
        self.rings[..index]
            .iter()
            .fold(sample, |sample, finer| sample.at_most(finer.at(now.minus(finer.reach()), self.last)))
    }
}
