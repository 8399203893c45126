//! Whether there is room on a disk.
//!
//! A file system is full for those who may not touch its reserve before it is full for root, and may run out of inodes
//! with half of its space left. Both are looked at, and the numbers are those of `df`.

use std::path::{Path, PathBuf};

use rustix::fs::{StatVfs, statvfs};
use slo_core::{Check, Finding, Report};

use super::shown::{bytes, percent};

/// Checks that there is room on the file system on which `path` is, for the user as whom the process runs.
///
/// The readings are `available_bytes`, `available_ratio` and, where the file system counts them, `inodes_available_ratio`. It
/// fails where nothing is at `path`.
///
/// ```
/// use slo_tower::SloRegistry;
/// use slo_tower::checks::{self, SpaceLimits};
///
/// let slos = SloRegistry::builder("shop")
///     // Warns below 10 %, fails below 5 %.
///     .check(checks::disk("data", "/var/lib/shop", SpaceLimits::default()))
///     // What this process alone writes to, it may withdraw itself for.
///     .check(checks::disk("spool", "/var/spool/shop", SpaceLimits::by_bytes(20 << 30, 5 << 30)).gates_readiness())
///     .build()?;
/// # let _ = slos;
/// # Ok::<(), slo_tower::BuildError>(())
/// ```
pub fn disk(name: impl Into<String>, path: impl Into<PathBuf>, limits: SpaceLimits) -> Check {
    let path = path.into();
    // It blocks: a network file system may take as long as it likes.
    let check = Check::blocking(name, move || match statvfs(&path) {
        Ok(status) => limits.judge(&path, &Room::of(&status)),
        Err(error) => Report::Fail(format!("{}: {error}", path.display())).into(),
    });
    match limits.fault() {
        Some(fault) => check.refused(fault),
        None => check,
    }
}

/// How much room there must be on a file system: 10 % or it warns, 5 % or it fails, of space as of inodes, unless changed.
///
/// ```
/// use slo_tower::checks::SpaceLimits;
/// assert_eq!(SpaceLimits::default(), SpaceLimits::by_ratio(0.1, 0.05).and_inodes(0.1, 0.05));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct SpaceLimits {
    space: Space,
    inodes: Below,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Space {
    Ratio(Below),
    Bytes { warn: u64, fail: u64 },
}

/// Shares of what there is.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Below {
    warn: f64,
    fail: f64,
}

impl Default for SpaceLimits {
    fn default() -> Self {
        Self::by_ratio(0.1, 0.05)
    }
}

impl SpaceLimits {
    /// Warns below the share `warn` of the space, fails below `fail`: `0.1` is 10 %.
    ///
    /// A check is refused unless `0 <= fail < warn <= 1`.
    pub const fn by_ratio(warn: f64, fail: f64) -> Self {
        Self { space: Space::Ratio(Below { warn, fail }), inodes: Below { warn: 0.1, fail: 0.05 } }
    }

    /// Warns below `warn` bytes, fails below `fail`: what a share of a large disk would be too early for.
    ///
    /// A check is refused unless `fail < warn`.
    pub const fn by_bytes(warn: u64, fail: u64) -> Self {
        Self { space: Space::Bytes { warn, fail }, ..Self::by_ratio(0.1, 0.05) }
    }

    /// Warns below the share `warn` of the inodes, fails below `fail`; the same rules hold as for [`SpaceLimits::by_ratio`].
    pub const fn and_inodes(self, warn: f64, fail: f64) -> Self {
        Self { inodes: Below { warn, fail }, ..self }
    }

    fn fault(&self) -> Option<String> {
        let of_ratio = |below: Below, what: &str, instead: &str| {
            let is_sound = 0.0 <= below.fail && below.fail < below.warn && below.warn <= 1.0;
            (!is_sound).then(|| {
                let Below { warn, fail } = below;
                format!(
                    "it warns below {warn} and fails below {fail} of the {what}: write two shares between 0 and 1, the \
                     greater one first, such as {instead}"
                )
            })
        };
        let of_space = match self.space {
            Space::Ratio(below) => of_ratio(below, "space", "SpaceLimits::by_ratio(0.1, 0.05)"),
            Space::Bytes { warn, fail } => (fail >= warn).then(|| {
                format!(
                    "it warns below {}, but has failed below {} already: write the greater number of bytes first",
                    bytes(warn),
                    bytes(fail)
                )
            }),
        };
        of_space.or_else(|| of_ratio(self.inodes, "inodes", "and_inodes(0.1, 0.05)"))
    }

    fn judge(&self, path: &Path, room: &Room) -> Finding {
        let Some(ratio) = room.available_ratio() else {
            return Report::Fail(format!(
                "{}: its file system has no size, so it is no disk",
                path.display()
            ))
            .into();
        };
        let left = || {
            let (available, all) =
                (bytes(room.available_bytes), bytes(room.used_bytes.saturating_add(room.available_bytes)));
            format!("{}: {available} of {all} left, {}", path.display(), percent(ratio))
        };
        let of_space = match self.space {
            Space::Ratio(below) => below.judge(ratio, left),
            Space::Bytes { warn, .. } if room.available_bytes >= warn => Report::Pass,
            Space::Bytes { warn, fail } => {
                let is_failure = room.available_bytes < fail;
                let limit = bytes(if is_failure { fail } else { warn });
                let reason = format!("{}; less than {limit}", left());
                if is_failure { Report::Fail(reason) } else { Report::Warn(reason) }
            }
        };
        let inodes = room.inodes_available_ratio();
        let of_inodes = inodes.map_or(Report::Pass, |ratio| {
            self.inodes.judge(ratio, || format!("{}: {} of the inodes left", path.display(), percent(ratio)))
        });
        let report = if of_inodes.level() > of_space.level() { of_inodes } else { of_space };
        let finding = Finding::from(report)
            .with("available_bytes", room.available_bytes as f64)
            .with("available_ratio", ratio);
        inodes.into_iter().fold(finding, |finding, ratio| finding.with("inodes_available_ratio", ratio))
    }
}

impl Below {
    fn judge(self, available: f64, left: impl FnOnce() -> String) -> Report {
        let reason = |limit| format!("{}; less than {}", left(), percent(limit));
        if available < self.fail {
            Report::Fail(reason(self.fail))
        } else if available < self.warn {
            Report::Warn(reason(self.warn))
        } else {
            Report::Pass
        }
    }
}

/// What a file system says of itself.
struct Room {
    /// To everybody: without what is reserved for root.
    available_bytes: u64,
    used_bytes: u64,
    inodes_available: u64,
    inodes_used: u64,
}

impl Room {
    fn of(status: &StatVfs) -> Self {
        Self {
            available_bytes: status.f_bavail.saturating_mul(status.f_frsize),
            used_bytes: status.f_blocks.saturating_sub(status.f_bfree).saturating_mul(status.f_frsize),
            inodes_available: status.f_favail,
            inodes_used: status.f_files.saturating_sub(status.f_ffree),
        }
    }

    /// Returns the share that is left of what may be used, as `df` has it.
    fn available_ratio(&self) -> Option<f64> {
        ratio(self.available_bytes, self.used_bytes)
    }

    /// Returns the same of inodes; `None` where the file system makes them as they are needed.
    fn inodes_available_ratio(&self) -> Option<f64> {
        ratio(self.inodes_available, self.inodes_used)
    }
}

fn ratio(available: u64, used: u64) -> Option<f64> {
    let all = available.saturating_add(used);
    (all > 0).then(|| available as f64 / all as f64)
}

#[cfg(test)]
mod tests {
    use slo_core::Level;

    use super::*;

    const GIB: u64 = 1 << 30;

    fn room(available_bytes: u64, used_bytes: u64, [inodes_available, inodes_used]: [u64; 2]) -> Room {
        Room { available_bytes, used_bytes, inodes_available, inodes_used }
    }

    /// Some file systems of the network say that they have all that can be counted.
    #[test]
    fn sizes_beyond_all_counting_are_judged() {
        let finding = SpaceLimits::default().judge(Path::new("/data"), &room(GIB, u64::MAX, [0, 0]));
        assert_eq!(finding.report().reason(), Some("/data: 1 GiB of 16 EiB left, 0%; less than 5%"));
    }

    #[test]
    fn each_border_belongs_to_the_better_side() {
        let (shares, sizes) = (SpaceLimits::default(), SpaceLimits::by_bytes(20 * GIB, 5 * GIB));
        for (limits, available, inodes, level, reason) in [
            (shares, 100, [0, 0], Level::Pass, ""),
            (shares, 10, [0, 0], Level::Pass, ""),
            (shares, 9, [0, 0], Level::Warn, "/data: 9 GiB of 100 GiB left, 9%; less than 10%"),
            (shares, 5, [0, 0], Level::Warn, "/data: 5 GiB of 100 GiB left, 5%; less than 10%"),
            (shares, 4, [0, 0], Level::Fail, "/data: 4 GiB of 100 GiB left, 4%; less than 5%"),
            (shares, 0, [0, 0], Level::Fail, "/data: 0 B of 100 GiB left, 0%; less than 5%"),
            (sizes, 20, [0, 0], Level::Pass, ""),
            (sizes, 19, [0, 0], Level::Warn, "/data: 19 GiB of 100 GiB left, 19%; less than 20 GiB"),
            (sizes, 5, [0, 0], Level::Warn, "/data: 5 GiB of 100 GiB left, 5%; less than 20 GiB"),
            (sizes, 4, [0, 0], Level::Fail, "/data: 4 GiB of 100 GiB left, 4%; less than 5 GiB"),
            // The worse of both decides, and space if they are alike.
            (shares, 50, [10, 90], Level::Pass, ""),
            (shares, 50, [9, 91], Level::Warn, "/data: 9% of the inodes left; less than 10%"),
            (shares, 9, [4, 96], Level::Fail, "/data: 4% of the inodes left; less than 5%"),
            (shares, 9, [9, 91], Level::Warn, "/data: 9 GiB of 100 GiB left, 9%; less than 10%"),
            (sizes.and_inodes(0.001, 0.0), 50, [1, 999], Level::Pass, ""),
        ] {
            let room = room(available * GIB, (100 - available) * GIB, inodes);
            let finding = limits.judge(Path::new("/data"), &room);
            let seen = (finding.report().level(), finding.report().reason().unwrap_or_default());
            assert_eq!(seen, (level, reason), "{limits:?} {available} {inodes:?}");
            let count = if inodes == [0, 0] { 2 } else { 3 };
            assert_eq!(finding.readings().len(), count);
        }
        let none = SpaceLimits::default().judge(Path::new("/proc"), &room(0, 0, [0, 0]));
        assert_eq!(none.report().level(), Level::Fail);
    }

    #[test]
    fn limits_that_make_no_sense_are_refused() {
        let usual = SpaceLimits::default;
        for (limits, expected) in [
            (usual(), None),
            (SpaceLimits::by_ratio(1.0, 0.0), None),
            (
                SpaceLimits::by_ratio(0.05, 0.1),
                Some("check x: it warns below 0.05 and fails below 0.1 of the space"),
            ),
            (SpaceLimits::by_ratio(0.1, 0.1), Some("the greater one first")),
            (SpaceLimits::by_ratio(10.0, 5.0), Some("between 0 and 1")),
            (SpaceLimits::by_ratio(f64::NAN, 0.1), Some("below NaN")),
            (SpaceLimits::by_ratio(0.1, -0.1), Some("below -0.1")),
            (
                SpaceLimits::by_bytes(GIB, 2 * GIB),
                Some("warns below 1 GiB, but has failed below 2 GiB already"),
            ),
            (SpaceLimits::by_bytes(GIB, GIB), Some("write the greater number of bytes first")),
            (usual().and_inodes(0.1, 0.2), Some("of the inodes: write two shares between 0 and 1")),
        ] {
            let fault = disk("x", "/", limits).fault().map(ToString::to_string);
            assert_eq!(fault.is_some(), expected.is_some(), "{limits:?}");
            assert!(fault.unwrap_or_default().contains(expected.unwrap_or_default()), "{limits:?}");
        }
    }
}
