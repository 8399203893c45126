//! What a handler says, maintenance and the ends of latencies, together: each event is what a model says of it alone.

use std::time::Duration;

use proptest::prelude::*;
use slo_core::{
    Attempt, Clock, EventOverride, Events, Head, LatencyEnd, Maintenance, Outcome, Registry, RouteRef, Sli,
    Timestamp, Verdict,
};

use super::support::{latency, on_route};

const ENDS: [LatencyEnd; 3] = [LatencyEnd::Usual, LatencyEnd::Head, LatencyEnd::Body];
const THRESHOLD: u64 = 1_000_000;
const STATUSES: [u16; 3] = [200, 404, 503];

#[derive(Clone, Copy, Debug)]
enum Step {
    Start,
    Pass(u64),
    Say(prop::sample::Index, EventOverride),
    /// The head is there, of a stream or of another body.
    Head(prop::sample::Index, bool),
    NoStream(prop::sample::Index),
    /// Ends as this, with a verdict or without.
    End(prop::sample::Index, Outcome, Option<Verdict>),
    /// Ends by its drop.
    Drop(prop::sample::Index),
    Begin,
    Finish,
}

/// An attempt under way, and what the model knows of it.
struct UnderWay {
    attempt: Attempt,
    head: Option<Head>,
    since: u64,
    head_at: Option<u64>,
    is_stream: bool,
    said: Option<EventOverride>,
    /// There was maintenance since it started, and there was until its head.
    overlaps: bool,
    overlaps_to_head: bool,
}

fn step() -> impl Strategy<Value = Step> {
    let which = any::<prop::sample::Index>;
    let said = prop::sample::select(vec![EventOverride::Good, EventOverride::Bad, EventOverride::Excluded]);
    let status = prop::sample::select(STATUSES.to_vec());
    let outcome = (status, 0..7).prop_map(|(status, kind)| match kind {
        0 => Outcome::BodyError(status),
        1 => Outcome::BodyAborted(status),
        2 => Outcome::InnerError,
        3 => Outcome::TimedOut(status),
        4 => Outcome::Shed(0),
        _ => Outcome::Completed(status),
    });
    let verdict = prop::option::weighted(0.2, prop::sample::select(vec![Verdict::Good, Verdict::Bad]));
    prop_oneof![
        6 => Just(Step::Start),
        4 => prop_oneof![0..THRESHOLD, THRESHOLD - 1..=THRESHOLD + 1].prop_map(Step::Pass),
        2 => (which(), said).prop_map(|(which, said)| Step::Say(which, said)),
        4 => (which(), any::<bool>()).prop_map(|(which, is_stream)| Step::Head(which, is_stream)),
        1 => which().prop_map(Step::NoStream),
        5 => (which(), outcome, verdict).prop_map(|(which, outcome, verdict)| Step::End(which, outcome, verdict)),
        1 => which().prop_map(Step::Drop),
        1 => Just(Step::Begin),
        2 => Just(Step::Finish),
    ]
}

/// Not what anything is unless changed: a 404 is bad, and who leaves a body has got what it wanted.
fn classify(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Completed(404) => Verdict::Bad,
        Outcome::BodyAborted(200) => Verdict::Good,
        other => other.verdict(),
    }
}

impl UnderWay {
    fn has_a_head(&mut self, now: u64, is_stream: bool) {
        if self.head.is_none() {
            self.head = match is_stream {
                true => self.attempt.head_of_stream(),
                false => self.attempt.head_of_body(),
            };
            (self.head_at, self.is_stream) = (Some(now), is_stream);
            self.overlaps_to_head = self.overlaps;
        }
    }

    fn verdict(&self, outcome: Outcome, given: Option<Verdict>, is_maintained: bool) -> Verdict {
        let sent = matches!(outcome, Outcome::Completed(_) | Outcome::TimedOut(1..) | Outcome::Shed(1..));
        let overlaps = if self.is_stream { self.overlaps_to_head || is_maintained } else { self.overlaps };
        match (given, self.said) {
            _ if overlaps => Verdict::Excluded,
            (Some(given), _) => given,
            (None, Some(EventOverride::Excluded)) => Verdict::Excluded,
            (None, Some(EventOverride::Bad)) => Verdict::Bad,
            (None, Some(EventOverride::Good)) if sent => Verdict::Good,
            (None, Some(EventOverride::Good)) if matches!(outcome, Outcome::BodyAborted(500..)) => {
                Verdict::Cancelled
            }
            (None, Some(EventOverride::Good) | None) => classify(outcome),
        }
    }

    /// Adds what it is for the promise to each end, if it ends now.
    fn add(&self, verdict: Verdict, now: u64, totals: &mut [Events; 3]) {
        for (end, total) in ENDS.into_iter().zip(totals) {
            let to_head = end == LatencyEnd::Head || end == LatencyEnd::Usual && self.is_stream;
            let until = if to_head { self.head_at.unwrap_or(now) } else { now };
            let counter = match verdict {
                Verdict::Excluded => &mut total.excluded,
                Verdict::Good | Verdict::Bad | Verdict::Cancelled if until - self.since > THRESHOLD => {
                    &mut total.bad
                }
                Verdict::Good => &mut total.good,
                Verdict::Bad => &mut total.bad,
                Verdict::Cancelled => &mut total.excluded,
            };
            *counter += 1;
        }
    }
}

/// A registry, and what should have been counted in it.
struct Stage {
    clock: Clock,
    registry: Registry,
    maintenance: Vec<Maintenance>,
    under_way: Vec<UnderWay>,
    expected: [Events; 3],
}

impl Stage {
    fn new() -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        let threshold = latency("1ms").threshold().expect("it looks at time");
        let builder = Registry::builder("shop").without_declared().clock(clock.clone());
        let builder = ENDS.into_iter().fold(builder, |builder, end| {
            builder.slo(on_route(end.as_str(), Sli::Combined { threshold }, "GET /a").with_latency_end(end))
        });
        let builder = builder.classify(|_: RouteRef<'_>, outcome: Outcome| classify(outcome));
        let (registry, expected) = (builder.build().expect("it is valid"), [Events::default(); 3]);
        Self { clock, registry, maintenance: Vec::new(), under_way: Vec::new(), expected }
    }

    fn start(&mut self) {
        self.under_way.push(UnderWay {
            attempt: self.registry.recorder().request("GET", Some("/a")),
            head: None,
            since: self.clock.ticks(),
            head_at: None,
            is_stream: false,
            said: None,
            overlaps: !self.maintenance.is_empty(),
            overlaps_to_head: false,
        });
    }

    fn begin(&mut self) {
        self.maintenance.push(self.registry.maintenance());
        self.under_way.iter_mut().for_each(|one| one.overlaps = true);
    }

    fn end(&mut self, at: usize, outcome: Outcome, given: Option<Verdict>) {
        let mut one = self.under_way.swap_remove(at);
        let verdict = one.verdict(outcome, given, !self.maintenance.is_empty());
        one.add(verdict, self.clock.ticks(), &mut self.expected);
        match given {
            Some(given) => one.attempt.end_after_as(one.head, outcome, given),
            None => one.attempt.end_after(one.head, outcome),
        }
    }

    /// Whoever loses the moment of the head has none.
    fn lose(&mut self, at: usize) {
        let one = UnderWay { head_at: None, ..self.under_way.swap_remove(at) };
        let verdict = one.verdict(Outcome::CancelledBeforeHead, None, !self.maintenance.is_empty());
        one.add(verdict, self.clock.ticks(), &mut self.expected);
    }

    fn take(&mut self, step: Step) {
        let (now, count) = (self.clock.ticks(), self.under_way.len());
        match step {
            Step::Start => self.start(),
            Step::Pass(nanos) => self.clock.advance(Duration::from_nanos(nanos)),
            Step::Begin => self.begin(),
            Step::Finish => {
                self.maintenance.pop();
                // What starts at the very moment of its end overlaps, and is not what this is about.
                self.clock.advance(Duration::from_nanos(1));
            }
            _ if count == 0 => {}
            Step::Say(which, said) => {
                let one = &mut self.under_way[which.index(count)];
                one.attempt.overrule(said);
                one.said = Some(said);
            }
            Step::Head(which, is_stream) => self.under_way[which.index(count)].has_a_head(now, is_stream),
            Step::NoStream(which) => {
                let one = &mut self.under_way[which.index(count)];
                one.attempt.no_stream_after_all();
                one.is_stream = false;
            }
            Step::End(which, outcome, given) => self.end(which.index(count), outcome, given),
            Step::Drop(which) => self.lose(which.index(count)),
        }
    }

    fn assert_same(&self, after: &dyn std::fmt::Debug) {
        let status = self.registry.status();
        let totals = ENDS.map(|end| status.slo(end.as_str()).expect("it is promised").total);
        assert_eq!(totals, self.expected, "{after:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn whatever_comes_together_each_event_is_what_a_model_says_of_it(
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let mut stage = Stage::new();
        for step in steps {
            stage.take(step);
            stage.assert_same(&step);
        }
        while !stage.under_way.is_empty() {
            stage.lose(0);
        }
        stage.assert_same(&"all are lost");
    }
}
