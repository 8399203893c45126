//! How long certificates are valid.
//!
//! Certificates are renewed by something that runs seldom and fails silently. This is what notices while there is time left.
//! What must never happen: a certificate that nobody would trust is not read for that reason, so that its end is not told.

mod bands;
mod read;
mod served;

use std::path::PathBuf;
use std::time::Duration;

use rustls::pki_types::ServerName;
use slo_core::{Check, Clock, Finding, Report};

use self::bands::Bands;
use self::read::Known;
use super::address::Address;

/// Such checks run so often: the end of a certificate comes slowly, its renewal should be seen at once.
const INTERVAL: Duration = Duration::from_secs(60);

/// Checks how long certificates are valid: those in a file, or those that a server presents.
///
/// Unless told otherwise it warns where less than 30 days are left, and fails where less than 7 days are, where a certificate has
/// expired, and where one is not valid yet. It looks at all certificates of the file or chain, because clients refuse a chain for
/// any of them, and the reason names the one that is to blame. The readings are of the first that ends: `seconds_left`, negative
/// once it has expired, and `expires_timestamp_seconds`.
///
/// It runs each minute, also while it fails. What is in a file is read anew each time, and its first failure counts; a server has
/// three attempts, like any other check of something far away.
///
/// Bands and addresses that make no sense are a [`CheckError`](crate::CheckError) of the check.
///
/// ```
/// use slo_tower::SloRegistry;
/// use slo_tower::checks::{self, Certificate};
/// use std::time::Duration;
/// const DAY: Duration = Duration::from_secs(86_400);
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let own = Certificate::in_file("/nowhere/tls.pem").warn_before(20 * DAY).fail_before(5 * DAY);
/// let bank = Certificate::served_by("127.0.0.1:1").server_name("bank.example");
/// let slos = SloRegistry::builder("shop")
///     .check(checks::certificate("own-certificate", own).jitter(0.0))
///     .check(checks::certificate("bank-certificate", bank).jitter(0.0))
///     .build()?;
/// slos.health().run_due().await; // A registry that is started does so by itself, a moment later.
/// let status = slos.health().status();
/// let reason = |name| status.check(name).and_then(|check| check.fault.as_ref()).map(ToString::to_string);
/// assert!(reason("own-certificate").is_some_and(|reason| reason.starts_with("cannot read /nowhere/tls.pem: ")));
/// assert!(reason("bank-certificate").is_some_and(|reason| reason.starts_with("cannot connect to 127.0.0.1:1: ")));
/// # Ok(())
/// # }
/// ```
pub fn certificate(name: impl Into<String>, certificate: Certificate) -> Check {
    let Certificate { source, bands, is_first_only, clock, fault } = certificate;
    let fault = fault.or_else(|| bands.fault());
    let judge = move |known: Result<Vec<Known>, String>, place: &str| match known {
        Ok(mut known) => {
            known.truncate(if is_first_only { 1 } else { usize::MAX });
            let now = i64::try_from(clock.date().unix_nanos() / 1_000_000_000).unwrap_or(i64::MAX);
            bands::find(&known, now, bands, place)
        }
        Err(reason) => Finding::from(Report::Fail(reason)),
    };
    let check = match source {
        Source::File(path) => {
            let place = path.display().to_string();
            Check::blocking(name, move || judge(read::file(&path), &place)).fail_after(1)
        }
        Source::Server(address, server_name) => {
            let place = address.to_string();
            Check::new(name, move || {
                let (address, server_name) = (address.clone(), server_name.clone());
                let (judge, place) = (judge.clone(), place.clone());
                async move { judge(served::certificates(&address, server_name).await, &place) }
            })
        }
        Source::None => Check::blocking(name, || Report::Pass),
    };
    let check = check.interval(INTERVAL).failing_interval(INTERVAL);
    match fault {
        Some(fault) => check.refused(fault),
        None => check,
    }
}

/// Certificates to look at, and when their end is near.
#[derive(Clone, Debug)]
#[must_use]
pub struct Certificate {
    source: Source,
    bands: Bands,
    is_first_only: bool,
    clock: Clock,
    /// The first thing that is wrong.
    fault: Option<String>,
}

#[derive(Clone, Debug)]
enum Source {
    File(PathBuf),
    Server(Address, ServerName<'static>),
    /// What was to name one names none.
    None,
}

impl Certificate {
    /// Looks at the certificates in this PEM file: one, a chain, or a bundle of authorities. Whatever else is in it is left out.
    pub fn in_file(path: impl Into<PathBuf>) -> Self {
        Self::of(Source::File(path.into()), None)
    }

    /// Looks at the certificates that the server at `host:port` presents in a TLS handshake. It asks for the host by its name
    /// (SNI) unless [`Certificate::server_name`] says another.
    ///
    /// Nothing is verified, so that certificates are read also where they have expired, are signed by nobody known, or are those
    /// of another host: that they are valid for long enough says nothing else of them. Nothing is sent but the handshake.
    pub fn served_by(address: &str) -> Self {
        let parsed = Address::parse(address).and_then(|address| Ok((server_name(address.host())?, address)));
        match parsed {
            Ok((name, address)) => Self::of(Source::Server(address, name), None),
            Err(fault) => Self::of(Source::None, Some(fault)),
        }
    }

    fn of(source: Source, fault: Option<String>) -> Self {
        Self { source, bands: Bands::default(), is_first_only: false, clock: Clock::system(), fault }
    }

    /// Asks the server for this host.
    pub fn server_name(mut self, name: &str) -> Self {
        match (&mut self.source, server_name(name)) {
            (Source::Server(_, asked), Ok(name)) => *asked = name,
            (Source::Server(..) | Source::None, Err(fault)) => self.note(fault),
            (Source::None, Ok(_)) => {}
            (Source::File(_), _) => self.note("a file is asked for no server: leave the name out".to_owned()),
        }
        self
    }

    /// Fails where less than this is left: 7 days unless changed. Must be less than when it warns.
    pub const fn fail_before(mut self, left: Duration) -> Self {
        self.bands.fail_before = left;
        self
    }

    /// Warns where less than this is left: 30 days unless changed. For certificates of a short life, write less.
    pub const fn warn_before(mut self, left: Duration) -> Self {
        self.bands.warn_before = left;
        self
    }

    /// Looks at the first certificate only, the server's own, and not at those that sign it: for a chain or a bundle that has
    /// one which has ended and is not needed.
    pub const fn first_only(mut self) -> Self {
        self.is_first_only = true;
        self
    }

    /// Reads the time from this clock instead of the system's: for tests.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    fn note(&mut self, fault: String) {
        self.fault.get_or_insert(fault);
    }
}

fn server_name(name: &str) -> Result<ServerName<'static>, String> {
    let fault = |_| format!("{name:?} is no name of a server: write one such as \"shop.example\"");
    ServerName::try_from(name.to_owned()).map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);

    #[test]
    fn what_makes_no_sense_says_what_to_write() {
        let file = || Certificate::in_file("/tls.pem");
        let served = || Certificate::served_by("shop:443");
        let bands = |fail, warn| {
            format!(
                "it would fail {fail} days before the end and warn {warn} days before: write a fail_before shorter than warn_before"
            )
        };
        let address = "\"shop\" is no address: write host:port, such as \"db:5432\" or \"[::1]:5432\"";
        for (certificate, expected) in [
            (file(), None),
            (served(), None),
            (served().server_name("192.0.2.1"), None),
            (file().fail_before(Duration::ZERO).warn_before(DAY), None),
            (file().fail_before(30 * DAY), Some(bands(30, 30))),
            (file().warn_before(2 * DAY), Some(bands(7, 2))),
            (served().fail_before(31 * DAY), Some(bands(31, 30))),
            (file().server_name("shop"), Some("a file is asked for no server: leave the name out".into())),
            (
                served().server_name("a b"),
                Some("\"a b\" is no name of a server: write one such as \"shop.example\"".into()),
            ),
            (Certificate::served_by("shop"), Some(address.into())),
            (Certificate::served_by("shop").server_name("shop").fail_before(99 * DAY), Some(address.into())),
        ] {
            let check = super::certificate("own", certificate);
            let fault = check.fault().map(|fault| fault.to_string().replace("check own: ", ""));
            assert_eq!(fault, expected);
        }
    }
}
