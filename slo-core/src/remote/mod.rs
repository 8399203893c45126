//! Other servers: where they are, what to tell them about ourselves, and requests that end.
//!
//! One small blocking client, used on threads of our own. Every request is bounded in time and its answer in size; no redirect
//! is followed, and no proxy is asked that nobody named: what may be secret goes where it was written down and nowhere else.
//! What must never happen: a header's value in an error, a log or a debug output.

mod client;
mod endpoint;
mod error;
#[cfg_attr(not(feature = "remote-tls"), path = "no_tls.rs")]
mod tls;

pub(crate) use self::client::{Client, Failure};
pub(crate) use self::endpoint::Endpoint;
pub(crate) use self::error::Reason;
pub use self::error::RemoteError;
