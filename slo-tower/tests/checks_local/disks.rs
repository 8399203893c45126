//! A disk in memory, filled up to each border, and `df` beside it.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use slo_tower::Level;
use slo_tower::checks::{self, SpaceLimits};

use super::support::{Directory, level, reading, reason, run_blocking, skipped};

/// A disk of its own, in memory.
struct Mounted(Directory);

impl Mounted {
    /// `None` where this user may mount nothing.
    fn new(options: &str) -> Option<Self> {
        let directory = Directory::new();
        let mut mount = as_root("mount");
        mount.args(["-t", "tmpfs", "-o", options, "none"]).arg(&directory.0).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then_some(Self(directory))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let gone = as_root("umount").arg(&self.0.0).status();
        assert!(gone.is_ok_and(|status| status.success()), "{} is still mounted", self.0.0.display());
    }
}

/// Without asking anybody for a password.
fn as_root(program: &str) -> Command {
    let id = Command::new("id").arg("-u").output();
    if id.is_ok_and(|id| id.stdout == b"0\n") {
        return Command::new(program);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["--non-interactive", program]);
    sudo
}

/// Returns what `df` says is available, in bytes.
fn df(path: &Path) -> f64 {
    let output = Command::new("df").args(["--output=avail", "-B1"]).arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().nth(1).unwrap().trim().parse().unwrap()
}

#[test]
fn a_disk_that_fills_up_warns_and_then_fails() {
    const NAME: &str = "a_disk_that_fills_up_warns_and_then_fails";
    // 256 pages of 4 KiB: whole pages on both sides of each border.
    let Some(disk) = Mounted::new("size=1m") else { return skipped(NAME, "nothing can be mounted") };
    let path = &disk.0.0;
    let by_ratio = checks::disk("ratio", path, SpaceLimits::by_ratio(0.5, 0.25));
    let by_bytes = checks::disk("bytes", path, SpaceLimits::by_bytes(512 * 1024, 256 * 1024));
    for (filled_kib, expected) in [
        (0, Level::Pass),
        (512, Level::Pass),
        (516, Level::Warn),
        (768, Level::Warn),
        (772, Level::Fail),
        (1_024, Level::Fail),
    ] {
        fs::write(path.join("filler"), vec![7; filled_kib * 1024]).unwrap();
        for check in [&by_ratio, &by_bytes] {
            let finding = run_blocking(check);
            assert_eq!(level(&finding), expected, "{filled_kib} KiB: {finding:?}");
            assert_eq!(reading(&finding, "available_bytes"), df(path));
            let ratio = (1_024 - filled_kib) as f64 / 1_024.0;
            assert_eq!(reading(&finding, "available_ratio"), ratio);
        }
    }
    let text = run_blocking(&by_ratio);
    let text = reason(&text);
    assert_eq!(text, format!("{}: 0 B of 1 MiB left, 0%; less than 25%", path.display()));
    fs::remove_file(path.join("filler")).unwrap();
    assert_eq!(level(&run_blocking(&by_ratio)), Level::Pass);
}

#[test]
fn a_disk_without_inodes_is_full_however_much_space_is_left() {
    const NAME: &str = "a_disk_without_inodes_is_full_however_much_space_is_left";
    let Some(disk) = Mounted::new("size=1m,nr_inodes=20") else {
        return skipped(NAME, "nothing can be mounted");
    };
    let path = &disk.0.0;
    let check = checks::disk("data", path, SpaceLimits::default());
    assert_eq!(level(&run_blocking(&check)), Level::Pass);
    let full = (0..).find_map(|number| fs::write(path.join(format!("{number}")), "").err()).unwrap();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    let finding = run_blocking(&check);
    assert_eq!(level(&finding), Level::Fail);
    assert_eq!(reason(&finding), format!("{}: 0% of the inodes left; less than 5%", path.display()));
    assert_eq!(reading(&finding, "inodes_available_ratio"), 0.0);
    assert_eq!(reading(&finding, "available_ratio"), 1.0);
}

#[test]
fn what_is_no_disk_fails_and_says_why() {
    let directory = Directory::new();
    let missing = directory.0.join("missing");
    let finding = run_blocking(&checks::disk("data", &missing, SpaceLimits::default()));
    assert_eq!(level(&finding), Level::Fail);
    assert!(reason(&finding).starts_with(&format!("{}: No such file", missing.display())), "{finding:?}");
    // Whatever disk this is on, `df` and we agree on it as far as others leave it alone.
    let finding = run_blocking(&checks::disk("here", &directory.0, SpaceLimits::by_bytes(1, 0)));
    let (ours, theirs) = (reading(&finding, "available_bytes"), df(&directory.0));
    assert!((ours - theirs).abs() <= 0.05 * theirs.max(1e9), "{ours} {theirs}");
}
