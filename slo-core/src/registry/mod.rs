//! The registry: declarations in, counts and budgets out.
//!
//! Two planes meet here. The data plane ([`Recorder`], [`Attempt`], [`mark`]) counts: no lock, no allocation,
//! no read-modify-write once a route is known, no error. The control plane ([`Registry::tick`],
//! [`Registry::status`]) reads what was counted and never stands in its way.
//! A registry is a value: two in one process share nothing but the declarations they were built from.

#[cfg_attr(not(feature = "prometheus"), path = "not_asking.rs")]
mod asking;
mod attempt;
mod build_error;
mod builder;
mod calls;
mod classify;
mod declare;
mod directory;
mod driver;
mod feeds;
mod fleet_status;
mod gated;
mod goal;
mod grpc;
mod held;
mod hot;
mod incidents;
mod ledger;
mod left_out;
mod listeners;
mod local;
mod maintenance;
mod methods;
mod operation;
mod outcome;
#[cfg_attr(not(feature = "openslo"), path = "no_overrides.rs")]
mod overrides;
mod overrides_status;
mod places;
mod promised;
#[cfg_attr(not(feature = "alertmanager"), path = "not_pushing.rs")]
mod pushing;
mod reading;
mod recorder;
mod route;
mod routes;
#[cfg_attr(not(feature = "store"), path = "no_saver.rs")]
mod saver;
mod scope;
mod series;
mod shard;
mod shared;
mod state;
mod state_status;
mod status;
mod tally;
mod took;
mod unmarked;
mod watched;

use std::sync::{Arc, PoisonError};

pub use self::attempt::Attempt;
pub use self::build_error::BuildError;
pub use self::builder::RegistryBuilder;
pub use self::classify::{Classify, EventOverride, RouteRef};
pub use self::declare::{Declaration, Declared, Subject};
pub use self::fleet_status::FleetStatus;
pub use self::grpc::GrpcCode;
pub use self::maintenance::Maintenance;
pub use self::operation::{InstallError, Operation};
pub use self::outcome::{Outcome, Verdict};
pub use self::overrides_status::OverridesStatus;
pub use self::reading::StatusReader;
pub use self::recorder::Recorder;
pub use self::scope::{Scope, mark};
pub use self::series::SeriesWriter;
pub use self::state_status::{StateFailure, StateStatus};
pub use self::status::{
    BudgetStatus, BudgetUnit, BurnRateStatus, Events, LatencyStatus, PeriodStatus, SloStatus, Status,
};

pub use self::took::Head;

pub(crate) use self::operation::unattributed;
pub(crate) use self::reading::Reading;
pub(crate) use self::route::{Protocol, Route};
pub(crate) use self::routes::Series;
pub(crate) use self::shared::Shared;

use self::directory::RegistryId;
use self::driver::Driver;
use self::saver::LastSave;
use crate::histogram::Histogram;
use crate::sync::{Mutex, MutexGuard};
use crate::time::{Clock, Timestamp};
use crate::worker::Workers;

/// The promises of one service and what became of them. A cheap handle: clones share one registry, which
/// counts for as long as one of them lives.
///
/// ```
/// use slo_core::{Clock, Objective, Outcome, Registry, Sli, Slo, Timestamp, Verdict};
///
/// let slo = Slo::new("billing-availability", Sli::Availability, Objective::parse("99%")?)?.with_operation("billing")?;
/// let registry = Registry::builder("shop").slo(slo).build()?;
/// for run in 0..100 {
///     let attempt = registry.attempt("billing");
///     match run {
///         7 => attempt.finish_as(Outcome::InnerError, Verdict::Bad),
///         _ => attempt.finish_as(Outcome::Completed(0), Verdict::Good),
///     }
/// }
/// let status = registry.status();
/// let billing = status.slo("billing-availability").expect("declared above");
/// assert_eq!((billing.events.good, billing.events.bad), (99, 1));
/// assert_eq!(billing.budget.remaining_ratio, Some(0.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Registry {
    handle: Arc<Handle>,
}

/// What ends with the last handle.
#[derive(Debug)]
struct Handle {
    id: RegistryId,
    shared: Arc<Shared>,
    /// Stopped and joined when dropped; none if the owner ticks by hand.
    _driver: Option<Driver>,
    /// After the driver, so that they are told of the last tick.
    _workers: Workers,
    /// Waited for when dropped, after the driver has stopped; none if nothing is saved.
    _last_save: Option<LastSave>,
}

impl Handle {
    fn new(
        shared: Arc<Shared>,
        driver: Option<Driver>,
        workers: Workers,
        last_save: Option<LastSave>,
    ) -> Self {
        let id = directory::enter(&shared);
        Self { id, shared, _driver: driver, _workers: workers, _last_save: last_save }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        operation::uninstall(self.id);
        directory::leave(self.id);
    }
}

impl Registry {
    /// Starts to collect the promises of a service, beginning with everything `#[slo]` declares in this binary.
    pub fn builder(service: impl Into<String>) -> RegistryBuilder {
        RegistryBuilder::new(service.into())
    }

    fn new(handle: Handle) -> Self {
        Self { handle: Arc::new(handle) }
    }

    /// Makes this registry the one that annotated operations count in when they run outside of any request,
    /// until its last handle goes. Installing it again changes nothing.
    ///
    /// # Errors
    ///
    /// If another registry is installed; it stays.
    pub fn install(&self) -> Result<(), InstallError> {
        operation::install(self.handle.id)
    }

    /// Runs `work` on this thread with annotated operations counting in this registry, whichever is installed.
    /// Code under a recording layer runs like this by itself.
    pub fn scope<R>(&self, work: impl FnOnce() -> R) -> R {
        let _scope = Scope::open(self.recorder());
        work()
    }

    /// Starts one event of an operation that is no request, by its name: the run of a job, the call of a dependency.
    /// Dropped unfinished, it counts as cancelled, or as panicked while the thread panics.
    ///
    /// The name must come from a bounded set, never from what the work is about. An operation has no status: end it
    /// with [`Outcome::of`] its result, or with what else tells success by its kind. Every [`Outcome::Completed`] is
    /// success, also one with a status of 500.
    ///
    /// ```
    /// use slo_core::{Objective, Outcome, Registry, Sli, Slo};
    ///
    /// let slo = Slo::new("job-availability", Sli::Availability, Objective::parse("99%")?)?.with_operation("job")?;
    /// let registry = Registry::builder("worker").slo(slo).build()?;
    /// for input in ["1", "2", "three"] {
    ///     let attempt = registry.attempt("job");
    ///     let result = input.parse::<u64>();
    ///     attempt.finish(Outcome::of(&result));
    /// }
    /// let status = registry.status();
    /// let job = status.slo("job-availability").expect("declared above");
    /// assert_eq!((job.total.good, job.total.bad), (2, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn attempt(&self, operation: &str) -> Attempt {
        self.recorder().operation(operation)
    }

    /// Returns what starts attempts. It keeps the registry alive no longer than its handles do.
    #[must_use]
    pub fn recorder(&self) -> Recorder {
        Recorder { id: self.handle.id }
    }

    /// Takes a sample of all totals, from which the windows are made. A started registry does this by itself.
    /// A `now` before the last tick counts as the last tick.
    ///
    /// Alerts fire and resolve here and nowhere else. Whoever listens to them is told before this returns, on this
    /// thread, or by another thread that is telling already; of a started registry by a thread of its own.
    pub fn tick(&self, now: Timestamp) {
        self.shared().tick(now);
    }

    /// Returns every SLO as it is now.
    #[must_use]
    pub fn status(&self) -> Status {
        let reader = self.read_status();
        let head = reader.head();
        Status { slos: reader.collect(), ..head }
    }

    /// Returns every SLO as it is now, worked out one after the other by whoever takes them.
    #[must_use]
    pub fn read_status(&self) -> StatusReader {
        StatusReader::new(self.clone())
    }

    /// Returns every SLO as it is now, without its routes and their latencies.
    #[cfg(feature = "metrics")]
    pub(crate) fn counted(&self) -> Status {
        let mut reading = Reading::begin(self.shared());
        let slos = std::iter::from_fn(|| reading.next(self.shared())).collect();
        Status { slos, ..reading.head(self.shared()) }
    }

    /// Returns the latencies of a route such as `POST /checkout` or `shop.Shop/Buy`, or of an operation, over all
    /// outcomes; `None` if it is not known.
    #[must_use]
    pub fn latency(&self, route: &str) -> Option<Histogram> {
        let shared = self.shared();
        let wanted = shared.route_called(route)?;
        let mut histogram = Histogram::new(&shared.layout);
        for (index, _) in shared.routes.series().filter(|(_, series)| series.route == wanted) {
            shared.add_latencies(index, &mut histogram);
        }
        Some(histogram)
    }

    /// Returns how long the streams of a route lasted, from their start to their end, whatever they ended like; `None` if
    /// there was none. Their latency, as [`Registry::latency`] has it, ends at the head.
    #[must_use]
    pub fn stream_duration(&self, route: &str) -> Option<Histogram> {
        let shared = self.shared();
        let mut histogram = Histogram::new(&shared.layout);
        let any = shared.for_each_stream_of(shared.route_called(route)?, |cells| {
            histogram.add_cells(cells);
            histogram.add_buckets(cells);
        });
        any.then_some(histogram)
    }

    /// Returns the routes that have a classifier of their own and that no request has matched yet, sorted: mistyped,
    /// perhaps.
    ///
    /// ```
    /// use slo_core::{Outcome, Registry, RouteRef, Verdict};
    ///
    /// let registry = Registry::builder("shop")
    ///     .classify_route("GET /oders", |_: RouteRef<'_>, _: Outcome| Verdict::Good)
    ///     .build()?;
    /// registry.recorder().request("GET", Some("/orders")).finish(Outcome::Completed(200));
    /// assert_eq!(registry.idle_classifiers(), ["GET /oders"]);
    /// # Ok::<(), slo_core::BuildError>(())
    /// ```
    #[must_use]
    pub fn idle_classifiers(&self) -> Vec<String> {
        let mut idle: Vec<_> = self.shared().idle_classifiers().collect();
        idle.sort_unstable();
        idle
    }

    /// Returns the service that promises.
    #[must_use]
    pub fn service(&self) -> &str {
        &self.shared().service
    }

    /// Returns the clock all times come from.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.shared().clock
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.handle.shared
    }
}

/// Locks, also after a panic elsewhere: every guarded state here is valid after every statement.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
