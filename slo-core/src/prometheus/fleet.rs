//! What all processes of a service have counted together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Prometheus;
use super::answer::Asker;
use crate::naming::{self, label};
use crate::remote::Failure;
use crate::time::{Clock, Timestamp};
use crate::window::Counts;

/// So many looks at a window tell how much of it the server has seen.
const LOOKS: u64 = 200;

/// What to ask about one SLO.
#[derive(Clone, Debug)]
pub(crate) struct FleetQuestion {
    pub(crate) name: String,
    /// The windows over which it burns.
    pub(crate) windows: Vec<Duration>,
    /// What has passed of its own.
    pub(crate) period: Duration,
}

/// What a server answers about one SLO.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FleetCounts {
    /// By window, as far as anything is known of it.
    pub(crate) counts: BTreeMap<Duration, Counts>,
    /// Of what has passed of the SLO's own window.
    pub(crate) coverage: f64,
    /// Processes that are there now.
    pub(crate) processes: u64,
}

impl Prometheus {
    /// Asks about all SLOs as of `now`, as long as `go_on` says so. What the server does not know has no counts.
    pub(crate) fn read_fleet(
        &self,
        questions: &[FleetQuestion],
        now: Timestamp,
        go_on: impl Fn() -> bool,
    ) -> Result<Vec<FleetCounts>, Failure> {
        let (clock, asker) = (Clock::system(), Asker::new(self));
        let deadline = clock.now().plus(self.time_max);
        let ask = |expression: &str| {
            let left = deadline.since(clock.now());
            if left.is_zero() || !go_on() {
                return Err(Failure::TimedOut);
            }
            let name = |labels: &BTreeMap<String, String>| labels.get(label::SLO).cloned();
            let series = asker.at(expression, now, left)?.into_iter();
            let values =
                series.filter_map(|series| Some((name(&series.labels)?, series.samples().next()?.1)));
            Ok(values.collect::<BTreeMap<_, _>>())
        };
        let [events, bad] =
            [&naming::SLO_EVENTS, &naming::SLO_BAD_EVENTS].map(|family| self.selector(family.name));
        let mut answers = vec![FleetCounts::default(); questions.len()];
        for window in windows(questions) {
            let increase =
                |selector: &str| ask(&format!("sum by (slo) (increase({selector}[{}s]))", window.as_secs()));
            let (events, bad) = (increase(&events)?, increase(&bad)?);
            for (question, answer) in questions.iter().zip(&mut answers) {
                // Both come with one scrape: where one is missing it is lost, and not zero.
                if let (Some(events), Some(bad)) = (events.get(&question.name), bad.get(&question.name)) {
                    answer.counts.insert(window, counts(*events, *bad));
                }
            }
        }
        let processes = ask(&format!("count by (slo) ({events})"))?;
        for period in questions.iter().map(|question| question.period).collect::<BTreeSet<_>>() {
            let step = (period.as_secs() / LOOKS).max(1);
            let looks = period.as_secs() / step;
            let seen =
                ask(&format!("count_over_time((sum by (slo) ({events}))[{}s:{step}s])", period.as_secs()))?;
            for (question, answer) in
                questions.iter().zip(&mut answers).filter(|(question, _)| question.period == period)
            {
                let seen = seen.get(&question.name).copied().unwrap_or_default();
                #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
                let share = seen / looks as f64;
                answer.coverage = share.min(1.0);
            }
        }
        for (question, answer) in questions.iter().zip(&mut answers) {
            answer.processes = processes.get(&question.name).map_or(0, |count| whole(*count));
        }
        Ok(answers)
    }
}

/// All windows that somebody asks for, each once.
fn windows(questions: &[FleetQuestion]) -> BTreeSet<Duration> {
    questions.iter().flat_map(|question| question.windows.iter().copied().chain([question.period])).collect()
}

/// The server estimates what lies between its samples; events are whole.
fn counts(events: f64, bad: f64) -> Counts {
    let bad = whole(bad);
    Counts { good: whole(events).saturating_sub(bad), bad }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and below 2^53")]
fn whole(value: f64) -> u64 {
    value.round().max(0.0) as u64
}
