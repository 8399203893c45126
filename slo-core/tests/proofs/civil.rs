//! A calendar that counts days one after the other, and knows the rules of four time zones by heart.

/// What a day is, as far as periods ask.
#[derive(Clone, Copy, Debug)]
struct Day {
    /// Days since the epoch.
    number: u64,
    month: u32,
    day: u32,
}

impl Day {
    /// Monday is 0: the epoch was a Thursday.
    const fn weekday(&self) -> u64 {
        (self.number + 3) % 7
    }

    const fn length_of_month(year: u32, month: u32) -> u32 {
        match month {
            4 | 6 | 9 | 11 => 30,
            2 if year.is_multiple_of(4) => 29,
            2 => 28,
            _ => 31,
        }
    }

    /// Every day from 2023 to 2032: between them no century is left out of the leap years.
    fn all() -> impl Iterator<Item = Self> {
        let (mut number, first) = (19_358, |year| (1..=12).map(move |month| (year, month)));
        (2023..=2032)
            .flat_map(first)
            .flat_map(|(year, month)| (1..=Self::length_of_month(year, month)).map(move |day| (month, day)))
            .map(move |(month, day)| {
                number += 1;
                Self { number: number - 1, month, day }
            })
    }

    /// Returns whether this is later in the year than the `nth` Sunday of a month, counted from its end if `nth` is zero.
    fn is_after_sunday(&self, nth: u32, month: u32) -> bool {
        if self.month != month {
            return self.month > month;
        }
        // Sundays of this month before today.
        let last_sunday = self.day.saturating_sub(1 + u32::try_from(self.weekday()).expect("below seven"));
        let sunday = match nth {
            0 => 25,
            nth => 7 * (nth - 1) + 1,
        };
        // The last one before today is at least the one asked for.
        last_sunday >= sunday
    }
}

/// Returns how far the clocks of a zone are ahead of UTC when a day begins, in seconds.
fn offset(zone: &str, day: &Day) -> i64 {
    match zone {
        "" => 0,
        "Asia/Kathmandu" => 20_700,
        // From the last Sunday of March to the last one of October.
        "Europe/Berlin" => {
            3_600 + 3_600 * i64::from(day.is_after_sunday(0, 3) && !day.is_after_sunday(0, 10))
        }
        // From the second Sunday of March to the first one of November.
        "America/St_Johns" => {
            3_600 * i64::from(day.is_after_sunday(2, 3) && !day.is_after_sunday(1, 11)) - 12_600
        }
        other => panic!("nobody knows {other}"),
    }
}

/// Returns the first moment of every period of a window such as `month Europe/Berlin`, in seconds since the epoch.
pub(crate) fn begins(window: &str) -> Vec<u64> {
    let (period, zone) = window.split_once(' ').unwrap_or((window, ""));
    let is_first = |day: &Day| match period {
        "week" => day.weekday() == 0,
        "month" => day.day == 1,
        "quarter" => day.day == 1 && day.month % 3 == 1,
        other => panic!("{other} is no period"),
    };
    let begin =
        |day: Day| (day.number * 86_400).checked_add_signed(-offset(zone, &day)).expect("long after 1970");
    Day::all().filter(is_first).map(begin).collect()
}
