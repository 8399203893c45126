//! Services shaped like three that axum publishes as examples, with the layer added: what they count.
//!
//! One streams (server-sent events), one upgrades (web sockets) and one nests (a key-value store with its admin and API
//! routers, its errors handled from middleware). Each is served on loopback and asked by clients that do what clients of
//! such services do, leaving included.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bed;

mod streams;

mod upgrades;

mod nests;
