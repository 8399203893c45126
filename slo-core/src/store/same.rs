//! Whether a file is still the one that its name leads to: somebody may have removed it, and another process made one.

use std::fs::{self, File, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Returns whether this file is the one at this path.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    let [own, there] = [file.metadata(), fs::metadata(path)].map(|metadata| metadata.map(identity).ok());
    own.is_some() && own == there
}
