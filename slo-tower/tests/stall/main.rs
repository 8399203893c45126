//! Processes whose runtime stands still, and processes that are not run: only the first is a stall.
//!
//! The test starts itself as the process, `stall serve`: a runtime to be blocked, and an admin listener on another one.

#[cfg(unix)]
mod cases;
#[cfg(unix)]
mod program;
#[cfg(unix)]
mod server;

#[cfg(unix)]
fn main() {
    if std::env::args().nth(1).as_deref() == Some(program::SERVE) {
        return server::serve();
    }
    cases::run();
}

/// There is no signal that stops a process.
#[cfg(not(unix))]
fn main() {}
