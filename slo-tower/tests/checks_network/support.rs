//! What the tests of this binary share.

use std::io::Write as _;
use std::net::SocketAddr;

use slo_tower::{Check, CheckStatus, Fault, SloRegistry};
use tokio::net::TcpListener;

/// Runs a check once and returns what is known of it then.
pub(crate) async fn run(check: Check) -> CheckStatus {
    // A first run is spread as well.
    let check = check.jitter(0.0);
    let name = check.name().to_owned();
    let slos = SloRegistry::builder("test").without_declared().check(check).build().unwrap();
    slos.health().run_due().await;
    slos.health().status().check(&name).unwrap().clone()
}

/// Returns why a check is not well; empty if it is.
pub(crate) fn reason(status: &CheckStatus) -> String {
    status.fault.as_ref().map(Fault::to_string).unwrap_or_default()
}

/// Returns what a check has measured, by name.
pub(crate) fn reading(status: &CheckStatus, name: &str) -> Option<f64> {
    status.readings.iter().find(|reading| reading.name == name).map(|reading| reading.value)
}

/// An address at which nobody listens.
pub(crate) async fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
}

/// An address at which somebody listens and never accepts, with so many waiting that the kernel drops whoever comes: it answers
/// as little as a host that is not there. All of it lasts as long as what is returned.
#[cfg(target_os = "linux")]
pub(crate) async fn black_hole() -> (SocketAddr, TcpListener, Vec<tokio::net::TcpStream>) {
    use std::time::Duration;

    use tokio::net::{TcpSocket, TcpStream};

    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(300), TcpStream::connect(address)).await
    {
        waiting.push(stream.unwrap());
        assert!(waiting.len() < 100, "the kernel keeps whoever comes");
    }
    (address, listener, waiting)
}

/// Says that a test cannot run here. In CI that is a failure.
pub(crate) fn skip(test: &str, why: &str) {
    let line = format!("SKIPPED {test}: {why}");
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{line} (CI=true: nothing may be skipped)");
    eprintln!("{line}");
    if let Some(log) = std::env::var_os("SLO_SKIP_LOG") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(log);
        file.and_then(|mut file| writeln!(file, "{line}")).expect("the skip log can be written");
    }
}
