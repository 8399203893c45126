//! How much memory the process has, and how near that is to where it ends.

use std::io;
use std::path::Path;

use slo_core::{Check, Finding, Report};

use super::memory_limits::{Limit, Usage};
use super::shown::{bytes, percent};
use super::usage::UsageLimits;

/// Checks how much memory the process uses of what it may have.
///
/// There are several limits, and the one that is nearest decides and is named: `memory.max` of its control group or one
/// above it (`memory.limit_in_bytes` in the first version), which is that of a container; `RLIMIT_AS`, which limits the address
/// space and not what is resident; and the memory of the machine. They are read anew each time, since containers can be
/// resized. Other processes in the same container are not counted, nor is the page cache, which is given back first.
///
/// The readings are `resident_bytes`, `limit_bytes`, and `used_ratio`, which is the share of the deciding limit. The check is of
/// the process itself and may gate its liveness: what leaks comes back with a restart, in order rather than by a kill. Where
/// it cannot be measured it warns.
///
/// ```
/// use slo_tower::SloRegistry;
/// use slo_tower::checks::{self, UsageLimits};
///
/// // Warns at 80 % of the limit, fails at 95 %.
/// let check = checks::memory("memory", UsageLimits::default());
/// let slos = SloRegistry::builder("shop").check(check).build()?;
/// # let _ = slos;
/// # Ok::<(), slo_tower::BuildError>(())
/// ```
pub fn memory(name: impl Into<String>, limits: UsageLimits) -> Check {
    limits.allow(Check::in_process(name, move || look(Path::new("/"), limits)))
}

/// Looks at the files below `root` in which the kernel says what it knows.
fn look(root: &Path, limits: UsageLimits) -> Finding {
    match measure(root) {
        Ok((usage, limit)) => judge(usage, &limit, limits),
        // Nobody is to be restarted because a number cannot be read.
        Err(error) => Report::Warn(format!("cannot be measured: {error}")).into(),
    }
}

fn measure(root: &Path) -> io::Result<(Usage, Limit)> {
    let usage = Usage::read(root)?;
    let limits = Limit::all(root)?.into_iter();
    let share = |limit: &Limit| limit.share(usage);
    let nearest = limits.max_by(|one, other| share(one).total_cmp(&share(other)));
    Ok((usage, nearest.ok_or_else(|| io::Error::other("there is no limit, not even the machine's memory"))?))
}

fn judge(usage: Usage, limit: &Limit, limits: UsageLimits) -> Finding {
    let share = limit.share(usage);
    let say = || {
        let (used, most) = (bytes(limit.used(usage)), bytes(limit.bytes));
        format!("{used} of {most} used, {}, by {}", percent(share), limit.whose)
    };
    Finding::from(limits.judge(share, say))
        .with("resident_bytes", usage.resident_bytes as f64)
        .with("limit_bytes", limit.bytes as f64)
        .with("used_ratio", share)
}

#[cfg(test)]
mod tests;
