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

    /// Returns the first moment of a day, as far as there are timestamps.
    fn first_moment(&self, date: Date) -> Timestamp {
        let begin = date.to_zoned(self.zone.clone()).and_then(|midnight: Zoned| midnight.start_of_day());
        let nanos = begin.map_or(0, |begin| begin.timestamp().as_nanosecond());
        Timestamp::from_unix_nanos(u64::try_from(nanos.max(0)).unwrap_or(u64::MAX))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds since the epoch, as another implementation of the same zones has them.
    #[test]
    fn periods_begin_and_end_with_the_first_moment_of_a_day() {
        for (window, begin, end) in [
            ("month Europe/Berlin", 1_696_111_200, 1_698_793_200),
            ("quarter Europe/Berlin", 1_696_111_200, 1_704_063_600),
            ("month Asia/Kathmandu", 1_711_908_900, 1_714_500_900),
            ("week America/St_Johns", 1_708_918_200, 1_709_523_000),
            // Seven days and an hour.
            ("week Pacific/Chatham", 1_711_880_100, 1_712_488_500),
            // An hour less than 31 days.
            ("month America/New_York", 1_709_269_200, 1_711_944_000),
            // The clocks go forward at midnight: the first of April begins at one.
            ("quarter Asia/Amman", 1_459_461_600, 1_467_320_400),
            // They go back to midnight: the first of November has two of them.
            ("month America/Havana", 1_604_203_200, 1_606_798_800),
            ("week", 1_700_438_400, 1_701_043_200),
            ("quarter", 1_696_118_400, 1_704_067_200),
        ] {
            let calendar = Calendar::of(Window::literal(window)).unwrap().unwrap();
            let [begin, end] = [begin, end].map(Timestamp::from_unix_seconds);
            let (span, nano) = (Span { begin, end }, std::time::Duration::from_nanos(1));
            assert_eq!(calendar.span(begin), span, "{window}");
            assert_eq!(calendar.span(end.minus(nano)), span, "{window}");
            assert_eq!(calendar.span(begin.minus(nano)).end, begin, "{window}");
            assert_eq!(calendar.span(end).begin, end, "{window}");
            assert!(end.since(begin) <= Window::literal(window).reach(), "{window}");
        }
        for window in ["week", "month", "quarter Pacific/Apia"] {
            let calendar = Calendar::of(Window::literal(window)).unwrap().unwrap();
            let first = calendar.span(Timestamp::default());
            assert!(first.begin == Timestamp::default() && first.end > first.begin, "{window}: {first:?}");
            let last = calendar.span(Timestamp::from_unix_nanos(u64::MAX));
            assert!(last.end >= last.begin, "{window}: {last:?}");
        }
    }

    #[test]
    fn a_zone_that_there_is_not_may_have_one_like_it() {
        for (written, expected) in [
            ("Berlin", Some("Europe/Berlin")),
            ("Europe/Berln", Some("Europe/Berlin")),
            ("Europa/Berlin", Some("Europe/Berlin")),
            ("America/NewYork", Some("America/New_York")),
            ("kathmandu", Some("Asia/Kathmandu")),
            ("Mars", None),
            ("Earth/Here", None),
        ] {
            let window = Window::parse(&format!("month {written}")).unwrap();
            let error = Calendar::of(window).unwrap_err();
            assert_eq!(error, CalendarError::UnknownZone { near: expected.map(str::to_owned) }, "{written}");
        }
        for written in ["europe/berlin", "EST5EDT", "Etc/GMT+1", "Zulus"] {
            let known = Calendar::of(Window::parse(&format!("month {written}")).unwrap());
            assert_eq!(known.is_ok(), written != "Zulus", "{written}");
        }
    }
}
