//! Files that cannot be read, kept for whoever wants to know why.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::time::Timestamp;

/// What names of such files begin with.
const PREFIX: &str = "slo-state.corrupt-";
/// More than so many are not kept.
const KEPT_MAX: usize = 4;

/// Gives a file a second name under which it stays, and returns that.
pub(super) fn keep(directory: &Path, file: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let seconds = now.unix_nanos() / 1_000_000_000;
    for number in 0..100 {
        let suffix = if number == 0 { String::new() } else { format!("-{number}") };
        let name = directory.join(format!("{PREFIX}{seconds}{suffix}"));
        match fs::hard_link(file, &name) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
            // Not every file system knows second names.
            Err(_) => drop(fs::copy(file, &name)?),
        }
        forget_oldest(directory);
        return Ok(name);
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// The same, and the file loses its own name.
pub(super) fn move_away(directory: &Path, file: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let name = keep(directory, file, now)?;
    fs::remove_file(file)?;
    Ok(name)
}

fn forget_oldest(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    let name = |entry: io::Result<fs::DirEntry>| Some(entry.ok()?.path());
    let is_aside =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(PREFIX));
    let mut kept: Vec<_> = entries.filter_map(name).filter(is_aside).collect();
    // By name, so by time for two centuries.
    kept.sort_unstable();
    for oldest in kept.iter().take(kept.len().saturating_sub(KEPT_MAX)) {
        // One too many is no reason to fail.
        let _ = fs::remove_file(oldest);
    }
}
