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

    /// Returns the totals when the period began, of the one that has begun last.
    pub(crate) fn pin(&self) -> Option<Pin> {
        match self {
            Self::Rolling(_) => None,
            Self::Calendar { pin, .. } => *pin,
        }
    }

    /// Takes the totals with which a period began from who has kept them. A pin of another period than the present one
    /// changes nothing.
    pub(crate) fn set_pin(&mut self, kept: Pin) {
        if let Self::Calendar { span, pin, .. } = self
            && kept.0 == span.begin
        {
            *pin = Some(kept);
        }
    }
}
