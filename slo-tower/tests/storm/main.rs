//! A storm: requests of which about a third are killed, and none is lost.
//!
//! A server in a process of its own has routes that are fast, slow, streaming, large, failing and panicking, over HTTP/1.1 and
//! HTTP/2 on one port. Our own clients leave it at random moments in random ways, client processes are killed in
//! the middle of their work, `wrk` and `h2load` run over it and are killed as well. Afterwards what we counted is held against
//! what two witnesses in the server counted by plain atomics, outside and inside of our layer, and what the clients know.
//!
//! Without arguments, as `cargo test` runs it, it is a short gust of our own clients only; `scripts/storm.sh` gives the
//! number of requests and brings the programs.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod witness;

mod server;

mod clients;

mod programs;

mod verdict;

use std::env;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::clients::Tally;
use crate::programs::Server;
use crate::server::{Kind, SHARES};

/// What `cargo test` sends.
const GUST: u64 = 3_000;
/// Beyond this the storm has failed, however busy the machine is.
const LONGEST: Duration = Duration::from_secs(20 * 60);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => runtime().block_on(server::serve()),
        ["client", address, seed] => {
            runtime().block_on(clients::write_what_is_done(address.parse().unwrap(), seed.parse().unwrap()));
        }
        ["--requests", requests] => storm(number(requests), fastrand::u64(..), true),
        ["--requests", requests, "--seed", seed] => storm(number(requests), number(seed), true),
        // What the test runner is told is not for us.
        _ => storm(GUST, fastrand::u64(..), false),
    }
    ExitCode::SUCCESS
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Sends so many requests, of which other programs take their share if they may, and judges.
fn storm(requests: u64, seed: u64, others: bool) {
    // A twentieth more: of what is left at once, not everything arrives.
    let quota = |kind: Kind| requests * SHARES[kind as usize] * 21 / 20 / if others { 100 } else { 64 };
    println!("storm of {requests} requests; --seed {seed}");
    let server = Server::start();
    let tally = Arc::new(Tally::default());
    let runtime = runtime();
    runtime.block_on(async {
        let own_quota = quota(Kind::Own);
        let own = tokio::spawn(clients::storm(server.address, own_quota, seed, Arc::clone(&tally)));
        let mut storms = vec![own];
        let kinds: &[Kind] = if others { &Kind::PROGRAMS } else { &[Kind::Child] };
        for &kind in kinds {
            let (quota, tally) = (quota(kind), Arc::clone(&tally));
            let (server, own) = (server.address, own_quota);
            let storm = programs::Storm { kind, quota, own, server, tally };
            storms.push(tokio::task::spawn_blocking(move || storm.run(seed)));
        }
        let all = async {
            for storm in storms {
                storm.await.expect("a part of the storm fails");
            }
        };
        timeout(LONGEST, all).await.expect("the storm ends in time");
    });
    let counts = verdict::Counts::settled(server.address);
    verdict::judge(&counts, &tally, requests);
}
