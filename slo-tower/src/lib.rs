//! x

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;

pub use slo_macros::slo;
