//! How it stands with the saved state, for everybody to read: kinds of failures, and no path of this machine.

#[cfg(feature = "store")]
use std::io;

use serde::Serialize;

use crate::time::Timestamp;

/// How it stands with what [`RegistryBuilder::state_dir`](crate::RegistryBuilder::state_dir) keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct StateStatus {
    /// Everything counted until this tick is saved; `None` before the first save.
    pub saved_at: Option<Timestamp>,
    /// Why nothing can be saved at present; counting goes on in memory, and saving is tried again with each tick or so.
    pub failure: Option<StateFailure>,
    /// The last tick of the earlier process whose history goes on; `None` if there was none.
    pub restored_from: Option<Timestamp>,
}

/// Why the state cannot be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StateFailure {
    /// The disk is full, or what this process may use of it.
    DiskFull,
    /// The file system is mounted read-only.
    ReadOnly,
    /// The process may not write there.
    PermissionDenied,
    /// Another process has taken the directory while this one could not.
    InUse,
    /// The disk does not answer.
    Stalled,
    /// Anything else; the log says what.
    Other,
}

impl StateFailure {
    /// Returns the word for it, such as `disk_full`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DiskFull => "disk_full",
            Self::ReadOnly => "read_only",
            Self::PermissionDenied => "permission_denied",
            Self::InUse => "in_use",
            Self::Stalled => "stalled",
            Self::Other => "other",
        }
    }

    /// Returns the kind of an error.
    #[cfg(feature = "store")]
    pub(super) fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::DiskFull
            }
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::PermissionDenied => Self::PermissionDenied,
            io::ErrorKind::WouldBlock => Self::InUse,
            _ => Self::Other,
        }
    }
}
