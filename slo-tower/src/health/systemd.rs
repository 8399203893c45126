//! What systemd is told: one datagram for each piece of news, to the socket it has named.
//!
//! It is sent by the thread that runs the checks. The watchdog is fed by it only while the process is alive by its own
//! checks and its runtimes poll tasks, so that a service that hangs is restarted although its threads still run. Whoever
//! writes `WatchdogSec=` says how long it may hang, so what a runtime is held to is that, and not the time after which
//! liveness fails.
//! What must never happen: a service that waits for systemd, or fails because there is none.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Write as _};
use std::future::pending;
use std::io;
use std::mem::replace;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use slo_core::{HealthStatus, Level, Life};
use tokio::time::{Instant, sleep_until};

use super::Shared;

/// How long a start is extended for, each time.
const EXTENSION: Duration = Duration::from_secs(30);
/// How often it is, as long as the process is alive: well before the last extension is over.
const EXTENSION_EVERY: Duration = Duration::from_secs(10);
/// A start that takes longer is stuck; from then on systemd's own patience counts.
const START_MAX: Duration = Duration::from_secs(3_600);
/// How much sooner than usual the watchdog is looked after again once it was not fed.
const BEATS_LATE: u32 = 8;
/// How much longer a drain may take than it says.
const MARGIN: Duration = Duration::from_secs(5);
/// A status is cut off once it is longer.
const STATUS_BYTES_MAX: usize = 512;

/// Whom to tell; nobody unless asked.
#[derive(Debug, Default)]
pub(crate) struct Notifying(Option<Manager>);

/// A service manager that listens.
struct Manager {
    socket: UnixDatagram,
    address: SocketAddr,
    /// How often it wants to hear that the process is alive.
    heartbeat: Option<Duration>,
}

impl Notifying {
    /// Takes what systemd has left in the environment; without it nobody is told.
    pub(crate) fn from_environment() -> io::Result<Self> {
        Self::of(std::env::var_os, std::process::id())
    }

    fn of(variable: impl Fn(&'static str) -> Option<OsString>, process: u32) -> io::Result<Self> {
        let Some(path) = variable("NOTIFY_SOCKET").filter(|path| !path.is_empty()) else {
            return Ok(Self(None));
        };
        let socket = UnixDatagram::unbound()?;
        // Nobody waits for a manager that does not read.
        socket.set_nonblocking(true)?;
        let number = |name| variable(name)?.to_str()?.parse::<u64>().ok();
        // A child of the process that is meant finds it in its environment too.
        let is_meant = variable("WATCHDOG_PID").is_none_or(|id| id.to_str() == Some(&process.to_string()));
        let watchdog = number("WATCHDOG_USEC").filter(|micros| is_meant && *micros > 0);
        let heartbeat =
            watchdog.map(|micros| Duration::from_micros(micros / 2).max(Duration::from_millis(1)));
        Ok(Self(Some(Manager { socket, address: address(&path)?, heartbeat })))
    }

    /// Tells of everything there is to tell, and never ends.
    pub(super) async fn run(self, shared: &Shared) {
        let Some(manager) = self.0 else { return pending().await };
        let mut changes = shared.changes.subscribe();
        let mut deadlines = shared.drain.deadlines();
        let start = Instant::now();
        let (mut told, mut beat) = (Told::default(), start);
        loop {
            // Noted before anything is looked at, so that what changes meanwhile is not missed.
            changes.mark_unchanged();
            let end = deadlines.borrow_and_update().map(|deadlines| deadlines.give_up);
            let status = shared.monitor.status(shared.clock.now());
            let now = Instant::now();
            manager.tell(&told.news(&status, now - start, end.map(|end| end - now)));
            if let Some(every) = manager.heartbeat.filter(|_| now >= beat) {
                let is_polled = shared.pulses.iter().all(|pulse| pulse.answers_within(every));
                let is_alive = is_polled && status.liveness(&[]).is_success;
                if is_alive {
                    manager.tell("WATCHDOG=1\n");
                }
                // Whatever recovers before systemd loses its patience is not killed.
                beat = now + if is_alive { every } else { every / BEATS_LATE };
            }
            let next = if manager.heartbeat.is_some() { beat } else { now + EXTENSION_EVERY };
            tokio::select! {
                _ = changes.changed() => {}
                _ = deadlines.changed() => {}
                () = sleep_until(next.min(now + EXTENSION_EVERY)) => {}
            }
        }
    }
}

impl Manager {
    fn tell(&self, news: &str) {
        if !news.is_empty() {
            // A manager that is gone, or reads too slowly, is no reason for anything.
            let _ = self.socket.send_to_addr(news.as_bytes(), &self.address);
        }
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager").field("address", &self.address).finish_non_exhaustive()
    }
}

/// What has been told already.
#[derive(Debug, Default)]
struct Told {
    is_ready: bool,
    is_stopping: bool,
    is_end_extended: bool,
    /// Not before the start has gone on for this long.
    next_extension: Duration,
    status: String,
}

impl Told {
    /// Returns what is new, a line each; `running` is how long the process has, `end` when it gives up.
    fn news(&mut self, status: &HealthStatus, running: Duration, end: Option<Duration>) -> String {
        let mut news = String::new();
        let is_stopping = status.life == Life::Draining;
        if !self.is_ready && status.life == Life::Ready {
            self.is_ready = true;
            news.push_str("READY=1\n");
        }
        if is_stopping && !replace(&mut self.is_stopping, true) {
            news.push_str("STOPPING=1\n");
        }
        let is_starting = !self.is_ready && !is_stopping && status.liveness(&[]).is_success;
        if is_starting && running >= self.next_extension && running < START_MAX {
            self.next_extension = running + EXTENSION_EVERY;
            extend(&mut news, EXTENSION);
        }
        // Told of a service that does not stop yet, it would extend something else.
        if let Some(end) = end.filter(|_| self.is_stopping && !self.is_end_extended) {
            self.is_end_extended = true;
            extend(&mut news, end + MARGIN);
        }
        let text = describe(status);
        if self.status != text {
            // Writing to a text cannot fail.
            let _ = writeln!(news, "STATUS={text}");
            self.status = text;
        }
        news
    }
}

fn extend(news: &mut String, by: Duration) {
    // Writing to a text cannot fail.
    let _ = writeln!(news, "EXTEND_TIMEOUT_USEC={}", by.as_micros());
}

/// Says how the service is, for `systemctl status`: where in its life it is, and the checks that are not well. Reasons are
/// left out, as everybody on the machine may read it.
fn describe(status: &HealthStatus) -> String {
    let mut text = status.life.as_str().to_owned();
    let unwell = status.checks.iter().filter(|check| check.level != Level::Pass);
    let mut before = "; ";
    for check in unwell {
        if text.len() > STATUS_BYTES_MAX {
            text.push_str(", …");
            break;
        }
        // Writing to a text cannot fail.
        let _ = write!(text, "{before}{}: {}", check.name, check.level.as_str());
        before = ", ";
    }
    text
}

/// Returns where a socket is: a path, or behind an `@` a name that is in no directory.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn address(path: &OsStr) -> io::Result<SocketAddr> {
    use std::os::linux::net::SocketAddrExt as _;
    match path.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        _ => SocketAddr::from_pathname(path),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn address(path: &OsStr) -> io::Result<SocketAddr> {
    SocketAddr::from_pathname(path)
}

#[cfg(test)]
#[path = "systemd_tests.rs"]
mod tests;
