//! Every way a request can end, over real servers, real clients and real sockets.
//!
//! What `it` shows of the layer alone is shown here of whole services: axum serves HTTP/1.1 and HTTP/2 on loopback,
//! hyper's client does what clients do. Time is a clock that handlers, bodies and clients move by hand, so that
//! latencies are exact however busy the machine is. No test waits for anything but an answer.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bodies;

mod service;

mod client;

mod conduct;

mod cases;

mod ends;

mod matrix;

mod streams;

mod shutdown;

mod failing;

mod tunnels;

mod wire;

mod shapes;

mod frames;

mod grpc;
