//! A shop that keeps count of the bank it depends on.
//!
//! ```sh
//! cargo run --example outbound_client
//! curl -X POST '127.0.0.1:3000/checkout'              # paid
//! curl -X POST '127.0.0.1:3000/checkout?bank=closed'  # the bank fails, the shop does not
//! curl -X POST '127.0.0.1:3000/checkout?bank=slow'    # the bank takes longer than we wait
//! curl 127.0.0.1:3000/slo
//! ```
//!
//! Whoever buys is promised an answer, and gets one whatever the bank does. The bank has promises of its own, which
//! the client keeps count of: when the shop's budget burns, they say whose fault it is, and when only theirs does,
//! that the fallback is at work.

mod bank;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::routing::post;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use slo_tower::{Objective, Sli, Slo, SloRegistry, Threshold, slo};
use tokio::net::TcpListener;
use tower::util::BoxCloneSyncService;
use tower::{BoxError, ServiceBuilder, ServiceExt as _};

/// How long the shop waits for the bank.
const PATIENCE: Duration = Duration::from_millis(250);
/// How many payments may be under way; what comes meanwhile is not sent.
const PAYMENTS_MAX: usize = 8;

#[derive(Clone)]
struct Bank {
    address: SocketAddr,
    client: BoxCloneSyncService<Request<Empty<Bytes>>, Response<Incoming>, BoxError>,
}

impl Bank {
    /// Opens our end of the bank. The recording layer is the outermost, so that it sees what the others make of a call.
    fn new(address: SocketAddr, slos: &SloRegistry) -> Self {
        let client = ServiceBuilder::new()
            .layer(slos.layer_operations(|_: &Request<_>| "bank").judged_by_status())
            .load_shed()
            .concurrency_limit(PAYMENTS_MAX)
            .timeout(PATIENCE)
            .service(Client::builder(TokioExecutor::new()).build_http());
        Self { address, client: BoxCloneSyncService::new(client) }
    }

    /// Returns whether it was paid; `wish` says how the bank is to behave.
    async fn pay(self, wish: &str) -> Result<bool, BoxError> {
        let request = Request::post(format!("http://{}/pay?{wish}", self.address)).body(Empty::new())?;
        Ok(self.client.oneshot(request).await?.status().is_success())
    }
}

#[slo(availability = 99.9%, latency = 99% < 500ms)]
async fn checkout(State(bank): State<Bank>, RawQuery(wish): RawQuery) -> (StatusCode, &'static str) {
    match bank.pay(&wish.unwrap_or_default()).await {
        Ok(true) => (StatusCode::OK, "thank you\n"),
        // The customer need not know: the tea is sent, and the bill with it.
        Ok(false) | Err(_) => (StatusCode::ACCEPTED, "thank you; please pay within 30 days\n"),
    }
}

fn registry() -> Result<SloRegistry, Box<dyn Error>> {
    let fast = Sli::Latency { threshold: Threshold::parse("100ms")? };
    let promised = Slo::new("bank-availability", Sli::Availability, Objective::parse("99%")?)?;
    let in_time = Slo::new("bank-latency", fast, Objective::parse("95%")?)?;
    let slos = SloRegistry::builder("shop")
        .slo(promised.with_operation("bank")?)
        .slo(in_time.with_operation("bank")?)
        .start()?;
    Ok(slos)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let slos = registry()?;
    let bank = Bank::new(bank::open().await?, &slos);
    let app = Router::new()
        .route("/checkout", post(checkout))
        .with_state(bank)
        .layer(slos.layer())
        .merge(slos.routes())
        .layer(slos.layer_drain());
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("The shop is open at http://{}", listener.local_addr()?);
    let server = axum::serve(listener, app).with_graceful_shutdown(slos.drain_on_signal());
    if slos.serve_until_drained(server).await.transpose()?.is_none() {
        eprintln!("The shop has closed on customers who were still waiting.");
    }
    Ok(())
}
