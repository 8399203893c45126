//! How long an event took.
//!
//! Of nearly every event that is one number. Where the answer was followed beyond its head it is two, and each goal is
//! judged by the one it asks for.
//! What must never happen: a goal that is judged by the other one, also where the event is held and judged later.

use std::num::NonZeroU64;

use super::held::Held;
use super::outcome::Verdict;
use crate::histogram::Layout;
use crate::objective::LatencyEnd;

/// The moment the head of an answer was there. Taken from an attempt by [`Attempt::head_of_stream`] or
/// [`Attempt::head_of_body`], and given back to it with [`Attempt::end_after`].
///
/// [`Attempt::head_of_stream`]: super::Attempt::head_of_stream
/// [`Attempt::head_of_body`]: super::Attempt::head_of_body
/// [`Attempt::end_after`]: super::Attempt::end_after
#[derive(Clone, Copy, Debug)]
pub struct Head(NonZeroU64);

// It travels with every body that is followed.
const _: () = assert!(size_of::<Option<Head>>() == 8);

impl Head {
    /// The moment of this count of the clock.
    pub(super) const fn at(ticks: u64) -> Self {
        // One more, so that none is told from the first count for free.
        Self(NonZeroU64::MIN.saturating_add(ticks))
    }

    pub(super) const fn ticks(self) -> u64 {
        self.0.get() - 1
    }
}

/// A duration, or two.
pub(super) trait Took: Copy {
    /// Returns the duration that is usually meant.
    fn usual(self) -> u64;

    /// Returns the duration to this end.
    fn to(self, end: LatencyEnd) -> u64;

    /// Returns how long a stream took from its start to its end; `None` of anything else.
    fn streamed(self) -> Option<u64>;

    /// Keeps the ending of an event, whose usual duration is in this bucket.
    fn hold(self, held: &Held, layout: &Layout, verdict: Verdict, bucket: usize);
}

/// The nanoseconds of an event whose end was known with its head, or that nobody asks for its head.
impl Took for u64 {
    #[inline(always)]
    fn usual(self) -> u64 {
        self
    }

    #[inline(always)]
    fn to(self, _: LatencyEnd) -> u64 {
        self
    }

    #[inline(always)]
    fn streamed(self) -> Option<u64> {
        None
    }

    fn hold(self, held: &Held, _: &Layout, verdict: Verdict, bucket: usize) {
        held.add(verdict, bucket);
    }
}

/// The nanoseconds of an answer that was followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Followed {
    pub(super) to_head: u64,
    pub(super) to_end: u64,
    pub(super) is_stream: bool,
}

impl Took for Followed {
    #[inline]
    fn usual(self) -> u64 {
        if self.is_stream { self.to_head } else { self.to_end }
    }

    #[inline]
    fn to(self, end: LatencyEnd) -> u64 {
        match end {
            LatencyEnd::Usual => self.usual(),
            LatencyEnd::Head => self.to_head,
            LatencyEnd::Body => self.to_end,
        }
    }

    #[inline]
    fn streamed(self) -> Option<u64> {
        self.is_stream.then_some(self.to_end)
    }

    fn hold(self, held: &Held, layout: &Layout, verdict: Verdict, _: usize) {
        held.add_followed(verdict, self, layout);
    }
}
