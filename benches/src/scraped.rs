//! What requests notice of scrapes.
//!
//! One runtime with one worker serves a route and ten thousand series; clients ask for the route one after the other
//! as fast as they are answered, over loopback, so that the worker is never idle. Meanwhile nobody scrapes, or somebody
//! does five times a second, far more often than any Prometheus: the text as it is, compressed text, or a text that
//! was rendered in one go, as exporters do. They take turns, round by round.
//!
//! Clients and scraper share the two cores with the server, and a scraper of plain text has some hundred megabytes a
//! second to read: on a machine of its own it would disturb less. What any program does that takes a core for as long
//! as a scrape is compressed stands beside it: it says what the scheduler alone makes of it.
//!
//! A client that waits for a slow answer asks nothing meanwhile, and so few requests would meet a stall that many would
//! have met. Each slow answer therefore counts also for the requests that would have been asked while it was awaited,
//! one for every usual answer (the correction for coordinated omission that HdrHistogram made known).
//!
//! A tail is what others on the machine spoil first. They can only add to it, and no turn is without scrapes, so what
//! counts is the quietest quarter of the turns.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use axum::routing::get;
use slo_tower::TextFormat;
use tokio::runtime::Builder;

use crate::end_to_end::serve;
use crate::ours;
use crate::report::{Row, Section, Unit};
use crate::traffic::{hello, router};
use crate::watch::Watch;

/// Connections that are always under way.
const CLIENTS: usize = 8;
/// The time from one scrape to the next.
const INTERVAL: Duration = Duration::from_millis(200);
/// The shares of requests that are faster, and their sections.
pub const SECTIONS: [(f64, &str); 3] = [
    (0.5, "request while 10000 series are scraped 5 times a second, median"),
    (0.99, "request while 10000 series are scraped 5 times a second, 99th percentile"),
    (0.999, "request while 10000 series are scraped 5 times a second, 99.9th percentile"),
];
/// The section of the scrapes themselves.
pub const SCRAPES: &str = "scrape of 10000 series from a busy server, to its last byte";
/// Nobody scrapes.
pub const UNSCRAPED: &str = "nobody scrapes";
/// Somebody scrapes as Prometheus does.
pub const COMPRESSED: &str = "slo, gzip";
/// Somebody scrapes without compression.
pub const PLAIN: &str = "slo, plain text";

/// What another program does instead of a scrape.
const ELSEWHERE: Duration = Duration::from_millis(25);

/// What happens at each interval.
#[derive(Clone, Copy)]
enum Event {
    Nothing,
    /// Another program computes for [`ELSEWHERE`].
    Work,
    /// A scrape of this path, with this encoding.
    Scrape(&'static str, &'static str),
}

const EVENTS: [(&str, Event); 5] = [
    (UNSCRAPED, Event::Nothing),
    ("nobody scrapes, another program works for 25 ms", Event::Work),
    (PLAIN, Event::Scrape("/metrics", "identity")),
    (COMPRESSED, Event::Scrape("/metrics", "gzip")),
    ("rendered in one go", Event::Scrape("/at-once", "identity")),
];

/// Gives every scraper this many turns.
///
/// # Errors
///
/// If the server cannot listen or its clients cannot connect.
pub fn run(rounds: usize, turn: Duration) -> io::Result<Vec<Section>> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let slos = ours::registry_of_series(0);
    let at_once = slos.clone();
    let render = get(async move || {
        let mut out = String::new();
        at_once.render(TextFormat::Prometheus, &mut out);
        out
    });
    let app = router(1, &get(hello)).layer(slos.layer()).merge(slos.routes()).route("/at-once", render);
    let address = serve(&runtime, app)?;
    let mut turns = EVENTS.map(|_| Vec::new());
    for round in 0..=rounds {
        for ((_, event), turns) in EVENTS.into_iter().zip(&mut turns) {
            let measured = take_turn(address, event, turn)?;
            // The first round only warms up.
            if round > 0 {
                turns.push(measured);
            }
        }
    }
    runtime.shutdown_background();
    let section = |title: &str, of: &dyn Fn(&Turn) -> f64| {
        let rows = EVENTS.iter().zip(&turns).map(|((name, _), turns)| Row {
            value: quietest_quarter(turns.iter().map(of).collect()),
            ..Row::new(name, Unit::Nanos)
        });
        Section { title: title.to_owned(), ours: UNSCRAPED, rows: rows.collect() }
    };
    let mut sections: Vec<Section> = SECTIONS
        .iter()
        .map(|(share, title)| section(title, &|turn| quantile(&turn.requests, *share)))
        .collect();
    let mut scrapes = section(SCRAPES, &|turn| quantile(&turn.scrapes, 0.5));
    scrapes.rows.retain(|row| !row.value.is_nan());
    sections.push(Section { ours: COMPRESSED, ..scrapes });
    Ok(sections)
}

/// What took how long, in nanoseconds, ascending.
struct Turn {
    requests: Vec<u64>,
    scrapes: Vec<u64>,
}

fn take_turn(address: SocketAddr, event: Event, turn: Duration) -> io::Result<Turn> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients: [_; CLIENTS] = std::array::from_fn(|_| scope.spawn(|| ask(address, &over)));
        let scrapes = scope.spawn(|| disturb(address, event, &over));
        thread::sleep(turn);
        // Relaxed: only the flag itself matters.
        over.store(true, Ordering::Relaxed);
        let mut requests = Vec::new();
        for client in clients {
            requests.extend(with_omitted(client.join().expect("a client ends")?));
        }
        let mut scrapes = scrapes.join().expect("a scraper ends")?;
        requests.sort_unstable();
        scrapes.sort_unstable();
        Ok(Turn { requests, scrapes })
    })
}

/// Asks for the route until it is over, and returns how long each answer took.
fn ask(address: SocketAddr, over: &AtomicBool) -> io::Result<Vec<u64>> {
    let (watch, mut took) = (Watch::start(), Vec::with_capacity(1 << 16));
    let mut connection = TcpStream::connect(address)?;
    connection.set_nodelay(true)?;
    let mut answer = [0; 1_024];
    // Relaxed: see `take_turn`.
    while !over.load(Ordering::Relaxed) {
        let start = watch.nanos();
        connection.write_all(b"GET /shop/resource-0 HTTP/1.1\r\nhost: bench\r\n\r\n")?;
        let mut length = 0;
        while !answer[..length].ends_with(b"\r\n\r\nhello") {
            match connection.read(&mut answer[length..])? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => length += read,
            }
        }
        took.push(watch.nanos() - start);
    }
    Ok(took)
}

/// Adds the requests that would have waited as well, had the client asked on as usual.
fn with_omitted(mut took: Vec<u64>) -> Vec<u64> {
    took.sort_unstable();
    let usual = took.get(took.len() / 2).copied().unwrap_or_default().max(1);
    let waiting = |nanos: &u64| (1..*nanos / usual).map(|passed| *nanos - passed * usual).collect::<Vec<_>>();
    let omitted: Vec<u64> =
        took.iter().rev().take_while(|nanos| **nanos >= 2 * usual).flat_map(waiting).collect();
    took.extend(omitted);
    took
}

/// Does at each interval what is to be done until it is over, and returns how long each scrape took.
fn disturb(address: SocketAddr, event: Event, over: &AtomicBool) -> io::Result<Vec<u64>> {
    let (watch, mut took) = (Watch::start(), Vec::new());
    // Relaxed: see `take_turn`.
    while !over.load(Ordering::Relaxed) {
        let start = watch.nanos();
        match event {
            Event::Nothing => {}
            Event::Work => {
                while u128::from(watch.nanos() - start) < ELSEWHERE.as_nanos() {
                    std::hint::spin_loop();
                }
            }
            Event::Scrape(path, encoding) => {
                scrape(address, path, encoding)?;
                took.push(watch.nanos() - start);
            }
        }
        thread::sleep(INTERVAL.saturating_sub(Duration::from_nanos(watch.nanos() - start)));
    }
    Ok(took)
}

/// Scrapes, and throws away what it reads.
fn scrape(address: SocketAddr, path: &str, encoding: &str) -> io::Result<()> {
    let mut connection = TcpStream::connect(address)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nhost: bench\r\naccept-encoding: {encoding}\r\nconnection: close\r\n\r\n"
    );
    connection.write_all(request.as_bytes())?;
    let (mut buffer, mut length) = (vec![0; 256 * 1_024], 0);
    loop {
        match connection.read(&mut buffer)? {
            0 => break,
            read => length += read,
        }
    }
    assert!(length > if encoding == "gzip" { 500_000 } else { 15_000_000 }, "a whole scrape: {length} bytes");
    Ok(())
}

/// Returns the largest of the smallest quarter; NaN if there are no values.
pub(crate) fn quietest_quarter(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().div_ceil(4).max(1) - 1).copied().unwrap_or(f64::NAN)
}

/// Returns the value that this share of ascending values does not exceed; NaN if there are none.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank is between zero and the number of values"
)]
pub(crate) fn quantile(ascending: &[u64], share: f64) -> f64 {
    let rank = (share * ascending.len() as f64).ceil() as usize;
    ascending.get(rank.max(1) - 1).map_or(f64::NAN, |nanos| *nanos as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_answer_counts_for_those_that_would_have_waited() {
        assert_eq!(with_omitted(vec![10, 10, 45, 10, 12]), [10, 10, 10, 12, 45, 35, 25, 15]);
        assert_eq!(with_omitted(vec![10, 19]), [10, 19]);
        assert!(with_omitted(Vec::new()).is_empty());
    }

    #[test]
    fn quantiles_are_the_nearest_rank_and_quiet_turns_count() {
        let values: Vec<u64> = (1..=1_000).collect();
        assert_eq!(
            [0.0, 0.5, 0.999, 1.0].map(|share| quantile(&values, share)),
            [1.0, 500.0, 999.0, 1_000.0]
        );
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(quietest_quarter(vec![5.0, 1.0, 2.0, 9.0, 3.0]), 2.0);
        assert!(quietest_quarter(Vec::new()).is_nan());
    }
}
