//! Processes that are asked to go, under load: nobody's request fails from the signal to the end.
//!
//! The test starts itself as the server, `drain serve`: one of HTTP and one of gRPC that share one drain. Its own clients are
//! the exact proof: they know of each request what became of it. `wrk` and `h2load` come on top of them, where they are.
//!
//! ```text
//! cargo test -p slo-tower --all-features --test drain -- --nocapture
//! ```

#[cfg(unix)]
mod balancer;
#[cfg(unix)]
mod cases;
#[cfg(unix)]
mod program;
#[cfg(unix)]
mod server;
#[cfg(unix)]
mod tools;

#[cfg(unix)]
fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("the system has two threads");
    if std::env::args().nth(1).as_deref() == Some(program::SERVE) {
        return runtime.block_on(server::serve());
    }
    runtime.block_on(cases::run());
    if tools::are_there() {
        runtime.block_on(tools::run());
    } else {
        skip("drain::tools", "there is no wrk, or no h2load");
    }
}

/// Says that a test cannot run here. In CI that is a failure.
#[cfg(unix)]
fn skip(test: &str, why: &str) {
    use std::io::Write as _;

    let line = format!("SKIPPED {test}: {why}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line} (CI=true: nothing may be skipped)");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("SLO_SKIP_LOG") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
        file.and_then(|mut file| writeln!(file, "{line}")).expect("the skip log can be written");
    }
}

/// There is no signal that a service manager would send.
#[cfg(not(unix))]
fn main() {}
