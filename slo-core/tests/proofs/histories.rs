//! Windows of any length, held against a list of all events, over months and years of late, missing, doubled and odd ticks.
//!
//! The list knows which tick first saw an event, and nothing else: that is where the event belongs. A window that begins
//! where a tick was is exact to the event. Another begins within a step or two of the ring it is read from: no event that is
//! certainly within it may be missing, and none that is certainly before it may be counted.

use std::time::Duration;

use proptest::prelude::*;
use slo_core::{Clock, Objective, Outcome, Registry, Sli, Slo, SloStatus, Timestamp, Verdict, Window};

use super::support::START;

/// Windows, and the step of the ring that each is read from.
const ROLLING: [(&str, u64); 6] =
    [("1h", 10), ("6h", 60), ("1d", 300), ("3d", 300), ("30d", 3_600), ("90d", 3_600)];
#[cfg(feature = "calendar")]
const CALENDAR: &[&str] = &super::calendars::WINDOWS;
#[cfg(not(feature = "calendar"))]
const CALENDAR: &[&str] = &[];
/// Ticks of ten seconds further apart than this leave a gap.
const GAP: u64 = 60;

/// What happens before a tick, and how it comes.
#[derive(Clone, Copy, Debug)]
struct Step {
    seconds: u64,
    good: u64,
    bad: u64,
    tick: Tick,
}

#[derive(Clone, Copy, Debug)]
enum Tick {
    Once,
    Twice,
    /// Nobody ticks.
    Missing,
    /// The date that the tick is given is off by so many seconds.
    SetBack(u64),
    SetForward(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let seconds = prop_oneof![
        6 => Just(10_u64),
        3 => 0..60_u64,
        2 => 1..400_u64,
        2 => (1..72_u64).prop_map(|hours| hours * 3_600),
        1 => 0..200_000_u64,
        1 => 0..12_000_000_u64,
    ];
    let tick = prop_oneof![
        12 => Just(Tick::Once),
        2 => Just(Tick::Twice),
        2 => Just(Tick::Missing),
        1 => (0..7_200_u64).prop_map(Tick::SetBack),
        1 => (0..7_200_u64).prop_map(Tick::SetForward),
    ];
    let step = (seconds, 0..3_u64, prop_oneof![2 => Just(0), 1 => 0..3_u64], tick);
    let step = step.prop_map(|(seconds, good, bad, tick)| Step { seconds, good, bad, tick });
    prop::collection::vec(step, 1..40)
}

/// A tick, in seconds since the epoch, and what it was the first to see.
#[derive(Clone, Copy, Debug)]
struct Seen {
    at: u64,
    good: u64,
    bad: u64,
    watched: u64,
}

/// Every tick in order; the last one stands for what none has seen yet.
struct Naive(Vec<Seen>);

impl Naive {
    fn last(&mut self) -> &mut Seen {
        self.0.last_mut().expect("it begins with one")
    }

    /// Ends what none has seen with a tick at this moment. Time stands still, it never turns.
    fn tick(&mut self, at: u64) {
        let before = self.0.len().checked_sub(2).map_or(START_SECONDS, |last| self.0[last].at);
        let pending = self.last();
        pending.at = at.max(before);
        pending.watched = if pending.at - before <= GAP { pending.at - before } else { 0 };
        let at = pending.at;
        self.0.push(Seen { at, good: 0, bad: 0, watched: 0 });
    }

    /// Adds up what was seen by these ticks: good, bad, seconds watched.
    fn sum<'s>(seen: impl IntoIterator<Item = &'s Seen>) -> [u64; 3] {
        seen.into_iter().fold([0; 3], |[good, bad, watched], seen| {
            [good + seen.good, bad + seen.bad, watched + seen.watched]
        })
    }

    /// Asserts what an SLO over the last `window` seconds must say, read from a ring of this step.
    fn check_rolling(&self, slo: &SloStatus, now: u64, window: u64, step: u64) {
        let moment = now - window;
        let measured = [slo.events.good, slo.events.bad];
        let seconds = slo.coverage * window as f64;
        let from = |moment: u64| Self::sum(self.0.iter().filter(move |seen| seen.at >= moment));
        let (most, least) = (from(moment / step * step), from((moment / step + 2) * step));
        for (measured, (most, least)) in measured.iter().zip(most.iter().zip(least)) {
            assert!(least <= *measured && *measured <= *most, "{}: {least} {measured} {most}", slo.window);
        }
        let (most, least) = (most[2].min(window) as f64, least[2] as f64);
        assert!(
            least - 1e-3 <= seconds && seconds <= most + 1e-3,
            "{}: {least} {seconds} {most}",
            slo.window
        );
        // A window that begins with a sample is exact; the first one is of the start.
        let ticks = &self.0[..self.0.len() - 1];
        let tick = ticks.iter().position(|seen| seen.at == moment).map(|tick| tick + 1);
        if let Some(first) = if moment == START_SECONDS { Some(0) } else { tick }
            && moment.is_multiple_of(step)
        {
            let [good, bad, watched] = Self::sum(&self.0[first..]);
            assert_eq!(measured, [good, bad], "{} from the tick at {moment}", slo.window);
            assert!(
                (seconds - watched.min(window) as f64).abs() < 1e-3,
                "{}: {seconds} {watched}",
                slo.window
            );
        }
    }

    /// Asserts what an SLO over a calendar period must say, exactly.
    fn check_calendar(&self, slo: &SloStatus, now: u64, begins: &[u64]) {
        let next = begins.partition_point(|begin| *begin <= now);
        let (begin, end) = (begins[next - 1], begins[next]);
        let period = slo.period.expect("it is a calendar's");
        let bounds = [begin, end].map(Timestamp::from_unix_seconds);
        assert_eq!([period.begin, period.end], bounds, "{} at {now}", slo.window);
        let ticks = &self.0[..self.0.len() - 1];
        let first = match ticks.iter().position(|seen| seen.at >= begin) {
            // All of it, from the start of the process on.
            Some(_) if begin <= START_SECONDS => 0,
            // What the first tick of a period sees was before it, unless nobody had looked for long.
            Some(first) => first + usize::from(ticks[first].watched > 0),
            None => ticks.len(),
        };
        let [good, bad, _] = Self::sum(&self.0[first..]);
        assert_eq!([slo.events.good, slo.events.bad], [good, bad], "{} at {now}", slo.window);
        assert!((0.0..=1.0).contains(&slo.coverage), "{}", slo.coverage);
    }
}

const START_SECONDS: u64 = START.unix_nanos() / 1_000_000_000;

fn registry() -> (Registry, Clock) {
    let windows = ROLLING.iter().map(|(window, _)| *window).chain(CALENDAR.iter().copied());
    let clock = Clock::manual(START);
    let builder = windows.enumerate().fold(Registry::builder("shop"), |builder, (number, window)| {
        let slo = Slo::new(format!("slo-{number}"), Sli::Availability, Objective::literal("99%"));
        let slo = slo.and_then(|slo| slo.with_operation("job")).expect("it is plain");
        builder.slo(slo.with_window(Window::parse(window).expect("a window")))
    });
    (builder.clock(clock.clone()).build().expect("the promises are valid"), clock)
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").map_or(300, |cases| cases.parse().expect("a number of cases"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases()))]

    #[test]
    fn windows_agree_with_a_list_of_all_events_over_years_of_odd_ticks(steps in steps()) {
        let begins: Vec<Vec<u64>> = CALENDAR.iter().map(|window| begins(window)).collect();
        let (registry, clock) = registry();
        let mut naive = Naive(vec![Seen { at: START_SECONDS, good: 0, bad: 0, watched: 0 }]);
        let seconds = |clock: &Clock| clock.now().since(Timestamp::default()).as_secs();
        for step in steps {
            clock.advance(Duration::from_secs(step.seconds));
            for number in 0..step.good + step.bad {
                let verdict = if number < step.bad { Verdict::Bad } else { Verdict::Good };
                registry.attempt("job").finish_as(Outcome::Completed(0), verdict);
            }
            naive.last().good += step.good;
            naive.last().bad += step.bad;
            let at = seconds(&clock);
            let ticks: &[u64] = match step.tick {
                Tick::Once => &[at],
                Tick::Twice => &[at, at],
                Tick::Missing => &[],
                Tick::SetBack(by) => &[at - by],
                Tick::SetForward(by) => &[at + by],
            };
            for at in ticks {
                registry.tick(Timestamp::from_unix_seconds(*at));
                naive.tick(*at);
            }
            check(&registry, &mut naive, at, &begins);
        }
    }
}

/// Holds every window against the list.
fn check(registry: &Registry, naive: &mut Naive, at: u64, begins: &[Vec<u64>]) {
    let ticked = naive.0.len().checked_sub(2).map_or(START_SECONDS, |last| naive.0[last].at);
    let now = at.max(ticked);
    // What no tick has seen yet is seen now.
    *naive.last() =
        Seen { at: now, watched: if now - ticked <= GAP { now - ticked } else { 0 }, ..*naive.last() };
    let status = registry.status();
    let (rolling, calendar) = status.slos.split_at(ROLLING.len());
    for (slo, (_, step)) in rolling.iter().zip(ROLLING) {
        naive.check_rolling(slo, now, slo.window.duration().as_secs(), step);
    }
    for (slo, begins) in calendar.iter().zip(begins) {
        naive.check_calendar(slo, now, begins);
    }
}

#[cfg(not(feature = "calendar"))]
fn begins(_: &str) -> Vec<u64> {
    Vec::new()
}

#[cfg(feature = "calendar")]
fn begins(window: &str) -> Vec<u64> {
    super::civil::begins(window)
}
