//! Ready-made checks of what services depend on and run out of.
//!
//! Each is a function that returns a [`Check`](crate::Check), so that interval, timeout and gate are set as for any other. Unless told
//! so they gate nothing: they report, with the numbers that they read. What they are given is judged when the registry is
//! built, and refused there if it makes no sense.
//!
//! | check | of what | readings | feature |
//! |---|---|---|---|
//! | `disk` | space and inodes of a file system; on unix | `available_bytes`, `available_ratio`, `inodes_available_ratio` | `check-disk` |
//! | `file_descriptors` | of the process, against its limit; on Linux | `open_fds`, `max_fds` | `check-file-descriptors` |
//! | `files` | age and size of the newest file: backups | `age_seconds`, `last_success_timestamp_seconds`, `size_bytes` | `check-files` |
//! | `memory` | of the process, against the limit that is nearest; on Linux | `resident_bytes`, `limit_bytes`, `used_ratio` | `check-memory` |
//! | `pool` | a connection of your own pool, and what you ask over it | `acquire_seconds` | `check-pool` |
//!
//! Two more need no feature: [`LastSuccess::check`](crate::LastSuccess::check) tells how long ago a job has succeeded, and
//! [`BurnPolicy::warn_below_of`](crate::BurnPolicy::warn_below_of) how much is left of the budget of an SLO.

#[cfg(all(feature = "check-disk", unix))]
mod disk;
#[cfg(all(feature = "check-file-descriptors", target_os = "linux"))]
mod file_descriptors;
#[cfg(feature = "check-files")]
mod files;
#[cfg(all(feature = "check-memory", target_os = "linux"))]
mod memory;
#[cfg(all(feature = "check-memory", target_os = "linux"))]
mod memory_limits;
#[cfg(feature = "check-pool")]
mod pool;
#[cfg(any(feature = "check-disk", feature = "check-memory"))]
#[cfg_attr(not(unix), allow(dead_code, reason = "its users are not there"))]
mod shown;
#[cfg(all(any(feature = "check-file-descriptors", feature = "check-memory"), target_os = "linux"))]
mod usage;

#[cfg(all(feature = "check-disk", unix))]
pub use self::disk::{SpaceLimits, disk};
#[cfg(all(feature = "check-file-descriptors", target_os = "linux"))]
pub use self::file_descriptors::file_descriptors;
#[cfg(feature = "check-files")]
pub use self::files::{Files, files};
#[cfg(all(feature = "check-memory", target_os = "linux"))]
pub use self::memory::memory;
#[cfg(feature = "check-pool")]
pub use self::pool::{pool, pool_within};
#[cfg(all(any(feature = "check-file-descriptors", feature = "check-memory"), target_os = "linux"))]
pub use self::usage::UsageLimits;
