//! What an HTTP outcome means for the promise.
//!
//! The server's failures are bad, the client's are not: a 404 was answered as promised. A client that went
//! away says nothing about success.

use slo_core::{Classify, Outcome, RouteRef, Verdict};

use super::GrpcClassifier;

/// Judges how HTTP requests ended: as [`classify_http`], but for what was changed.
///
/// What is said of a status holds for answers sent to their end, also by who answered in the service's stead: an answer
/// that broke off stays bad, whatever its status, and so does a panic. Who leaves an answer that is bad, or does not
/// count, changes nothing about it. gRPC calls are judged as [`HttpClassifier::grpc`] says, operations by
/// [`RouteRef::usual_verdict`].
///
/// ```
/// use slo_tower::{HttpClassifier, SloRegistry, Verdict};
///
/// let classifier = HttpClassifier::new()
///     .excluded(429) // we asked them to slow down
///     .good(501) // documented as not there yet
///     .bad(404) // every link is ours
///     .client_cancels(Verdict::Excluded); // also those that waited too long
/// let slos = SloRegistry::builder("shop").classify(classifier).build()?;
/// # let _ = slos;
/// # Ok::<(), slo_tower::BuildError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HttpClassifier {
    statuses: Vec<(u16, Verdict)>,
    cancels: Verdict,
    calls: GrpcClassifier,
}

impl HttpClassifier {
    /// Judges as [`classify_http`].
    #[must_use]
    pub const fn new() -> Self {
        Self { statuses: Vec::new(), cancels: Verdict::Cancelled, calls: GrpcClassifier::new() }
    }

    /// Answers with this status are good.
    #[must_use]
    pub fn good(self, status: u16) -> Self {
        self.with(status, Verdict::Good)
    }

    /// Answers with this status are bad.
    #[must_use]
    pub fn bad(self, status: u16) -> Self {
        self.with(status, Verdict::Bad)
    }

    /// Answers with this status do not count.
    #[must_use]
    pub fn excluded(self, status: u16) -> Self {
        self.with(status, Verdict::Excluded)
    }

    /// What it means that a client went away, before the head or within the body: [`Verdict::Cancelled`] unless
    /// changed, which counts only if the client has already waited too long.
    #[must_use]
    pub fn client_cancels(mut self, verdict: Verdict) -> Self {
        self.cancels = verdict;
        self
    }

    /// Judges the gRPC calls of a service that answers both: as [`GrpcClassifier`] unless changed.
    ///
    /// ```
    /// use slo_tower::{GrpcClassifier, GrpcCode, HttpClassifier, SloRegistry};
    ///
    /// let calls = GrpcClassifier::new().client_faults([GrpcCode::DeadlineExceeded]);
    /// let classifier = HttpClassifier::new().excluded(429).grpc(calls);
    /// let slos = SloRegistry::builder("shop").classify(classifier).build()?;
    /// # let _ = slos;
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    #[must_use]
    pub const fn grpc(mut self, calls: GrpcClassifier) -> Self {
        self.calls = calls;
        self
    }

    fn said_of(&self, status: u16) -> Option<Verdict> {
        self.statuses.iter().find(|(known, _)| *known == status).map(|(_, verdict)| *verdict)
    }

    /// What is said last of a status holds.
    fn with(mut self, status: u16, verdict: Verdict) -> Self {
        self.statuses.retain(|(known, _)| *known != status);
        self.statuses.push((status, verdict));
        self
    }
}

impl Default for HttpClassifier {
    fn default() -> Self {
        Self::new()
    }
}

impl Classify for HttpClassifier {
    fn classify(&self, route: RouteRef<'_>, outcome: Outcome) -> Verdict {
        match route {
            RouteRef::Request { .. } => {}
            RouteRef::Call { .. } => return self.calls.verdict(outcome),
            other => return other.usual_verdict(outcome),
        }
        let usual = classify_http(outcome);
        match outcome {
            Outcome::Completed(status) | Outcome::TimedOut(status) | Outcome::Shed(status) => {
                self.said_of(status).unwrap_or(usual)
            }
            // Who leaves an answer that has failed, or does not count, takes nothing back.
            Outcome::BodyAborted(status) => match self.said_of(status) {
                Some(said @ (Verdict::Bad | Verdict::Excluded)) => said,
                None if usual == Verdict::Bad => usual,
                Some(Verdict::Good | Verdict::Cancelled) | None => self.cancels,
            },
            Outcome::CancelledBeforeHead => self.cancels,
            Outcome::BodyError(_) | Outcome::Panicked | Outcome::InnerError => usual,
        }
    }
}

/// Judges how an HTTP request ended, unless a registry is told otherwise.
///
/// | outcome | verdict |
/// |---|---|
/// | answered with 5xx, body failed, handler panicked, service failed, timed out, shed | bad |
/// | answered with anything else | good |
/// | client went away before the head, or within the body of an answer without 5xx | cancelled: counts only if already too slow |
///
/// ```
/// use slo_tower::{Outcome, Verdict, classify_http};
/// assert_eq!(classify_http(Outcome::Completed(404)), Verdict::Good);
/// assert_eq!(classify_http(Outcome::Completed(503)), Verdict::Bad);
/// assert_eq!(classify_http(Outcome::BodyAborted(200)), Verdict::Cancelled);
/// ```
#[must_use]
pub const fn classify_http(outcome: Outcome) -> Verdict {
    outcome.verdict()
}

#[cfg(test)]
mod tests {
    use slo_core::GrpcCode;

    use super::*;

    const REQUEST: RouteRef<'_> = RouteRef::Request { method: "GET", template: "/" };

    fn outcomes() -> impl Iterator<Item = Outcome> {
        let kinds =
            [Outcome::Completed, Outcome::BodyError, Outcome::BodyAborted, Outcome::TimedOut, Outcome::Shed];
        let sent = (0..1_000).flat_map(move |status| kinds.map(|kind| kind(status)));
        let others = [Outcome::CancelledBeforeHead, Outcome::Panicked, Outcome::InnerError];
        sent.chain(others)
    }

    #[test]
    fn only_what_was_changed_is_judged_otherwise() {
        let changed = HttpClassifier::new().bad(404).excluded(429).good(503).good(404).bad(404);
        let cancels = HttpClassifier::new().client_cancels(Verdict::Bad);
        for outcome in outcomes() {
            let usual = classify_http(outcome);
            assert_eq!(HttpClassifier::new().classify(REQUEST, outcome), usual, "{outcome:?}");
            let expected = match outcome {
                Outcome::Completed(404) | Outcome::TimedOut(404) | Outcome::Shed(404) => Verdict::Bad,
                Outcome::Completed(429) | Outcome::TimedOut(429) | Outcome::Shed(429) => Verdict::Excluded,
                Outcome::Completed(503) | Outcome::TimedOut(503) | Outcome::Shed(503) => Verdict::Good,
                Outcome::BodyAborted(404) => Verdict::Bad,
                Outcome::BodyAborted(429) => Verdict::Excluded,
                Outcome::BodyAborted(503) => Verdict::Cancelled,
                _ => usual,
            };
            assert_eq!(changed.classify(REQUEST, outcome), expected, "{outcome:?}");
            let expected = if usual == Verdict::Cancelled { Verdict::Bad } else { usual };
            assert_eq!(cancels.classify(REQUEST, outcome), expected, "{outcome:?}");
        }
    }

    #[test]
    fn calls_are_judged_by_their_code() {
        let call = RouteRef::Call { method: "shop.Shop/Buy" };
        let usual = HttpClassifier::new().bad(0).good(14).client_cancels(Verdict::Bad);
        assert_eq!(usual.classify(call, Outcome::Completed(0)), Verdict::Good);
        assert_eq!(usual.classify(call, Outcome::Completed(14)), Verdict::Bad);
        assert_eq!(usual.classify(call, Outcome::CancelledBeforeHead), Verdict::Cancelled);
        let changed =
            HttpClassifier::new().grpc(GrpcClassifier::new().client_faults([GrpcCode::Unavailable]));
        assert_eq!(changed.classify(call, Outcome::Completed(14)), Verdict::Good);
    }

    #[test]
    fn operations_are_none_of_its_business() {
        let classifier = HttpClassifier::new().bad(0).client_cancels(Verdict::Bad);
        for outcome in outcomes() {
            let operation = RouteRef::Operation { name: "billing" };
            assert_eq!(classifier.classify(operation, outcome), outcome.verdict());
        }
    }
}
