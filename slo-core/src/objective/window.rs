//! The period a promise is about.
//!
//! A rolling one forgets its oldest hour as a new one comes; a calendar one forgets everything at once, when the next
//! begins. A window is a plain value that holds the name of its time zone itself, so that it can be made in a `const` and
//! copied from there; whether there is such a zone is asked when a registry is built.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::error::{ObjectiveError, Reason};
use super::parse::{NANOS_PER_SECOND, duration, format_duration};
use super::zone::ZoneName;

const SECONDS_MIN: u64 = 3_600;
const SECONDS_MAX: u64 = 90 * 86_400;
const DAY: u64 = 86_400;

/// The period of a promise: the last so many days, or the week, month or quarter it is.
///
/// A rolling window is written as a duration of whole minutes, from one hour to ninety days. A calendar window is
/// `week` (from Monday on), `month` or `quarter`, of UTC or of a time zone behind it; it needs the feature `calendar`, and
/// whether there is such a zone is found out when the registry is built. Its budget is that of the period so far, and
/// whole again as soon as the next one begins.
///
/// ```
/// use slo_core::{CalendarPeriod, Window};
/// const WINDOW: Window = Window::literal("30d");
/// assert_eq!(WINDOW.duration().as_secs(), 2_592_000);
/// assert_eq!(Window::parse("4w")?.to_string(), "28d");
/// assert_eq!(Window::default(), WINDOW);
///
/// let month = Window::parse("month Europe/Berlin")?;
/// assert_eq!((month.calendar(), month.zone()), (Some(CalendarPeriod::Month), Some("Europe/Berlin")));
/// assert_eq!(month.to_string(), "month Europe/Berlin");
/// # Ok::<(), slo_core::ObjectiveError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Window {
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Kind {
    Rolling { seconds: u64 },
    Calendar { period: CalendarPeriod, zone: ZoneName },
}

/// A period that begins by the calendar, at the first moment of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CalendarPeriod {
    /// Monday to Sunday.
    Week,
    /// From the first to the last day of a month.
    Month,
    /// Three months, from January, April, July or October on.
    Quarter,
}

impl CalendarPeriod {
    /// Returns the word for it: `week`, `month` or `quarter`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
        }
    }

    const fn days(self) -> u64 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        }
    }

    const fn days_max(self) -> u64 {
        match self {
            Self::Week => 7,
            Self::Month => 31,
            Self::Quarter => 92,
        }
    }
}

impl Window {
    /// The last thirty days: the default.
    pub const DAYS_30: Self = Self::rolling(30 * DAY);

    const fn rolling(seconds: u64) -> Self {
        Self { kind: Kind::Rolling { seconds } }
    }

    /// Reads a period such as `30d`, `36h`, `month` or `week Europe/Berlin`.
    ///
    /// # Errors
    ///
    /// If the text is neither a duration nor a calendar period; of a duration, if it is no whole number of minutes,
    /// shorter than an hour or longer than 90 days; of a calendar period, if what stands behind it is not written like a time
    /// zone.
    pub const fn parse(text: &str) -> Result<Self, ObjectiveError> {
        let parsed = match text.as_bytes() {
            [b'0'..=b'9' | b'.', ..] => parse_rolling(text),
            [b'w', b'e', b'e', b'k', zone @ ..] => parse_calendar(CalendarPeriod::Week, zone),
            [b'm', b'o', b'n', b't', b'h', zone @ ..] => parse_calendar(CalendarPeriod::Month, zone),
            [b'q', b'u', b'a', b'r', b't', b'e', b'r', zone @ ..] => {
                parse_calendar(CalendarPeriod::Quarter, zone)
            }
            _ => Err(Reason::WindowUnknown),
        };
        match parsed {
            Ok(window) => Ok(window),
            Err(reason) => Err(ObjectiveError::new(text, reason)),
        }
    }

    /// Reads a literal; in a `const` a wrong one fails the build.
    ///
    /// # Panics
    ///
    /// If [`Window::parse`] refuses the text.
    #[must_use]
    pub const fn literal(text: &str) -> Self {
        match Self::parse(text) {
            Ok(window) => window,
            Err(error) => panic!("{}", error.reason()),
        }
    }

    /// Returns the nominal length of the period, by which alert windows scale: a week has 7 days, a month 30, a quarter 90.
    ///
    /// ```
    /// use slo_core::Window;
    /// assert_eq!(Window::literal("quarter").duration(), Window::literal("90d").duration());
    /// ```
    #[must_use]
    pub const fn duration(self) -> Duration {
        match self.kind {
            Kind::Rolling { seconds } => Duration::from_secs(seconds),
            Kind::Calendar { period, .. } => Duration::from_secs(period.days() * DAY),
        }
    }

    /// Returns the calendar period; `None` if the window is rolling.
    #[must_use]
    pub const fn calendar(self) -> Option<CalendarPeriod> {
        match self.kind {
            Kind::Rolling { .. } => None,
            Kind::Calendar { period, .. } => Some(period),
        }
    }

    /// Returns the time zone of a calendar period; `None` if that is UTC, or if the window is rolling.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        match &self.kind {
            Kind::Rolling { .. } => None,
            Kind::Calendar { zone, .. } => zone.as_str(),
        }
    }

    /// Returns how far back the period may begin: the longest there is, and an hour more where the clocks are set back.
    pub(crate) const fn reach(self) -> Duration {
        match self.kind {
            Kind::Rolling { seconds } => Duration::from_secs(seconds),
            Kind::Calendar { period, .. } => Duration::from_secs(period.days_max() * DAY + 3_600),
        }
    }
}

const fn parse_rolling(text: &str) -> Result<Window, Reason> {
    let nanos = match duration(text) {
        Ok(nanos) => nanos,
        // What is no whole nanosecond is no whole minute either.
        Err(Reason::DurationTooFine) => return Err(Reason::WindowPart),
        Err(reason) => return Err(reason),
    };
    let seconds = nanos / NANOS_PER_SECOND;
    if seconds > SECONDS_MAX {
        Err(Reason::WindowTooLong)
    } else if seconds < SECONDS_MIN {
        Err(Reason::WindowTooShort)
    } else if !nanos.is_multiple_of(60 * NANOS_PER_SECOND) {
        Err(Reason::WindowPart)
    } else {
        Ok(Window::rolling(seconds))
    }
}

/// Reads what stands behind the word for a period: nothing, or a space and a time zone.
const fn parse_calendar(period: CalendarPeriod, rest: &[u8]) -> Result<Window, Reason> {
    let zone = match rest {
        [] => ZoneName::UTC,
        [b' ', name @ ..] => match ZoneName::parse(name) {
            Some(zone) => zone,
            None => return Err(Reason::WindowZone),
        },
        _ => return Err(Reason::WindowUnknown),
    };
    Ok(Window { kind: Kind::Calendar { period, zone } })
}

impl Default for Window {
    fn default() -> Self {
        Self::DAYS_30
    }
}

impl FromStr for Window {
    type Err = ObjectiveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Rolling { seconds } => f.pad(&format_duration(seconds * NANOS_PER_SECOND)),
            Kind::Calendar { period, zone } => match zone.as_str() {
                None => f.pad(period.as_str()),
                Some(zone) => f.pad(&format!("{} {zone}", period.as_str())),
            },
        }
    }
}

impl Serialize for Window {
    /// Writes the text form, such as `30d`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_have_bounds() {
        for (text, expected) in [
            ("1h", Ok(3_600)),
            ("90d", Ok(7_776_000)),
            ("1.5h", Ok(5_400)),
            ("59m", Err(Reason::WindowTooShort)),
            ("91d", Err(Reason::WindowTooLong)),
            ("3601s", Err(Reason::WindowPart)),
            ("300000d", Err(Reason::WindowTooLong)),
            ("soon", Err(Reason::WindowUnknown)),
            ("", Err(Reason::WindowUnknown)),
            ("30", Err(Reason::DurationUnit)),
        ] {
            let expected = expected.map(Window::rolling);
            assert_eq!(
                Window::parse(text),
                expected.map_err(|reason| ObjectiveError::new(text, reason)),
                "{text}"
            );
        }
    }

    #[test]
    fn calendar_windows_are_read_back_as_they_were_written() {
        for (text, period, zone) in [
            ("week", CalendarPeriod::Week, None),
            ("month", CalendarPeriod::Month, None),
            ("quarter", CalendarPeriod::Quarter, None),
            ("month Europe/Berlin", CalendarPeriod::Month, Some("Europe/Berlin")),
            ("week America/Port-au-Prince", CalendarPeriod::Week, Some("America/Port-au-Prince")),
            (
                "quarter America/North_Dakota/New_Salem",
                CalendarPeriod::Quarter,
                Some("America/North_Dakota/New_Salem"),
            ),
            ("month Etc/GMT+1", CalendarPeriod::Month, Some("Etc/GMT+1")),
        ] {
            let window = Window::parse(text).unwrap();
            assert_eq!((window.calendar(), window.zone()), (Some(period), zone), "{text}");
            assert_eq!(window.to_string(), text);
            assert_eq!(window.duration().as_secs(), period.days() * DAY);
            assert!(window.reach() > window.duration());
        }
        assert_eq!(Window::parse("month UTC"), Window::parse("month"));
        for text in [
            "month ",
            "month  UTC",
            "month Europe/",
            "month /Berlin",
            "month Europe Berlin",
            "month 1",
            "month Mars!",
        ] {
            assert_eq!(Window::parse(text), Err(ObjectiveError::new(text, Reason::WindowZone)), "{text}");
        }
        let long = format!("month {}", "a".repeat(40));
        assert_eq!(Window::parse(&long), Err(ObjectiveError::new(&long, Reason::WindowZone)));
        for text in ["months", "Month", "year", "weekly", " month"] {
            assert_eq!(Window::parse(text), Err(ObjectiveError::new(text, Reason::WindowUnknown)), "{text}");
        }
    }
}
