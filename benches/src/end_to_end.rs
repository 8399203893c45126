//! A server on the loopback device, driven by `wrk`.
//!
//! All servers run in one runtime with one worker thread; `wrk` has one thread too, which makes two cores. They
//! are driven one after the other, round by round. On a busy machine throughput says little; what the server's
//! thread spends on a request then still says what a saturated server could do.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::extract::Request;
use axum::routing::get;
use axum::{Router, ServiceExt};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::harness::median;
use crate::report::{Row, Section, Unit};
use crate::traffic::{hello, router};
use crate::{ours, peers};

/// The section of throughputs.
pub const THROUGHPUT: &str = "end to end, requests per second by wrk, 32 connections";
/// The section of the slowest hundredth.
pub const TAIL: &str = "end to end, 99th percentile of the latency";
/// The section of the processor time of the server's thread.
pub const PROCESSOR: &str = "end to end, processor time of the server per request";
/// The server without a layer.
pub const BARE: &str = "axum, no layer";
/// The server with our layer and a handler that promises.
pub const SERVED: &str = "slo, #[slo] handler";

/// The server with our service around its router, and the same handler.
pub const SERVED_AROUND: &str = "slo around the Router, #[slo] handler";

/// Drives all servers this often, each time this long.
///
/// # Errors
///
/// If a server cannot listen, or `wrk` cannot be run.
pub fn run(rounds: usize, turn: Duration) -> io::Result<[Section; 3]> {
    let worker = Arc::new(OnceLock::new());
    let started = Arc::clone(&worker);
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .on_thread_start(move || {
            // The first thread is the worker; others that may follow only block.
            started.get_or_init(|| std::fs::read_link("/proc/thread-self").unwrap_or_default());
        })
        .enable_all()
        .build()?;
    let mut routers = vec![(BARE, router(1, &get(hello))), (SERVED, ours::served())];
    routers.extend(peers::servers());
    let mut servers = Vec::new();
    for (name, app) in routers {
        servers.push((name, serve(&runtime, app)?));
    }
    servers.insert(2, (SERVED_AROUND, serve_around(&runtime)?));
    let (names, addresses): (Vec<&str>, Vec<SocketAddr>) = servers.into_iter().unzip();
    let mut measured: Vec<Vec<Driven>> = names.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        for (address, measured) in addresses.iter().zip(&mut measured) {
            // The first round only warms up.
            let before = worker_nanos(&worker);
            let driven = drive(*address, if round == 0 { Duration::from_secs(1) } else { turn })?;
            let spent = worker_nanos(&worker) - before;
            if round > 0 {
                measured.push(Driven { worker_nanos: spent / driven.requests, ..driven });
            }
        }
    }
    runtime.shutdown_background();
    let section = |title: &str, unit, of: fn(&Driven) -> f64| {
        let row = |(name, driven): (&&str, &Vec<Driven>)| Row {
            value: median(driven.iter().map(of)),
            ..Row::new(name, unit)
        };
        let rows = names.iter().zip(&measured).map(row).collect();
        Section { title: title.to_owned(), ours: SERVED, rows }
    };
    Ok([
        section(THROUGHPUT, Unit::PerSecond, |driven| driven.per_second),
        section(TAIL, Unit::Nanos, |driven| driven.tail_nanos),
        section(PROCESSOR, Unit::Nanos, |driven| driven.worker_nanos),
    ])
}

/// Returns how long the worker thread has run so far; NaN where the kernel does not tell.
fn worker_nanos(thread: &OnceLock<PathBuf>) -> f64 {
    let path = Path::new("/proc").join(thread.get().cloned().unwrap_or_default()).join("schedstat");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).unwrap_or(f64::NAN)
}

/// Serves on a free port of the loopback device until the runtime ends.
pub(crate) fn serve(runtime: &Runtime, app: Router) -> io::Result<SocketAddr> {
    let (listener, address) = listen(runtime)?;
    runtime.spawn(async { axum::serve(listener, app).await });
    Ok(address)
}

/// The same, recorded from around the router.
fn serve_around(runtime: &Runtime) -> io::Result<SocketAddr> {
    let (listener, address) = listen(runtime)?;
    let app = ServiceExt::<Request>::into_make_service(ours::served_around());
    runtime.spawn(async { axum::serve(listener, app).await });
    Ok(address)
}

fn listen(runtime: &Runtime) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[derive(Debug)]
struct Driven {
    per_second: f64,
    tail_nanos: f64,
    requests: f64,
    /// What the server's thread spent on a request.
    worker_nanos: f64,
}

/// Waits for `wrk`, which stops by itself.
fn drive(address: SocketAddr, turn: Duration) -> io::Result<Driven> {
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", "32", "--latency", "--duration"])
        .arg(format!("{}s", turn.as_secs()))
        .arg(format!("http://{address}/shop/resource-0"))
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("wrk: {error}: install it first")))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        return Err(io::Error::other(format!("wrk saw errors: {text}")));
    }
    parse(&text).ok_or_else(|| io::Error::other(format!("wrk said: {text}")))
}

fn parse(text: &str) -> Option<Driven> {
    let after = |label: &str| text.lines().find_map(|line| line.trim().strip_prefix(label)).map(str::trim);
    let tail = after("99%")?;
    let unit = tail.find(|character: char| character.is_alphabetic())?;
    let nanos = match &tail[unit..] {
        "us" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        _ => return None,
    };
    Some(Driven {
        per_second: after("Requests/sec:")?.parse().ok()?,
        tail_nanos: tail[..unit].parse::<f64>().ok()? * nanos,
        requests: text.lines().find_map(|line| line.split_once(" requests in"))?.0.trim().parse().ok()?,
        worker_nanos: f64::NAN,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_of_wrk_is_understood() {
        let text = "  Latency Distribution\n     50%  120.00us\n     99%    1.25ms\n  99 requests in 2.00s\n\
                    Requests/sec:  51234.56\nTransfer/sec:      1.00MB\n";
        let driven = parse(text).expect("the output of a run");
        assert_eq!((driven.per_second, driven.tail_nanos, driven.requests), (51_234.56, 1_250_000.0, 99.0));
        assert!(parse("unable to connect").is_none());
    }
}
