//! When a check runs, what its results mean, and what it may gate.

use std::time::Duration;

use crate::time::{Timestamp, nanos};

/// What a check decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gate {
    /// Nothing: it is reported. What other processes share should not decide over more.
    Informational,
    /// Whether the process has started; asked until it has passed once.
    Startup,
    /// Whether the process gets requests.
    Readiness,
    /// Whether the process should be restarted.
    Liveness,
}

impl Gate {
    /// Returns the word for it: `informational`, `startup`, `readiness` or `liveness`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Startup => "startup",
            Self::Readiness => "readiness",
            Self::Liveness => "liveness",
        }
    }
}

/// When a check runs and what its results mean. All of it has defaults that suit a call over the network.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckRules {
    pub(super) gate: Gate,
    pub(super) is_critical: bool,
    pub(super) interval: Duration,
    pub(super) failing_interval: Option<Duration>,
    pub(super) jitter: f64,
    pub(super) timeout: Duration,
    pub(super) initial_delay: Duration,
    pub(super) fail_after: u32,
    pub(super) pass_after: u32,
    pub(super) fail_for: Duration,
    pub(super) stale_after: Option<Duration>,
}

impl Default for CheckRules {
    fn default() -> Self {
        Self {
            gate: Gate::Informational,
            is_critical: true,
            interval: Duration::from_secs(10),
            failing_interval: None,
            jitter: 0.1,
            timeout: Duration::from_secs(2),
            initial_delay: Duration::ZERO,
            fail_after: 3,
            pass_after: 1,
            fail_for: Duration::ZERO,
            stale_after: None,
        }
    }
}

impl CheckRules {
    /// How much rarer a failing check runs unless its rules say otherwise: what does not work is asked less.
    const FAILING_SLOWDOWN: u32 = 2;
    /// How many intervals without a result make a check stale unless its rules say otherwise.
    const INTERVALS_STALE: u32 = 3;

    /// Returns what the check decides.
    #[must_use]
    pub const fn gate(&self) -> Gate {
        self.gate
    }

    /// Returns how long a run may take.
    #[must_use]
    pub const fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Returns how long after a result the next run is due, without jitter.
    pub(super) fn pause(&self, is_failing: bool) -> Duration {
        let failing =
            || self.failing_interval.unwrap_or(self.interval.saturating_mul(Self::FAILING_SLOWDOWN));
        if is_failing { failing() } else { self.interval }
    }

    /// Returns how long a check may be silent.
    pub(super) fn stale_after(&self) -> Duration {
        let usual = || {
            let pause = self.pause(true).max(self.interval).mul_f64(1.0 + self.jitter);
            pause.saturating_mul(Self::INTERVALS_STALE).saturating_add(self.timeout)
        };
        self.stale_after.unwrap_or_else(usual)
    }

    /// Returns when the run after `pause` is due. `draw` is a number between 0 and 1 that differs from check to check and
    /// from run to run, so that neither checks nor processes that started together stay in step.
    pub(super) fn due(&self, now: Timestamp, pause: Duration, draw: f64) -> Timestamp {
        let spread = (draw * 2.0 - 1.0) * self.jitter;
        now.plus(pause.mul_f64(1.0 + spread))
    }

    /// Returns when the first run is due: soon, and not all at once.
    pub(super) fn first_due(&self, now: Timestamp, draw: f64) -> Timestamp {
        now.plus(self.initial_delay).plus(self.interval.mul_f64(self.jitter * draw))
    }
}

/// Returns the `run`th number between 0 and 1 of a check: the same in every run of a test, different for every name.
pub(super) fn draw(seed: u64, name: &str, run: u64) -> f64 {
    // SplitMix64 over the name and the number of the run; what matters is only that it spreads.
    let mut state = name.bytes().fold(seed ^ 0x9E37_79B9_7F4A_7C15, |state, byte| {
        (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    state = state.wrapping_add(run.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    state = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    let spread = (state ^ (state >> 31)) >> 40;
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
    let draw = spread as f64 / (1_u64 << 24) as f64;
    draw
}

/// Returns whether `duration` is longer than any check should wait for anything: beyond a day it is a mistake.
pub(super) fn is_absurd(duration: Duration) -> bool {
    nanos(duration) > 86_400 * 1_000_000_000
}
