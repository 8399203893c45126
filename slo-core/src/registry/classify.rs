//! What an outcome means for the promises: a policy that users can replace.
//!
//! A verdict follows from the route and the outcome alone. So a thread asks once for each of both, keeps the answer
//! with what else it has resolved of the route (see `hot`), and no request is dearer for a policy of one's own.
//! What must never happen: code of users that runs while this thread's counters are lent out.

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::grpc;
use super::outcome::{Outcome, Verdict};
use super::route::{Protocol, Route};

/// The route of an event, as a [`Classify`] sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RouteRef<'a> {
    /// A request.
    Request {
        /// One of a known set, or [`METHOD_OTHER`](crate::naming::METHOD_OTHER).
        method: &'a str,
        /// The template, or [`ROUTE_UNMATCHED`](crate::naming::ROUTE_UNMATCHED), or for what exceeded the maximum of
        /// routes [`ROUTE_OVERFLOW`](crate::naming::ROUTE_OVERFLOW).
        template: &'a str,
    },
    /// A gRPC call.
    Call {
        /// The full name, `package.Service/Method`, or [`METHOD_OTHER`](crate::naming::METHOD_OTHER) for a method that is
        /// not known.
        method: &'a str,
    },
    /// Work that is no request.
    Operation {
        /// Its name.
        name: &'a str,
    },
}

impl RouteRef<'_> {
    /// Returns what an outcome means on such a route unless a classifier says otherwise: of calls what their
    /// [`GrpcCode`](super::GrpcCode) says, of everything else [`Outcome::verdict`].
    #[must_use]
    pub const fn usual_verdict(self, outcome: Outcome) -> Verdict {
        match self {
            Self::Call { .. } => grpc::verdict(outcome),
            Self::Request { .. } | Self::Operation { .. } => outcome.verdict(),
        }
    }

    fn of(route: &Route) -> RouteRef<'_> {
        match route.protocol {
            Protocol::Http => RouteRef::Request { method: &route.method, template: &route.template },
            Protocol::Rpc => RouteRef::Call { method: &route.template },
            Protocol::Operation => RouteRef::Operation { name: &route.template },
        }
    }
}

impl fmt::Display for RouteRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request { method, template } => write!(f, "{method} {template}"),
            Self::Call { method: name } | Self::Operation { name } => f.write_str(name),
        }
    }
}

/// Decides what an outcome means for the promises of its route.
///
/// It must answer the same whenever it is asked the same: each thread asks once for each route and outcome, and keeps
/// the answer. It is asked about every event that was not ended with an explicit verdict, so also about a dropped
/// operation. Should it panic, [`RouteRef::usual_verdict`] counts.
///
/// Every function of a route and an outcome is one; a closure needs its types written:
///
/// ```
/// use slo_core::{Outcome, Registry, RouteRef, Verdict};
///
/// let registry = Registry::builder("shop")
///     .classify(|route: RouteRef<'_>, outcome: Outcome| match outcome {
///         Outcome::Completed(404) => Verdict::Bad,
///         other => route.usual_verdict(other),
///     })
///     .build()?;
/// # let _ = registry;
/// # Ok::<(), slo_core::BuildError>(())
/// ```
pub trait Classify: Send + Sync + 'static {
    /// Returns what `outcome` means on `route`.
    fn classify(&self, route: RouteRef<'_>, outcome: Outcome) -> Verdict;
}

impl<F> Classify for F
where
    F: Fn(RouteRef<'_>, Outcome) -> Verdict + Send + Sync + 'static,
{
    fn classify(&self, route: RouteRef<'_>, outcome: Outcome) -> Verdict {
        self(route, outcome)
    }
}

/// What a handler says of its own event, over the head of any [`Classify`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventOverride {
    /// It succeeded, provided that the answer is sent to its end: how an answer ended that broke off or was left by its
    /// client is still for the classifier, which does not hear of a status that is good all the same.
    Good,
    /// It failed, whatever becomes of the answer.
    Bad,
    /// It does not count for any SLO, whatever becomes of the answer.
    Excluded,
}

impl EventOverride {
    /// Returns what it makes of an event; `None` leaves that to the classifier.
    pub(super) const fn verdict(self, outcome: Outcome) -> Option<Verdict> {
        match (self, outcome) {
            // Sent to its end, whoever answered.
            (Self::Good, Outcome::Completed(_) | Outcome::TimedOut(1..) | Outcome::Shed(1..)) => {
                Some(Verdict::Good)
            }
            // What is good whatever its status was still not heard to its end.
            (Self::Good, Outcome::BodyAborted(500..)) => Some(Verdict::Cancelled),
            (Self::Good, _) => None,
            (Self::Bad, _) => Some(Verdict::Bad),
            (Self::Excluded, _) => Some(Verdict::Excluded),
        }
    }
}

/// The classifiers of one registry.
pub(super) struct Policy {
    usual: Box<dyn Classify>,
    /// By the index of the route.
    own: HashMap<usize, Box<dyn Classify>>,
}

impl Policy {
    pub(super) fn new(usual: Box<dyn Classify>) -> Self {
        Self { usual, own: HashMap::new() }
    }

    pub(super) fn replace(&mut self, usual: Box<dyn Classify>) {
        self.usual = usual;
    }

    /// Gives a route a classifier of its own.
    pub(super) fn insert(&mut self, route: usize, own: Box<dyn Classify>) {
        self.own.insert(route, own);
    }

    /// Returns the routes that have classifiers of their own.
    pub(super) fn routes(&self) -> impl Iterator<Item = usize> {
        self.own.keys().copied()
    }

    /// Asks the classifier of a route. Nothing may be lent out meanwhile: it is code of users.
    pub(super) fn ask(&self, index: usize, route: &Route, outcome: Outcome) -> Verdict {
        let classifier = self.own.get(&index).unwrap_or(&self.usual);
        // A panic here would lose the event, and end the process if the event is ended by another panic.
        let asked = catch_unwind(AssertUnwindSafe(|| classifier.classify(RouteRef::of(route), outcome)));
        asked.unwrap_or_else(|_| RouteRef::of(route).usual_verdict(outcome))
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::new(Box::new(|route: RouteRef<'_>, outcome: Outcome| route.usual_verdict(outcome)))
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policy").field("own", &self.own.keys()).finish_non_exhaustive()
    }
}
