//! Whether a pool still hands out connections that work, and how long one waits for it.

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use slo_core::{Check, Finding, Report};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Who waits longer for a connection notices it.
const SLOW: Duration = Duration::from_millis(500);

/// Checks that `acquire` succeeds: takes a connection from the service's own pool and asks something over it.
///
/// Any pool and any driver will do, since it is your code that runs. It warns where it has taken longer than half a second,
/// see [`pool_within`], and fails with the error, or where it takes longer than the check's
/// [timeout](Check::timeout), which is two seconds unless changed: a pool that is exhausted, or a server that hangs. The reading
/// is `acquire_seconds`, also of a failure.
///
/// Where it is called within a runtime of tokio it runs there, as connections belong to the runtime that made them. So a
/// runtime that is stalled shows as well. Elsewhere it runs beside the checks.
///
/// A database is shared: every process would be withdrawn with it, so the check gates nothing unless told to.
///
/// ```
/// # use std::sync::Arc;
/// # use slo_tower::{SloRegistry, checks};
/// # struct Connection;
/// # impl Connection {
/// #     async fn execute(&self, _: &str) -> Result<u64, std::io::Error> { Ok(1) }
/// # }
/// # struct Pool;
/// # impl Pool {
/// #     async fn get(&self) -> Result<Connection, std::io::Error> { Ok(Connection) }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let pool = Arc::new(Pool);
/// let connections = pool.clone(); // of sqlx, deadpool, bb8 …
/// let database = checks::pool("database", move || {
///     let connections = connections.clone();
///     async move { connections.get().await?.execute("SELECT 1").await.map(drop) }
/// });
/// let slos = SloRegistry::builder("shop").check(database).build()?;
/// # let _ = slos;
/// # Ok(())
/// # }
/// ```
pub fn pool<F, R>(name: impl Into<String>, acquire: impl Fn() -> F + Send + Sync + 'static) -> Check
where
    F: Future<Output = R> + Send + 'static,
    R: Into<Finding>,
{
    pool_within(name, SLOW, acquire)
}

/// The same as [`pool`], but warns from `slow_after` on.
///
/// A check is refused if that is zero. More than its timeout never warns: what takes so long has failed.
///
/// ```
/// use slo_tower::checks;
/// use std::time::Duration;
/// // Within a data centre a tenth of a second is long.
/// let ping = || async { Ok::<(), std::io::Error>(()) };
/// let cache = checks::pool_within("cache", Duration::from_millis(100), ping);
/// assert!(cache.fault().is_none());
/// ```
pub fn pool_within<F, R>(
    name: impl Into<String>,
    slow_after: Duration,
    acquire: impl Fn() -> F + Send + Sync + 'static,
) -> Check
where
    F: Future<Output = R> + Send + 'static,
    R: Into<Finding>,
{
    let (acquire, runtime) = (Arc::new(acquire), Handle::try_current().ok());
    let check = Check::new(name, move || {
        let (acquire, runtime) = (Arc::clone(&acquire), runtime.clone());
        let run = async move {
            let start = Instant::now();
            let finding = acquire().await.into();
            judge(finding, start.elapsed(), slow_after)
        };
        async move {
            match runtime {
                Some(runtime) => run_on(&runtime, run).await,
                None => run.await,
            }
        }
    });
    if slow_after.is_zero() {
        return check.refused("it warns of everything that takes longer than nothing: write a longer time");
    }
    check
}

/// Runs it there; it ends with whoever waits for it.
async fn run_on(runtime: &Handle, run: impl Future<Output = Finding> + Send + 'static) -> Finding {
    let mut tasks = JoinSet::new();
    tasks.spawn_on(run, runtime);
    match tasks.join_next().await {
        Some(Ok(finding)) => finding,
        Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
        Some(Err(_)) | None => Report::Fail("the runtime on which it was made has ended".to_owned()).into(),
    }
}

fn judge(finding: Finding, took: Duration, slow_after: Duration) -> Finding {
    let seconds = took.as_secs_f64();
    let finding = finding.with("acquire_seconds", seconds);
    if took < slow_after || finding.report() != &Report::Pass {
        return finding;
    }
    let slow =
        Report::Warn(format!("took {seconds:.3} s, which is {:.3} s or more", slow_after.as_secs_f64()));
    let readings = finding.readings().iter();
    readings.fold(slow.into(), |finding, reading| finding.with(reading.name, reading.value))
}

#[cfg(test)]
mod tests {
    use slo_core::Level;

    use super::*;

    #[test]
    fn what_takes_long_is_worth_a_look_and_what_has_failed_has_failed() {
        let (second, millisecond) = (Duration::from_secs(1), Duration::from_millis(1));
        let warning = || Report::Warn("one of two replicas".to_owned());
        let failure = || Report::Fail("refused".to_owned());
        for (report, took, level, reason) in [
            (Report::Pass, Duration::ZERO, Level::Pass, None),
            (Report::Pass, second - millisecond, Level::Pass, None),
            (Report::Pass, second, Level::Warn, Some("took 1.000 s, which is 1.000 s or more")),
            (warning(), 2 * second, Level::Warn, Some("one of two replicas")),
            (failure(), millisecond, Level::Fail, Some("refused")),
            (failure(), 2 * second, Level::Fail, Some("refused")),
        ] {
            let finding = judge(Finding::from(report).with("replicas", 1.0), took, second);
            assert_eq!((finding.report().level(), finding.report().reason()), (level, reason));
            let readings: Vec<_> =
                finding.readings().iter().map(|reading| (reading.name, reading.value)).collect();
            assert_eq!(readings, [("replicas", 1.0), ("acquire_seconds", took.as_secs_f64())]);
        }
        assert!(pool_within("x", Duration::ZERO, || async { Report::Pass }).fault().is_some());
    }
}
