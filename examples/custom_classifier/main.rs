//! A service that decides for itself which of its answers are good.
//!
//! ```sh
//! cargo run --example custom_classifier
//! PORT=3001 cargo run --example custom_classifier
//! ```

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Extension, Router};
use http::StatusCode;
use slo_tower::{EventOverride, HttpClassifier, Maintenance, SloRegistry, slo};
use tokio::net::TcpListener;

/// Articles 1 to this one exist.
const ARTICLES: u32 = 3;

#[slo(availability = 99.9%)]
async fn article(Path(id): Path<u32>) -> Result<String, StatusCode> {
    if (1..=ARTICLES).contains(&id) { Ok(format!("article {id}\n")) } else { Err(StatusCode::NOT_FOUND) }
}

#[slo(availability = 99%)]
async fn search(Path(word): Path<String>) -> Result<String, StatusCode> {
    match word.as_str() {
        // This client asks too often.
        "everything" => Err(StatusCode::TOO_MANY_REQUESTS),
        "nothing" => Err(StatusCode::NOT_FOUND),
        _ => Ok(format!("found {word}\n")),
    }
}

#[slo(availability = 99%)]
async fn report() -> impl IntoResponse {
    // It is written at night, and nobody was promised one before.
    (StatusCode::SERVICE_UNAVAILABLE, Extension(EventOverride::Excluded), "come back tomorrow\n")
}

/// Maintenance lasts for as long as somebody has this.
#[derive(Clone)]
struct Works(SloRegistry, Arc<Mutex<Option<Maintenance>>>);

async fn begin(State(Works(slos, works)): State<Works>) {
    let maintenance = slos.maintenance();
    works.lock().unwrap_or_else(PoisonError::into_inner).replace(maintenance);
}

async fn end(State(Works(_, works)): State<Works>) {
    works.lock().unwrap_or_else(PoisonError::into_inner).take();
}

fn registry() -> Result<SloRegistry, slo_tower::BuildError> {
    SloRegistry::builder("catalogue")
        // Everywhere: who asks too often is no event, neither good nor bad.
        .classify(HttpClassifier::new().excluded(429))
        // Here every link is ours, so what is missing is our fault.
        .classify_route("GET /articles/{id}", HttpClassifier::new().bad(404))
        // The load test is no user.
        .exclude(|request| request.headers.contains_key("x-load-test"))
        .start()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let slos = registry()?;
    let works = Works(slos.clone(), Arc::default());
    let admin = Router::new().route("/maintenance", post(begin).delete(end)).with_state(works);
    let app = Router::new()
        .route("/articles/{id}", get(article))
        .route("/search/{word}", get(search))
        .route("/report", get(report))
        .layer(slos.layer())
        .merge(slos.routes())
        .merge(admin);
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("The catalogue is open at http://{}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}
