//! How much of a limit may be used.

use slo_core::{Check, Report};

/// The shares of a limit from which on its use is worth a look, and is a failure: 80 % and 95 % unless changed.
///
/// ```
/// use slo_tower::checks::UsageLimits;
/// assert_eq!(UsageLimits::default(), UsageLimits::new(0.8, 0.95));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct UsageLimits {
    warn_at: f64,
    fail_at: f64,
}

impl Default for UsageLimits {
    fn default() -> Self {
        Self::new(0.8, 0.95)
    }
}

impl UsageLimits {
    /// Warns from the share `warn_at` on, and fails from `fail_at` on: `0.8` is 80 %.
    ///
    /// A check is refused unless both are above 0 and at most 1, and the first is less than the second.
    pub const fn new(warn_at: f64, fail_at: f64) -> Self {
        Self { warn_at, fail_at }
    }

    /// Refuses a check that would be made with shares which make no sense.
    pub(super) fn allow(self, check: Check) -> Check {
        let Self { warn_at, fail_at } = self;
        if 0.0 < warn_at && warn_at < fail_at && fail_at <= 1.0 {
            return check;
        }
        check.refused(format!(
            "it warns at {warn_at} and fails at {fail_at} of the limit: write two shares between 0 and 1, the lesser one \
             first, such as UsageLimits::new(0.8, 0.95)"
        ))
    }

    /// Judges a share; `say` puts it into words.
    pub(super) fn judge(self, used: f64, say: impl FnOnce() -> String) -> Report {
        if used >= self.fail_at {
            Report::Fail(say())
        } else if used >= self.warn_at {
            Report::Warn(say())
        } else {
            Report::Pass
        }
    }
}

#[cfg(test)]
mod tests {
    use slo_core::Level;

    use super::*;

    #[test]
    fn each_border_belongs_to_the_worse_side() {
        let limits = UsageLimits::default();
        for (used, expected) in [
            (0.0, Level::Pass),
            (0.799_999, Level::Pass),
            (0.8, Level::Warn),
            (0.949_999, Level::Warn),
            (0.95, Level::Fail),
            (2.0, Level::Fail),
            (f64::INFINITY, Level::Fail),
        ] {
            assert_eq!(limits.judge(used, String::new).level(), expected, "{used}");
        }
    }

    #[test]
    fn shares_that_make_no_sense_are_refused() {
        for (warn_at, fail_at, is_sound) in [
            (0.8, 0.95, true),
            (0.001, 1.0, true),
            (0.95, 0.8, false),
            (0.8, 0.8, false),
            (0.0, 0.5, false),
            (0.5, 1.001, false),
            (80.0, 95.0, false),
            (f64::NAN, 0.5, false),
            (0.5, f64::NAN, false),
        ] {
            let check = UsageLimits::new(warn_at, fail_at).allow(Check::in_process("x", || Report::Pass));
            assert_eq!(check.fault().is_none(), is_sound, "{warn_at} {fail_at}");
            let text = check.fault().map(ToString::to_string).unwrap_or_default();
            assert!(
                is_sound || text.contains(&format!("check x: it warns at {warn_at} and fails at {fail_at}")),
                "{text}"
            );
        }
    }
}
