//! Service level objectives inside the process: what was promised, what was counted, what is left.

pub mod naming;

mod time;

mod objective;

mod sync;

mod worker;

#[cfg(feature = "_remote")]
mod remote;

mod histogram;

mod window;

mod budget;

#[cfg(feature = "prometheus")]
mod prometheus;

mod alert;

mod incident;

#[cfg(feature = "alertmanager")]
mod alertmanager;

mod engine;

mod simulate;

mod health;

mod gate;

#[cfg(feature = "store")]
mod store;

mod openslo;

mod registry;

mod export;

#[cfg(feature = "generate")]
mod generate;

pub use self::alert::{AlertChange, AlertRowStatus, AlertStatus, AlertTransition};
#[cfg(feature = "alertmanager")]
pub use self::alertmanager::Alertmanager;
pub use self::budget::{BurnRate, ErrorBudget, Exhaustion};
#[cfg(feature = "metrics")]
pub use self::export::FacadePublisher;
#[cfg(feature = "protobuf")]
pub use self::export::ProtobufExposition;
pub use self::export::{Exposition, TextFormat};
pub use self::gate::{GateDecision, GateError, GateNumbers, GatePolicy, GateReason, GateRule};
#[cfg(feature = "generate")]
pub use self::generate::{
    AlertingRule, Dashboard, GenerateError, GeneratedFile, Generator, RecordingRule, Rule, RuleGroup,
};
pub use self::health::{
    Burn, BurnPolicy, Check, CheckError, CheckRules, CheckRun, CheckStatus, Failure, Fault, Finding,
    Freshness, Gate, HealthListener, HealthStatus, LastSuccess, Level, Life, Monitor, Probe, ProbeAnswer,
    Reading, Report, Run, RuntimeReader, RuntimeStatus,
};
pub use self::histogram::Histogram;
pub use self::incident::{
    IncidentBudget, IncidentChange, IncidentContribution, IncidentEntry, IncidentLatency, IncidentReport,
};
pub use self::objective::{
    AlertForm, AlertPolicy, AlertPolicyError, AlertRow, CalendarPeriod, LatencyEnd, Objective,
    ObjectiveClass, ObjectiveError, Severity, Sli, Slo, Threshold, TimeSlices, Window,
};
pub use self::openslo::{OpenSloError, OpenSloFault};
#[cfg(feature = "prometheus")]
pub use self::prometheus::Prometheus;
pub use self::registry::{
    Attempt, BudgetStatus, BudgetUnit, BuildError, BurnRateStatus, Classify, Declaration, Declared,
    EventOverride, Events, FleetStatus, GrpcCode, Head, InstallError, LatencyStatus, Maintenance, Operation,
    Outcome, OverridesStatus, PeriodStatus, Recorder, Registry, RegistryBuilder, RouteRef, Scope,
    SeriesWriter, SloStatus, StateFailure, StateStatus, Status, StatusReader, Subject, Verdict, mark,
};
#[cfg(feature = "_remote")]
pub use self::remote::RemoteError;
pub use self::simulate::{Incident, Simulation, Traffic, simulate};
pub use self::time::{Clock, Timestamp};
pub use self::window::Counts;

/// The histogram that [`Histogram::to_hdr`] returns.
pub use hdrhistogram;
#[doc(hidden)]
pub use inventory;
