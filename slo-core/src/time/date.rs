//! A moment as people write it: RFC 3339, in UTC.
//!
//! The one conversion that is needed, from a count of days to a date, is a dozen lines of arithmetic; parsing, time zones
//! and calendars are left to libraries.

use std::fmt;
use std::time::Duration;

use super::Timestamp;

const SECONDS_A_DAY: u64 = 86_400;
/// The calendar repeats itself after four centuries.
const DAYS_OF_400_YEARS: u64 = 146_097;
const DAYS_OF_100_YEARS: u64 = 36_524;
const DAYS_OF_4_YEARS: u64 = 1_461;
const DAYS_OF_YEAR: u64 = 365;
/// Days from the first of March of the year 0 to the Unix epoch.
const EPOCH: u64 = 719_468;
/// Days before each month of a year that begins in March, so that the day that leaps is its last.
const BEFORE: [u64; 12] = [0, 31, 61, 92, 122, 153, 184, 214, 245, 275, 306, 337];

/// Writes year, month and day of a day since the epoch.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + EPOCH;
    let (eras, day) = (days / DAYS_OF_400_YEARS, days % DAYS_OF_400_YEARS);
    // The last day of four centuries is a 29th of February: it belongs to the last of them. So it is with years.
    let (centuries, day) = split(day, DAYS_OF_100_YEARS, 3);
    let (leaps, day) = split(day, DAYS_OF_4_YEARS, 24);
    let (years, day) = split(day, DAYS_OF_YEAR, 3);
    let month = BEFORE.partition_point(|before| *before <= day) - 1;
    let year = eras * 400 + centuries * 100 + leaps * 4 + years;
    let (year, number) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    (year, number as u64, day - BEFORE[month] + 1)
}

/// Divides, with at most `most` as the quotient.
fn split(day: u64, length: u64, most: u64) -> (u64, u64) {
    let quotient = (day / length).min(most);
    (quotient, day - quotient * length)
}

impl fmt::Display for Timestamp {
    /// Writes the moment in UTC, with as much of the second as there is: `2023-11-14T22:13:20Z`. A precision cuts the
    /// second: `{:.0}` leaves none of it.
    ///
    /// ```
    /// use slo_core::Timestamp;
    /// assert_eq!(Timestamp::from_unix_seconds(1_700_000_000).to_string(), "2023-11-14T22:13:20Z");
    /// let later = Timestamp::from_unix_nanos(1_700_000_000_250_000_000);
    /// assert_eq!(format!("{later} {later:.0}"), "2023-11-14T22:13:20.25Z 2023-11-14T22:13:20Z");
    /// ```
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = Duration::from_nanos(self.unix_nanos);
        let (days, second) = (moment.as_secs() / SECONDS_A_DAY, moment.as_secs() % SECONDS_A_DAY);
        let (year, month, day) = date(days);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        let fraction = format!("{:09}", moment.subsec_nanos());
        let digits = f.precision().unwrap_or(9).min(9);
        let fraction = fraction[..digits].trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{point}{fraction}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The days of a month, as children learn them.
    fn days_of(year: u64, month: u64) -> u64 {
        match month {
            2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    #[test]
    fn every_day_of_six_centuries_follows_the_one_before() {
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0.. {
            assert_eq!(date(days), (year, month, day), "day {days}");
            day += 1;
            if day > days_of(year, month) {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
            if year > 2_570 {
                break;
            }
        }
    }

    #[test]
    fn moments_are_written_as_others_write_them() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::from_unix_seconds(seconds).to_string(), expected);
        }
        assert_eq!(Timestamp::from_unix_nanos(1).to_string(), "1970-01-01T00:00:00.000000001Z");
        assert_eq!(Timestamp::from_unix_nanos(u64::MAX).to_string(), "2554-07-21T23:34:33.709551615Z");
    }
}
