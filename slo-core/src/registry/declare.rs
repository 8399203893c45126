//! What `#[slo]` leaves in the binary, found again without a list.

use std::panic::Location;

use crate::objective::{ObjectiveError, Slo};

/// The promises of one annotated function.
#[derive(Debug)]
pub struct Declaration {
    name: &'static str,
    subject: Subject,
    slos: &'static [Slo],
    labels: &'static [(&'static str, &'static str)],
    location: &'static Location<'static>,
}

/// What a declaration is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A request handler; its route is learnt from the requests it answers, or written down.
    Handler {
        /// Method and template, if written down.
        route: Option<&'static str>,
    },
    /// A function that is no handler: each call is an event.
    Operation,
}

impl Declaration {
    /// Describes an annotated function, at the caller's place in the source.
    #[must_use]
    #[track_caller]
    pub const fn new(
        name: &'static str,
        subject: Subject,
        slos: &'static [Slo],
        labels: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { name, subject, slos, labels, location: Location::caller() }
    }

    /// Returns the name that the names of the SLOs start with.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Returns what the declaration is about.
    #[must_use]
    pub const fn subject(&self) -> Subject {
        self.subject
    }

    /// Returns the place in the source.
    #[must_use]
    pub const fn location(&self) -> &'static Location<'static> {
        self.location
    }

    /// Returns whether both stand for one annotated function. Some attributes (`#[axum::debug_handler]` is one)
    /// repeat the function they stand on, and its declaration with it.
    pub(crate) fn is_copy_of(&self, other: &Self) -> bool {
        self.name == other.name && self.location == other.location
    }

    /// Returns the promises in full, with their route and labels.
    pub(crate) fn slos(&self) -> Result<Vec<Slo>, ObjectiveError> {
        let complete = |slo: &Slo| {
            let slo = match self.subject {
                Subject::Handler { route: Some(route) } => slo.clone().with_route(route)?,
                Subject::Handler { route: None } => slo.clone(),
                Subject::Operation => slo.clone().with_operation(self.name)?,
            };
            self.labels.iter().try_fold(slo, |slo, (name, value)| slo.with_label(*name, *value))
        };
        self.slos.iter().map(complete).collect()
    }
}

/// One entry of the binary's list of declarations.
#[derive(Debug)]
pub struct Declared(pub &'static Declaration);

inventory::collect!(Declared);

/// Returns every declaration linked into this binary, in no particular order.
pub(crate) fn declared() -> impl Iterator<Item = &'static Declaration> {
    inventory::iter::<Declared>.into_iter().map(|declared| declared.0)
}
