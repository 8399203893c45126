//! The kernel's files as they are in containers and on machines, below directories of ours.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use slo_core::Level;

use super::*;

const MIB: u64 = 1 << 20;
const UNLIMITED: &str = "unlimited";

/// The files below one directory, which is removed with it.
struct Root(PathBuf);

impl Root {
    /// Of a process with 100 MiB resident of 400 MiB of address space, on a machine of 1000 MiB.
    fn new(address_space_max: &str, groups: &str, mounts: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        // Relaxed: a lone number.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let root = Self(std::env::temp_dir().join(format!("slo-memory-{}-{number}", std::process::id())));
        root.write(
            "proc/self/status",
            "Name:\tshop\nVmPeak:\t  409601 kB\nVmSize:\t  409600 kB\nVmRSS:\t  102400 kB\n",
        );
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n";
        let limit =
            format!("Max address space         {address_space_max:<20} unlimited            bytes     \n");
        root.write("proc/self/limits", &format!("{limits}{limit}"));
        root.write("proc/meminfo", "MemTotal:        1024000 kB\nMemFree:          1000 kB\n");
        root.write("proc/self/cgroup", groups);
        root.write("proc/self/mountinfo", mounts);
        root
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.0.join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Returns the limit that decides, in MiB, and whose it is.
    fn nearest(&self) -> (u64, String) {
        let (_, limit) = measure(&self.0).unwrap();
        (limit.bytes / MIB, limit.whose)
    }
}

impl Drop for Root {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

const V2: &str = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
const V1: &str = "34 23 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n\
    35 23 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";

const MACHINE: (u64, &str) = (1_000, "the memory of the machine");
const TOP: (u64, &str) = (150, "the control group's /sys/fs/cgroup/memory.max");

/// Compares the limit that decides, given the group of the process, the mounts, and files below `/sys/fs/cgroup`.
fn check(groups: &str, mounts: &str, files: &[(&str, &str)], (bytes, whose): (u64, &str)) {
    let root = Root::new(UNLIMITED, groups, mounts);
    for (path, text) in files {
        root.write(&format!("sys/fs/cgroup/{path}"), text);
    }
    assert_eq!(root.nearest(), (bytes, whose.to_owned()), "{groups:?} {files:?}");
}

#[test]
fn the_nearest_limit_of_all_groups_above_decides() {
    check("0::/\n", V2, &[], MACHINE);
    check("0::/\n", "", &[], MACHINE);
    check("", V2, &[], MACHINE);
    let (own, above) = ("shop.slice/web.service/memory.max", "shop.slice/memory.max");
    let service = "0::/shop.slice/web.service\n";
    let expected = (200, "the control group's /sys/fs/cgroup/shop.slice/web.service/memory.max");
    check(service, V2, &[(own, "209715200\n"), (above, "max\n")], expected);
    check(service, V2, &[(own, "209715200\n"), (above, "314572800\n")], expected);
    let expected = (200, "the control group's /sys/fs/cgroup/shop.slice/memory.max");
    check(service, V2, &[(own, "314572800\n"), (above, "209715200\n")], expected);
    check(service, V2, &[(own, "max\n"), (above, "209715200\n")], expected);
    // More than there is.
    check("0::/a\n", V2, &[("a/memory.max", "2097152000\n")], MACHINE);
    check("0::/a\n", V2, &[("a/memory.max", "max\n")], MACHINE);
}

#[test]
fn a_container_finds_its_group_wherever_it_is_mounted() {
    let top = [("memory.max", "157286400\n")];
    // With a namespace of its own it sees its group as the root.
    check("0::/\n", V2, &top, TOP);
    // Without, it sees its path from the machine's root, and its group mounted at the top.
    check("0::/docker/4f\n", "29 23 0:26 /docker/4f /sys/fs/cgroup ro - cgroup2 cgroup ro\n", &top, TOP);
    // Moved out of what is mounted.
    check("0::/../other\n", V2, &top, TOP);
    check("0::/other\n", "29 23 0:26 /docker/4f /sys/fs/cgroup ro - cgroup2 cgroup ro\n", &top, TOP);
    // Names of units are escaped, and once more where they are mounted.
    let mount = "29 23 0:26 /pods/a\\134x2db /sys/fs/cgroup ro shared:1 - cgroup2 cgroup ro\n";
    check("0::/pods/a\\x2db\n", mount, &top, TOP);
    let below = [("c/memory.max", "157286400\n")];
    check("0::/pods/a\\x2db/c\n", mount, &below, (150, "the control group's /sys/fs/cgroup/c/memory.max"));
}

#[test]
fn the_first_version_is_known_with_the_second_one_beside_it() {
    let groups = "9:cpu,cpuacct:/elsewhere\n4:memory:/pods/web\n0::/init.scope\n";
    let (own, top) = ("memory/pods/web/memory.limit_in_bytes", "memory/memory.limit_in_bytes");
    let (limited, unlimited) = ("209715200\n", "9223372036854771712\n");
    let expected = (200, "the control group's /sys/fs/cgroup/memory/pods/web/memory.limit_in_bytes");
    let elsewhere = ("cpu/elsewhere/memory.limit_in_bytes", "1\n");
    check(groups, V1, &[(own, limited), (top, unlimited), elsewhere], expected);
    let expected = (200, "the control group's /sys/fs/cgroup/memory/memory.limit_in_bytes");
    check(groups, V1, &[(own, unlimited), (top, limited)], expected);
    check(groups, V1, &[(own, unlimited), (top, unlimited)], MACHINE);
}

/// 400 MiB of address space, 100 MiB of them resident, of a group that may have 200.
#[test]
fn the_address_space_is_compared_with_its_own_limit() {
    for (address_space_max, expected) in [
        ("unlimited", (200, "the control group's /sys/fs/cgroup/a/memory.max")),
        // 400 of 801 are less than 100 of 200, which are less than 400 of 799.
        ("839909376", (200, "the control group's /sys/fs/cgroup/a/memory.max")),
        ("837812224", (799, "the limit of the address space (RLIMIT_AS)")),
    ] {
        let root = Root::new(address_space_max, "0::/a\n", V2);
        root.write("sys/fs/cgroup/a/memory.max", "209715200");
        assert_eq!(root.nearest(), (expected.0, expected.1.to_owned()), "{address_space_max}");
    }
}

/// 100 MiB resident of each limit.
#[test]
fn what_is_found_names_the_limit_and_its_share() {
    for (bytes, level, reason) in [
        (126 * MIB, Level::Pass, None),
        (
            125 * MIB,
            Level::Warn,
            Some("100 MiB of 125 MiB used, 80%, by the control group's /sys/fs/cgroup/a/memory.max"),
        ),
        (
            106 * MIB,
            Level::Warn,
            Some("100 MiB of 106 MiB used, 94.3%, by the control group's /sys/fs/cgroup/a/memory.max"),
        ),
        (
            105 * MIB,
            Level::Fail,
            Some("100 MiB of 105 MiB used, 95.2%, by the control group's /sys/fs/cgroup/a/memory.max"),
        ),
        (
            0,
            Level::Fail,
            Some("100 MiB of 0 B used, inf%, by the control group's /sys/fs/cgroup/a/memory.max"),
        ),
    ] {
        let root = Root::new(UNLIMITED, "0::/a\n", V2);
        root.write("sys/fs/cgroup/a/memory.max", &format!("{bytes}\n"));
        let finding = look(&root.0, UsageLimits::default());
        assert_eq!((finding.report().level(), finding.report().reason()), (level, reason), "{bytes}");
        let readings: Vec<_> =
            finding.readings().iter().map(|reading| (reading.name, reading.value)).collect();
        assert_eq!(readings[..2], [("resident_bytes", (100 * MIB) as f64), ("limit_bytes", bytes as f64)]);
        assert_eq!(readings.len(), if bytes == 0 { 2 } else { 3 });
    }
}

#[test]
fn what_cannot_be_read_is_said_and_restarts_nobody() {
    let root = Root::new(UNLIMITED, "0::/a\n", V2);
    fs::remove_file(root.0.join("proc/self/status")).unwrap();
    let finding = look(&root.0, UsageLimits::default());
    assert_eq!(finding.report().level(), Level::Warn);
    assert!(
        finding.report().reason().unwrap().starts_with("cannot be measured: /proc/self/status: No such file")
    );
    root.write("proc/self/status", "Name:\tkernel thread\n");
    let finding = look(&root.0, UsageLimits::default());
    assert_eq!(finding.report().reason(), Some("cannot be measured: /proc/self/status has no VmRSS:"));
}

/// Of this very process, on this machine.
#[test]
fn the_files_of_this_kernel_can_be_read() {
    let (usage, limit) = measure(Path::new("/")).unwrap();
    assert!(usage.resident_bytes > MIB, "{usage:?}");
    let share = limit.share(usage);
    assert!(share > 0.0 && share < 1.0, "{usage:?} of {limit:?}");
}

/// Whoever plugs in a disk may call it as he likes.
#[test]
fn a_mount_whose_name_is_no_text_hides_no_limit() {
    let root = Root::new(UNLIMITED, "0::/\n", "");
    let disk = b"40 23 8:1 / /media/caf\xe9 rw - vfat /dev/sdb1 rw\n".as_slice();
    fs::write(root.0.join("proc/self/mountinfo"), [disk, V2.as_bytes()].concat()).unwrap();
    root.write("sys/fs/cgroup/memory.max", &(150 * MIB).to_string());
    assert_eq!(root.nearest(), (TOP.0, TOP.1.to_owned()));
}
