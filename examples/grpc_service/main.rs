//! A gRPC shop that knows how much error budget it has left.
//!
//! ```sh
//! cargo run --example grpc_service
//! PORT=50052 ADMIN_PORT=9465 cargo run --example grpc_service
//! ```
//!
//! Read `service.rs` first, then `serve` below: one layer and the health on tonic's server, and a second listener for
//! those who ask how the shop is. `fault.rs` breaks calls on demand.

mod fault;
mod service;

use std::error::Error;
use std::future::IntoFuture as _;
use std::net::Ipv4Addr;
use std::time::Duration;

use slo_tower::SloRegistry;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;

use self::service::{Counter, SERVICE_NAME, ShopServer};

/// How long calls that are under way may take once the shop has closed.
const GRACE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let calls = listen("PORT", 50_051).await?;
    let admin = listen("ADMIN_PORT", 9_464).await?;
    println!("The shop is open at {}", calls.local_addr()?);
    println!("How it is: http://{}/slo", admin.local_addr()?);
    serve(calls, admin).await
}

async fn serve(calls: TcpListener, admin: TcpListener) -> Result<(), Box<dyn Error>> {
    let slos = SloRegistry::builder("shop").drain_timeout(GRACE).start()?;
    let server = Server::builder()
        .layer(slos.layer_grpc())
        .layer(fault::layer())
        .add_service(ShopServer::new(Counter))
        .add_service(slos.grpc_health().service(SERVICE_NAME, [])?)
        .serve_with_incoming_shutdown(TcpListenerStream::new(calls), slos.drain_on_signal());
    // It answers as long as there are calls, so that the last of them can still be scraped.
    let admin = axum::serve(admin, slos.routes()).into_future();
    tokio::select! {
        ended = slos.serve_until_drained(server) => match ended {
            Some(ended) => ended?,
            None => eprintln!("gave up on calls that did not end in {} s", GRACE.as_secs()),
        },
        ended = admin => ended?,
    }
    Ok(())
}

async fn listen(variable: &str, usual: u16) -> Result<TcpListener, Box<dyn Error>> {
    let port = std::env::var(variable).map_or(Ok(usual), |port| port.parse::<u16>());
    let port = port.map_err(|error| format!("{variable} is no port: {error}"))?;
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    Ok(bound.map_err(|error| format!("cannot listen on port {port} ({error}): choose another {variable}"))?)
}
