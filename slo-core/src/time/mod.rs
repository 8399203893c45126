//! Time as an argument.
//!
//! Logic never reads the machine's clocks: it is handed a [`Timestamp`], or asks the [`Clock`] it was given.
//! Tests drive a clock by hand and no test sleeps.

mod date;
#[cfg(miri)]
mod portable;

use std::fmt;
use std::ops::Sub;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use serde::{Serialize, Serializer};

#[cfg(miri)]
use self::portable::Clock as CycleCounter;
#[cfg(not(miri))]
use quanta::Clock as CycleCounter;

/// A moment, in nanoseconds since the Unix epoch.
///
/// ```
/// use slo_core::Timestamp;
/// use std::time::Duration;
/// let noon = Timestamp::from_unix_seconds(1_700_000_000);
/// assert_eq!(noon.plus(Duration::from_secs(5)).since(noon), Duration::from_secs(5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    unix_nanos: u64,
}

impl Timestamp {
    /// The moment this many seconds after the Unix epoch; the end of the scale (year 2554) if beyond it.
    #[must_use]
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        Self { unix_nanos: seconds.saturating_mul(1_000_000_000) }
    }

    /// The moment this many nanoseconds after the Unix epoch.
    #[must_use]
    pub const fn from_unix_nanos(unix_nanos: u64) -> Self {
        Self { unix_nanos }
    }

    /// Returns the nanoseconds since the Unix epoch.
    #[must_use]
    pub const fn unix_nanos(self) -> u64 {
        self.unix_nanos
    }

    /// Returns the seconds since the Unix epoch, as numbers are written that machines read.
    pub(crate) fn unix_seconds(self) -> f64 {
        Duration::from_nanos(self.unix_nanos).as_secs_f64()
    }

    /// Returns the moment this much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self { unix_nanos: self.unix_nanos.saturating_add(nanos(duration)) }
    }

    /// Returns the moment this much earlier, at the earliest the epoch.
    #[must_use]
    pub fn minus(self, duration: Duration) -> Self {
        Self { unix_nanos: self.unix_nanos.saturating_sub(nanos(duration)) }
    }

    /// Returns the time since `earlier`, zero if that is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.unix_nanos.saturating_sub(earlier.unix_nanos))
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.since(earlier)
    }
}

impl Serialize for Timestamp {
    /// Writes the seconds since the Unix epoch as a number.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.unix_seconds())
    }
}

/// Returns a duration in nanoseconds, saturating after 584 years.
#[inline]
pub(crate) fn nanos(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1_000_000_000).saturating_add(duration.subsec_nanos().into())
}

/// Where moments and latencies come from: the machine, or a test's hand.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    /// The date is read once and then moves with the machine's monotonic clock.
    System {
        counter: CycleCounter,
        date: Timestamp,
        since: Instant,
    },
    Manual(Arc<Hands>),
}

struct Hands {
    wall: AtomicU64,
    monotonic: AtomicU64,
}

impl Clock {
    /// The machine's clocks: its cycle counter for latencies where it has a steady one, otherwise its monotonic
    /// clock. Moments begin at its idea of the date and go on with its monotonic clock, so that a date set
    /// forward or back neither empties a window nor stops it. The first call in a process calibrates the
    /// counter, which takes about a millisecond.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    pub fn system() -> Self {
        let date = nanos(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
        let (date, since) = (Timestamp::from_unix_nanos(date), Instant::now());
        Self(Source::System { counter: CycleCounter::new(), date, since })
    }

    /// A clock that stands still at `now` until it is advanced; clones show the same time.
    ///
    /// ```
    /// use slo_core::{Clock, Timestamp};
    /// use std::time::Duration;
    /// let start = Timestamp::from_unix_seconds(1_700_000_000);
    /// let clock = Clock::manual(start);
    /// clock.advance(Duration::from_millis(250));
    /// assert_eq!(clock.now() - start, Duration::from_millis(250));
    /// assert_eq!(clock.nanos_between(0, clock.ticks()), 250_000_000);
    /// ```
    #[must_use]
    pub fn manual(now: Timestamp) -> Self {
        let hands = Hands { wall: AtomicU64::new(now.unix_nanos), monotonic: AtomicU64::new(0) };
        Self(Source::Manual(Arc::new(hands)))
    }

    /// Moves a manual clock forward.
    ///
    /// # Panics
    ///
    /// On the system clock, which moves by itself.
    pub fn advance(&self, duration: Duration) {
        let Source::Manual(hands) = &self.0 else { panic!("the system clock moves by itself") };
        // Relaxed: each hand is read alone.
        hands.wall.fetch_add(nanos(duration), Ordering::Relaxed);
        hands.monotonic.fetch_add(nanos(duration), Ordering::Relaxed);
    }

    /// Returns the moment it is.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System { date, since, .. } => date.plus(Instant::now().duration_since(*since)),
            // Relaxed: see `advance`.
            Source::Manual(hands) => Timestamp::from_unix_nanos(hands.wall.load(Ordering::Relaxed)),
        }
    }

    /// Returns the count of a steady counter, for [`Clock::nanos_between`].
    #[inline]
    #[must_use]
    pub fn ticks(&self) -> u64 {
        match &self.0 {
            Source::System { counter, .. } => counter.raw(),
            // Relaxed: see `advance`.
            Source::Manual(hands) => hands.monotonic.load(Ordering::Relaxed),
        }
    }

    /// Returns the nanoseconds between two counts of [`Clock::ticks`]; zero if the second is not the later one.
    #[inline]
    #[must_use]
    pub fn nanos_between(&self, earlier: u64, later: u64) -> u64 {
        match &self.0 {
            Source::System { counter, .. } => counter.delta_as_nanos(earlier, later),
            Source::Manual(_) => later.saturating_sub(earlier),
        }
    }
}

impl Clock {
    /// Returns the date as the machine has it now, which others go by: unlike [`Clock::now`] it jumps when it is set, and
    /// knows of time in which the machine was suspended. A manual clock has one time for both.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clocks")]
    pub fn date(&self) -> Timestamp {
        match &self.0 {
            Source::System { .. } => {
                let date = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_unix_nanos(nanos(date))
            }
            Source::Manual(_) => self.now(),
        }
    }

    /// Returns the nanoseconds since a count of [`Clock::ticks`]: one look at the clock.
    #[inline]
    pub(crate) fn nanos_since(&self, earlier: u64) -> u64 {
        match &self.0 {
            Source::System { counter, .. } => counter.delta_as_nanos(earlier, counter.raw()),
            // Relaxed: see `advance`.
            Source::Manual(hands) => hands.monotonic.load(Ordering::Relaxed).saturating_sub(earlier),
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Source::System { .. } => "Clock::System",
            Source::Manual(_) => "Clock::Manual",
        })
    }
}
