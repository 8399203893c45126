//! The bank: another process in real life, here another listener. It behaves as each payment asks.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Query;
use axum::routing::post;
use http::StatusCode;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::time::sleep;

/// How long a slow payment takes.
const SLOW: Duration = Duration::from_secs(5);

/// What the bank is asked to do instead of its work.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Fault {
    #[default]
    None,
    /// Answers that it is closed.
    Closed,
    /// Takes its time.
    Slow,
    /// Breaks the connection.
    Crash,
}

#[derive(Debug, Deserialize)]
struct Wish {
    #[serde(default)]
    bank: Fault,
}

async fn pay(Query(wish): Query<Wish>) -> StatusCode {
    match wish.bank {
        Fault::None => {}
        Fault::Closed => return StatusCode::SERVICE_UNAVAILABLE,
        Fault::Slow => sleep(SLOW).await,
        Fault::Crash => panic!("the bank crashes, as it was asked to"),
    }
    StatusCode::OK
}

/// Opens the bank and returns where it is.
pub(crate) async fn open() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let app = Router::new().route("/pay", post(pay));
    // It lasts as long as the process.
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}
