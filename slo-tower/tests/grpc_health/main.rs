//! `grpc.health.v1`, asked by clients that are none of ours: that of `tonic-health`, and the one in Python.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod drains;
mod oracle;
mod rules;
mod shed;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use slo_tower::{Check, GrpcHealth, SloRegistry};
use tonic::{Code, Request};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};
use tonic_prost::ProstCodec;

pub(crate) type Client = HealthClient<GrpcHealth>;
pub(crate) type Statuses = tonic::Streaming<HealthCheckResponse>;

/// A registry with the check `database`, which decides nothing by itself, and whether that is well.
pub(crate) fn with_database() -> (SloRegistry, Arc<AtomicBool>) {
    let is_well = Arc::new(AtomicBool::new(true));
    let database = toggled("database", &is_well);
    let slos = SloRegistry::builder("test").without_declared().check(database).start().unwrap();
    (slos, is_well)
}

/// A check that follows a flag.
pub(crate) fn toggled(name: &str, is_well: &Arc<AtomicBool>) -> Check {
    let is_well = Arc::clone(is_well);
    // Relaxed: a lone flag; no other memory depends on it.
    let probe = move || if is_well.load(Ordering::Relaxed) { Ok(()) } else { Err("gone") };
    let often = Duration::from_millis(10);
    Check::in_process(name, probe).interval(often).failing_interval(often).fail_after(1).pass_after(1)
}

pub(crate) fn set(is_well: &AtomicBool, value: bool) {
    // Relaxed: as above.
    is_well.store(value, Ordering::Relaxed);
}

pub(crate) fn request(service: &str) -> Request<HealthCheckRequest> {
    Request::new(HealthCheckRequest { service: service.to_owned() })
}

/// Asks `Check`.
pub(crate) async fn check(health: &GrpcHealth, service: &str) -> Result<ServingStatus, Code> {
    let answer = Client::new(health.clone()).check(request(service)).await;
    answer.map(|answer| answer.into_inner().status()).map_err(|status| status.code())
}

pub(crate) async fn watch(health: &GrpcHealth, service: &str) -> Statuses {
    Client::new(health.clone()).watch(request(service)).await.unwrap().into_inner()
}

/// Returns what a watch is told next; `None` at its end.
pub(crate) async fn next(statuses: &mut Statuses) -> Option<ServingStatus> {
    statuses.message().await.unwrap().map(|message| message.status())
}

/// What the definition of `grpc.health.v1` says of `List`, which `tonic-health` does not know.
#[derive(Clone, PartialEq, prost::Message)]
struct ListAnswer {
    #[prost(btree_map = "string, message", tag = "1")]
    statuses: BTreeMap<String, HealthCheckResponse>,
}

pub(crate) async fn list(health: &GrpcHealth) -> Result<BTreeMap<String, ServingStatus>, tonic::Status> {
    let mut client = tonic::client::Grpc::new(health.clone());
    client.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/grpc.health.v1.Health/List");
    let answer = client.unary(Request::new(()), path, ProstCodec::<(), ListAnswer>::default()).await?;
    let statuses = answer.into_inner().statuses;
    Ok(statuses.into_iter().map(|(name, answer)| (name, answer.status())).collect())
}
