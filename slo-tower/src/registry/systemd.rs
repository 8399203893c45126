//! Who manages the service.

use crate::health::Notifying;

impl super::SloRegistryBuilder {
    /// Tells systemd how the service is, where it was started by systemd: nothing happens anywhere else.
    ///
    /// | what | when |
    /// |---|---|
    /// | `READY=1` | the service is ready for the first time; for `Type=notify` |
    /// | `EXTEND_TIMEOUT_USEC=` | every ten seconds while it starts, for an hour at most, as long as liveness does not fail; and once for what the drain may take |
    /// | `WATCHDOG=1` | at half of `WatchdogSec=`, as long as liveness does not fail and each [runtime that is watched](super::SloRegistryBuilder::stall_after) has polled a task meanwhile |
    /// | `STOPPING=1` | it begins to drain |
    /// | `STATUS=` | where in its life it is or how a check is has changed |
    ///
    /// All of it is sent by the thread that runs the checks of a registry that is started. A service whose runtime stands
    /// still is killed after once to one and a half times `WatchdogSec=`, also where
    /// [`stall_after`](super::SloRegistryBuilder::stall_after) is longer; one that recovers before is not.
    ///
    /// ```
    /// use slo_tower::SloRegistry;
    /// let slos = SloRegistry::builder("shop").notify_systemd()?.start()?;
    /// # let _ = slos;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If there is a socket of systemd that cannot be used.
    pub fn notify_systemd(mut self) -> std::io::Result<Self> {
        self.notifying = Notifying::from_environment()?;
        Ok(self)
    }
}
