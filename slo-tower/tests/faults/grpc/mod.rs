//! Calls of gRPC, of all four kinds, and every way they can end: tonic's server, tonic's client, real sockets.

mod codec;

mod shop;

mod service;

mod client;

mod conduct;

mod cases;

mod matrix;

mod promised;
