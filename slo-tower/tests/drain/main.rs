//! Processes that are asked to go, under load: nobody's request fails from the signal to the end.
//!
//! The test starts itself as the server, `drain serve`: one of HTTP and one of gRPC that share one drain.

#[cfg(unix)]
mod balancer;
#[cfg(unix)]
mod cases;
#[cfg(unix)]
mod program;
#[cfg(unix)]
mod server;

#[cfg(unix)]
fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("the system has two threads");
    if std::env::args().nth(1).as_deref() == Some(program::SERVE) {
        return runtime.block_on(server::serve());
    }
    runtime.block_on(cases::run());
}

/// There is no signal that a service manager would send.
#[cfg(not(unix))]
fn main() {}
