//! Processes that run into limits of their own: children of ours, with `ulimit` set.

use std::fs::{self, File};
use std::io;

use slo_tower::Level;
use slo_tower::checks::{self, UsageLimits};

use super::support::{is_child, level, reading, reason, run_blocking};

const MIB: usize = 1 << 20;

/// Returns how many descriptors there are, from their listing, without the listing's own.
fn listed() -> f64 {
    let each = fs::read_dir("/proc/self/fd").unwrap();
    (each.count() - 1) as f64
}

/// Opens one after the other up to the last of a hundred, on which no listing would succeed.
#[test]
fn descriptors_are_counted_up_to_the_last_one() {
    if !is_child("limits::descriptors_are_counted_up_to_the_last_one", "-n 100") {
        return;
    }
    let check = checks::file_descriptors("file-descriptors", UsageLimits::default());
    let (mut held, mut levels) = (Vec::new(), Vec::new());
    let error = loop {
        let finding = run_blocking(&check);
        let open = reading(&finding, "open_fds");
        assert_eq!(reading(&finding, "max_fds"), 100.0);
        if open < 100.0 {
            assert_eq!(open, listed());
        }
        let expected = match open {
            ..80.0 => Level::Pass,
            ..95.0 => Level::Warn,
            _ => Level::Fail,
        };
        assert_eq!(level(&finding), expected, "{open}");
        levels.push(expected);
        match File::open("/dev/null") {
            Ok(file) => held.push(file),
            Err(error) => break error,
        }
    };
    assert_eq!(error.raw_os_error(), Some(24), "{error}");
    levels.dedup();
    assert_eq!(levels, [Level::Pass, Level::Warn, Level::Fail]);
    let finding = run_blocking(&check);
    // One that was inherited may have a number beyond the limit, which is what the limit is of.
    let open = reading(&finding, "open_fds");
    assert!((100.0..110.0).contains(&open), "{open}");
    assert_eq!(reason(&finding), format!("{open} of 100 file descriptors are open (RLIMIT_NOFILE)"));
    assert!(fs::read_dir("/proc/self/fd").is_err(), "there is one left");
    held.truncate(50);
    assert_eq!(level(&run_blocking(&check)), Level::Pass);
}

/// Returns a line of the kernel's about us, in bytes.
fn status(key: &str) -> io::Result<f64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line =
        text.lines().find_map(|line| line.strip_prefix(key)).ok_or_else(|| io::Error::other("no line"))?;
    let kilobytes = line.trim().trim_end_matches("kB").trim().parse::<u32>().map_err(io::Error::other)?;
    Ok(f64::from(kilobytes) * 1024.0)
}

/// Reserves address space without ever touching it, up to the limit of a gigabyte.
#[test]
fn address_space_that_runs_out_is_noticed_although_nothing_is_resident() {
    if !is_child("limits::address_space_that_runs_out_is_noticed_although_nothing_is_resident", "-v 1048576")
    {
        return;
    }
    let check = checks::memory("memory", UsageLimits::default());
    let (mut held, mut levels) = (Vec::new(), vec![level(&run_blocking(&check))]);
    loop {
        let mut reserved = Vec::<u8>::new();
        if reserved.try_reserve_exact(16 * MIB).is_err() {
            break;
        }
        held.push(reserved);
        let finding = run_blocking(&check);
        let share = status("VmSize:").unwrap() / 1_073_741_824.0;
        levels.push(level(&finding));
        if level(&finding) != Level::Pass {
            assert_eq!(reading(&finding, "limit_bytes"), 1_073_741_824.0);
            assert!((reading(&finding, "used_ratio") - share).abs() < 0.01, "{finding:?} {share}");
            assert!(
                reason(&finding).ends_with("by the limit of the address space (RLIMIT_AS)"),
                "{finding:?}"
            );
            assert!(reading(&finding, "resident_bytes") < 200e6, "{finding:?}");
        }
    }
    levels.dedup();
    assert_eq!(levels, [Level::Pass, Level::Warn, Level::Fail]);
    drop(held);
    assert_eq!(level(&run_blocking(&check)), Level::Pass);
}

/// Touches what it allocates.
#[test]
fn memory_that_is_used_is_resident() {
    if !is_child("limits::memory_that_is_used_is_resident", "-c 0") {
        return;
    }
    let check = checks::memory("memory", UsageLimits::default());
    let before = run_blocking(&check);
    let used = std::hint::black_box(vec![7_u8; 200 * MIB]);
    let after = run_blocking(&check);
    let grown = reading(&after, "resident_bytes") - reading(&before, "resident_bytes");
    assert!((190e6..260e6).contains(&grown), "{grown}");
    let resident = status("VmRSS:").unwrap();
    assert!((reading(&after, "resident_bytes") - resident).abs() < 20e6, "{after:?} {resident}");
    drop(used);
    assert!(reading(&run_blocking(&check), "resident_bytes") < resident - 150e6);
    // Limits that this process is beyond already, whichever of them decides here.
    let ratio = reading(&after, "used_ratio");
    let tight = run_blocking(&checks::memory("tight", UsageLimits::new(ratio / 1e6, ratio / 1e5)));
    assert_eq!(level(&tight), Level::Fail);
    let whose = ["the memory of the machine", "/memory.max", "/memory.limit_in_bytes", "(RLIMIT_AS)"];
    let whose = whose.iter().position(|whose| reason(&tight).ends_with(whose)).expect("a limit is named");
    if whose < 3 {
        assert_eq!(ratio, reading(&after, "resident_bytes") / reading(&after, "limit_bytes"));
    }
}
