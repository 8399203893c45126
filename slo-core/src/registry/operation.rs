//! Recording a call that is no request.
//!
//! An annotated operation has no layer around it that knows the registry. It counts in the registry whose
//! scope it runs in, otherwise in the one the application installed, otherwise nowhere.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use super::attempt::Attempt;
use super::directory::RegistryId;
use super::outcome::{Outcome, Verdict};
use super::recorder::Recorder;
use super::{Declaration, scope};

/// One call of an annotated operation. Dropped unfinished it ends like an [`Attempt`].
#[derive(Debug)]
#[must_use = "an operation that is dropped counts as cancelled"]
pub struct Operation(Option<Attempt>);

impl Operation {
    /// Starts a call.
    pub fn start(declaration: &'static Declaration) -> Self {
        let registry = scope::current().or_else(installed);
        if registry.is_none() {
            // Relaxed: a lone statistic; no other memory depends on it.
            UNATTRIBUTED.fetch_add(1, Ordering::Relaxed);
        }
        Self(registry.map(|id| {
            let mut attempt = Recorder { id }.operation(declaration.name());
            attempt.mark(declaration);
            attempt
        }))
    }

    /// Ends the call.
    pub fn finish(self, verdict: Verdict) {
        let outcome = match verdict {
            Verdict::Good | Verdict::Excluded => Outcome::Completed(0),
            Verdict::Bad => Outcome::InnerError,
            Verdict::Cancelled => Outcome::CancelledBeforeHead,
        };
        if let Some(attempt) = self.0 {
            attempt.finish_as(outcome, verdict);
        }
    }
}

/// Calls that found no registry to count in.
static UNATTRIBUTED: AtomicU64 = AtomicU64::new(0);

/// Returns how many calls of this process found no registry to count in.
pub(crate) fn unattributed() -> u64 {
    // Relaxed: a lone statistic; no other memory depends on it.
    UNATTRIBUTED.load(Ordering::Relaxed)
}

/// The bits of the installed registry; zero is none.
static INSTALLED: AtomicU64 = AtomicU64::new(0);

/// Makes a registry the one that operations outside of any scope count in.
pub(super) fn install(id: RegistryId) -> Result<(), InstallError> {
    // AcqRel: pairs with the Acquire load in `installed`, for what the installer did before.
    // Acquire on failure: the other installer's value is only compared.
    let held = INSTALLED.compare_exchange(0, id.to_bits(), Ordering::AcqRel, Ordering::Acquire);
    match held {
        Ok(_) => Ok(()),
        Err(other) if other == id.to_bits() => Ok(()),
        Err(_) => Err(InstallError(())),
    }
}

/// Another registry is installed already.
#[derive(Debug)]
pub struct InstallError(());

impl fmt::Display for InstallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("another registry is installed already: drop it first, or run the work within a scope of this one")
    }
}

impl std::error::Error for InstallError {}

/// Takes it back, if it is the installed one.
pub(super) fn uninstall(id: RegistryId) {
    // Relaxed: no other memory depends on there being none.
    let _ = INSTALLED.compare_exchange(id.to_bits(), 0, Ordering::Relaxed, Ordering::Relaxed);
}

fn installed() -> Option<RegistryId> {
    // Acquire: see `install`.
    RegistryId::from_bits(INSTALLED.load(Ordering::Acquire))
}
