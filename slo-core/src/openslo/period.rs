//! Windows, as OpenSLO writes them.

use std::time::Duration;

use super::fields::{Faults, Fields};
use super::node::{Node, Place};
use super::number::{Shorthand, shorthand};
use crate::objective::{CalendarPeriod, Window};
use crate::window::{CalendarError, check_calendar};

const WHY_ONE: &str = "OpenSLO allows one window, leave the others out";
const SUCH_AS: &str = "30d, or 1M with a calendar";

/// Returns how a calendar period is written: its length, and one of its beginnings, a Monday in January.
pub(super) const fn written(period: CalendarPeriod) -> (&'static str, &'static str) {
    match period {
        CalendarPeriod::Week => ("1w", "2024-01-01 00:00:00"),
        CalendarPeriod::Month => ("1M", "2024-01-01 00:00:00"),
        CalendarPeriod::Quarter => ("1Q", "2024-01-01 00:00:00"),
    }
}

/// Reads the window of a spec; `None` if it says nothing about it.
pub(super) fn window(spec: Fields<'_>, faults: &mut Faults) -> Option<(Place, Window)> {
    let node = spec.only("timeWindow", WHY_ONE, faults)?;
    let fields = Fields::of(node, "timeWindow", &["duration", "isRolling", "calendar"], faults)?;
    let duration = fields.required("duration", SUCH_AS, faults)?;
    let text = super::fields::text(duration, "duration", faults)?;
    let length = shorthand((duration.at, text), "duration", SUCH_AS, faults)?;
    let calendar = fields.get("calendar");
    match (fields.truth("isRolling", faults), calendar) {
        (Some((at, true)), Some(_)) => faults.refuse(
            at,
            "a window with a calendar does not roll: write isRolling: false, or leave the calendar out"
                .to_owned(),
        ),
        (Some((at, false)), None) => faults.refuse(
            at,
            "a window that does not roll needs a calendar: add one, or write isRolling: true".to_owned(),
        ),
        (Some((_, false)) | None, Some(calendar)) => {
            calendar_window((duration.at, text), length, calendar, faults)
        }
        (Some((_, true)) | None, None) => rolling((duration.at, text), length, faults),
    }
}

fn rolling((at, text): (Place, &str), length: Shorthand, faults: &mut Faults) -> Option<(Place, Window)> {
    match length {
        Shorthand::Span(_) => match Window::parse(text) {
            Ok(window) => Some((at, window)),
            Err(error) => faults.refuse(at, format!("duration {text} {}", error.reason())),
        },
        Shorthand::Months(_) | Shorthand::Quarters(_) | Shorthand::Years(_) => {
            faults.refuse(at, format!("duration {text} has no length of its own to roll by: write days, such as 30d, or add a calendar"))
        }
    }
}

fn calendar_window(
    (at, text): (Place, &str),
    length: Shorthand,
    node: &Node,
    faults: &mut Faults,
) -> Option<(Place, Window)> {
    let period = match length {
        Shorthand::Span(span) if span == Duration::from_secs(7 * 86_400) => CalendarPeriod::Week,
        Shorthand::Months(1) => CalendarPeriod::Month,
        Shorthand::Months(3) | Shorthand::Quarters(1) => CalendarPeriod::Quarter,
        Shorthand::Span(_) | Shorthand::Months(_) | Shorthand::Quarters(_) | Shorthand::Years(_) => {
            return faults.refuse(
                at,
                format!("duration {text} is no calendar window that there is here: write 1w, 1M or 1Q"),
            );
        }
    };
    let calendar = Fields::of(node, "calendar", &["startTime", "timeZone"], faults)?;
    let start = calendar.required("startTime", &format!("startTime: {}", written(period).1), faults);
    if let Some(start) = start {
        let text = super::fields::text(start, "startTime", faults)?;
        check_start((start.at, text), period, faults)?;
    }
    let zone = calendar.required("timeZone", "timeZone: UTC, or a name such as Europe/Berlin", faults)?;
    let name = super::fields::text(zone, "timeZone", faults)?;
    let Ok(window) = Window::parse(&format!("{} {name}", period.as_str())) else {
        return faults.refuse(zone.at, format!("timeZone {name:?} is no name of a time zone: write one of the IANA names, such as Europe/Berlin"));
    };
    match check_calendar(window) {
        Ok(()) => start.map(|_| (zone.at, window)),
        Err(CalendarError::UnknownZone { near }) => {
            let near = near.unwrap_or_else(|| "a name of the IANA database, such as Europe/Berlin".to_owned());
            faults.refuse(zone.at, format!("timeZone {name:?} is not known: write {near}"))
        }
        Err(CalendarError::Unsupported) => faults.refuse(
            at,
            "this service was built without calendar windows: write a duration that rolls, such as 30d, or build it with the feature `calendar`".to_owned(),
        ),
    }
}

/// Refuses a start that is not the beginning of a period.
fn check_start((at, text): (Place, &str), period: CalendarPeriod, faults: &mut Faults) -> Option<()> {
    let Some((year, month, day)) = midnight(text) else {
        let such_as = written(period).1;
        return faults
            .refuse(at, format!("startTime {text:?} is no midnight of a day: write one, such as {such_as}"));
    };
    let (begins, advice) = match period {
        CalendarPeriod::Week => {
            (is_monday(year, month, day), "weeks begin on Mondays: write one, such as 2024-01-01 00:00:00")
        }
        CalendarPeriod::Month => (day == 1, "months begin on their first day: write 2024-01-01 00:00:00"),
        CalendarPeriod::Quarter => (
            day == 1 && month % 3 == 1,
            "quarters begin in January, April, July and October: write 2024-01-01 00:00:00",
        ),
    };
    if begins {
        Some(())
    } else {
        faults.refuse(at, format!("startTime {text} begins no {}: {advice}", period.as_str()))
    }
}

/// Reads a date whose time is midnight.
fn midnight(text: &str) -> Option<(u32, u32, u32)> {
    let date = text.strip_suffix("00:00:00")?;
    let date = date.strip_suffix([' ', 'T'])?;
    let mut parts = date.split('-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let is_date = (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    (is_date && parts.next().is_none()).then_some((year, month, day))
}

/// Sakamoto's rule: each month begins so many weekdays after January does.
fn is_monday(year: u32, month: u32, day: u32) -> bool {
    const SHIFT: [u32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
    let year = if month < 3 { year - 1 } else { year };
    let weekday = (year + year / 4 - year / 100 + year / 400 + SHIFT[month as usize - 1] + day) % 7;
    weekday == 1
}
