//! Whether the process can still open files and accept connections.
//!
//! What must never happen: the check itself needs a descriptor, and learns of nothing once they are gone.

use std::fs;
use std::io;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};
use slo_core::{Check, Finding, Report};

use super::usage::UsageLimits;

/// What the kernel shows of our own descriptors.
const DESCRIPTORS: &str = "/proc/self/fd";

/// Checks how many of the file descriptors that it may have the process has open: files, sockets, pipes, timers.
///
/// The readings are `open_fds` and `max_fds`, which is the soft limit of `RLIMIT_NOFILE`. The check is of the process itself
/// and may gate its liveness: descriptors that leak come back with a restart. Where they cannot be counted it warns.
///
/// ```
/// use slo_tower::SloRegistry;
/// use slo_tower::checks::{self, UsageLimits};
///
/// // Warns at 80 % of the limit, fails at 95 %.
/// let check = checks::file_descriptors("file-descriptors", UsageLimits::default());
/// let slos = SloRegistry::builder("shop").check(check).build()?;
/// # let _ = slos;
/// # Ok::<(), slo_tower::BuildError>(())
/// ```
pub fn file_descriptors(name: impl Into<String>, limits: UsageLimits) -> Check {
    limits.allow(Check::in_process(name, move || {
        let most = getrlimit(Resource::Nofile).current;
        match open(most) {
            Ok(open) => judge(open, most, limits),
            // Nobody is to be restarted because a number cannot be read.
            Err(error) => Report::Warn(format!("cannot be counted: {DESCRIPTORS}: {error}")).into(),
        }
    }))
}

fn judge(open: u64, most: Option<u64>, limits: UsageLimits) -> Finding {
    let Some(most) = most else {
        return Finding::from(Report::Pass).with("open_fds", open as f64);
    };
    let say = || format!("{open} of {most} file descriptors are open (RLIMIT_NOFILE)");
    Finding::from(limits.judge(open as f64 / most as f64, say))
        .with("open_fds", open as f64)
        .with("max_fds", most as f64)
}

/// Returns how many descriptors are open, of `most`.
fn open(most: Option<u64>) -> io::Result<u64> {
    // Linux 6.2 and later say it without being asked for each of them, which takes no descriptor.
    let counted = fs::metadata(DESCRIPTORS)?.len();
    if counted > 0 { Ok(counted) } else { count(most) }
}

fn count(most: Option<u64>) -> io::Result<u64> {
    match fs::read_dir(DESCRIPTORS) {
        // The listing has one itself.
        Ok(each) => Ok((each.count() as u64).saturating_sub(1)),
        Err(error) if Errno::from_io_error(&error) == Some(Errno::MFILE) => most.ok_or(error),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use slo_core::Level;

    use super::*;

    #[test]
    fn use_is_judged_against_the_soft_limit() {
        for (open, most, level, reason) in [
            (79, Some(100), Level::Pass, None),
            (80, Some(100), Level::Warn, Some("80 of 100 file descriptors are open (RLIMIT_NOFILE)")),
            (95, Some(100), Level::Fail, Some("95 of 100 file descriptors are open (RLIMIT_NOFILE)")),
            // The limit was lowered below what was open.
            (100, Some(50), Level::Fail, Some("100 of 50 file descriptors are open (RLIMIT_NOFILE)")),
            (5, Some(0), Level::Fail, Some("5 of 0 file descriptors are open (RLIMIT_NOFILE)")),
            (1_000_000, None, Level::Pass, None),
        ] {
            let finding = judge(open, most, UsageLimits::default());
            assert_eq!((finding.report().level(), finding.report().reason()), (level, reason));
            assert_eq!(finding.readings().len(), if most.is_some() { 2 } else { 1 });
        }
    }

    /// The listing is what older kernels are asked. Other tests of this process open files meanwhile, but not always.
    #[test]
    fn both_ways_to_count_agree() {
        let agree = || count(None).is_ok_and(|counted| open(None).is_ok_and(|open| open == counted));
        assert!((0..1_000).any(|_| agree()), "{:?} {:?}", count(None), open(None));
    }
}
