//! What probes are told, and who may be told more.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use http::StatusCode;

use crate::route::RequestHead;

/// Who may read something. Nobody, unless told otherwise.
#[derive(Clone, Default)]
pub enum Allow {
    /// Nobody.
    #[default]
    Never,
    /// Everybody who reaches the endpoint.
    Always,
    /// Those of whose request this says so by its head. Made by [`Allow::when`].
    When(Arc<dyn for<'a> Fn(RequestHead<'a>) -> bool + Send + Sync>),
}

impl Allow {
    /// Those of whose request `is_allowed` says so by its head. Where it panics, it has not.
    ///
    /// ```
    /// use slo_tower::{Allow, ProbeSettings, SloRegistry};
    ///
    /// // A secret that a header must have; better compared by a function that takes as long for each.
    /// let operators = Allow::when(|request| {
    ///     request.headers.get("x-probe-key").is_some_and(|key| key == "correct horse battery staple")
    /// });
    /// let slos = SloRegistry::builder("shop").probes(ProbeSettings::new().details(operators)).build()?;
    /// # let _ = slos;
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    pub fn when<F>(is_allowed: F) -> Self
    where
        F: for<'a> Fn(RequestHead<'a>) -> bool + Send + Sync + 'static,
    {
        Self::When(Arc::new(is_allowed))
    }

    pub(super) fn allows(&self, head: RequestHead<'_>) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::When(predicate) => catch_unwind(AssertUnwindSafe(|| predicate(head))).unwrap_or(false),
        }
    }
}

impl fmt::Debug for Allow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Never => "Never",
            Self::Always => "Always",
            Self::When(_) => "When",
        })
    }
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProbeFormat {
    /// As the API server of Kubernetes does: `ok`, and a line for each check where it is asked for, or something fails.
    Text,
    /// `application/health+json`, as draft-inadarei-api-health-check describes it.
    HealthJson,
    /// `application/json`, as `MicroProfile` Health describes it.
    MicroProfile,
}

/// What `/livez`, `/readyz` and `/startupz` say, and to whom.
///
/// Unless changed, they say no more than a status: 200 or 503, and `ok`, `pass` or `UP` and their opposites. Whoever may try
/// names could find some, so without leave `?exclude=` changes nothing and `/readyz/database` is not found.
///
/// ```
/// use http::StatusCode;
/// use slo_tower::{Allow, ProbeSettings, SloRegistry};
///
/// let probes = ProbeSettings::new().names(Allow::Always).failure_status(StatusCode::INTERNAL_SERVER_ERROR);
/// let slos = SloRegistry::builder("shop").probes(probes).build()?;
/// # let _ = slos;
/// # Ok::<(), slo_tower::BuildError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct ProbeSettings {
    pub(super) names: Allow,
    pub(super) details: Allow,
    pub(super) format: Option<ProbeFormat>,
    pub(super) failure_status: StatusCode,
    pub(super) says_degraded_to_envoy: bool,
}

impl Default for ProbeSettings {
    fn default() -> Self {
        Self {
            names: Allow::Never,
            details: Allow::Never,
            format: None,
            failure_status: StatusCode::SERVICE_UNAVAILABLE,
            says_degraded_to_envoy: false,
        }
    }
}

impl ProbeSettings {
    /// As they are unless changed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Who may read which checks there are and how each of them is, as at Kubernetes' API server; reasons are withheld.
    pub fn names(self, names: Allow) -> Self {
        Self { names, ..self }
    }

    /// Who may read everything: which checks there are, why one fails, how long it took. Reasons are texts of errors,
    /// which may name hosts, users and paths.
    pub fn details(self, details: Allow) -> Self {
        Self { details, ..self }
    }

    /// Answers everybody in this format, whatever they accept.
    pub fn format(self, format: ProbeFormat) -> Self {
        Self { format: Some(format), ..self }
    }

    /// Fails with this status rather than 503. It has to be an error, 400 to 599.
    pub fn failure_status(self, status: StatusCode) -> Self {
        Self { failure_status: status, ..self }
    }

    /// Adds `x-envoy-degraded` to a success with a warning: Envoy then prefers other hosts, as long as there are enough.
    pub fn envoy_degraded(self) -> Self {
        Self { says_degraded_to_envoy: true, ..self }
    }

    /// The same with all details for everybody.
    #[cfg(feature = "axum")]
    pub(crate) fn for_operators(&self) -> Self {
        Self { details: Allow::Always, ..self.clone() }
    }

    /// Returns the status of failures if it is none.
    pub(crate) fn wrong_status(&self) -> Option<u16> {
        let status = self.failure_status;
        (!status.is_client_error() && !status.is_server_error()).then(|| status.as_u16())
    }
}
