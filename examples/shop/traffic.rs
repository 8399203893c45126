//! Customers for a shop that has none: a bounded mix of requests, chosen by a seed.
//!
//! Four connections, each with a mix of its own, so that the same seed and number of requests send the same
//! requests whatever the timing. Mostly all is well; now and then something breaks, so that budgets move.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use slo_examples::client::{ClientError, Connection};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use crate::fault::HEADER;

const CONNECTIONS: u64 = 4;
/// Between two requests of one connection: at most 200 requests in a second altogether.
const PACE: Duration = Duration::from_millis(20);

/// How much traffic there is. It ends where the first of the two maxima is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) time: Duration,
    pub(crate) requests: u64,
    pub(crate) seed: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { time: Duration::from_secs(60), requests: 12_000, seed: 1 }
    }
}

/// Sends requests to the shop until a bound is reached.
pub(crate) async fn drive(shop: SocketAddr, bounds: Bounds) -> Summary {
    let started = Instant::now();
    let mut connections = JoinSet::new();
    for index in 0..CONNECTIONS {
        // What does not divide evenly goes to the first connections.
        let requests = bounds.requests / CONNECTIONS + u64::from(index < bounds.requests % CONNECTIONS);
        let calls = Mix::new(bounds.seed.wrapping_mul(CONNECTIONS).wrapping_add(index));
        connections.spawn(drive_one(shop, calls, requests, started + bounds.time));
    }
    let mut summary = Summary::default();
    for part in connections.join_all().await {
        for (end, count) in part {
            *summary.ends.entry(end).or_default() += count;
        }
    }
    summary.time = started.elapsed();
    summary
}

async fn drive_one(shop: SocketAddr, mut calls: Mix, requests: u64, deadline: Instant) -> BTreeMap<End, u64> {
    let mut connection = Connection::new(shop);
    let mut ends = BTreeMap::new();
    let mut pace = tokio::time::interval(PACE);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    for _ in 0..requests {
        if pace.tick().await >= deadline {
            break;
        }
        let end = match connection.send(calls.draw().request()).await {
            Ok(response) => End::Answered(response.status().as_u16()),
            Err(ClientError::Broken(_)) => End::Dropped,
            // The shop has stopped: no more customers.
            Err(_) => break,
        };
        *ends.entry(end).or_default() += 1;
    }
    ends
}

/// How a request ended, as its client saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Answered(u16),
    Dropped,
}

/// What became of the traffic.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    time: Duration,
    ends: BTreeMap<End, u64>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let requests: u64 = self.ends.values().sum();
        write!(f, "traffic: {requests} requests in {:.1} s", self.time.as_secs_f64())?;
        for (end, count) in &self.ends {
            match end {
                End::Answered(status) => write!(f, "; {count} answered {status}")?,
                End::Dropped => write!(f, "; {count} without an answer")?,
            }
        }
        Ok(())
    }
}

/// An endless series of requests; the same for the same seed.
#[derive(Debug)]
pub(crate) struct Mix {
    random: fastrand::Rng,
}

impl Mix {
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: fastrand::Rng::with_seed(seed) }
    }

    /// Chooses the next request.
    pub(crate) fn draw(&mut self) -> Call {
        let call = |method, target: &str| Call { method, target: target.to_owned(), body: "", fault: None };
        match self.random.u32(0..100) {
            0..25 => {
                let body = self.one_in(40, "{\"items\": all}", "{\"items\":[1,4]}");
                let fault = self.fault(&[("status=503", 400), ("slow=300ms", 300), ("panic", 1_000)]);
                Call { body, fault, ..call(Method::POST, "/checkout") }
            }
            25..55 => {
                let fault = self.fault(&[("slow=250ms", 15), ("status=500", 500)]);
                Call { fault, ..call(Method::GET, self.one_in(50, "/search", "/search?q=tea")) }
            }
            55..80 => {
                let id = self.random.u32(1..=1_020);
                let fault = self.fault(&[("slow=120ms", 200), ("status=502", 3_000)]);
                Call { fault, ..call(Method::GET, &format!("/orders/{id}")) }
            }
            80..99 => {
                Call { fault: self.fault(&[("status=503", 80)]), ..call(Method::GET, "/recommendations") }
            }
            _ => call(Method::GET, "/favicon.ico"),
        }
    }

    fn one_in(&mut self, rarity: u32, rare: &'static str, usual: &'static str) -> &'static str {
        if self.random.u32(0..rarity) == 0 { rare } else { usual }
    }

    /// Chooses at most one of the faults, each once in so many requests.
    fn fault(&mut self, faults: &[(&'static str, u32)]) -> Option<&'static str> {
        faults.iter().find(|(_, rarity)| self.random.u32(0..*rarity) == 0).map(|(fault, _)| *fault)
    }
}

/// A request that a customer sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Call {
    method: Method,
    target: String,
    body: &'static str,
    fault: Option<&'static str>,
}

impl Call {
    fn request(self) -> Request<Full<Bytes>> {
        let mut request = Request::builder().method(self.method).uri(self.target);
        if !self.body.is_empty() {
            request = request.header(http::header::CONTENT_TYPE, "application/json");
        }
        if let Some(fault) = self.fault {
            request = request.header(HEADER, fault);
        }
        request.body(Full::from(self.body)).expect("the mix is made of valid parts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calls(seed: u64) -> Vec<Call> {
        let mut mix = Mix::new(seed);
        (0..10_000).map(|_| mix.draw()).collect()
    }

    #[test]
    fn a_seed_chooses_the_requests() {
        assert_eq!(calls(7), calls(7));
        assert_ne!(calls(7), calls(8));
    }

    #[test]
    fn the_mix_holds_every_kind_and_is_mostly_well() {
        let calls = calls(1);
        for target in ["/checkout", "/search", "/search?q=tea", "/recommendations", "/favicon.ico"] {
            assert!(calls.iter().any(|call| call.target == target), "{target}");
        }
        for fault in ["status=503", "slow=300ms", "panic", "slow=250ms", "slow=120ms", "status=500"] {
            assert!(calls.iter().any(|call| call.fault == Some(fault)), "{fault}");
        }
        let faulty = calls.iter().filter(|call| call.fault.is_some()).count();
        assert!((100..500).contains(&faulty), "{faulty} of 10000");
    }
}
