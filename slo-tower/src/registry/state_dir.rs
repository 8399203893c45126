//! Where the state is kept.

use std::path::PathBuf;

use super::SloRegistryBuilder;

impl SloRegistryBuilder {
    /// Keeps what is counted in a directory, so that windows, budgets and alerts go on after a restart or a crash; it is
    /// made if there is none.
    ///
    /// At most what came after the last tick is lost. Each process needs a directory of its own; in a container, on a
    /// volume. See [`RegistryBuilder::state_dir`](slo_core::RegistryBuilder::state_dir).
    ///
    /// ```
    /// use slo_tower::SloRegistry;
    ///
    /// # let directory = std::env::temp_dir().join(format!("slo-state-of-a-service-{}", std::process::id()));
    /// let slos = SloRegistry::builder("shop").state_dir(&directory).start()?;
    /// assert!(slos.status().state.is_some_and(|state| state.failure.is_none()));
    /// # drop(slos);
    /// # std::fs::remove_dir_all(&directory)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn state_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.builder = self.builder.state_dir(directory);
        self
    }
}
