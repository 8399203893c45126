//! Live error budgets for axum and tower services: annotate handlers with what they promise, add one layer.
//!
//! ```
//! use axum::{Router, routing::get};
//! use slo_tower::{SloRegistry, slo};
//!
//! #[slo(availability = 99.9%, latency = 99% < 250ms)]
//! async fn hello() -> &'static str {
//!     "hello"
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let slos = SloRegistry::builder("greeter").start()?; // finds every #[slo]
//! let app: Router = Router::new()
//!     .route("/hello", get(hello))
//!     .layer(slos.layer()) // measures every request, exactly once
//!     .merge(slos.routes()); // /metrics, /slo, /livez, /readyz and /startupz
//! # Ok(())
//! # }
//! ```
//!
//! From then on the process itself knows how much error budget is left and how fast it burns: over HTTP at
//! `/slo` and `/metrics`, in code through [`Registry::status`].
//!
//! # Where to look
//!
//! | for | see |
//! |---|---|
//! | what a handler can promise | [`macro@slo`], [`Sli`], [`Objective`], [`Window`], [`TimeSlices`] |
//! | promises without annotations | [`Slo`], [`ObjectiveClass`], [`SloRegistryBuilder::slo`] |
//! | which requests are good | [`HttpClassifier`], [`Classify`], [`Outcome`], [`Sli`] |
//! | requests that are none | [`SloRegistryBuilder::leave_out`], [`SloRegistryBuilder::count_probes`], [`SloRegistryBuilder::exclude`] |
//! | times in which nothing counts | [`Registry::maintenance`] |
//! | what one handler knows better | [`EventOverride`] |
//! | gRPC, with tonic or without | [`SloRegistry::layer_grpc`], [`GrpcClassifier`], [`GrpcCode`] |
//! | answers in a service's stead | [`Cause`], [`answer_error`] |
//! | services other than axum | [`SloRegistry::layer_for`], [`SloRegistry::layer_with`], [`MetricsService`], [`StatusService`], [`IncidentsService`] |
//! | alerts: when, and who is told | [`AlertPolicy`], [`Slo::with_alerts`], [`SloRegistryBuilder::on_alert`] |
//! | whether the service is well | [`Check`], [`SloRegistryBuilder::check`], [`Health`], [`BurnPolicy`] |
//! | ready-made checks | [`checks`] |
//! | whether the runtime stands still | [`SloRegistryBuilder::stall_after`], [`SloRegistryBuilder::watch_runtime`], [`RuntimeStatus`] |
//! | what probes say, and to whom | [`ProbeSettings`], [`SloRegistry::readyz_service`], [`SloRegistryBuilder::self_probe`] |
//! | many processes watched as one | `Registry::generate`, `SloRegistry::rules_service`, `SloRegistry::dashboards_service` |
//! | what happened while an SLO alerted | [`Registry::incidents`], [`IncidentReport`], [`IncidentReport::to_markdown`] |
//! | what a policy would make of an incident | [`simulate`](fn@simulate) |
//! | whether to release now | [`GatePolicy`], [`SloRegistryBuilder::gate`], [`SloRegistry::gate`] |
//! | how a service ends | `SloRegistry::drain_on_signal`, [`SloRegistry::serve_until_drained`], [`SloRegistry::layer_drain`] |
//! | the numbers in code | [`Registry::status`], [`Status`], [`Histogram`] |
//! | what operators change without a build | `SloRegistryBuilder::openslo_file`, `Registry::openslo`, [`OpenSloError`] |
//! | what survives restarts and crashes | `SloRegistryBuilder::state_dir`, [`StateStatus`] |
//! | native histograms | the feature `protobuf`: `Registry::protobuf_exposition` |
//! | functions that are no handlers | [`macro@slo`] with `operation`, [`SloRegistry::installed`] |
//! | jobs, and clients of other services | [`SloRegistry::layer_operations`], [`Registry::attempt`] |
//! | durations you measure yourself | [`SeriesWriter`] |
//!
//! # In which order
//!
//! Add our layer last, so that it lies over the others: then it counts what clients get. Under another layer it counts
//! what the handler does, and of what that layer answers by itself it learns nothing.
//!
//! | the other layer | ours over it | ours under it |
//! |---|---|---|
//! | `Trace` | the same | the same |
//! | `Timeout` of tower-http | its answer: 504 is bad, 408 is good | cancelled: counts only if already too slow |
//! | `Timeout` of tower | a time-out, bad, whether it fails or [`answer_error`] answers | cancelled, as above |
//! | `CatchPanic` | 500 | panic |
//! | `Cors` | preflights are requests too | without preflights |
//! | `Compression` | a stream: latency ends at the head | as it was before compression |
//! | `RequestBodyLimit` | 413 | 413, but not if the announced length is too large: then nothing |
//! | `ConcurrencyLimit` in axum | waiting is latency | waiting is not |
//! | `buffer` | who leaves the queue has cancelled | who leaves the queue was never there |
//! | `LoadShed` | shed, bad, whether it fails or [`answer_error`] answers | what is shed is not counted |
//!
//! # Features
//!
//! * `axum` (default): [`SloRegistry::layer`], `SloRegistry::around` and `SloRegistry::routes` for axum's router.
//! * `tonic`: a single service that [`SloRegistry::layer_grpc`] records can be added to tonic's server by itself, and
//!   `SloRegistry::grpc_health` answers `grpc.health.v1`.
//! * `signal` (default): `SloRegistry::drain_on_signal`.
//! * `systemd`: `SloRegistryBuilder::notify_systemd`, on unix.
//! * `calendar`: weeks, months and quarters as windows, in any time zone; these are compiled in.
//! * `generate`: [`Registry`]`::generate` writes rules of Prometheus and dashboards of Grafana for all SLOs, and `/slo/rules.yaml` and
//!   `/slo/dashboard.json` answer with them.
//! * `gzip` (default): compresses `/metrics` for scrapers that ask for it.
//! * `store` (default): `SloRegistryBuilder::state_dir` keeps what is counted over restarts and crashes.
//! * `tracing` (default): says in the log which alerts fire and resolve, in events of the target `slo::alert`, what becomes
//!   of the saved state, in those of `slo::state`, and how the health changes, in those of `slo::health`.
//! * `alertmanager`: pushes alerts to an Alertmanager, `SloRegistryBuilder::alertmanager`.
//! * `prometheus`: restores what a restart forgot, and shows what the whole fleet does: `SloRegistryBuilder::restore_from`,
//!   `SloRegistryBuilder::fleet`.
//! * `remote-tls`: speaks TLS to these.
//! * `checks`: all ready-made checks of [`checks`], each of which has a feature of its own.
//! * `metrics`: publishes our counters and gauges through the `metrics` facade.
//! * `metrics-exporter-prometheus`: appends the application's own metrics to `/metrics`.

#[doc(hidden)]
pub mod __private;

mod classify;

mod route;

mod record;

mod operations;

mod health;

pub mod checks;

mod endpoint;

mod registry;

#[cfg(feature = "axum")]
mod axum;

#[cfg(feature = "tonic")]
mod tonic;

#[cfg(feature = "metrics")]
mod facade;

#[cfg(feature = "metrics-exporter-prometheus")]
mod prometheus;

#[cfg(feature = "axum")]
pub use self::axum::{Around, MatchedRoute};
pub use self::classify::{
    Cause, GrpcClassifier, HttpClassifier, answer_error, classify_http, outcome_of_error,
};
pub use self::endpoint::{
    Allow, EndpointBody, GateService, IncidentsService, MetricsService, ProbeFormat, ProbeService,
    ProbeSettings, StatusService,
};
#[cfg(feature = "generate")]
pub use self::endpoint::{DashboardsService, RulesService};
pub use self::health::{DrainFuture, DrainLayer, Draining, Health, StartHold};
#[cfg(feature = "tonic")]
pub use self::health::{GrpcHealth, ServiceError};
pub use self::operations::{
    ByResult, ByStatus, JudgeOperation, OperationLayer, OperationName, Operations, RecordOperations,
    RecordedOperation,
};
pub use self::record::{Deliver, GrpcBody, GrpcMethods, Record, ResponseBody, ResponseFuture, SloLayer};
pub use self::registry::{SloRegistry, SloRegistryBuilder};
pub use self::route::{RequestHead, RouteTemplate, TemplateError, Templates};
#[cfg(feature = "alertmanager")]
pub use slo_core::Alertmanager;
#[cfg(feature = "metrics")]
pub use slo_core::FacadePublisher;
#[cfg(feature = "prometheus")]
pub use slo_core::Prometheus;
#[cfg(feature = "protobuf")]
pub use slo_core::ProtobufExposition;
#[cfg(any(feature = "alertmanager", feature = "prometheus"))]
pub use slo_core::RemoteError;
pub use slo_core::{
    AlertChange, AlertForm, AlertPolicy, AlertPolicyError, AlertRow, AlertRowStatus, AlertStatus,
    AlertTransition, Attempt, BudgetStatus, BudgetUnit, BuildError, Burn, BurnPolicy, BurnRate,
    BurnRateStatus, CalendarPeriod, Check, CheckError, CheckRules, CheckRun, CheckStatus, Classify, Clock,
    Counts, ErrorBudget, EventOverride, Events, Exhaustion, Exposition, Failure, Fault, Finding, FleetStatus,
    Freshness, Gate, GateDecision, GateError, GateNumbers, GatePolicy, GateReason, GateRule, GrpcCode, Head,
    HealthStatus, Histogram, Incident, IncidentBudget, IncidentChange, IncidentContribution, IncidentEntry,
    IncidentLatency, IncidentReport, InstallError, LastSuccess, LatencyEnd, LatencyStatus, Level, Life,
    Maintenance, Objective, ObjectiveClass, ObjectiveError, OpenSloError, OpenSloFault, Outcome,
    OverridesStatus, PeriodStatus, Probe, ProbeAnswer, Reading, Recorder, Registry, Report, RouteRef,
    RuntimeStatus, SeriesWriter, Severity, Simulation, Sli, Slo, SloStatus, StateFailure, StateStatus,
    Status, StatusReader, TextFormat, Threshold, TimeSlices, Timestamp, Traffic, Verdict, Window, naming,
    simulate,
};
#[cfg(feature = "generate")]
pub use slo_core::{
    AlertingRule, Dashboard, GenerateError, GeneratedFile, Generator, RecordingRule, Rule, RuleGroup,
};
pub use slo_macros::slo;
