//! Where files have no identity that can be asked for: a file that is open is not removed there.

use std::fs::File;
use std::path::Path;

/// Returns whether there is a file at this path.
pub(super) fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}
