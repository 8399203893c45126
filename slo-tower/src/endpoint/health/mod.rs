//! `GET /livez`, `/readyz` and `/startupz`: what orchestrators, balancers and people ask.
//!
//! Each answers from what is settled; no request ever runs a check, so that asking often costs nothing and tells nobody
//! how long a dependency takes. Unless the operator allows more, an answer says whether, never why, and names no check.

mod asked;
mod date;
mod json;
mod service;
mod settings;
mod shown;
mod zpage;

pub(crate) use self::service::Asks;
pub use self::service::ProbeService;
pub use self::settings::{Allow, ProbeFormat, ProbeSettings};
