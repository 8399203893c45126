//! The ready-made checks of what is on the machine, against the real thing: a disk that is full, a process that runs out of
//! descriptors and of memory, files of every age, a server behind a pool that is stopped and killed.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[cfg(unix)]
mod disks;
mod files;
#[cfg(target_os = "linux")]
mod limits;
#[cfg(unix)]
mod pools;
mod support;
