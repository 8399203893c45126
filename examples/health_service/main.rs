//! A service that says how it is, and whose parts can be broken by a request.
//!
//! ```sh
//! cargo run --example health_service
//! curl -i 127.0.0.1:3000/readyz                       # ok, once its cache is warm
//! curl -X POST 127.0.0.1:3000/break                   # the database: 200 as before, with a warning
//! curl '127.0.0.1:9464/readyz?verbose'                # operators read why
//! curl -X POST '127.0.0.1:3000/break?part=disk'       # /readyz: 503
//! curl -X POST '127.0.0.1:3000/break?part=worker'     # /livez: 503
//! curl -X POST '127.0.0.1:3000/heal?part=worker'
//! curl 127.0.0.1:9464/readyz -H 'accept: application/health+json'
//! ```
//!
//! | belongs in | what | why |
//! |---|---|---|
//! | liveness | what only this process has and only a restart brings back: a task that has died, a runtime that stands still | it is killed for it; if a database could do that, it would kill all replicas at once, and then again |
//! | readiness | what this process alone can lose: its disk, its warm cache, its own quota | others take its requests meanwhile; what all of them lose leaves nobody to take them |
//! | startup | what must have worked once: caches, migrations, the first connection | nobody kills or asks it before |
//! | nothing: reported | everything that others share: databases, queues, other services | answer with what is left, an error of its own or an older page; it warns, in the probes, the metrics and the log |
//! | never | error budgets, load, latency | a service that burns its budget or is busy needs more replicas, not fewer |

mod parts;

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::routing::{get, post};
use http::StatusCode;
use serde::Deserialize;
use slo_tower::{Check, SloRegistry, SloRegistryBuilder, slo};
use tokio::net::TcpListener;

use self::parts::{Part, Parts};

/// Often, so that nobody has to wait long in front of a terminal; ten seconds are usual.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long the cache takes to be warm.
const WARM_UP: Duration = Duration::from_millis(500);

#[slo(availability = 99.9%)]
async fn orders(State(parts): State<Parts>) -> (StatusCode, &'static str) {
    match parts.ask(Part::Database) {
        Ok(()) => (StatusCode::OK, "kettle, teapot\n"),
        // Better than an error, and far better than no replica at all.
        Err(_) => (StatusCode::OK, "kettle, teapot (as of this morning)\n"),
    }
}

#[derive(Debug, Deserialize)]
struct Which {
    part: Option<String>,
}

async fn switch(parts: Parts, which: Which, is_broken: bool) -> (StatusCode, String) {
    let name = which.part.as_deref().unwrap_or("database");
    match Part::of(name) {
        Some(part) => {
            parts.set_broken(part, is_broken);
            (StatusCode::OK, format!("the {name} is {}\n", if is_broken { "broken" } else { "well" }))
        }
        None => (StatusCode::NOT_FOUND, format!("no part {name:?}: there are database, disk and worker\n")),
    }
}

fn registry(parts: &Parts, listener: SocketAddr) -> Result<SloRegistry, Box<dyn Error>> {
    let builder = SloRegistry::builder("orders").self_probe(listener);
    let often = |check: Check| check.interval(INTERVAL).failing_interval(INTERVAL).fail_after(2);
    Ok(parts.checks().map(often).into_iter().fold(builder, SloRegistryBuilder::check).start()?)
}

fn service(parts: Parts, slos: &SloRegistry) -> Router {
    let (to_break, to_heal) = (parts.clone(), parts.clone());
    Router::new()
        .route("/orders", get(orders))
        .with_state(parts)
        .layer(slos.layer())
        // Not recorded: nobody is promised that things break.
        .route("/break", post(|Query(which)| switch(to_break, which, true)))
        .route("/heal", post(|Query(which)| switch(to_heal, which, false)))
        // The last: no layer above stands between the server and the probes.
        .merge(slos.probe_routes())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let port = |name: &str, usual| std::env::var(name).map_or(Ok(usual), |port| port.parse::<u16>());
    let users = TcpListener::bind(("127.0.0.1", port("PORT", 3000)?)).await?;
    let operators = TcpListener::bind(("127.0.0.1", port("ADMIN_PORT", 9464)?)).await?;
    let parts = Parts::default();
    let slos = registry(&parts, users.local_addr()?)?;
    // What is started in code holds the start until it is done.
    let hold = slos.health().hold_start();
    tokio::spawn(async move {
        tokio::time::sleep(WARM_UP).await;
        drop(hold);
    });
    println!("The service is open at http://{}", users.local_addr()?);
    println!("Operators look at http://{}", operators.local_addr()?);
    let served = axum::serve(users, service(parts, &slos)).with_graceful_shutdown(slos.drain_on_signal());
    let admin =
        axum::serve(operators, slos.admin_routes::<()>()).with_graceful_shutdown(slos.drain_on_signal());
    let both = async { tokio::try_join!(served.into_future(), admin.into_future()) };
    slos.serve_until_drained(both).await.transpose()?;
    Ok(())
}
