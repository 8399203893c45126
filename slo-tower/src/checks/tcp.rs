//! Whether somebody accepts connections.

use slo_core::{Check, Finding, Report};
use tokio::time::Instant;

use super::address::Address;

/// Checks that `address`, as `host:port`, accepts TCP connections.
///
/// Each run resolves the host anew and tries all of its addresses, the next one when one has failed or has not answered for a
/// quarter of a second; one that accepts will do. Nothing is sent. The reading `connect_seconds` is how long it took,
/// resolution included.
///
/// That a port accepts says that the kernel of that machine has a socket there, not that the service behind it works: where there
/// is a question that it can answer, ask that.
///
/// An address that is none is a [`CheckError`](crate::CheckError) of the check.
///
/// ```
/// use slo_tower::{SloRegistry, checks};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// # let bank = listener.local_addr()?.to_string();
/// // let bank = "bank:443";
/// let slos = SloRegistry::builder("shop").check(checks::tcp("bank", &bank).jitter(0.0)).build()?;
/// slos.health().run_due().await; // A registry that is started does so by itself, a moment later.
/// let status = slos.health().status();
/// let bank = status.check("bank").ok_or("it was added")?;
/// assert_eq!(bank.level.as_str(), "pass");
/// assert_eq!(bank.readings[0].name, "connect_seconds");
/// # Ok(())
/// # }
/// ```
pub fn tcp(name: impl Into<String>, address: &str) -> Check {
    let address = match Address::parse(address) {
        Ok(address) => address,
        Err(fault) => return Check::new(name, || async { Report::Pass }).refused(fault),
    };
    Check::new(name, move || {
        let address = address.clone();
        async move { probe(&address).await }
    })
}

async fn probe(address: &Address) -> Finding {
    let start = Instant::now();
    match address.connect().await {
        Ok(_) => Finding::from(Report::Pass).with("connect_seconds", start.elapsed().as_secs_f64()),
        Err(reason) => Report::Fail(reason).into(),
    }
}
