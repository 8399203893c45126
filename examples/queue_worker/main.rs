//! A worker that keeps count of its jobs: how they end, how long they take, and how long they waited.
//!
//! ```sh
//! cargo run --example queue_worker
//! curl -X POST '127.0.0.1:3000/jobs/mail'                # done
//! curl -X POST '127.0.0.1:3000/jobs/mail?fault=once'     # fails, is tried again, is done: a good event
//! curl -X POST '127.0.0.1:3000/jobs/invoice?fault=slow'  # takes too long, twice: a bad event, of kind "timeout"
//! curl 127.0.0.1:3000/slo
//! ```
//!
//! The jobs are worked off by a tower service, so one layer counts them all. The wait in the queue is counted by hand:
//! an attempt is started when a job is queued, travels with it and ends where it is taken.

mod job;

use std::error::Error;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::post;
use http::StatusCode;
use slo_tower::{Attempt, Objective, Outcome, Sli, Slo, SloRegistry, Threshold};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tower::{ServiceBuilder, ServiceExt as _};

use self::job::{Job, Kind, Retries, Wish, work};

/// How long one try of a job may take.
const PATIENCE: Duration = Duration::from_millis(200);
/// How many jobs may wait.
const QUEUE_MAX: usize = 8;

/// A job that waits, and its waiting. If the queue is dropped with it, it counts as cancelled.
type Queued = (Job, Attempt);

async fn enqueue(
    State((slos, queue)): State<(SloRegistry, Sender<Queued>)>,
    Path(kind): Path<Kind>,
    Query(Wish { fault }): Query<Wish>,
) -> (StatusCode, &'static str) {
    match queue.try_reserve() {
        Ok(place) => {
            place.send((Job { kind, fault }, slos.attempt("queue")));
            (StatusCode::ACCEPTED, "queued\n")
        }
        Err(_) => {
            slos.attempt("queue").finish(Outcome::Shed(0));
            (StatusCode::SERVICE_UNAVAILABLE, "the queue is full\n")
        }
    }
}

/// Works until there is nobody left to queue a job, and no job.
async fn work_off(slos: SloRegistry, mut queue: Receiver<Queued>) {
    let worker = ServiceBuilder::new()
        // Around the retries a job is one event, however often it is tried; within them each try would be.
        .layer(slos.layer_operations(|job: &Job| job.kind.name()))
        .retry(Retries(1))
        .timeout(PATIENCE)
        .service_fn(work);
    while let Some((job, waiting)) = queue.recv().await {
        waiting.finish(Outcome::Completed(0));
        // In a task of its own, so that a job that panics ends nothing but itself.
        match tokio::spawn(worker.clone().oneshot(job)).await {
            Ok(Ok(())) => println!("{}: done", job.kind.name()),
            Ok(Err(error)) => println!("{}: {error}", job.kind.name()),
            Err(panic) => println!("{}: {panic}", job.kind.name()),
        }
    }
}

fn registry() -> Result<SloRegistry, Box<dyn Error>> {
    // No balancer has to learn first that we are leaving: who comes then keeps his job.
    let mut builder = SloRegistry::builder("worker").drain_delay(Duration::ZERO);
    for (operation, sli, objective) in [
        ("mail", Sli::Availability, "99.9%"),
        ("mail", Sli::Latency { threshold: Threshold::parse("150ms")? }, "95%"),
        ("invoice", Sli::Availability, "99%"),
        ("invoice", Sli::Latency { threshold: Threshold::parse("1s")? }, "99%"),
        ("queue", Sli::Combined { threshold: Threshold::parse("30s")? }, "99%"),
    ] {
        let slo = Slo::new(format!("{operation}-{}", sli.kind()), sli, Objective::parse(objective)?)?;
        builder = builder.slo(slo.with_operation(operation)?);
    }
    Ok(builder.start()?)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let slos = registry()?;
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    let worker = tokio::spawn(work_off(slos.clone(), receiver));
    let admin = Router::new()
        .route("/jobs/{kind}", post(enqueue))
        .with_state((slos.clone(), sender))
        .merge(slos.routes());
    let port = std::env::var("PORT").map_or(Ok(3000), |port| port.parse::<u16>())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("The worker takes jobs at http://{}", listener.local_addr()?);
    let work = async {
        axum::serve(listener, admin).with_graceful_shutdown(slos.drain_on_signal()).await?;
        // The last sender went with the server: what is queued is still done.
        worker.await?;
        Ok::<_, Box<dyn Error>>(())
    };
    match slos.serve_until_drained(work).await {
        Some(ended) => ended.map(|()| println!("The queue is empty.")),
        None => Err("there was no time left for what is queued".into()),
    }
}
