//! The endpoints, as plain tower services: no server framework needed to mount them.
//!
//! Each answers from the registry's read model and is ready at any time. They are not recorded themselves:
//! mount them beside the recorded routes, not under the layer.

mod accept;
mod appended;
mod metrics;
mod reply;
mod status;

pub(crate) use self::appended::Appended;
pub use self::metrics::MetricsService;
pub use self::status::StatusService;
