//! Whether the newest file is fresh: a backup, an export, a heartbeat that another process writes.
//!
//! An empty file is no backup, a file of tomorrow has no age, and a directory without any is not one whose backups are
//! late: each is its own reason.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use slo_core::{Check, Clock, Finding, Freshness, Report, Timestamp};

/// Which files are looked at: one, or those of a directory, of which the newest counts.
///
/// Times are those of the last write. A file that is being written is a new one: write under another name and rename, or
/// tell what is finished by its [suffix](Files::suffix).
///
/// ```
/// use slo_tower::checks::Files;
/// let heartbeat = Files::one("/run/importer/heartbeat").bytes_min(0);
/// let backups = Files::newest_in("/var/backups/shop").prefix("shop-").suffix(".dump.zst").bytes_min(1 << 20);
/// # let _ = (heartbeat, backups);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Files {
    path: PathBuf,
    place: Place,
    bytes_min: u64,
}

#[derive(Clone, Debug)]
enum Place {
    File,
    Directory { prefix: String, suffix: String },
}

impl Files {
    /// One file, with at least one byte.
    pub fn one(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), place: Place::File, bytes_min: 1 }
    }

    /// The files of a directory with at least one byte, without those of the directories in it.
    pub fn newest_in(directory: impl Into<PathBuf>) -> Self {
        let place = Place::Directory { prefix: String::new(), suffix: String::new() };
        Self { path: directory.into(), place, bytes_min: 1 }
    }

    /// Only files whose names begin so. Of [one](Files::one) file the name is known.
    pub fn prefix(mut self, text: impl Into<String>) -> Self {
        if let Place::Directory { prefix, .. } = &mut self.place {
            *prefix = text.into();
        }
        self
    }

    /// Only files whose names end so. Of [one](Files::one) file the name is known.
    pub fn suffix(mut self, text: impl Into<String>) -> Self {
        if let Place::Directory { suffix, .. } = &mut self.place {
            *suffix = text.into();
        }
        self
    }

    /// Only files of at least so many bytes; a smaller one is as if it were not there. One byte unless changed.
    pub fn bytes_min(mut self, bytes: u64) -> Self {
        self.bytes_min = bytes;
        self
    }

    /// Judges the newest one.
    fn judge(&self, freshness: Freshness, now: Timestamp) -> Finding {
        let (newest, too_small) = match self.newest() {
            Ok(found) => found,
            Err(error) => return Report::Fail(format!("{}: {error}", self.path.display())).into(),
        };
        let Some(newest) = newest else {
            return Report::Fail(self.none(too_small)).into();
        };
        let finding = freshness.report(Some(newest.written), now);
        let say = |reason: &str| format!("{}: {reason}", newest.path.display());
        let report = match finding.report() {
            Report::Pass => Report::Pass,
            Report::Warn(reason) => Report::Warn(say(reason)),
            Report::Fail(reason) => Report::Fail(say(reason)),
        };
        let readings = finding.readings().iter();
        let finding = readings
            .fold(Finding::from(report), |finding, reading| finding.with(reading.name, reading.value));
        finding.with("size_bytes", newest.bytes as f64)
    }

    /// Says that there is none.
    fn none(&self, too_small: u64) -> String {
        let path = self.path.display();
        match &self.place {
            Place::File => format!("{path}: has less than {} bytes", self.bytes_min),
            Place::Directory { prefix, suffix } if too_small > 0 => {
                format!(
                    "{path}: no {prefix}*{suffix} of at least {} bytes, but {too_small} smaller",
                    self.bytes_min
                )
            }
            Place::Directory { prefix, suffix } => {
                format!("{path}: there has never been a {prefix}*{suffix}, or it is gone")
            }
        }
    }

    /// Returns the newest file, and how many are too small to be one.
    fn newest(&self) -> io::Result<(Option<Newest>, u64)> {
        let (mut newest, mut too_small) = (None::<Newest>, 0);
        let mut look = |path: PathBuf, metadata: &Metadata| {
            if metadata.len() < self.bytes_min {
                too_small += 1;
                return Ok(());
            }
            let written = written(metadata)?;
            if newest.as_ref().is_none_or(|newest| written > newest.written) {
                newest = Some(Newest { path, written, bytes: metadata.len() });
            }
            Ok::<(), io::Error>(())
        };
        match &self.place {
            Place::File => {
                let metadata = fs::metadata(&self.path)?;
                if metadata.is_dir() {
                    return Err(io::Error::other("is a directory: write Files::newest_in"));
                }
                look(self.path.clone(), &metadata)?;
            }
            Place::Directory { prefix, suffix } => {
                for entry in fs::read_dir(&self.path)? {
                    let path = entry?.path();
                    if !is_called(&path, prefix, suffix) {
                        continue;
                    }
                    // Follows links, as `latest` may be one.
                    match fs::metadata(&path) {
                        Ok(metadata) if metadata.is_file() => look(path, &metadata)?,
                        Ok(_) => {}
                        // It has been removed meanwhile, or is a link to what has.
                        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                        // Of many it is said which one it is.
                        Err(error) => {
                            let name = path.file_name().unwrap_or_default().display();
                            return Err(io::Error::new(error.kind(), format!("{name}: {error}")));
                        }
                    }
                }
            }
        }
        Ok((newest, too_small))
    }
}

struct Newest {
    path: PathBuf,
    written: Timestamp,
    bytes: u64,
}

fn is_called(path: &Path, prefix: &str, suffix: &str) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    // Neither may use what the other one has: `a-b` is not called `a-`…`-b`.
    name.strip_prefix(prefix.as_bytes()).is_some_and(|rest| rest.ends_with(suffix.as_bytes()))
}

fn written(metadata: &Metadata) -> io::Result<Timestamp> {
    // Before the epoch is as old as can be.
    let since = metadata.modified()?.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Ok(Timestamp::default().plus(since))
}

/// Checks that the newest of some files is fresh: that backups are made, and how much would be lost now.
///
/// The readings are `age_seconds`, `last_success_timestamp_seconds` and `size_bytes`, of the newest file. It fails where there is
/// none, where it cannot be looked at, and where it is of the future. It is looked at once a minute, and what it
/// finds counts at once: ages do not flap.
///
/// ```
/// use slo_tower::checks::{self, Files};
/// use slo_tower::{Freshness, SloRegistry};
/// use std::time::Duration;
///
/// // A dump is made each night and takes up to two hours. The recovery point objective: at most two days may be lost.
/// let hour = Duration::from_secs(3_600);
/// let dumps = Files::newest_in("/var/backups/shop").suffix(".dump").bytes_min(1 << 20);
/// let backup = checks::files("backup", dumps, Freshness::new(26 * hour, 48 * hour));
/// let slos = SloRegistry::builder("shop").check(backup).build()?;
/// # let _ = slos;
/// # Ok::<(), slo_tower::BuildError>(())
/// ```
pub fn files(name: impl Into<String>, files: Files, freshness: Freshness) -> Check {
    let check = Check::blocking(name, move || {
        // Made anew each time, as it then has the date as the machine has it now: that of the files.
        files.judge(freshness, Clock::system().now())
    });
    let check = check.interval(Duration::from_secs(60)).timeout(Duration::from_secs(10)).fail_after(1);
    match freshness.fault() {
        Some(fault) => check.refused(fault),
        None => check,
    }
}
