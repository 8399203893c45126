//! Why declarations make no registry, and where to look.

use std::fmt;
use std::io;
use std::panic::Location;
use std::path::PathBuf;
use std::time::Duration;

use crate::gate::GateError;
use crate::health::CheckError;
use crate::histogram::Layout;
use crate::objective::{Objective, ObjectiveError, Slo, TimeSlices, Window, format_duration};
use crate::openslo::OpenSloError;
use crate::time::nanos;
use crate::window::CalendarError;

/// Why a registry could not be built.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// The service has no name.
    ServiceName,
    /// The interval between ticks is zero.
    TickInterval,
    /// Two SLOs have the same name.
    DuplicateSlo {
        /// The name.
        name: String,
        /// Where the first one is.
        first: &'static Location<'static>,
        /// Where the second one is.
        second: &'static Location<'static>,
    },
    /// A declaration is not valid.
    Invalid {
        /// What is wrong.
        error: ObjectiveError,
        /// Where it is.
        location: &'static Location<'static>,
    },
    /// A route has two classifiers.
    DuplicateClassifier {
        /// The route.
        route: String,
        /// Where the first one is.
        first: &'static Location<'static>,
        /// Where the second one is.
        second: &'static Location<'static>,
    },
    /// An SLO names neither a route nor an operation, so nothing would ever count for it.
    NoEvents {
        /// The name.
        name: String,
        /// Where it is.
        location: &'static Location<'static>,
    },
    /// An alert row was chosen that not even a total outage would fire.
    DeadAlertRow {
        /// The name.
        name: String,
        /// The objective that is too low for the row.
        objective: Objective,
        /// The burn rate that cannot be reached.
        factor: f64,
        /// Where it is.
        location: &'static Location<'static>,
    },
    /// An alert row of one's own would fire only after the whole budget is gone: windows of short promises are rounded up.
    LateAlertRow {
        /// The name.
        name: String,
        /// The window that is too short for the row.
        window: Window,
        /// The burn rate.
        factor: f64,
        /// Where it is.
        location: &'static Location<'static>,
    },
    /// An alert row was chosen whose short window has no room for two time slices.
    ShortAlertRow {
        /// The name.
        name: String,
        /// The short window.
        short: Duration,
        /// The slices.
        slices: TimeSlices,
        /// Where it is.
        location: &'static Location<'static>,
    },
    /// A calendar window names a time zone that there is not.
    UnknownZone {
        /// The name.
        name: String,
        /// The window.
        window: Window,
        /// The zone that was probably meant.
        near: Option<String>,
        /// Where it is.
        location: &'static Location<'static>,
    },
    /// A calendar window needs the feature `calendar`, which is off.
    CalendarUnsupported {
        /// The name.
        name: String,
        /// The window.
        window: Window,
        /// Where it is.
        location: &'static Location<'static>,
    },
    /// More different latency thresholds than the histograms can have as boundaries.
    TooManyThresholds {
        /// How many different ones there are.
        thresholds: usize,
    },
    /// A check is refused.
    Check(CheckError),
    /// The policy of the release gate is refused.
    Gate(GateError),
    /// The policy on burning budgets names an SLO that there is not.
    UnknownBudget {
        /// What was named.
        name: String,
        /// The SLO that was probably meant.
        near: Option<String>,
    },
    /// The policy on burning budgets warns below a share that is not between 0 and 1.
    BudgetShare {
        /// The SLO.
        name: String,
        /// What was given.
        share: f64,
    },
    /// Probes were to fail with a status that is no error.
    FailureStatus {
        /// The status.
        status: u16,
    },
    /// Another process keeps its state in the directory, or another registry of this one.
    StateInUse {
        /// The directory.
        directory: PathBuf,
    },
    /// There can be no directory on this path.
    StateDirectory {
        /// The path.
        directory: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file that must be obeyed cannot be.
    OpenSlo(OpenSloError),
    /// A thread of the registry could not be started.
    Thread(io::Error),
}

impl BuildError {
    /// Refuses alert rows that were chosen and cannot work.
    pub(super) fn check_alerts(slo: &Slo, location: &'static Location<'static>) -> Result<(), Self> {
        let (name, window) = (slo.name().to_owned(), slo.window());
        if let Some(row) = slo.alerts().dead_row(slo.objective()) {
            let (objective, factor) = (slo.objective(), row.factor());
            return Err(Self::DeadAlertRow { name, objective, factor, location });
        }
        if let Some(row) = slo.alerts().late_row(window) {
            return Err(Self::LateAlertRow { name, window, factor: row.factor(), location });
        }
        let short = |slices| Some((slices, slo.alerts().short_row(window, slices)?));
        match slo.time_slices().and_then(short) {
            Some((slices, row)) => {
                Err(Self::ShortAlertRow { name, short: row.short(window), slices, location })
            }
            None => Ok(()),
        }
    }

    /// Says why an SLO has a window that there is not.
    pub(super) fn of_calendar(slo: &Slo, error: CalendarError, location: &'static Location<'static>) -> Self {
        let (name, window) = (slo.name().to_owned(), slo.window());
        match error {
            CalendarError::UnknownZone { near } => Self::UnknownZone { name, window, near, location },
            CalendarError::Unsupported => Self::CalendarUnsupported { name, window, location },
        }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceName => f.write_str("the service has no name: write builder(\"shop\")"),
            Self::TickInterval => f.write_str("the tick interval is zero: leave it at ten seconds"),
            Self::DuplicateSlo { name, first, second } => {
                write!(f, "SLO {name:?} is declared twice, at {first} and at {second}: give one another name")
            }
            Self::DuplicateClassifier { route, first, second } => {
                write!(f, "route {route:?} has two classifiers, at {first} and at {second}: leave one out")
            }
            Self::Invalid { error, location } => write!(f, "{error}, at {location}"),
            Self::NoEvents { name, location } => {
                write!(f, "SLO {name:?} at {location} counts nothing: give it a route or an operation")
            }
            Self::DeadAlertRow { .. } | Self::LateAlertRow { .. } | Self::ShortAlertRow { .. } => {
                self.of_alerts(f)
            }
            Self::UnknownZone { name, window, near, location } => {
                let zone = window.zone().unwrap_or_default();
                write!(
                    f,
                    "SLO {name:?} at {location} has a window of time zone {zone:?}, which there is not: write "
                )?;
                match near {
                    Some(near) => f.write_str(near),
                    None => f.write_str("a name of the IANA database, such as Europe/Berlin"),
                }
            }
            Self::CalendarUnsupported { name, window, location } => write!(
                f,
                "SLO {name:?} at {location} has a window of a {window}: enable the feature `calendar`, or write a duration \
                 such as 30d"
            ),
            Self::TooManyThresholds { thresholds } => {
                let most = Layout::THRESHOLDS_MAX;
                write!(f, "{thresholds} different latency thresholds: at most {most} fit one registry")
            }
            Self::Check(_)
            | Self::Gate(_)
            | Self::FailureStatus { .. }
            | Self::StateInUse { .. }
            | Self::StateDirectory { .. }
            | Self::OpenSlo(_)
            | Self::Thread(_) => self.of_setting(f),
            Self::UnknownBudget { .. } | Self::BudgetShare { .. } => self.of_budget(f),
        }
    }
}

impl BuildError {
    /// Writes what is wrong with a row of alerts.
    fn of_alerts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeadAlertRow { name, objective, factor, location } => write!(
                f,
                "SLO {name:?} at {location} can never burn {factor} times its budget at {objective}: \
                 promise more, lower the factor, or leave the alerts to the default"
            ),
            Self::LateAlertRow { name, window, factor, location } => write!(
                f,
                "SLO {name:?} at {location} would alert at {factor} times its budget only after all of that is gone, in a \
                 window of {window}: lower the factor, or promise over a longer window"
            ),
            Self::ShortAlertRow { name, short, slices, location } => write!(
                f,
                "SLO {name:?} at {location} would alert over {} in slices of {}, which must be at least two: write shorter \
                 slices, alert over longer windows, or leave the alerts to the default",
                format_duration(nanos(*short)),
                format_duration(nanos(slices.duration())),
            ),
            _ => Ok(()),
        }
    }

    /// Writes what is wrong with the policy on burning budgets.
    fn of_budget(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownBudget { name, near } => {
                write!(f, "the burn policy names an SLO {name:?}, which there is not: write ")?;
                match near {
                    Some(near) => write!(f, "{near:?}"),
                    None => f.write_str("the name of one, or leave it out"),
                }
            }
            Self::BudgetShare { name, share } => write!(
                f,
                "the burn policy warns below {share} of the budget of {name:?}: write a share between 0 and 1, such as 0.25"
            ),
            _ => Ok(()),
        }
    }

    /// Writes what is wrong with something that is set, rather than promised.
    fn of_setting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Check(error) => fmt::Display::fmt(error, f),
            Self::Gate(error) => fmt::Display::fmt(error, f),
            Self::OpenSlo(error) => fmt::Display::fmt(error, f),
            Self::Thread(error) => write!(f, "cannot start a thread of the registry: {error}"),
            Self::FailureStatus { status } => write!(f, "probes cannot fail with {status}: write 400 to 599"),
            Self::StateInUse { directory } => write!(
                f,
                "the state directory {directory:?} is in use by another process or registry: stop that one, or give this \
                 one a directory of its own"
            ),
            Self::StateDirectory { directory, error } => write!(
                f,
                "the state directory {directory:?} cannot be one ({error}): give the path of a directory, which need not \
                 exist yet"
            ),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for BuildError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Invalid { error, .. } => Some(error),
            Self::Check(error) => Some(error),
            Self::Gate(error) => Some(error),
            Self::OpenSlo(error) => Some(error),
            Self::Thread(error) | Self::StateDirectory { error, .. } => Some(error),
            Self::ServiceName
            | Self::TickInterval
            | Self::UnknownBudget { .. }
            | Self::BudgetShare { .. }
            | Self::FailureStatus { .. }
            | Self::DuplicateSlo { .. }
            | Self::DuplicateClassifier { .. }
            | Self::NoEvents { .. }
            | Self::StateInUse { .. }
            | Self::DeadAlertRow { .. }
            | Self::LateAlertRow { .. }
            | Self::ShortAlertRow { .. }
            | Self::UnknownZone { .. }
            | Self::CalendarUnsupported { .. }
            | Self::TooManyThresholds { .. } => None,
        }
    }
}

impl From<GateError> for BuildError {
    fn from(error: GateError) -> Self {
        Self::Gate(error)
    }
}

impl From<CheckError> for BuildError {
    fn from(error: CheckError) -> Self {
        Self::Check(error)
    }
}
