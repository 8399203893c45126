//! One counter, followed through resets and gaps.

use std::time::Duration;

use crate::time::Timestamp;

/// A counter that was not seen for longer than this is not known to have been watched meanwhile: so long does Prometheus
/// itself answer with an old sample.
pub(super) const LOOKBACK: Duration = Duration::from_secs(300);

/// What a counter has done since it was seen before.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Grown {
    pub(super) events: f64,
    pub(super) watched: Duration,
}

impl Grown {
    pub(super) fn add(&mut self, more: Self) {
        self.events += more.events;
        self.watched += more.watched;
    }
}

/// The last sample of a counter that was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Followed {
    last: Option<(Timestamp, f64)>,
}

impl Followed {
    /// Begins with a value that is known already, unless there is one.
    pub(super) fn begin(&mut self, at: Timestamp, value: Option<f64>) {
        if self.last.is_none() {
            self.last = value.map(|value| (at, value));
        }
    }

    /// Takes the next sample. One that is less than the last was counted by a new process, from zero.
    pub(super) fn sample(&mut self, at: Timestamp, value: f64) -> Grown {
        self.grow(at, value, LOOKBACK)
    }

    /// Takes the sample at the end of a step in which the counter was seen throughout and not reset.
    pub(super) fn step(&mut self, at: Timestamp, value: f64, step: Duration) -> Grown {
        self.grow(at, value, step + LOOKBACK)
    }

    fn grow(&mut self, at: Timestamp, value: f64, reach: Duration) -> Grown {
        let before = self.last.replace((at, value));
        let Some((before, old)) = before else { return Grown::default() };
        let elapsed = at.since(before);
        Grown {
            events: if value < old { value } else { value - old },
            watched: if elapsed <= reach { elapsed } else { Duration::ZERO },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resets_begin_at_zero_and_gaps_are_not_watched() {
        let at = |seconds: u64| Timestamp::from_unix_seconds(1_700_000_000 + seconds);
        let mut followed = Followed::default();
        for (seconds, value, events, watched) in [
            // Nobody knows since when the first ones were counted.
            (0, 100.0, 0.0, 0),
            (15, 130.0, 30.0, 15),
            (30, 7.0, 7.0, 15),
            (45, 7.0, 0.0, 15),
            (345, 8.0, 1.0, 300),
            // The same process, perhaps: nobody saw it.
            (1_000, 20.0, 12.0, 0),
            (2_000, 5.0, 5.0, 0),
        ] {
            let grown = followed.sample(at(seconds), value);
            assert_eq!(grown, Grown { events, watched: Duration::from_secs(watched) }, "{seconds}");
        }
        followed.begin(at(2_000), Some(1.0));
        assert_eq!(followed.step(at(5_600), 9.0, Duration::from_secs(3_600)).events, 4.0);
    }
}
