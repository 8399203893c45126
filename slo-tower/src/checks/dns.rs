//! Whether a name resolves.

use std::collections::BTreeSet;
use std::net::ToSocketAddrs;

use slo_core::{Check, Finding, Report};

/// Checks that a name resolves, by the system's resolver, as everything else in the process resolves names.
///
/// The reading `addresses` is how many different ones it has; a name that does not resolve has no reading. The system's resolver
/// cannot be interrupted: a run that has timed out goes on until the resolver gives up, and meanwhile there is no other.
///
/// What is no name, or no number of addresses, is a [`CheckError`](crate::CheckError) of the check.
///
/// ```
/// use slo_tower::{SloRegistry, checks};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let slos = SloRegistry::builder("shop")
///     .check(checks::dns("self", "localhost").jitter(0.0))
///     .check(checks::dns("replicas", checks::Lookup::new("localhost").at_least(40)).jitter(0.0))
///     .build()?;
/// slos.health().run_due().await; // A registry that is started does so by itself, a moment later.
/// let status = slos.health().status();
/// let level = |name| status.check(name).map(|check| check.level.as_str());
/// assert_eq!([level("self"), level("replicas")], [Some("pass"), Some("fail")]);
/// # Ok(())
/// # }
/// ```
pub fn dns(name: impl Into<String>, lookup: impl Into<Lookup>) -> Check {
    let lookup = lookup.into();
    let fault = lookup.fault();
    let check = Check::blocking(name, move || lookup.run());
    match fault {
        Some(fault) => check.refused(fault),
        None => check,
    }
}

/// A name to resolve, and how many addresses it is to have. A text is a name that is to have one.
#[derive(Clone, Debug)]
#[must_use]
pub struct Lookup {
    host: String,
    at_least: usize,
}

impl Lookup {
    /// Looks for any address of `host`.
    pub fn new(host: impl Into<String>) -> Self {
        Self { host: host.into(), at_least: 1 }
    }

    /// Fails where there are fewer different addresses than so many: where each replica has its own.
    pub const fn at_least(mut self, addresses: usize) -> Self {
        self.at_least = addresses;
        self
    }

    fn fault(&self) -> Option<String> {
        let Self { host, at_least } = self;
        let is_name = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || "/:@[]".contains(c));
        if !is_name {
            // It may be a URL with credentials.
            let what = if host.contains('@') { "what holds an '@'".to_owned() } else { format!("{host:?}") };
            return Some(format!("{what} is no name: write one such as \"db.example\", without a port"));
        }
        (*at_least == 0).then(|| "at least 0 addresses is always true: write 1 or more".to_owned())
    }

    fn run(&self) -> Finding {
        let Self { host, at_least } = self;
        let found = match (host.as_str(), 0).to_socket_addrs() {
            Ok(found) => found,
            Err(error) => return Report::Fail(format!("{host} does not resolve: {error}")).into(),
        };
        // The resolver names an address once for each kind of socket.
        let count = found.map(|address| address.ip()).collect::<BTreeSet<_>>().len();
        let report = if count >= *at_least {
            Report::Pass
        } else {
            Report::Fail(format!("{host} has {count} addresses, not {at_least} or more"))
        };
        // Nobody has as many as a float cannot count.
        Finding::from(report).with("addresses", u32::try_from(count).map_or(f64::INFINITY, f64::from))
    }
}

impl From<&str> for Lookup {
    fn from(host: &str) -> Self {
        Self::new(host)
    }
}

impl From<String> for Lookup {
    fn from(host: String) -> Self {
        Self::new(host)
    }
}
