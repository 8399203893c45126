//! Which server, and which of the series it has are ours.

use std::time::Duration;

use crate::naming::are_matchers;
use crate::remote::{Endpoint, Reason, RemoteError};

/// A Prometheus, or any server that speaks its API: Thanos, Mimir, `VictoriaMetrics`.
///
/// ```
/// use slo_core::Prometheus;
/// let prometheus = Prometheus::new("http://mimir:8080/prometheus")?
///     .matching(r#"job="shop",instance="shop-1:3000""#)?
///     .header("X-Scope-OrgID", "payments")?;
/// # let _ = prometheus;
/// # Ok::<(), slo_core::RemoteError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Prometheus {
    pub(super) endpoint: Endpoint,
    pub(super) matchers: String,
    pub(super) time_max: Duration,
    pub(super) answer_max: u64,
    pub(super) interval: Duration,
}

impl Prometheus {
    /// The server at this address, such as `http://127.0.0.1:9090`; a path, if it has one, comes before `/api/v1`.
    ///
    /// # Errors
    ///
    /// If it is no address of HTTP, holds credentials or a query, or is one of HTTPS without the feature `remote-tls`.
    pub fn new(address: &str) -> Result<Self, RemoteError> {
        Ok(Self {
            endpoint: Endpoint::new(address)?,
            matchers: String::new(),
            time_max: Duration::from_secs(30),
            answer_max: 64 * 1024 * 1024,
            interval: Duration::from_secs(60),
        })
    }

    /// Looks only at series with these labels, as they stand between the braces of a selector. Without any, all processes
    /// that have SLOs of the same names are ours: what other services call alike must be told apart here.
    ///
    /// # Errors
    ///
    /// If it is no list of matchers.
    pub fn matching(mut self, matchers: &str) -> Result<Self, RemoteError> {
        let matchers = matchers.trim().trim_end_matches(',');
        if !are_matchers(matchers) {
            return Err(RemoteError::new(matchers, Reason::Matchers));
        }
        self.matchers = matchers.to_owned();
        Ok(self)
    }

    /// Sends a header with every request, such as the tenant's. Its value is shown nowhere.
    ///
    /// # Errors
    ///
    /// If the name is no name of a header or the value holds what cannot be sent.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, RemoteError> {
        self.endpoint = self.endpoint.header(name, value)?;
        Ok(self)
    }

    /// Sends a bearer token with every request.
    ///
    /// # Errors
    ///
    /// If the token holds what cannot be sent in a header.
    pub fn bearer(mut self, token: &str) -> Result<Self, RemoteError> {
        self.endpoint = self.endpoint.bearer(token)?;
        Ok(self)
    }

    /// Sends a name and a password with every request.
    ///
    /// # Errors
    ///
    /// If the name holds a colon, which ends it.
    pub fn basic_auth(mut self, user: &str, password: &str) -> Result<Self, RemoteError> {
        self.endpoint = self.endpoint.basic_auth(user, password)?;
        Ok(self)
    }

    /// Waits this long for one answer: ten seconds unless changed.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.endpoint.timeout = timeout;
        self
    }

    /// Takes this long at most for all that is asked together, a restoration or one look at the fleet: thirty seconds
    /// unless changed.
    pub fn time_max(mut self, time: Duration) -> Self {
        self.time_max = time;
        self
    }

    /// Looks at the fleet this often: each minute unless changed, and not more often than once in a second.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval.max(Duration::from_secs(1));
        self
    }

    /// Returns host and port as written.
    pub(crate) fn name(&self) -> &str {
        self.endpoint.name()
    }

    /// Returns how long to wait between two looks at the fleet.
    pub(crate) const fn wait(&self) -> Duration {
        self.interval
    }

    /// Returns the selector of a counter.
    pub(super) fn selector(&self, family: &str) -> String {
        format!("{family}{{{}}}", self.matchers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matchers_stand_in_every_selector() {
        let prometheus = Prometheus::new("http://prom").unwrap();
        assert_eq!(prometheus.selector("a"), "a{}");
        assert!(prometheus.clone().matching("job=shop").is_err());
        assert_eq!(prometheus.matching(r#"job="shop","#).unwrap().selector("a"), r#"a{job="shop"}"#);
    }
}
