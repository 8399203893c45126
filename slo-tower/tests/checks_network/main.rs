//! The ready-made checks of what lies across a network, against the real thing on loopback: listeners, an HTTP server, and
//! certificates minted and served by `openssl`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod certificates;
mod http;
mod https;
mod openssl;
mod reach;
mod support;
