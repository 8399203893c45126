//! What operators change without a build.

use std::path::PathBuf;

use super::SloRegistryBuilder;

impl SloRegistryBuilder {
    /// Lets a file of OpenSLO v1 documents change the promises: targets, windows, slices of time, alert rows. It is read once, when
    /// the registry is built, and goes before what is compiled; one in which anything is wrong is left out as a whole, which
    /// the log, `/slo` and `slo_overrides_failing` say. See
    /// [`RegistryBuilder::openslo_file`](slo_core::RegistryBuilder::openslo_file).
    ///
    /// ```
    /// use slo_tower::SloRegistry;
    ///
    /// let slos = SloRegistry::builder("shop").openslo_file("/etc/shop/slos.yaml").build()?;
    /// for error in slos.openslo_errors() {
    ///     assert!(error.to_string().starts_with("/etc/shop/slos.yaml: cannot be read"));
    /// }
    /// # Ok::<(), slo_tower::BuildError>(())
    /// ```
    #[track_caller]
    pub fn openslo_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.builder = self.builder.openslo_file(path);
        self
    }

    /// The same, but a file in which anything is wrong fails the build with
    /// [`BuildError::OpenSlo`](crate::BuildError::OpenSlo).
    #[track_caller]
    pub fn require_openslo_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.builder = self.builder.require_openslo_file(path);
        self
    }
}
