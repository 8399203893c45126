//! The numbers, for others to read.
//!
//! Every exporter walks the same samples, made from one reading of the registry, so two of them cannot
//! disagree. Exporters run on the control plane and hold no state of their own.

mod exposition;
#[cfg(feature = "metrics")]
mod facade;
mod health;
#[cfg(feature = "protobuf")]
mod protobuf;
mod samples;
mod text;
mod walk;
mod writer;

pub use self::exposition::Exposition;
#[cfg(feature = "metrics")]
pub use self::facade::FacadePublisher;
#[cfg(feature = "protobuf")]
pub use self::protobuf::ProtobufExposition;
pub use self::text::TextFormat;
