//! The endpoints, as plain tower services: no server framework needed to mount them.
//!
//! Each answers from the registry's read model and is ready at any time. They are not recorded themselves:
//! mount them beside the recorded routes, not under the layer.
//!
//! Requests must not notice them: a text is written in chunks that take microseconds each, and compressed on a
//! thread of its own.

mod accept;
mod appended;
mod body;
#[cfg(feature = "generate")]
mod dashboards;
mod document;
mod encoding;
mod gate;
#[cfg_attr(not(feature = "gzip"), path = "no_gzip.rs")]
mod gzip;
mod health;
mod incidents;
mod metrics;
#[cfg_attr(not(feature = "protobuf"), path = "no_protobuf.rs")]
mod protobuf;
mod reply;
#[cfg(feature = "generate")]
mod rules;
mod status;

pub(crate) use self::appended::Appended;
pub use self::body::EndpointBody;
#[cfg(feature = "generate")]
pub use self::dashboards::DashboardsService;
pub use self::gate::GateService;
pub(crate) use self::health::Asks;
pub use self::health::{Allow, ProbeFormat, ProbeService, ProbeSettings};
pub use self::incidents::IncidentsService;
pub use self::metrics::MetricsService;
#[cfg(feature = "generate")]
pub use self::rules::RulesService;
pub use self::status::StatusService;
