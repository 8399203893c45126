//! Competitors measured in turns.
//!
//! Two threads live as long as the comparison, each on a core of its own. In every round each competitor works once alone on the first
//! thread and once on both at the same time, one competitor after the other, so that whatever else the machine
//! does meets all of them alike. A turn during which a thread had to wait for its core is repeated, where the kernel
//! tells, and left out if that does not help. What is reported is the median of the turns.
//!
//! A competitor must do its whole work inside the closure it hands out: the loop around the operation is
//! compiled with it, and nothing else is timed.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::Duration;

use crate::watch::Watch;

/// How often a turn is repeated in which a thread had to wait for its core.
const RETRIES: u64 = 12;

/// Runs an operation this many times.
pub type Work = Box<dyn FnMut(u64)>;

/// Something that is measured beside others.
pub struct Competitor {
    name: String,
    work: Box<dyn Fn() -> Work + Send + Sync>,
    rest: Option<Box<dyn Fn() + Send + Sync>>,
}

impl std::fmt::Debug for Competitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Competitor").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Competitor {
    /// Names a competitor. `work` is called once on each thread that is to work.
    pub fn new(name: impl Into<String>, work: impl Fn() -> Work + Send + Sync + 'static) -> Self {
        Self { name: name.into(), work: Box::new(work), rest: None }
    }

    /// Calls `rest` after each turn, outside of what is timed: a scrape, say, that frees what was collected.
    #[must_use]
    pub fn resting(mut self, rest: impl Fn() + Send + Sync + 'static) -> Self {
        self.rest = Some(Box::new(rest));
        self
    }

    /// Returns the name under which it is reported.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sets the competitor up on the calling thread.
    #[must_use]
    pub fn work(&self) -> Work {
        (self.work)()
    }

    fn rest(&self) {
        self.rest.iter().for_each(|rest| rest());
    }
}

/// Turns an operation into work. The operation is handed the number of the turn.
pub fn repeat(mut operation: impl FnMut(u64) + 'static) -> Work {
    Box::new(move |turns| {
        for turn in 0..turns {
            operation(turn);
        }
    })
}

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How many turns each competitor has, after one that does not count.
    pub rounds: usize,
    /// How long one turn takes.
    pub turn: Duration,
}

/// What was measured of one competitor, in nanoseconds.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Its name.
    pub name: String,
    /// Time per operation on one thread.
    pub alone: f64,
    /// Time per operation of each of two threads working at the same time.
    pub together: f64,
}

impl Measured {
    /// Returns how many times the throughput of one thread two threads have.
    #[must_use]
    pub fn scaling(&self) -> f64 {
        2.0 * self.alone / self.together
    }
}

/// Measures all competitors, with one and with two threads.
#[must_use]
pub fn measure(competitors: &[Competitor], effort: Effort) -> Vec<Measured> {
    let meeting = &Meeting {
        watch: Watch::start(),
        barrier: Barrier::new(2),
        arrived: AtomicU64::new(0),
        disturbed: AtomicU64::new(0),
        turns: competitors.iter().map(|_| AtomicU64::new(0)).collect(),
    };
    let (first, second) = thread::scope(|scope| {
        let [first, second] =
            [0, 1].map(|thread| scope.spawn(move || meeting.take_turns(thread, competitors, effort)));
        let join = |thread: ScopedJoinHandle<'_, _>| thread.join().expect("a thread measures to the end");
        (join(first), join(second))
    });
    let spans = first.into_iter().zip(second);
    spans.enumerate().map(|(index, spans)| meeting.summary(index, competitors[index].name(), spans)).collect()
}

/// Where two threads agree on what is next.
struct Meeting {
    watch: Watch,
    barrier: Barrier,
    arrived: AtomicU64,
    /// The number of the try in which a thread was disturbed.
    disturbed: AtomicU64,
    /// How often each competitor repeats its operation in one turn.
    turns: Box<[AtomicU64]>,
}

/// When a thread worked, in each round.
#[derive(Debug, Default)]
struct Spans {
    alone: Vec<Span>,
    together: Vec<Span>,
}

/// From when to when a thread worked, and how long it had to wait for a core meanwhile.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u64,
    end: u64,
    waited: u64,
}

impl Span {
    /// From the start of the first to the end of the last.
    fn with(self, other: Self) -> Self {
        Self {
            start: self.start.min(other.start),
            end: self.end.max(other.end),
            waited: self.waited.max(other.waited),
        }
    }

    fn nanos(self) -> u64 {
        self.end - self.start
    }

    /// Others took no more than one part in fifty.
    fn is_undisturbed(self) -> bool {
        self.waited * 50 <= self.nanos()
    }
}

impl Meeting {
    fn take_turns(&self, thread: usize, competitors: &[Competitor], effort: Effort) -> Vec<Spans> {
        let first = thread == 0;
        pin(thread);
        let mut works: Vec<Work> = competitors.iter().map(Competitor::work).collect();
        let mut spans: Vec<Spans> = competitors.iter().map(|_| Spans::default()).collect();
        for (index, work) in works.iter_mut().enumerate() {
            if first {
                let turns = self.calibrate(work, effort.turn);
                // Relaxed: the barrier below publishes it.
                self.turns[index].store(turns, Ordering::Relaxed);
                competitors[index].rest();
            }
            self.barrier.wait();
        }
        for round in 0..=effort.rounds {
            for (index, work) in works.iter_mut().enumerate() {
                // Relaxed: published by the barrier above.
                let turns = self.turns[index].load(Ordering::Relaxed);
                self.barrier.wait();
                let alone = if first { self.alone(work, turns) } else { Span::default() };
                let together = self.together(work, turns);
                if first {
                    competitors[index].rest();
                }
                if round > 0 {
                    spans[index].alone.push(alone);
                    spans[index].together.push(together);
                }
            }
        }
        spans
    }

    /// Works while the other thread sleeps, again if disturbed.
    fn alone(&self, work: &mut Work, turns: u64) -> Span {
        let mut span = self.time(work, turns);
        for _ in 0..RETRIES {
            if span.is_undisturbed() {
                break;
            }
            span = self.time(work, turns);
        }
        span
    }

    /// Works while the other thread does, both again if one was disturbed.
    fn together(&self, work: &mut Work, turns: u64) -> Span {
        let mut tries = 0;
        loop {
            self.meet();
            let span = self.time(work, turns);
            if !span.is_undisturbed() {
                // Relaxed: the barrier publishes it.
                self.disturbed.store(tries + 1, Ordering::Relaxed);
            }
            self.barrier.wait();
            // Relaxed: published by the barrier; it is not written before both threads have met again.
            let again = self.disturbed.load(Ordering::Relaxed) == tries + 1;
            if !again || tries == RETRIES {
                self.barrier.wait();
                // Relaxed: both threads have read it, and both write the same.
                self.disturbed.store(0, Ordering::Relaxed);
                return span;
            }
            tries += 1;
        }
    }

    /// Waits for the other thread without going to sleep, so that both start within nanoseconds.
    fn meet(&self) {
        self.barrier.wait();
        // Relaxed: only the count matters; the barrier orders everything else.
        let arrived = self.arrived.fetch_add(1, Ordering::Relaxed) + 1;
        let all = arrived.next_multiple_of(2);
        // Relaxed: as above.
        while self.arrived.load(Ordering::Relaxed) < all {
            std::hint::spin_loop();
        }
    }

    fn time(&self, work: &mut Work, turns: u64) -> Span {
        // Not timed: others have had the core and its caches in between, and what is wanted is the steady state.
        work(turns / 8);
        let waited = waited_nanos();
        let start = self.watch.nanos();
        work(turns);
        let end = self.watch.nanos();
        Span { start, end, waited: waited_nanos() - waited }
    }

    /// Finds out how many repetitions fill a turn.
    fn calibrate(&self, work: &mut Work, turn: Duration) -> u64 {
        let wanted = u64::try_from(turn.as_nanos()).expect("a turn is short");
        let mut turns = 16;
        loop {
            // The shortest of a few: an interrupted one would make every turn too short to be fair.
            let took = (0..3).map(|_| self.alone(work, turns).nanos()).min().unwrap_or_default().max(1);
            if took * 4 > wanted {
                return (turns * wanted / took).max(1);
            }
            turns *= 2;
        }
    }

    fn summary(&self, index: usize, name: &str, (first, second): (Spans, Spans)) -> Measured {
        // Relaxed: the threads that wrote it have ended.
        let turns = self.turns[index].load(Ordering::Relaxed) as f64;
        let both = first.together.iter().zip(&second.together).map(|(one, two)| one.with(*two)).collect();
        let (alone, together) = (typical(first.alone) / turns, typical(both) / turns);
        Measured { name: name.to_owned(), alone, together }
    }
}

/// Keeps the calling thread on one core, as far as the machine lets us: a scheduler likes to put two threads that
/// wake each other on the same one.
pub(crate) fn pin(core: usize) {
    if let Some(core) = core_affinity::get_core_ids().and_then(|cores| cores.get(core).copied()) {
        core_affinity::set_for_current(core);
    }
}

/// Returns the median of the undisturbed spans; if they are few, of the quarter that was disturbed least.
fn typical(mut spans: Vec<Span>) -> f64 {
    spans.sort_by_key(|span| span.waited * 1_000 / span.nanos().max(1));
    let undisturbed = spans.iter().filter(|span| span.is_undisturbed()).count();
    spans.truncate(undisturbed.max(spans.len().div_ceil(4)));
    median(spans.into_iter().map(|span| span.nanos() as f64))
}

/// Returns how long this thread has waited for a core so far; zero where the kernel does not tell.
fn waited_nanos() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|nanos| nanos.parse().ok()).unwrap_or_default()
}

/// Returns how many nanoseconds `work` takes on this thread, without waiting for a core.
pub fn on_core(work: impl FnOnce()) -> f64 {
    let watch = Watch::start();
    let waited = waited_nanos();
    let start = watch.nanos();
    work();
    let took = watch.nanos() - start;
    took.saturating_sub(waited_nanos() - waited) as f64
}

/// Returns the middle of the values; NaN if there are none.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        count if count % 2 == 1 => values[count / 2],
        count => f64::midpoint(values[count / 2 - 1], values[count / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
        assert!(median(std::iter::empty()).is_nan());
    }

    #[test]
    fn every_competitor_is_measured_on_one_and_on_two_threads() {
        let spin = |name: &str, steps: u64| {
            Competitor::new(name, move || {
                repeat(move |turn| {
                    for step in 0..steps {
                        std::hint::black_box(turn ^ step);
                    }
                })
            })
        };
        let effort = Effort { rounds: 3, turn: Duration::from_micros(200) };
        let measured = measure(&[spin("short", 10), spin("long", 1_000)], effort);
        assert_eq!(measured.len(), 2);
        assert!(measured[0].alone * 5.0 < measured[1].alone, "{measured:?}");
        assert!(measured.iter().all(|one| one.scaling() > 0.0), "{measured:?}");
    }
}
