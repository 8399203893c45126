//! Where the memory of a process ends, as the kernel's files have it.
//!
//! A control group is limited by its own limit and by that of each group above it. Which groups those are is said by
//! `/proc/self/cgroup`, and where they can be seen by `/proc/self/mountinfo`: in a container it is usually only
//! the last one, mounted as if it were the root.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// From here on a limit of the first version of control groups is none: it is written as all pages that an `i64` can count.
const NO_LIMIT: u64 = 1 << 62;

/// What the process uses.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    pub(super) resident_bytes: u64,
    /// The address space, used or not.
    virtual_bytes: u64,
}

/// A limit, and where it comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Limit {
    pub(super) bytes: u64,
    pub(super) whose: String,
    is_of_address_space: bool,
}

impl Usage {
    pub(super) fn read(root: &Path) -> io::Result<Self> {
        let status = read(root, "proc/self/status")?;
        let field = |key: &str| {
            kilobytes(&status, key).ok_or_else(|| io::Error::other(format!("/proc/self/status has no {key}")))
        };
        Ok(Self { resident_bytes: field("VmRSS:")?, virtual_bytes: field("VmSize:")? })
    }
}

impl Limit {
    /// Reads all of them.
    pub(super) fn all(root: &Path) -> io::Result<Vec<Self>> {
        let of = |bytes, whose: &str, is_of_address_space| Self {
            bytes,
            whose: whose.to_owned(),
            is_of_address_space,
        };
        let machine = kilobytes(&read(root, "proc/meminfo")?, "MemTotal:");
        let machine = machine.map(|bytes| of(bytes, "the memory of the machine", false));
        let rlimit = address_space(&read(root, "proc/self/limits")?);
        let rlimit = rlimit.map(|bytes| of(bytes, "the limit of the address space (RLIMIT_AS)", true));
        let mut limits: Vec<Self> = machine.into_iter().chain(rlimit).collect();
        for file in limit_files(&read(root, "proc/self/cgroup")?, &read(root, "proc/self/mountinfo")?) {
            if let Some(bytes) = group_limit(&below(root, &file))? {
                limits.push(of(bytes, &format!("the control group's {}", file.display()), false));
            }
        }
        Ok(limits)
    }

    /// Returns how much is used of what it limits.
    pub(super) const fn used(&self, usage: Usage) -> u64 {
        if self.is_of_address_space { usage.virtual_bytes } else { usage.resident_bytes }
    }

    pub(super) fn share(&self, usage: Usage) -> f64 {
        self.used(usage) as f64 / self.bytes as f64
    }
}

/// Returns the soft limit of the address space, unless there is none.
fn address_space(limits: &str) -> Option<u64> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Returns the files that may have a limit: of the group of the process and of each above it that can be seen.
fn limit_files(groups: &str, mounts: &str) -> Vec<PathBuf> {
    let groups: Vec<Group> = groups.lines().filter_map(Group::parse).collect();
    let mut files = Vec::new();
    for mount in mounts.lines().filter_map(Mount::parse) {
        let Some(group) = groups.iter().find(|group| group.is_first_version == mount.is_first_version) else {
            continue;
        };
        let name = if mount.is_first_version { "memory.limit_in_bytes" } else { "memory.max" };
        let own = mount.point.join(mount.path_to(&group.path));
        let above = own.ancestors().take_while(|directory| directory.starts_with(&mount.point));
        files.extend(above.map(|directory| directory.join(name)));
    }
    files
}

/// A group whose memory may be limited.
struct Group {
    is_first_version: bool,
    path: PathBuf,
}

impl Group {
    /// Reads `0::/path`, or `4:memory:/path` of the first version.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.splitn(3, ':').skip(1);
        let controllers = fields.next()?;
        let is_memory = controllers.is_empty() || controllers.split(',').any(|name| name == "memory");
        let path = fields.next()?.into();
        is_memory.then_some(Self { is_first_version: !controllers.is_empty(), path })
    }
}

/// Where groups can be seen.
struct Mount {
    is_first_version: bool,
    /// The group that is seen at its top.
    root: PathBuf,
    point: PathBuf,
}

impl Mount {
    /// Reads `36 25 0:31 /root /point options - type source options`.
    fn parse(line: &str) -> Option<Self> {
        let (place, kind) = line.split_once(" - ")?;
        let mut kind = kind.split(' ');
        let is_first_version = match kind.next()? {
            "cgroup2" => false,
            "cgroup" if kind.nth(1)?.split(',').any(|option| option == "memory") => true,
            _ => return None,
        };
        let mut place = place.split(' ').skip(3).map(unescape);
        Some(Self { is_first_version, root: place.next()?.into(), point: place.next()?.into() })
    }

    /// Returns the way from the mount point to a group. One that lies elsewhere is not seen, but the top is above it.
    fn path_to<'g>(&self, group: &'g Path) -> &'g Path {
        let inside = group.strip_prefix(&self.root).unwrap_or(Path::new(""));
        let is_plain = inside.components().all(|component| matches!(component, Component::Normal(_)));
        if is_plain { inside } else { Path::new("") }
    }
}

/// Undoes what the kernel does to spaces and backslashes: `\040`.
fn unescape(field: &str) -> String {
    let mut parts = field.split('\\');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match code {
            Some(code) => text.extend([char::from(code).to_string().as_str(), &part[3..]]),
            None => text.extend(["\\", part]),
        }
    }
    text
}

/// Reads a limit of a group; `None` where it has none, as the topmost one.
fn group_limit(file: &Path) -> io::Result<Option<u64>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text.trim().parse().ok().filter(|bytes| *bytes < NO_LIMIT)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns a field such as `VmRSS:    1234 kB` in bytes.
fn kilobytes(text: &str, key: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix(key))?;
    value
        .trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kilobytes| kilobytes.saturating_mul(1024))
}

fn read(root: &Path, path: &str) -> io::Result<String> {
    // A directory where something is mounted may have any name: one that is no text is not ours, and no reason to fail.
    let text = fs::read(root.join(path)).map(|text| String::from_utf8_lossy(&text).into_owned());
    text.map_err(|error| io::Error::new(error.kind(), format!("/{path}: {error}")))
}

fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}
