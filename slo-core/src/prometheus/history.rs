//! The history of our counters, as somebody else has kept it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Prometheus;
use super::answer::{Asker, Series};
use super::stitch::{Followed, Grown, LOOKBACK};
use crate::naming::{self, label};
use crate::remote::Failure;
use crate::time::{Clock, Timestamp, nanos};
use crate::window::{Before, Counts};

const HOUR: Duration = Duration::from_secs(3_600);
const FIVE_MINUTES: Duration = Duration::from_secs(300);
/// How far back each step reaches, as in our own histories; what is younger is looked at sample by sample.
const FINE: Duration = Duration::from_secs(6 * 3_600);
const MIDDLE: Duration = Duration::from_secs(72 * 3_600);

/// What was restored.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) before: Before,
    /// How many series it was put together from.
    pub(crate) series: usize,
}

/// What happened within one step of an SLO's history.
#[derive(Clone, Copy, Debug, Default)]
struct Step {
    events: f64,
    bad: f64,
    watched: Duration,
}

/// Reads as far back as `reach` before `until`, for the SLOs of these names; as long as `go_on` says so.
pub(crate) fn read_history(
    config: &Prometheus,
    names: &[Option<&str>],
    (until, reach): (Timestamp, Duration),
    go_on: impl Fn() -> bool,
) -> Result<Restored, Failure> {
    let clock = Clock::system();
    let deadline = clock.now().plus(config.time_max);
    let asker = Asker::new(config);
    let mut slos: BTreeMap<&str, BTreeMap<Timestamp, Step>> = BTreeMap::new();
    let mut series = BTreeSet::new();
    for (family, is_bad) in [(&naming::SLO_EVENTS, false), (&naming::SLO_BAD_EVENTS, true)] {
        let reading = Reading {
            asker: &asker,
            selector: config.selector(family.name),
            time: || {
                let left = deadline.since(clock.now());
                if left.is_zero() || !go_on() { Err(Failure::TimedOut) } else { Ok(left) }
            },
        };
        reading.read(until, reach, |labels, (at, length), grown| {
            let name = labels.get(label::SLO).map(String::as_str);
            let Some(name) = names.iter().flatten().find(|own| Some(**own) == name) else { return };
            let steps = slos.entry(name).or_default();
            // Where a step begins nothing of it has happened, also after a gap.
            steps.entry(at.minus(length)).or_default();
            let step = steps.entry(at).or_default();
            if is_bad {
                step.bad += grown.events;
            } else {
                step.events += grown.events;
            }
            step.watched = step.watched.max(grown.watched);
            if !series.contains(labels) {
                series.insert(labels.clone());
            }
        })?;
    }
    let histories = names.iter().map(|name| history(name.and_then(|name| slos.get(name))));
    let before = Before { histories: histories.collect(), watched: watched(slos.values()) };
    Ok(Restored { before, series: series.len() })
}

/// Adds up what happened.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole numbers of events, below 2^53"
)]
fn history(steps: Option<&BTreeMap<Timestamp, Step>>) -> Vec<(Timestamp, Counts)> {
    let (mut events, mut bad) = (0.0, 0.0);
    let sum = |(at, step): (&Timestamp, &Step)| {
        events += step.events;
        bad += step.bad;
        let bad = bad.round() as u64;
        (*at, Counts { good: (events.round() as u64).saturating_sub(bad), bad })
    };
    steps.into_iter().flatten().map(sum).collect()
}

/// Adds up how long it was watched, in milliseconds: by what was seen of any SLO, for all come with one scrape.
fn watched<'a>(slos: impl Iterator<Item = &'a BTreeMap<Timestamp, Step>>) -> Vec<(Timestamp, u64)> {
    let mut all = BTreeMap::<Timestamp, Duration>::new();
    for (at, step) in slos.flatten() {
        let longest = all.entry(*at).or_default();
        *longest = step.watched.max(*longest);
    }
    let mut sum = 0;
    let add = |(at, watched): (Timestamp, Duration)| {
        sum += nanos(watched) / 1_000_000;
        (at, sum)
    };
    all.into_iter().map(add).collect()
}

type Labels = BTreeMap<String, String>;

/// One counter, of all processes.
struct Reading<'a, T> {
    asker: &'a Asker,
    selector: String,
    /// How much time is left for an answer.
    time: T,
}

impl<T: Fn() -> Result<Duration, Failure>> Reading<'_, T> {
    /// Visits what each series did in each step, oldest first and once.
    fn read(
        &self,
        until: Timestamp,
        reach: Duration,
        mut visit: impl FnMut(&Labels, (Timestamp, Duration), Grown),
    ) -> Result<(), Failure> {
        let mut followed = BTreeMap::<Labels, Followed>::new();
        let first = floor(until.minus(reach), HOUR);
        let middle = floor(until.minus(MIDDLE), HOUR).max(first);
        let fine = floor(until.minus(FINE), FIVE_MINUTES).max(first);
        for (span, step) in [((first, middle), HOUR), ((middle, fine), FIVE_MINUTES)] {
            if span.0 < span.1 {
                self.steps(span, step, &mut followed, &mut visit)?;
            }
        }
        let mut begin = fine;
        while begin < until {
            let end = begin.plus(HOUR).min(until);
            let samples = self.samples(end, end - begin)?;
            let step = Duration::from_secs(if until - end < HOUR { 10 } else { 60 });
            for (labels, samples) in samples {
                let followed = followed.entry(labels.clone()).or_default();
                let mut grown = BTreeMap::<Timestamp, Grown>::new();
                for (at, value) in samples.into_iter().filter(|(at, _)| *at > begin && *at <= end) {
                    // The end of the step that it is in.
                    let end = floor(at.plus(step).minus(Duration::from_nanos(1)), step).min(until);
                    grown.entry(end).or_default().add(followed.sample(at, value));
                }
                grown.into_iter().for_each(|(end, grown)| visit(&labels, (end, step), grown));
            }
            begin = end;
        }
        Ok(())
    }

    /// Visits what was kept for so long that a look at each step must do.
    fn steps(
        &self,
        (first, last): (Timestamp, Timestamp),
        step: Duration,
        followed: &mut BTreeMap<Labels, Followed>,
        visit: &mut impl FnMut(&Labels, (Timestamp, Duration), Grown),
    ) -> Result<(), Failure> {
        let values = self.asker.range(&self.selector, (first, last), step, (self.time)()?)?;
        // The sample before the step is within, so that a reset right at its beginning is seen, too.
        let within = (step + LOOKBACK).as_secs();
        let expression = format!("resets({}[{within}s])", self.selector);
        let resets = self.asker.range(&expression, (first.plus(step), last), step, (self.time)()?)?;
        let (values, resets) = (by_labels(values), by_labels(resets));
        let value = |labels: &Labels, at| values.get(labels).and_then(|samples| samples.get(&at)).copied();
        // What was there at both ends and not reset in between is a difference.
        let is_plain = |labels: &Labels, at: Timestamp, resets: f64| {
            resets == 0.0 && value(labels, at.minus(step)).is_some() && value(labels, at).is_some()
        };
        let mut looked_at = BTreeMap::<Timestamp, BTreeMap<Labels, Vec<(Timestamp, f64)>>>::new();
        for (labels, samples) in &resets {
            for at in
                samples.iter().filter(|(at, resets)| !is_plain(labels, **at, **resets)).map(|(at, _)| *at)
            {
                if let Entry::Vacant(vacant) = looked_at.entry(at) {
                    vacant.insert(self.samples(at, step)?);
                }
            }
        }
        for (labels, samples) in &resets {
            let followed = followed.entry(labels.clone()).or_default();
            followed.begin(first, value(labels, first));
            for (at, resets) in samples {
                match value(labels, *at).filter(|_| is_plain(labels, *at, *resets)) {
                    Some(value) => visit(labels, (*at, step), followed.step(*at, value, step)),
                    None => {
                        let samples = looked_at.get(at).and_then(|samples| samples.get(labels));
                        let within =
                            |sample: &&(Timestamp, f64)| sample.0 > at.minus(step) && sample.0 <= *at;
                        let mut grown = Grown::default();
                        for (sampled, value) in samples.into_iter().flatten().filter(within) {
                            grown.add(followed.sample(*sampled, *value));
                        }
                        visit(labels, (*at, step), grown);
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the samples of the last `span` and of what may have been seen before it.
    fn samples(
        &self,
        at: Timestamp,
        span: Duration,
    ) -> Result<BTreeMap<Labels, Vec<(Timestamp, f64)>>, Failure> {
        let seconds = (span + LOOKBACK).as_secs() + 1;
        let series = self.asker.at(&format!("{}[{seconds}s]", self.selector), at, (self.time)()?)?;
        Ok(series.into_iter().map(|series| (unnamed(&series), series.samples().collect())).collect())
    }
}

fn by_labels(series: Vec<Series>) -> BTreeMap<Labels, BTreeMap<Timestamp, f64>> {
    series.into_iter().map(|series| (unnamed(&series), series.samples().collect())).collect()
}

/// Functions drop the name of a metric.
fn unnamed(series: &Series) -> Labels {
    let mut labels = series.labels.clone();
    labels.remove("__name__");
    labels
}

fn floor(at: Timestamp, step: Duration) -> Timestamp {
    Timestamp::from_unix_nanos(at.unix_nanos() - at.unix_nanos() % nanos(step))
}
