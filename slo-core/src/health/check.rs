//! A check: a name, something to run, and its rules.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::finding::Finding;
use super::rules::{CheckRules, Gate, is_absurd};

/// A run of a check that waits.
pub type CheckRun = Pin<Box<dyn Future<Output = Finding> + Send>>;

/// What a check runs.
#[derive(Clone)]
pub enum Probe {
    /// Something that waits without blocking a thread.
    Waiting(Arc<dyn Fn() -> CheckRun + Send + Sync>),
    /// Something that blocks its thread.
    Blocking(Arc<dyn Fn() -> Finding + Send + Sync>),
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting(_) => "Waiting",
            Self::Blocking(_) => "Blocking",
        })
    }
}

/// Something that says whether a part of the service, or something it needs, is well.
///
/// Unless told otherwise a check is about something outside of the process and decides nothing: it is reported. What many
/// processes share must not make all of them unready at once, let alone restart them.
///
/// ```
/// use slo_core::{Check, Gate};
/// use std::time::Duration;
/// let ping = || async { Ok::<(), std::io::Error>(()) };
/// let reported = Check::new("database", ping);
/// let gating = Check::new("cache-warm", ping).gates_startup().timeout(Duration::from_secs(5));
/// assert_eq!([reported.rules().gate(), gating.rules().gate()], [Gate::Informational, Gate::Startup]);
/// // A restart heals no database: this needs a worse name, or a check of the process itself.
/// assert!(reported.gates_liveness().fault().is_some());
/// let loop_runs = Check::in_process("worker-loop", || Ok::<(), std::io::Error>(())).gates_liveness();
/// assert!(loop_runs.fault().is_none());
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Check {
    name: String,
    probe: Probe,
    rules: CheckRules,
    is_in_process: bool,
    fault: Option<CheckError>,
}

impl Check {
    const NAME_BYTES_MAX: usize = 60;

    /// A check that waits without blocking: a query, a call. What it returns is a `Result`, a [`Report`](super::Report), or
    /// a [`Finding`] with numbers.
    pub fn new<F, R>(name: impl Into<String>, probe: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = R> + Send + 'static,
        R: Into<Finding>,
    {
        let probe = move || -> CheckRun {
            let run = probe();
            Box::pin(async move { run.await.into() })
        };
        Self::of(name.into(), Probe::Waiting(Arc::new(probe)), false)
    }

    /// A check that blocks its thread: of a file, by a library that knows no futures. Each run has a thread of its own.
    pub fn blocking<R: Into<Finding>>(
        name: impl Into<String>,
        probe: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        Self::of(name.into(), Probe::Blocking(Arc::new(move || probe().into())), false)
    }

    /// A check of the process itself, which looks at nothing outside of it: a heartbeat, a queue's length. Only such a
    /// check may gate liveness.
    pub fn in_process<R: Into<Finding>>(
        name: impl Into<String>,
        probe: impl Fn() -> R + Send + Sync + 'static,
    ) -> Self {
        Self::of(name.into(), Probe::Blocking(Arc::new(move || probe().into())), true)
    }

    fn of(name: String, probe: Probe, is_in_process: bool) -> Self {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let is_plain = (1..=Self::NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain);
        let fault = (!is_plain).then(|| CheckError::Name { name: name.clone() });
        Self { name, probe, rules: CheckRules::default(), is_in_process, fault }
    }

    /// Asks until it has passed once; the process is not ready before.
    pub fn gates_startup(mut self) -> Self {
        self.rules.gate = Gate::Startup;
        self
    }

    /// Takes the process out of service while it fails. Only for what this process alone can lose: if all of them lose it,
    /// none is left.
    pub fn gates_readiness(mut self) -> Self {
        self.rules.gate = Gate::Readiness;
        self
    }

    /// Has the process restarted while it fails. Only for a check made by [`Check::in_process`].
    pub fn gates_liveness(mut self) -> Self {
        if !self.is_in_process {
            self.note(CheckError::LivenessOutside { name: self.name.clone() });
        }
        self.rules.gate = Gate::Liveness;
        self
    }

    /// Has the process restarted while something outside of it fails: a restart that helps nobody, at all processes at
    /// once. Where one really does help, this is how to say so.
    pub fn gates_liveness_although_outside_the_process(mut self) -> Self {
        self.rules.gate = Gate::Liveness;
        self
    }

    /// Only warns where it fails.
    pub fn warns_only(mut self) -> Self {
        self.rules.is_critical = false;
        self
    }

    /// Runs this often: every ten seconds unless changed.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.limit("interval", interval);
        self.rules.interval = interval;
        self
    }

    /// Runs this often while it fails: half as often unless changed.
    pub fn failing_interval(mut self, interval: Duration) -> Self {
        self.limit("failing interval", interval);
        self.rules.failing_interval = Some(interval);
        self
    }

    /// Spreads runs by this share of the interval to either side: 0.1 unless changed, at most 0.5.
    pub fn jitter(mut self, share: f64) -> Self {
        if !(0.0..=0.5).contains(&share) {
            self.note(CheckError::Jitter { name: self.name.clone(), share });
        }
        self.rules.jitter = if share.is_finite() { share.clamp(0.0, 0.5) } else { 0.0 };
        self
    }

    /// Gives a run up after so long: two seconds unless changed. A run that blocks goes on nevertheless; until it ends there is
    /// no other.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limit("timeout", timeout);
        self.rules.timeout = timeout;
        self
    }

    /// Runs for the first time after so long.
    pub fn initial_delay(mut self, delay: Duration) -> Self {
        if is_absurd(delay) {
            self.note(CheckError::Duration { name: self.name.clone(), what: "initial delay" });
        }
        self.rules.initial_delay = delay;
        self
    }

    /// Fails after so many failures in a row: three unless changed. The very first result counts at once.
    pub fn fail_after(mut self, failures: u32) -> Self {
        self.rules.fail_after = failures.max(1);
        self
    }

    /// Passes again after so many successes in a row: one unless changed.
    pub fn pass_after(mut self, successes: u32) -> Self {
        self.rules.pass_after = successes.max(1);
        self
    }

    /// Fails only where it has failed for so long without a success, besides [`Check::fail_after`].
    pub fn fail_for(mut self, duration: Duration) -> Self {
        if is_absurd(duration) {
            self.note(CheckError::Duration { name: self.name.clone(), what: "time to fail" });
        }
        self.rules.fail_for = duration;
        self
    }

    /// Is unknown where it has not reported for so long: three intervals and a timeout unless changed.
    pub fn stale_after(mut self, silence: Duration) -> Self {
        self.limit("time to be stale", silence);
        self.rules.stale_after = Some(silence);
        self
    }

    /// Refuses the check, for a reason that says what to write instead: for functions that make checks of what they are given.
    ///
    /// ```
    /// use slo_core::{Check, Report};
    /// fn queue(name: &str, length_max: u32) -> Check {
    ///     let check = Check::in_process(name, || Report::Pass);
    ///     if length_max == 0 { check.refused("a queue of no length is always full: allow one entry") } else { check }
    /// }
    /// assert!(queue("jobs", 100).fault().is_none());
    /// let fault = queue("jobs", 0).fault().map(ToString::to_string);
    /// assert_eq!(fault.as_deref(), Some("check jobs: a queue of no length is always full: allow one entry"));
    /// ```
    pub fn refused(mut self, why: impl Into<String>) -> Self {
        self.note(CheckError::Refused { name: self.name.clone(), why: why.into() });
        self
    }

    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns when it runs and what its results mean.
    #[must_use]
    pub const fn rules(&self) -> &CheckRules {
        &self.rules
    }

    /// Returns what it runs.
    #[must_use]
    pub const fn probe(&self) -> &Probe {
        &self.probe
    }

    /// Returns the first thing that is wrong with it, if anything: whoever takes the check refuses it for that.
    #[must_use]
    pub const fn fault(&self) -> Option<&CheckError> {
        self.fault.as_ref()
    }

    fn limit(&mut self, what: &'static str, duration: Duration) {
        if duration.is_zero() || is_absurd(duration) {
            self.note(CheckError::Duration { name: self.name.clone(), what });
        }
    }

    fn note(&mut self, fault: CheckError) {
        self.fault.get_or_insert(fault);
    }
}

/// Why a check is refused.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CheckError {
    /// The name is empty, too long, or has other characters than letters, digits, `-`, `_` and `.`.
    Name {
        /// What was given.
        name: String,
    },
    /// Two checks have the same name.
    Twice {
        /// Of the second one.
        name: String,
    },
    /// A check of something outside of the process was to gate liveness.
    LivenessOutside {
        /// Of the check.
        name: String,
    },
    /// A duration is zero, or longer than a day.
    Duration {
        /// Of the check.
        name: String,
        /// Which duration.
        what: &'static str,
    },
    /// A jitter beyond half of the interval.
    Jitter {
        /// Of the check.
        name: String,
        /// What was given.
        share: f64,
    },
    /// Whoever made the check was given something that makes no sense.
    Refused {
        /// Of the check.
        name: String,
        /// What, and what to write instead.
        why: String,
    },
    /// There are more checks than anybody looks at.
    TooMany {
        /// How many there may be.
        most: usize,
    },
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { name } => write!(
                f,
                "check name {name:?} is no name: write 1 to {} letters, digits, '-', '_' and '.'",
                Check::NAME_BYTES_MAX
            ),
            Self::Twice { name } => write!(f, "two checks are called {name}: rename one of them"),
            Self::LivenessOutside { name } => write!(
                f,
                "check {name} looks outside of the process, which a restart does not heal: make it gate readiness or \
                 nothing, or check the process itself with `Check::in_process`"
            ),
            Self::Duration { name, what } => {
                write!(f, "check {name}: the {what} is zero or longer than a day: write one between")
            }
            Self::Jitter { name, share } => {
                write!(f, "check {name}: a jitter of {share} is not between 0 and 0.5")
            }
            Self::Refused { name, why } => write!(f, "check {name}: {why}"),
            Self::TooMany { most } => write!(f, "there are more than {most} checks: join some of them"),
        }
    }
}

impl std::error::Error for CheckError {}
