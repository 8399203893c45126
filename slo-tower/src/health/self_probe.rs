//! A probe of our own: what orchestrators find out when they ask, found out by ourselves.
//!
//! Layers that shed, limit or delay must not stand between the server and the probes: they answer in our stead when the
//! service is busy, and the orchestrator restarts what only has much to do. Nobody can look through a server from within. So
//! a request is sent over the wire with a number that nobody can guess, and the endpoint notes when that arrives: an answer
//! to a request that never arrived was somebody else's.

use std::hash::{BuildHasher, RandomState};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::HeaderMap;
use slo_core::{Check, Clock, Report, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const HEADER: &str = "x-slo-self-probe";
/// A probe that takes longer to arrive has waited for something.
const PROMPT: Duration = Duration::from_millis(500);
/// A status line has no more bytes.
const LINE_MAX: usize = 64;

/// The probe that is under way, and when it arrived.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sightings(Arc<Mutex<Sighting>>);

#[derive(Debug, Default)]
struct Sighting {
    /// None under way is zero.
    expected: u64,
    arrived: Option<Timestamp>,
}

impl Sightings {
    /// Notes a probe of our own, which few requests are.
    pub(crate) fn see(&self, headers: &HeaderMap, now: Timestamp) {
        let number = headers.get(HEADER).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
        let Some(number) = number.filter(|number| *number != 0) else { return };
        let mut sighting = self.lock();
        if sighting.expected == number {
            sighting.arrived.get_or_insert(now);
        }
    }

    /// Expects a probe, and returns its number.
    fn expect(&self) -> u64 {
        // Each state has keys of its own, drawn from what the system gives.
        let number = RandomState::new().hash_one(0).max(1);
        *self.lock() = Sighting { expected: number, arrived: None };
        number
    }

    fn take(&self) -> Option<Timestamp> {
        std::mem::take(&mut *self.lock()).arrived
    }

    fn lock(&self) -> MutexGuard<'_, Sighting> {
        // Valid after every statement, also after a panic elsewhere.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks the service's own listener for `/livez`.
pub(crate) fn self_probe(address: SocketAddr, sightings: Sightings, clock: Clock) -> Check {
    Check::new("self-probe", move || {
        let (sightings, clock) = (sightings.clone(), clock.clone());
        async move { probe(address, &sightings, &clock).await }
    })
}

async fn probe(address: SocketAddr, sightings: &Sightings, clock: &Clock) -> Report {
    let (number, sent) = (sightings.expect(), clock.now());
    let answered = ask(address, number).await;
    let arrived = sightings.take();
    match (answered, arrived) {
        (Err(error), _) => Report::Fail(format!("no answer from {address}: {error}")),
        (Ok(status), None) => Report::Fail(format!(
            "GET /livez of {address} was answered {status}, but not by the probes: another server has the address, or a \
             layer that limits or sheds stands before them; merge `routes()` or `probe_routes()` after all layers"
        )),
        (Ok(_), Some(arrived)) if arrived - sent > PROMPT => Report::Warn(format!(
            "GET /livez took {} ms to reach the probes: the runtime is busy, or a layer that limits stands before them",
            (arrived - sent).as_millis()
        )),
        // Whatever it was told, it was told by us.
        (Ok(_), Some(_)) => Report::Pass,
    }
}

/// Sends one request over a connection of its own and returns the status of its answer.
async fn ask(address: SocketAddr, number: u64) -> io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    let request =
        format!("GET /livez HTTP/1.1\r\nhost: {address}\r\n{HEADER}: {number}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut line = Vec::new();
    (&mut stream).take(LINE_MAX as u64).read_to_end(&mut line).await?;
    let status = std::str::from_utf8(&line).ok().and_then(|line| line.split(' ').nth(1)?.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is no answer of HTTP/1.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever does not know the number cannot say that a probe has arrived, nor whoever sends it again say when.
    #[test]
    fn only_the_probe_that_is_under_way_is_seen_and_only_once() {
        let sightings = Sightings::default();
        let see = |number: u64, seconds| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, number.into());
            sightings.see(&headers, Timestamp::from_unix_seconds(seconds));
        };
        see(0, 1);
        assert_eq!(sightings.take(), None, "none is under way");
        let number = sightings.expect();
        see(number ^ 1, 1);
        see(number, 2);
        see(number, 3);
        assert_eq!(sightings.take(), Some(Timestamp::from_unix_seconds(2)));
        see(number, 4);
        assert_eq!(sightings.take(), None, "it is over");
    }
}
