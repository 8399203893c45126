//! How long ago something may have succeeded last: a backup, an export, a message that was taken in.
//!
//! What never happens any more says nothing by itself. So it is asked when it last did, and three answers are each their
//! own: too long ago, never, and in the future, where a clock is wrong and no age means anything.

use std::time::Duration;

use super::finding::Finding;
use super::report::Report;
use crate::incident::span;
use crate::objective::format_duration;
use crate::time::{Timestamp, nanos};

/// How old the last success may be before it is worth a look, and before it is a failure.
///
/// For a recovery point objective `fail_after` is the objective itself: what may be lost. `warn_after` is the time that a
/// run usually takes after the one before, with a bit of patience.
///
/// ```
/// use slo_core::{Freshness, Level, Timestamp};
/// use std::time::Duration;
///
/// let hour = Duration::from_secs(3_600);
/// // Backups are made each night, take up to two hours, and never more than two days may be lost.
/// let backups = Freshness::new(26 * hour, 48 * hour);
/// let now = Timestamp::from_unix_seconds(1_700_000_000);
/// let level = |last_success| backups.report(last_success, now).report().level();
/// assert_eq!(level(Some(now.minus(25 * hour))), Level::Pass);
/// assert_eq!(level(Some(now.minus(26 * hour))), Level::Warn);
/// assert_eq!(level(Some(now.minus(48 * hour))), Level::Fail);
/// // Neither is any age at all.
/// assert_eq!(level(None), Level::Fail);
/// assert_eq!(level(Some(now.plus(hour))), Level::Fail);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Freshness {
    warn_after: Duration,
    fail_after: Duration,
}

impl Freshness {
    /// Up to this far in the future a success counts as one of now: clocks of two machines differ, and file systems round.
    pub const SKEW_MAX: Duration = Duration::from_secs(60);

    /// Warns of a last success that is `warn_after` old, and fails with one that is `fail_after` old.
    ///
    /// The first must be the shorter one, and not zero: see [`Freshness::fault`].
    pub const fn new(warn_after: Duration, fail_after: Duration) -> Self {
        Self { warn_after, fail_after }
    }

    /// Returns when it warns.
    #[must_use]
    pub const fn warn_after(&self) -> Duration {
        self.warn_after
    }

    /// Returns when it fails.
    #[must_use]
    pub const fn fail_after(&self) -> Duration {
        self.fail_after
    }

    /// Returns what is wrong with it and what to write, if anything: checks that are made with it are refused for that, and a
    /// report fails.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        let show = |duration: Duration| format_duration(nanos(duration));
        let (warn, fail) = (show(self.warn_after), show(self.fail_after));
        if self.warn_after.is_zero() {
            Some("it warns at once: write a time longer than zero first".to_owned())
        } else if self.warn_after >= self.fail_after {
            Some(format!(
                "it warns after {warn}, but has failed after {fail} already: write the shorter time first, and a longer one \
                 second"
            ))
        } else {
            None
        }
    }

    /// Judges when something last succeeded; `None` is never.
    ///
    /// The readings are `age_seconds`, negative as far as it is in the future, and `last_success_timestamp_seconds`;
    /// none where it never succeeded.
    pub fn report(&self, last_success: Option<Timestamp>, now: Timestamp) -> Finding {
        let Some(last) = last_success else {
            return Report::Fail(self.fault().unwrap_or_else(|| "has never succeeded".to_owned())).into();
        };
        let (age, ahead) = (now.since(last), last.since(now));
        let report = if let Some(fault) = self.fault() {
            Report::Fail(fault)
        } else if ahead > Self::SKEW_MAX {
            Report::Fail(format!("has last succeeded {} in the future: a clock is wrong", span(ahead)))
        } else {
            self.judge(age, |age| format!("has not succeeded for {age}"))
        };
        Finding::from(report)
            .with("age_seconds", age.as_secs_f64() - ahead.as_secs_f64())
            .with("last_success_timestamp_seconds", last.unix_seconds())
    }

    /// Judges an age; `say` puts it into words.
    pub(super) fn judge(&self, age: Duration, say: impl Fn(String) -> String) -> Report {
        let reason = |limit: Duration| {
            format!("{}; it should within {}", say(span(age)), format_duration(nanos(limit)))
        };
        if age >= self.fail_after {
            Report::Fail(reason(self.fail_after))
        } else if age >= self.warn_after {
            Report::Warn(reason(self.warn_after))
        } else {
            Report::Pass
        }
    }
}
