//! What a gRPC status means for the promise.
//!
//! The codes by which a server says that it failed are bad; those by which it says that it was asked for the wrong
//! thing are answers as promised. The table of them is that of [`GrpcCode`].

use slo_core::{Classify, GrpcCode, Outcome, RouteRef, Verdict};

/// Judges how gRPC calls ended, with the number of the status code as the status of their [`Outcome`].
///
/// `UNKNOWN`, `DEADLINE_EXCEEDED`, `UNIMPLEMENTED`, `INTERNAL`, `UNAVAILABLE` and `DATA_LOSS` are bad, all other codes good, but
/// for what was changed; a number that is no code counts as `UNKNOWN`, as the protocol asks. A call that the client gave
/// up at its deadline counts as `DEADLINE_EXCEEDED`. An answer without a status is no `Completed` outcome: it broke off,
/// which is bad. What is no gRPC call is judged by [`RouteRef::usual_verdict`].
///
/// ```
/// use slo_tower::{GrpcClassifier, GrpcCode, Outcome, Verdict};
///
/// let classifier = GrpcClassifier::new().client_faults([GrpcCode::DeadlineExceeded]).bad(GrpcCode::ResourceExhausted);
/// assert_eq!(classifier.verdict(Outcome::Completed(GrpcCode::DeadlineExceeded as u16)), Verdict::Good);
/// assert_eq!(classifier.verdict(Outcome::Completed(GrpcCode::ResourceExhausted as u16)), Verdict::Bad);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct GrpcClassifier {
    verdicts: [Verdict; GrpcCode::COUNT],
}

impl GrpcClassifier {
    /// Judges by the table above.
    #[must_use]
    pub const fn new() -> Self {
        let (mut verdicts, mut number) = ([Verdict::Good; GrpcCode::COUNT], 0);
        while number < GrpcCode::COUNT {
            #[expect(clippy::cast_possible_truncation, reason = "there are 17 codes")]
            let code = GrpcCode::of(number as u16);
            verdicts[number] = code.verdict();
            number += 1;
        }
        Self { verdicts }
    }

    /// Calls that end with one of these codes are good: the client is to blame.
    #[must_use]
    pub fn client_faults(self, codes: impl IntoIterator<Item = GrpcCode>) -> Self {
        codes.into_iter().fold(self, |this, code| this.with(code, Verdict::Good))
    }

    /// Calls that end with this code are bad.
    #[must_use]
    pub const fn bad(self, code: GrpcCode) -> Self {
        self.with(code, Verdict::Bad)
    }

    /// Calls that end with this code do not count.
    #[must_use]
    pub const fn excluded(self, code: GrpcCode) -> Self {
        self.with(code, Verdict::Excluded)
    }

    /// Returns what the outcome of a call means.
    #[must_use]
    pub const fn verdict(&self, outcome: Outcome) -> Verdict {
        match outcome {
            Outcome::Completed(number) => self.verdicts[GrpcCode::of(number) as usize],
            Outcome::TimedOut(_) => self.verdicts[GrpcCode::DeadlineExceeded as usize],
            other => other.verdict(),
        }
    }

    const fn with(mut self, code: GrpcCode, verdict: Verdict) -> Self {
        self.verdicts[code as usize] = verdict;
        self
    }
}

impl Default for GrpcClassifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Classify for GrpcClassifier {
    fn classify(&self, route: RouteRef<'_>, outcome: Outcome) -> Verdict {
        match route {
            RouteRef::Call { .. } => self.verdict(outcome),
            other => other.usual_verdict(outcome),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_changed_is_judged_otherwise() {
        let changed = GrpcClassifier::new()
            .client_faults([GrpcCode::DeadlineExceeded, GrpcCode::Unknown])
            .bad(GrpcCode::ResourceExhausted)
            .excluded(GrpcCode::Unauthenticated);
        let call = RouteRef::Call { method: "shop.Shop/Buy" };
        for number in 0..20 {
            let (outcome, code) = (Outcome::Completed(number), GrpcCode::of(number));
            assert_eq!(GrpcClassifier::new().classify(call, outcome), code.verdict(), "{number}");
            let expected = match code {
                GrpcCode::DeadlineExceeded | GrpcCode::Unknown => Verdict::Good,
                GrpcCode::ResourceExhausted => Verdict::Bad,
                GrpcCode::Unauthenticated => Verdict::Excluded,
                other => other.verdict(),
            };
            assert_eq!(changed.classify(call, outcome), expected, "{number}");
        }
        assert_eq!(changed.classify(call, Outcome::TimedOut(0)), Verdict::Good);
        assert_eq!(changed.classify(call, Outcome::BodyError(0)), Verdict::Bad);
        assert_eq!(changed.classify(call, Outcome::BodyAborted(0)), Verdict::Cancelled);
    }

    #[test]
    fn what_is_no_call_is_none_of_its_business() {
        let changed = GrpcClassifier::new().bad(GrpcCode::Ok);
        for route in
            [RouteRef::Request { method: "GET", template: "/" }, RouteRef::Operation { name: "billing" }]
        {
            for outcome in [Outcome::Completed(0), Outcome::Completed(14), Outcome::Completed(503)] {
                assert_eq!(changed.classify(route, outcome), outcome.verdict());
            }
        }
    }
}
