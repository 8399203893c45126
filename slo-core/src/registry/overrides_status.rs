//! What files have changed, for everybody to read: names of SLOs, and no path of this machine.

use serde::Serialize;

/// What became of the files that `RegistryBuilder::openslo_file` was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OverridesStatus {
    /// The SLOs that promise something else than is compiled.
    pub changed: Vec<String>,
    /// The SLOs that are not compiled at all.
    pub added: Vec<String>,
    /// Whether a file is left out because of a mistake in it; `Registry::openslo_errors` and the log say which.
    pub failing: bool,
}
