//! What is remembered, kept in a file.
//!
//! One file of checked frames: a whole state first, then one short frame for each tick, appended and forced to the disk.
//! When those are longer than the whole state was, a new file is written beside it and takes its place in one step. So a
//! crash costs the frame being written and nothing else, and the file is bounded by twice the state.
//! What must never happen: a number that was not written, a file of somebody else overwritten, two processes in one
//! directory, a panic over whatever the file holds.

mod aside;
mod directory;
mod frame;
mod journal;
#[cfg_attr(not(feature = "tracing"), path = "no_log.rs")]
mod log;
mod past;
mod record;
#[cfg_attr(not(unix), path = "exists.rs")]
mod same;

pub(crate) use self::directory::{OpenError, Opened, Store};
pub(crate) use self::frame::push;
pub(crate) use self::log::{Level, say};
pub(crate) use self::past::{Ending, Past};
pub(crate) use self::record::{Record, Retired, SamplesRecord, SloRecord};
