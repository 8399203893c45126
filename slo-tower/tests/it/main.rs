//! The layer and the endpoints, through the public API.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod axum_routes;
mod axum_shapes;
mod calls;
mod calls_together;
mod causes;
mod classification;
#[cfg(feature = "gzip")]
mod compressed;
#[cfg(feature = "generate")]
mod dashboards;
mod drain;
mod endings;
mod endpoints;
mod ends;
mod gate;
mod grpc;
mod health_runner;
mod incidents;
mod jobs;
mod left_out;
#[cfg(feature = "openslo")]
mod openslo;
mod operations;
mod probes;
mod probes_json;
mod probes_kubelet;
#[cfg(feature = "protobuf")]
mod protobuf;
#[cfg(feature = "generate")]
mod rules;
mod stacking;
mod stall;
mod support;
mod transparency;
