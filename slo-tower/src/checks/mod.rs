//! Ready-made checks of what services depend on and run out of.
//!
//! Each is a function that returns a [`Check`](crate::Check), so that interval, timeout and gate are set as for any other. Unless told
//! so they gate nothing: they report, with the numbers that they read. What they are given is judged when the registry is
//! built, and refused there if it makes no sense.
//!
//! | check | of what | readings | feature |
//! |---|---|---|---|
//! | `certificate` | the end of the certificates in a file or of a server; warns 30 days before, fails 7 days before | `seconds_left`, `expires_timestamp_seconds` | `check-certificates` |
//! | `disk` | space and inodes of a file system; on unix | `available_bytes`, `available_ratio`, `inodes_available_ratio` | `check-disk` |
//! | `dns` | the addresses of a name, by the system's resolver; one will do | `addresses` | `check-dns` |
//! | `file_descriptors` | of the process, against its limit; on Linux | `open_fds`, `max_fds` | `check-file-descriptors` |
//! | `files` | age and size of the newest file: backups | `age_seconds`, `last_success_timestamp_seconds`, `size_bytes` | `check-files` |
//! | `http` | a page, by its status and what it contains; 200 to 299 will do, no redirect is followed | `response_seconds`, `status_code` | `check-http`, and for TLS `check-https` |
//! | `memory` | of the process, against the limit that is nearest; on Linux | `resident_bytes`, `limit_bytes`, `used_ratio` | `check-memory` |
//! | `pool` | a connection of your own pool, and what you ask over it | `acquire_seconds` | `check-pool` |
//! | `tcp` | whether somebody accepts connections, at one of all addresses | `connect_seconds` | `check-tcp` |
//!
//! Those that look across a network resolve and connect afresh with each run, and are given up at the check's timeout. A resolver
//! that hangs takes one thread of each, and no more: the runs that follow wait for it. Their
//! reasons name hosts and say what was wrong; they tell nothing else of a URL, of headers, and of what was answered.
//!
//! Two more need no feature: [`LastSuccess::check`](crate::LastSuccess::check) tells how long ago a job has succeeded, and
//! [`BurnPolicy::warn_below_of`](crate::BurnPolicy::warn_below_of) how much is left of the budget of an SLO.

#[cfg(any(feature = "check-certificates", feature = "check-http", feature = "check-tcp"))]
mod address;
#[cfg(any(feature = "check-certificates", feature = "check-http", feature = "check-tcp"))]
mod alone;
#[cfg(feature = "check-certificates")]
mod certificates;
#[cfg(all(feature = "check-disk", unix))]
mod disk;
#[cfg(feature = "check-dns")]
mod dns;
#[cfg(all(feature = "check-file-descriptors", target_os = "linux"))]
mod file_descriptors;
#[cfg(feature = "check-files")]
mod files;
#[cfg(feature = "check-http")]
mod http;
#[cfg(all(feature = "check-memory", target_os = "linux"))]
mod memory;
#[cfg(all(feature = "check-memory", target_os = "linux"))]
mod memory_limits;
#[cfg(feature = "check-pool")]
mod pool;
#[cfg(any(feature = "check-disk", feature = "check-memory"))]
#[cfg_attr(not(unix), allow(dead_code, reason = "its users are not there"))]
mod shown;
#[cfg(feature = "check-tcp")]
mod tcp;
#[cfg(all(any(feature = "check-file-descriptors", feature = "check-memory"), target_os = "linux"))]
mod usage;

#[cfg(feature = "check-certificates")]
pub use self::certificates::{Certificate, certificate};
#[cfg(all(feature = "check-disk", unix))]
pub use self::disk::{SpaceLimits, disk};
#[cfg(feature = "check-dns")]
pub use self::dns::{Lookup, dns};
#[cfg(all(feature = "check-file-descriptors", target_os = "linux"))]
pub use self::file_descriptors::file_descriptors;
#[cfg(feature = "check-files")]
pub use self::files::{Files, files};
#[cfg(feature = "check-http")]
pub use self::http::{HttpGet, http};
#[cfg(all(feature = "check-memory", target_os = "linux"))]
pub use self::memory::memory;
#[cfg(feature = "check-pool")]
pub use self::pool::{pool, pool_within};
#[cfg(feature = "check-tcp")]
pub use self::tcp::tcp;
#[cfg(all(any(feature = "check-file-descriptors", feature = "check-memory"), target_os = "linux"))]
pub use self::usage::UsageLimits;
