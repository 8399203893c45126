//! What is saved comes back: over restarts, changes, damage, full disks and disks that do not answer.
//!
//! Everything goes through the public API and real files; nothing pretends to be a disk. Processes that are killed are in
//! `tests/crash`.

mod changes;
mod damage;
mod disks;
mod model;
mod reports;
mod scale;
mod support;
mod unnoticed;
