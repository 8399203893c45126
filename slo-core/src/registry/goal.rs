//! What a verdict and a duration mean for each promise about a route.

use super::Declaration;
use super::outcome::{VERDICTS, Verdict};
use super::took::Took;
use crate::objective::{LatencyEnd, Sli, Slo, Threshold};

/// What one event is for one SLO; the numbers are those of its counters in a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    Good,
    Bad,
    Excluded,
}

/// One promise, as the data plane needs it: all that can be known before the event is known already.
#[derive(Clone, Debug)]
pub(super) struct Goal {
    /// Index of the SLO in the registry.
    slo: u32,
    /// Where the duration ends that it looks at.
    end: LatencyEnd,
    /// The longest duration that is not slow; the end of the scale if the promise looks at no time.
    threshold_nanos: u64,
    /// What an event is, by its verdict.
    in_time: [Judgement; VERDICTS.len()],
    slow: [Judgement; VERDICTS.len()],
}

impl Goal {
    pub(super) fn new(index: usize, slo: &Slo) -> Self {
        let sli = slo.sli();
        Self {
            slo: u32::try_from(index).expect("fewer than four billion promises"),
            end: slo.latency_end(),
            threshold_nanos: sli.threshold().map_or(u64::MAX, Threshold::nanos),
            in_time: VERDICTS.map(|verdict| judge(sli, verdict, false)),
            slow: VERDICTS.map(|verdict| judge(sli, verdict, true)),
        }
    }

    #[inline]
    pub(super) const fn slo(&self) -> usize {
        self.slo as usize
    }

    pub(super) const fn end(&self) -> LatencyEnd {
        self.end
    }

    /// Judges an event. Durations are compared with `<=`, in nanoseconds.
    #[inline]
    pub(super) fn judge<T: Took>(&self, verdict: Verdict, took: T) -> Judgement {
        let by_verdict = if took.to(self.end) > self.threshold_nanos { &self.slow } else { &self.in_time };
        by_verdict[verdict as usize]
    }
}

// Three of them in one cache line and a half.
const _: () = assert!(size_of::<Goal>() == 24);

/// The table in the docs of [`Sli`].
fn judge(sli: Sli, verdict: Verdict, slow: bool) -> Judgement {
    match (verdict, sli) {
        (Verdict::Excluded, _) => Judgement::Excluded,
        (_, Sli::Latency { .. } | Sli::Combined { .. }) if slow => Judgement::Bad,
        (Verdict::Good, _) => Judgement::Good,
        (Verdict::Bad, Sli::Availability | Sli::Combined { .. }) => Judgement::Bad,
        (Verdict::Bad, Sli::Latency { .. }) | (Verdict::Cancelled, _) => Judgement::Excluded,
    }
}

/// The promises that one declaration, or one route's own SLOs, make together.
#[derive(Debug, Default)]
pub(super) struct Goals {
    /// The annotated function, more than once if another attribute made the compiler see it twice.
    pub(super) declarations: Vec<&'static Declaration>,
    pub(super) goals: Vec<Goal>,
}

impl Goals {
    #[inline]
    pub(super) fn is_of(&self, declaration: &Declaration) -> bool {
        self.declarations.iter().any(|own| std::ptr::eq(*own, declaration))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objective::Objective;

    #[test]
    fn every_verdict_means_one_thing_for_every_indicator() {
        let threshold = Threshold::literal("1us");
        let kinds = [Sli::Availability, Sli::Latency { threshold }, Sli::Combined { threshold }];
        let judge = |verdict, nanos: u64| {
            kinds.map(|sli| {
                Goal::new(0, &Slo::literal("x", sli, Objective::literal("99%"))).judge(verdict, nanos)
            })
        };
        use Judgement::{Bad, Excluded, Good};
        for (verdict, nanos, expected) in [
            (Verdict::Good, 1_000, [Good, Good, Good]),
            (Verdict::Good, 1_001, [Good, Bad, Bad]),
            (Verdict::Bad, 1_000, [Bad, Excluded, Bad]),
            (Verdict::Bad, 1_001, [Bad, Bad, Bad]),
            (Verdict::Cancelled, 1_000, [Excluded, Excluded, Excluded]),
            (Verdict::Cancelled, 1_001, [Excluded, Bad, Bad]),
            (Verdict::Excluded, 1_001, [Excluded, Excluded, Excluded]),
        ] {
            assert_eq!(judge(verdict, nanos), expected, "{verdict:?} after {nanos} ns");
        }
    }
}
