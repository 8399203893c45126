//! Which runtimes are watched.

use std::time::Duration;

use tokio::runtime::Handle;

impl super::SloRegistryBuilder {
    /// Takes the runtime for stuck once it has polled none of its tasks for this long: 30 seconds unless changed. Liveness
    /// fails then, and systemd's watchdog is not fed any more.
    ///
    /// A registry that is started from within a tokio runtime watches it by the check `tokio-runtime`. A few tasks of ours on
    /// it are asked once a second and say when they were polled, which costs next to nothing. The check warns where
    /// one of them has waited for more than a second within the last minute: a worker is blocked, or the CPU is short. Time in
    /// which the process is not run, as while a machine is suspended, does not count, nor does a runtime
    /// that has ended. `health_runtime_lag_seconds` and `health_runtime_stalls_total` tell of it.
    ///
    /// A runtime of a single thread polls nothing either while nobody drives it, as between two calls of `block_on`; nobody can
    /// tell that from a thread that is blocked. So unless this method is called, for such a runtime the check gates nothing: it
    /// only warns. Call it where the runtime is driven all the time, as by `#[tokio::main(flavor = "current_thread")]`.
    ///
    /// Less than a second is a second, more than a day a day.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use slo_tower::SloRegistry;
    /// use std::time::Duration;
    ///
    /// let slos = SloRegistry::builder("shop").stall_after(Duration::from_secs(10)).start()?;
    /// let status = slos.health().status();
    /// assert_eq!(status.check("tokio-runtime").map(|check| check.gate), Some("liveness"));
    /// # Ok(())
    /// # }
    /// ```
    pub const fn stall_after(mut self, silence: Duration) -> Self {
        self.runtimes.stall_after = Some(silence);
        self
    }

    /// Watches another runtime of the service as well, by a check called `tokio-runtime-` and this name, which gates liveness. It
    /// must be driven all the time, as one of several threads is.
    ///
    /// ```
    /// use slo_tower::SloRegistry;
    ///
    /// let workers = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    /// let slos = SloRegistry::builder("shop").watch_runtime("workers", workers.handle()).start()?;
    /// assert!(slos.health().status().check("tokio-runtime-workers").is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn watch_runtime(mut self, name: impl Into<String>, runtime: &Handle) -> Self {
        self.runtimes.others.push((name.into(), runtime.clone()));
        self
    }

    /// Does not watch the runtime that the registry is started in; those that
    /// [`watch_runtime`](super::SloRegistryBuilder::watch_runtime) names are watched nevertheless.
    ///
    /// For a runtime that is not driven all the time, as one of a single thread is only while somebody blocks on it: systemd's
    /// watchdog is not fed meanwhile, and the check warns.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use slo_tower::SloRegistry;
    ///
    /// let slos = SloRegistry::builder("shop").without_own_runtime().start()?;
    /// assert!(slos.health().status().check("tokio-runtime").is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub const fn without_own_runtime(mut self) -> Self {
        self.runtimes.is_own_watched = false;
        self
    }
}
