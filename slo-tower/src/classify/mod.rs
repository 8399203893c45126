//! What an outcome means for the promise, ready-made for the protocols.
//!
//! A classifier answers by route and outcome, never by request, so that each thread needs to ask it only once for
//! both. What one request alone can tell, its handler says with an [`EventOverride`](slo_core::EventOverride).

mod cause;
mod errors;
mod grpc;
mod http;

pub use self::cause::{Cause, answer_error};
pub use self::errors::outcome_of_error;
pub use self::grpc::GrpcClassifier;
pub use self::http::{HttpClassifier, classify_http};
