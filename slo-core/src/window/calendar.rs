//! When the week, month or quarter began, and when it ends, in some time zone.
//!
//! Pure arithmetic on the moment it is asked about: no clock is read, and no file, as the zones are compiled in. A day may
//! have 23 or 25 hours, and need not begin at midnight: where the clocks go forward then, it begins with its first moment.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{ToSpan, Zoned};

use super::{CalendarError, Span};
use crate::objective::{CalendarPeriod, Window};
use crate::time::Timestamp;

static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A calendar window whose time zone exists.
#[derive(Clone, Debug)]
pub(crate) struct Calendar {
    period: CalendarPeriod,
    zone: TimeZone,
}

impl Calendar {
    /// Finds the time zone; `None` for a rolling window.
    pub(crate) fn of(window: Window) -> Result<Option<Self>, CalendarError> {
        let Some(period) = window.calendar() else { return Ok(None) };
        let zone = match window.zone() {
            None => TimeZone::UTC,
            Some(name) => {
                let unknown = |_| CalendarError::UnknownZone { near: nearest(name) };
                ZONES.get(name).map_err(unknown)?
            }
        };
        Ok(Some(Self { period, zone }))
    }

    /// Returns the period that this moment is in; the end belongs to the next one.
    pub(super) fn span(&self, now: Timestamp) -> Span {
        let Ok(now) = jiff::Timestamp::from_nanosecond(now.unix_nanos().into()) else {
            unreachable!("a timestamp ends with the year 2554, and its calendar with the year 9999");
        };
        let today = now.to_zoned(self.zone.clone()).date();
        let first = match self.period {
            CalendarPeriod::Week => today - i64::from(today.weekday().to_monday_zero_offset()).days(),
            CalendarPeriod::Month => today.first_of_month(),
            CalendarPeriod::Quarter => today.first_of_month() - i64::from((today.month() - 1) % 3).months(),
        };
        let next = match self.period {
            CalendarPeriod::Week => first + 7.days(),
            CalendarPeriod::Month => first + 1.month(),
            CalendarPeriod::Quarter => first + 3.months(),
        };
        Span { begin: self.first_moment(first), end: self.first_moment(next) }
    }

    /// Returns the first moment of a day; of those before 1970 the epoch.
    fn first_moment(&self, date: Date) -> Timestamp {
        let begin = date.to_zoned(self.zone.clone()).and_then(|midnight: Zoned| midnight.start_of_day());
        let nanos = begin.map_or(0, |begin| begin.timestamp().as_nanosecond());
        Timestamp::from_unix_nanos(u64::try_from(nanos).unwrap_or(0))
    }
}

/// Returns the name that was probably meant: of the same place, or spelled alike.
fn nearest(written: &str) -> Option<String> {
    const NEAR: f64 = 0.85;
    let place = |name: &str| name.rsplit('/').next().unwrap_or(name).to_lowercase();
    let (written, wanted) = (written.to_lowercase(), place(written));
    let likeness = |name: &str| {
        let whole = strsim::jaro_winkler(&name.to_lowercase(), &written);
        // "Berlin" is nearer to "Europe/Berlin" than to anything that begins like it.
        let place = strsim::jaro_winkler(&place(name), &wanted);
        whole.max(if place == 1.0 { 1.0 } else { place * whole.max(NEAR) })
    };
    let near = ZONES.available().map(|name| (likeness(name.as_str()), name.as_str().to_owned()));
    let best = near.max_by(|left, right| left.0.total_cmp(&right.0));
    best.filter(|(likeness, _)| *likeness >= NEAR).map(|(_, name)| name)
}
