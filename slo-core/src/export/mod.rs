//! The numbers, for others to read.
//!
//! Every exporter walks the same samples, made from one reading of the registry, so two of them cannot
//! disagree. Exporters run on the control plane and hold no state of their own.

mod exposition;
#[cfg(feature = "metrics")]
mod facade;
mod health;
mod samples;
mod text;
mod writer;

pub use self::exposition::Exposition;
#[cfg(feature = "metrics")]
pub use self::facade::FacadePublisher;
pub use self::text::TextFormat;
