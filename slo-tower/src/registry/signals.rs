//! How a service is asked to end.

use super::SloRegistry;

impl SloRegistry {
    /// Listens, from now on, for the signals that ask the process to go, and waits until it is time to stop accepting
    /// connections: what graceful shutdowns of servers take. Each server takes its own; all of them share one drain.
    ///
    /// | signal | readiness fails | the service stops accepting | what is under way is given up |
    /// |---|---|---|---|
    /// | SIGTERM | at once | after the [delay](super::SloRegistryBuilder::drain_delay) | after the [timeout](super::SloRegistryBuilder::drain_timeout) |
    /// | SIGINT, Ctrl-C | at once | at once | after the timeout |
    /// | a second one | | at once | at once |
    ///
    /// Nothing is given up unless the servers run in [`SloRegistry::serve_until_drained`]. On Windows there is only Ctrl-C.
    /// The system no longer ends the process by itself after this, for as long as it lives.
    ///
    /// ```no_run
    /// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    /// use slo_tower::SloRegistry;
    ///
    /// let slos = SloRegistry::builder("shop").start()?;
    /// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    /// let app = slos.routes().layer(slos.layer_drain());
    /// let server = axum::serve(listener, app).with_graceful_shutdown(slos.drain_on_signal());
    /// slos.serve_until_drained(server).await.transpose()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// If the system has no thread or no signal handler left: a service that could not be asked to go should not start.
    pub fn drain_on_signal(&self) -> impl Future<Output = ()> + Send + use<> {
        self.health.listen();
        self.health.drained()
    }
}
