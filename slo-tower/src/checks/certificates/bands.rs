//! What the time that certificates have left means: times in, a finding out.

use std::time::Duration;

use slo_core::{Finding, Report, Timestamp};

use super::read::Known;

const DAY: u64 = 86_400;

/// How much time must be left.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bands {
    pub(super) fail_before: Duration,
    pub(super) warn_before: Duration,
}

/// What is to be said of a certificate, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Lasts,
    /// Less is left than should be.
    Ends,
    /// Less is left than must be.
    AlmostOver,
    NotYet,
    Over,
}

impl Default for Bands {
    fn default() -> Self {
        let days = |days| Duration::from_secs(days * DAY);
        Self { fail_before: days(7), warn_before: days(30) }
    }
}

impl Bands {
    /// Returns what is wrong with them, and what to write.
    pub(super) fn fault(self) -> Option<String> {
        let days = |duration: Duration| duration.as_secs_f64() / Duration::from_secs(DAY).as_secs_f64();
        (self.fail_before >= self.warn_before).then(|| {
            format!(
                "it would fail {} days before the end and warn {} days before: write a fail_before shorter than \
                 warn_before",
                days(self.fail_before),
                days(self.warn_before)
            )
        })
    }
}

/// Judges one certificate, which is valid from the first to the last of its seconds, both included. All times are seconds since
/// 1970.
pub(super) fn judge(valid_from: i64, valid_to: i64, now: i64, bands: Bands) -> Standing {
    let Ok(left) = u64::try_from(valid_to.saturating_sub(now)) else { return Standing::Over };
    let left = Duration::from_secs(left);
    if now < valid_from {
        Standing::NotYet
    } else if left < bands.fail_before {
        Standing::AlmostOver
    } else if left < bands.warn_before {
        Standing::Ends
    } else {
        Standing::Lasts
    }
}

/// Judges certificates by the worst of them; of several that are as bad, the first to end is named.
pub(super) fn find(known: &[Known], now: i64, bands: Bands, place: &str) -> Finding {
    let standing = |known: &Known| judge(known.valid_from, known.valid_to, now, bands);
    let worst = known.iter().enumerate().max_by(|(_, one), (_, other)| {
        standing(one).cmp(&standing(other)).then(other.valid_to.cmp(&one.valid_to))
    });
    let first_to_end = known.iter().map(|known| known.valid_to).min();
    let (Some((index, worst)), Some(ends)) = (worst, first_to_end) else {
        return Report::Fail(format!("{place} has no certificate")).into();
    };
    let which = format!("certificate {} of {} of {place} ({})", index + 1, known.len(), worst.name);
    let (from, to) = (date(worst.valid_from), date(worst.valid_to));
    let left = about(worst.valid_to.abs_diff(now));
    let report = match standing(worst) {
        Standing::Lasts => Report::Pass,
        Standing::Ends => Report::Warn(format!("{which} expires in {left}, at {to}")),
        Standing::AlmostOver => Report::Fail(format!("{which} expires in {left}, at {to}")),
        Standing::NotYet => {
            let wait = about(worst.valid_from.abs_diff(now));
            Report::Fail(format!("{which} is valid only in {wait}, from {from}"))
        }
        Standing::Over => Report::Fail(format!("{which} expired {left} ago, at {to}")),
    };
    Finding::from(report)
        .with("seconds_left", seconds(ends.saturating_sub(now)))
        .with("expires_timestamp_seconds", seconds(ends))
}

/// Certificates end before the year 10 000, which a float counts exactly.
#[expect(clippy::cast_precision_loss, reason = "dates have less than 53 bits")]
const fn seconds(seconds: i64) -> f64 {
    seconds as f64
}

fn date(unix_seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(u64::try_from(unix_seconds).unwrap_or(0))
}

/// Returns a duration for people, rounded down to a unit of which there are two or more.
fn about(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} seconds"),
        120..=7_199 => format!("{} minutes", seconds / 60),
        7_200..=172_799 => format!("{} hours", seconds / 3_600),
        _ => format!("{} days", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;
    const D: i64 = 86_400;

    fn known(name: &str, from: i64, to: i64) -> Known {
        Known { name: name.to_owned(), valid_from: NOW + from, valid_to: NOW + to }
    }

    #[test]
    fn bands_begin_and_end_at_their_second() {
        let bands = Bands::default();
        for (from, left, expected) in [
            (-1, 30 * D, Standing::Lasts),
            (-1, 30 * D - 1, Standing::Ends),
            (-1, 7 * D, Standing::Ends),
            (-1, 7 * D - 1, Standing::AlmostOver),
            (-1, 1, Standing::AlmostOver),
            (-1, 0, Standing::AlmostOver),
            (-1, -1, Standing::Over),
            (-D, i64::MAX - NOW, Standing::Lasts),
            (0, 365 * D, Standing::Lasts),
            (1, 365 * D, Standing::NotYet),
            (1, 3 * D, Standing::NotYet),
            (1, 0, Standing::NotYet),
            // One that ends before it begins.
            (1, -1, Standing::Over),
        ] {
            assert_eq!(judge(NOW + from, NOW + left, NOW, bands), expected, "{from} {left}");
        }
        assert_eq!(judge(i64::MIN, i64::MIN, NOW, bands), Standing::Over);
        assert_eq!(judge(i64::MIN, i64::MAX, -1, bands), Standing::Lasts);
    }

    #[test]
    fn a_band_of_nothing_fails_only_what_has_expired() {
        let bands = Bands { fail_before: Duration::ZERO, warn_before: Duration::from_millis(1_500) };
        for (left, expected) in
            [(2, Standing::Lasts), (1, Standing::Ends), (0, Standing::Ends), (-1, Standing::Over)]
        {
            assert_eq!(judge(0, NOW + left, NOW, bands), expected, "{left}");
        }
    }

    #[test]
    fn bands_exclude_each_other() {
        let seconds = Duration::from_secs;
        for (fail, warn, is_wrong) in [(0, 1, false), (1, 2, false), (0, 0, true), (2, 2, true), (3, 2, true)]
        {
            let bands = Bands { fail_before: seconds(fail * DAY), warn_before: seconds(warn * DAY) };
            assert_eq!(bands.fault().is_some(), is_wrong, "{fail} {warn}");
        }
        let half = Bands { fail_before: seconds(DAY / 2), warn_before: seconds(DAY / 2) };
        let expected = "it would fail 0.5 days before the end and warn 0.5 days before: write a fail_before shorter than \
                        warn_before";
        assert_eq!(half.fault().as_deref(), Some(expected));
    }

    #[test]
    fn the_worst_of_a_chain_is_named_and_the_first_to_end_is_read() {
        for (chain, expected, left) in [
            (vec![known("a", -1, 90 * D), known("b", -1, 80 * D)], Report::Pass, 80 * D),
            (
                vec![known("a", -1, 20 * D), known("b", -1, 10 * D), known("c", -1, 15 * D)],
                Report::Warn(
                    "certificate 2 of 3 of tls.pem (b) expires in 10 days, at 2027-01-25T08:00:00Z".into(),
                ),
                10 * D,
            ),
            (
                vec![known("a", -1, 20 * D), known("b", -1, 3 * D)],
                Report::Fail(
                    "certificate 2 of 2 of tls.pem (b) expires in 3 days, at 2027-01-18T08:00:00Z".into(),
                ),
                3 * D,
            ),
            (
                vec![known("a", D, 90 * D), known("b", -1, 3 * D)],
                Report::Fail(
                    "certificate 1 of 2 of tls.pem (a) is valid only in 24 hours, from 2027-01-16T08:00:00Z"
                        .into(),
                ),
                3 * D,
            ),
            (
                vec![known("a", D, 90 * D), known("b", -1, -3 * D), known("c", -1, -5 * D)],
                Report::Fail(
                    "certificate 3 of 3 of tls.pem (c) expired 5 days ago, at 2027-01-10T08:00:00Z".into(),
                ),
                -5 * D,
            ),
        ] {
            let finding = find(&chain, NOW, Bands::default(), "tls.pem");
            assert_eq!(*finding.report(), expected);
            let readings: Vec<_> =
                finding.readings().iter().map(|reading| (reading.name, reading.value)).collect();
            let expected =
                [("seconds_left", seconds(left)), ("expires_timestamp_seconds", seconds(NOW + left))];
            assert_eq!(readings, expected);
        }
        let none = find(&[], NOW, Bands::default(), "tls.pem");
        assert_eq!(*none.report(), Report::Fail("tls.pem has no certificate".into()));
        assert!(none.readings().is_empty());
    }

    #[test]
    fn durations_are_told_in_the_unit_of_which_there_are_two() {
        for (seconds, expected) in [
            (0, "0 seconds"),
            (119, "119 seconds"),
            (120, "2 minutes"),
            (7_199, "119 minutes"),
            (7_200, "2 hours"),
            (172_799, "47 hours"),
            (172_800, "2 days"),
            (u64::MAX, "213503982334601 days"),
        ] {
            assert_eq!(about(seconds), expected);
        }
    }
}
