//! How a process goes: unready at once, not accepting a little later, gone in bounded time.
//!
//! Whoever sends requests learns with a delay that a process is not ready any more, so it goes on accepting meanwhile. Two
//! moments follow from the first: when to stop accepting, and when to give up on what is still under way. They only ever
//! come nearer. What must never happen: a drain that is taken back, or one that does not end.

use std::future::pending;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How long a process that drains goes on accepting, unless told otherwise.
const DELAY: Duration = Duration::from_secs(5);
/// How long it then waits for what is under way. With the delay that is less than the thirty seconds that Kubernetes grants:
/// what was counted has to be saved as well.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Whoever asks for more has asked for ever.
const DURATION_MAX: Duration = Duration::from_secs(86_400);

/// How long the parts of a drain take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DrainTimes {
    pub(crate) delay: Duration,
    pub(crate) timeout: Duration,
}

impl Default for DrainTimes {
    fn default() -> Self {
        Self { delay: DELAY, timeout: TIMEOUT }
    }
}

/// What is to happen when; there is nothing of it before the drain begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Deadlines {
    /// No more connections from here on.
    pub(super) stop: Instant,
    /// Nothing is waited for from here on.
    pub(super) give_up: Instant,
}

/// The drain of one process.
#[derive(Debug)]
pub(super) struct Drain {
    times: DrainTimes,
    deadlines: watch::Sender<Option<Deadlines>>,
}

impl Drain {
    pub(super) fn new(times: DrainTimes) -> Self {
        Self { times, deadlines: watch::Sender::new(None) }
    }

    /// Sets the deadlines, unless they are set.
    pub(super) fn begin(&self) {
        self.shorten(self.times.delay, self.times.timeout);
    }

    /// Stops accepting now, and waits for what is under way no longer than it would have.
    #[cfg(feature = "signal")]
    pub(super) fn skip_delay(&self) {
        self.shorten(Duration::ZERO, self.times.timeout);
    }

    /// Waits for nothing any more.
    #[cfg(feature = "signal")]
    pub(super) fn cut_short(&self) {
        self.shorten(Duration::ZERO, Duration::ZERO);
    }

    fn shorten(&self, delay: Duration, timeout: Duration) {
        // The clock of whoever waits, which is tokio's: tests pause it.
        let stop = Instant::now() + delay.min(DURATION_MAX);
        let give_up = stop + timeout.min(DURATION_MAX);
        self.deadlines.send_if_modified(|deadlines| {
            let before = *deadlines;
            *deadlines = Some(match before {
                None => Deadlines { stop, give_up },
                Some(before) => {
                    Deadlines { stop: before.stop.min(stop), give_up: before.give_up.min(give_up) }
                }
            });
            *deadlines != before
        });
    }

    pub(super) fn deadlines(&self) -> watch::Receiver<Option<Deadlines>> {
        self.deadlines.subscribe()
    }
}

/// Waits for one of the deadlines, however near it has come meanwhile.
pub(super) async fn reached(
    mut deadlines: watch::Receiver<Option<Deadlines>>,
    which: impl Fn(Deadlines) -> Instant,
) {
    let mut is_told = true;
    loop {
        let moment = deadlines.borrow_and_update().map(&which);
        tokio::select! {
            () = reach(moment) => return,
            changed = deadlines.changed(), if is_told => is_told = changed.is_ok(),
        }
    }
}

async fn reach(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn drain() -> Drain {
        Drain::new(DrainTimes { delay: millis(200), timeout: millis(1_000) })
    }

    /// Returns when it is time to stop and to give up, in milliseconds from now.
    async fn ends(drain: &Drain) -> (u128, u128) {
        let start = Instant::now();
        let (stop, give_up) = (
            reached(drain.deadlines(), |deadlines| deadlines.stop),
            reached(drain.deadlines(), |deadlines| deadlines.give_up),
        );
        stop.await;
        let stopped = start.elapsed().as_millis();
        give_up.await;
        (stopped, start.elapsed().as_millis())
    }

    #[tokio::test(start_paused = true)]
    async fn deadlines_begin_once_and_only_come_nearer() {
        let drain = drain();
        drain.begin();
        tokio::time::advance(millis(50)).await;
        drain.begin();
        assert_eq!(ends(&drain).await, (150, 1_150));
    }

    #[cfg(feature = "signal")]
    #[tokio::test(start_paused = true)]
    async fn a_delay_is_skipped_and_a_drain_cut_short() {
        let skipped = drain();
        skipped.begin();
        skipped.skip_delay();
        skipped.begin();
        assert_eq!(ends(&skipped).await, (0, 1_000));
        skipped.cut_short();
        assert_eq!(ends(&skipped).await, (0, 0));
        let cut = drain();
        cut.cut_short();
        assert_eq!(ends(&cut).await, (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_hears_of_what_came_nearer_and_of_nothing_without_a_drain() {
        let drain = drain();
        let waits = reached(drain.deadlines(), |deadlines| deadlines.stop);
        tokio::pin!(waits);
        // The paused clock moves on by itself, to show that nothing happens.
        let nothing = tokio::time::timeout(millis(5_000), &mut waits).await;
        assert!(nothing.is_err());
        drain.begin();
        let start = Instant::now();
        waits.await;
        assert_eq!(start.elapsed().as_millis(), 200);
    }

    #[tokio::test(start_paused = true)]
    async fn absurd_times_are_a_day() {
        let drain = Drain::new(DrainTimes { delay: Duration::MAX, timeout: Duration::MAX });
        drain.begin();
        assert_eq!(ends(&drain).await, (86_400_000, 172_800_000));
    }
}
