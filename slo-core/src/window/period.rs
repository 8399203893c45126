//! The period of one promise: the last so many days, or the week, month or quarter it is.
//!
//! A calendar period begins at a moment of its own, which the rings of the history need not know exactly: an hour's step
//! lies beside the midnight of a zone that is 45 minutes off. So the totals are pinned when the period begins, at the first
//! tick at or after its first moment. If nobody ticked for so long that it is a gap, the totals of the tick before are: what was
//! counted meanwhile is credited, as everywhere, to the tick that first saw it. Where there is no pin, in the period
//! in which the process has started, the history answers.
//!
//! What must never happen: an event of this period in the budget of another, but for the one tick around the beginning.

use std::time::Duration;

use super::{Calendar, CalendarError, Counts, Span};
use crate::objective::Window;
use crate::time::Timestamp;

/// The totals of an SLO when its period began.
pub(crate) type Pin = (Timestamp, Counts);

/// The period of one SLO, and how it began.
#[derive(Debug)]
pub(crate) enum Period {
    Rolling(Duration),
    Calendar {
        calendar: Calendar,
        /// That of the last tick, so that the calendar is asked once a period.
        span: Span,
        pin: Option<Pin>,
    },
}

impl Period {
    /// Begins to watch at `now`.
    pub(crate) fn new(window: Window, now: Timestamp) -> Result<Self, CalendarError> {
        Ok(match Calendar::of(window)? {
            None => Self::Rolling(window.duration()),
            Some(calendar) => Self::Calendar { span: calendar.span(now), calendar, pin: None },
        })
    }

    /// Moves on to a tick, from the totals of the last one; `watched` if there is no gap between both.
    pub(crate) fn tick(&mut self, now: Timestamp, last: Counts, totals: Counts, watched: bool) {
        match self {
            Self::Calendar { calendar, span, pin } if now >= span.end => {
                *span = calendar.span(now);
                *pin = Some((span.begin, if watched { totals } else { last }));
            }
            Self::Calendar { .. } | Self::Rolling(_) => {}
        }
    }

    /// Returns the period that a moment is in.
    pub(crate) fn span(&self, now: Timestamp) -> Span {
        match self {
            Self::Rolling(window) => Span { begin: now.minus(*window), end: now },
            Self::Calendar { span, .. } if span.begin <= now && now < span.end => *span,
            Self::Calendar { calendar, .. } => calendar.span(now),
        }
    }

    /// Returns how much of the period is still to come; `None` if it moves along.
    pub(crate) fn left(&self, now: Timestamp) -> Option<Duration> {
        match self {
            Self::Rolling(_) => None,
            Self::Calendar { .. } => Some(self.span(now).end.since(now)),
        }
    }

    /// Returns the totals when a calendar period began, given those of the last tick; `None` if only the history may know.
    pub(crate) fn before(&self, begin: Timestamp, ticked: Timestamp, last: Counts) -> Option<Counts> {
        match self {
            Self::Rolling(_) => None,
            Self::Calendar { pin: Some((pinned, before)), .. } if *pinned == begin => Some(*before),
            Self::Calendar { .. } => (begin > ticked).then_some(last),
        }
    }

    /// Returns the totals when the period began, of the one that has begun last.
    #[cfg_attr(not(any(test, feature = "store")), expect(dead_code, reason = "only what saves asks"))]
    pub(crate) fn pin(&self) -> Option<Pin> {
        match self {
            Self::Rolling(_) => None,
            Self::Calendar { pin, .. } => *pin,
        }
    }

    /// Takes the totals with which a period began from who has kept them. A pin of another period than the present one
    /// changes nothing.
    #[cfg_attr(not(any(test, feature = "store")), expect(dead_code, reason = "only what saves asks"))]
    pub(crate) fn set_pin(&mut self, kept: Pin) {
        if let Self::Calendar { span, pin, .. } = self
            && kept.0 == span.begin
        {
            *pin = Some(kept);
        }
    }
}

#[cfg(all(test, feature = "calendar"))]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    const fn good(good: u64) -> Counts {
        Counts { good, bad: 0 }
    }

    #[test]
    fn the_totals_are_pinned_at_the_first_tick_of_a_period() {
        // A quarter to an hour of UTC: 1 May 2024 in Nepal.
        const MAY: u64 = 1_714_500_900;
        let before = |period: &Period, ticked| period.before(at(MAY), at(ticked), good(7));
        for (ticked, watched, expected) in
            [(MAY, true, good(9)), (MAY + 9, true, good(9)), (MAY + 9_000, false, good(7))]
        {
            let mut period = Period::new(Window::literal("month Asia/Kathmandu"), at(MAY - 86_400)).unwrap();
            period.tick(at(MAY - 1), good(5), good(7), true);
            assert_eq!(
                (period.pin(), before(&period, MAY - 2_000)),
                (None, Some(good(7))),
                "no tick came so far"
            );
            assert_eq!(before(&period, MAY), None, "one did, and another process may have seen more");
            period.tick(at(ticked), good(7), good(9), watched);
            assert_eq!((period.pin(), before(&period, ticked)), (Some((at(MAY), expected)), Some(expected)));
            period.tick(at(ticked + 86_400), good(9), good(11), watched);
            assert_eq!(period.pin(), Some((at(MAY), expected)), "it is pinned once");
            period.set_pin((at(MAY), good(8)));
            assert_eq!(period.pin(), Some((at(MAY), good(8))));
            period.set_pin((at(MAY - 30 * 86_400), good(1)));
            assert_eq!(
                period.pin(),
                Some((at(MAY), good(8))),
                "a pin of another month says nothing of this one"
            );
            assert_eq!(period.left(at(MAY + 86_400)), Some(Duration::from_secs(30 * 86_400)));
        }
    }

    #[test]
    fn a_rolling_period_has_no_beginning_to_pin() {
        let mut period = Period::new(Window::literal("7d"), at(1_700_000_000)).unwrap();
        period.tick(at(1_700_864_000), good(1), good(2), true);
        period.set_pin((at(1_700_000_000), good(1)));
        assert_eq!((period.pin(), period.left(at(1_700_864_000))), (None, None));
        assert_eq!(period.span(at(1_700_864_000)).begin, at(1_700_864_000 - 7 * 86_400));
    }
}
