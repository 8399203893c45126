//! Promises as documents of OpenSLO v1: written for other tools, and read where an operator changes one without a build.
//!
//! What is compiled is the truth until a file says otherwise, and a file is obeyed as a whole or not at all: a mistake in one
//! document leaves every promise as it was compiled. Each mistake is told with its place, what is wrong, and what to write.
//! Nothing here reads a clock, and only [`read_file`] touches a file.
//! What must never happen: something that a document says and this process does not do, unsaid. What OpenSLO has no words for is
//! in annotations of our own, and what we cannot do is refused.

mod error;

#[cfg(feature = "openslo")]
mod alerting;
#[cfg(feature = "openslo")]
mod changes;
#[cfg(feature = "openslo")]
mod documents;
#[cfg(feature = "openslo")]
mod fields;
#[cfg(feature = "openslo")]
mod indicator;
#[cfg(feature = "openslo")]
mod node;
#[cfg(feature = "openslo")]
mod number;
#[cfg(feature = "openslo")]
mod period;
#[cfg(feature = "openslo")]
mod promise;
#[cfg(feature = "openslo")]
mod spelling;
#[cfg(feature = "openslo")]
mod write;

pub use self::error::{OpenSloError, OpenSloFault};

#[cfg(feature = "openslo")]
pub(crate) use self::changes::{Changes, read_file};
#[cfg(feature = "openslo")]
pub(crate) use self::write::write;
