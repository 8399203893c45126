//! Files of every age and size, as backups leave them.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use slo_tower::checks::{self, Files};
use slo_tower::{Check, Clock, Freshness, Level};

use super::support::{Directory, level, reading, reason, run_blocking};

const HOUR: Duration = Duration::from_secs(3_600);

fn now() -> Duration {
    Duration::from_nanos(Clock::system().now().unix_nanos())
}

/// Writes a file that was last written at a moment.
fn write(path: &Path, bytes: usize, at: Duration) {
    fs::write(path, vec![7; bytes]).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(UNIX_EPOCH + at).unwrap();
}

fn check(files: Files) -> Check {
    checks::files("backup", files, Freshness::new(26 * HOUR, 48 * HOUR))
}

/// Each line: how old the file is, or of how far in the future, and what that means. Ages are some seconds off the borders,
/// which are met to the nanosecond where no file is involved.
#[test]
fn a_backup_is_as_fresh_as_it_was_written() {
    let directory = Directory::new();
    let path = directory.0.join("shop.dump");
    let check = check(Files::one(&path));
    let slack = Duration::from_secs(30);
    for (age, ahead, expected, said) in [
        (Duration::ZERO, Duration::ZERO, Level::Pass, ""),
        (26 * HOUR - slack, Duration::ZERO, Level::Pass, ""),
        (
            26 * HOUR + slack,
            Duration::ZERO,
            Level::Warn,
            "has not succeeded for 1 d 2 h; it should within 26h",
        ),
        (
            48 * HOUR - slack,
            Duration::ZERO,
            Level::Warn,
            "has not succeeded for 1 d 23 h; it should within 26h",
        ),
        (48 * HOUR + slack, Duration::ZERO, Level::Fail, "has not succeeded for 2 d; it should within 2d"),
        (Duration::ZERO, slack, Level::Pass, ""),
        (Duration::ZERO, HOUR + slack, Level::Fail, "has last succeeded 1 h in the future: a clock is wrong"),
    ] {
        let at = now() + ahead - age;
        write(&path, 100, at);
        let finding = run_blocking(&check);
        let said = if said.is_empty() { String::new() } else { format!("{}: {said}", path.display()) };
        assert_eq!((level(&finding), reason(&finding)), (expected, &*said));
        let measured = reading(&finding, "age_seconds");
        assert!((measured - age.as_secs_f64() + ahead.as_secs_f64()).abs() < 20.0, "{measured}");
        assert!((reading(&finding, "last_success_timestamp_seconds") - at.as_secs_f64()).abs() < 1e-3);
        assert_eq!(reading(&finding, "size_bytes"), 100.0);
    }
    // As others age files.
    let aged = std::process::Command::new("touch").args(["-d", "3 days ago"]).arg(&path).status();
    if aged.is_ok_and(|status| status.success()) {
        assert_eq!(level(&run_blocking(&check)), Level::Fail);
    }
    // From before the epoch.
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(UNIX_EPOCH - HOUR).unwrap();
    assert_eq!(level(&run_blocking(&check)), Level::Fail);
}

#[test]
fn the_newest_that_is_big_enough_and_called_so_counts() {
    let directory = Directory::new();
    let path = |name: &str| directory.0.join(name);
    let files = Files::newest_in(&directory.0).prefix("shop-").suffix(".dump").bytes_min(1_000);
    let check = check(files);
    let say = |expected: Level, text: &str| {
        let finding = run_blocking(&check);
        assert_eq!((level(&finding), reason(&finding)), (expected, text));
        finding.readings().iter().find(|reading| reading.name == "size_bytes").map(|reading| reading.value)
    };
    let shown = directory.0.display().to_string();
    let never = format!("{shown}: there has never been a shop-*.dump, or it is gone");
    assert_eq!(say(Level::Fail, &never), None);
    // Neither of these is one, however fresh.
    let now = now();
    write(&path("shop-1.dump.part"), 5_000, now);
    write(&path("other-1.dump"), 5_000, now);
    write(&path("shop-.dum"), 5_000, now);
    fs::create_dir(path("shop-directory.dump")).unwrap();
    say(Level::Fail, &never);
    write(&path("shop-empty.dump"), 0, now);
    write(&path("shop-small.dump"), 999, now);
    say(Level::Fail, &format!("{shown}: no shop-*.dump of at least 1000 bytes, but 2 smaller"));
    write(&path("shop-1.dump"), 1_000, now - 60 * HOUR);
    let old = path("shop-1.dump").display().to_string();
    say(Level::Fail, &format!("{old}: has not succeeded for 2 d 12 h; it should within 2d"));
    write(&path("shop-3.dump"), 2_000, now - 30 * HOUR);
    write(&path("shop-2.dump"), 3_000, now - 40 * HOUR);
    let newest = path("shop-3.dump").display().to_string();
    let size = say(Level::Warn, &format!("{newest}: has not succeeded for 1 d 6 h; it should within 26h"));
    assert_eq!(size, Some(2_000.0));
    write(&path("shop-4.dump"), 1_000, now - HOUR);
    say(Level::Pass, "");
}

#[test]
fn what_cannot_be_looked_at_fails_and_says_where() {
    let directory = Directory::new();
    let missing = directory.0.join("missing");
    for files in [Files::one(&missing), Files::newest_in(&missing)] {
        let finding = run_blocking(&check(files));
        assert_eq!(level(&finding), Level::Fail);
        assert!(reason(&finding).starts_with(&format!("{}: No such file", missing.display())), "{finding:?}");
    }
    let finding = run_blocking(&check(Files::one(&directory.0)));
    assert!(reason(&finding).ends_with("is a directory: write Files::newest_in"), "{finding:?}");
    let empty = directory.0.join("empty");
    write(&empty, 0, now());
    let finding = run_blocking(&check(Files::one(&empty)));
    assert_eq!(
        (level(&finding), reason(&finding)),
        (Level::Fail, &*format!("{}: has less than 1 bytes", empty.display()))
    );
    assert_eq!(level(&run_blocking(&check(Files::one(&empty).bytes_min(0)))), Level::Pass);
}

#[cfg(unix)]
#[test]
fn links_are_followed_and_those_to_nothing_are_nothing() {
    let directory = Directory::new();
    let target = Directory::new();
    let dump = target.0.join("dump");
    write(&dump, 10, now() - 30 * HOUR);
    std::os::unix::fs::symlink(&dump, directory.0.join("latest")).unwrap();
    std::os::unix::fs::symlink("gone", directory.0.join("older")).unwrap();
    assert_eq!(level(&run_blocking(&check(Files::newest_in(&directory.0)))), Level::Warn);
}

/// Of a hundred thousand files it must be said which one is the matter.
#[cfg(unix)]
#[test]
fn a_link_that_leads_to_itself_is_named() {
    let directory = Directory::new();
    write(&directory.0.join("shop.dump"), 10, now());
    std::os::unix::fs::symlink("again", directory.0.join("again")).unwrap();
    let finding = run_blocking(&check(Files::newest_in(&directory.0)));
    let expected = format!("{}: again: ", directory.0.display());
    assert_eq!(level(&finding), Level::Fail);
    assert!(reason(&finding).starts_with(&expected), "{finding:?}");
}

#[test]
fn times_that_make_no_sense_are_refused() {
    let wrong = checks::files("backup", Files::one("/x"), Freshness::new(48 * HOUR, 26 * HOUR));
    let fault = wrong.fault().unwrap().to_string();
    assert!(
        fault.starts_with("check backup: it warns after 2d, but has failed after 26h already"),
        "{fault}"
    );
}
