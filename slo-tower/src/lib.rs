//! Live error budgets for axum and tower services.

#[doc(hidden)]
pub mod __private;

mod classify;

mod route;

mod record;

mod endpoint;

mod registry;

#[cfg(feature = "axum")]
mod axum;

#[cfg(feature = "metrics")]
mod facade;

#[cfg(feature = "metrics-exporter-prometheus")]
mod prometheus;

#[cfg(feature = "axum")]
pub use self::axum::MatchedRoute;
pub use self::classify::classify_http;
pub use self::endpoint::{MetricsService, StatusService};
pub use self::record::{Record, ResponseBody, ResponseFuture, SloLayer};
pub use self::registry::{SloRegistry, SloRegistryBuilder};
pub use self::route::{RequestHead, RouteTemplate};
#[cfg(feature = "metrics")]
pub use slo_core::FacadePublisher;
pub use slo_core::{
    AlertPolicy, AlertRow, AlertStatus, Attempt, BudgetStatus, BuildError, BurnRate, BurnRateStatus, Clock,
    Counts, ErrorBudget, Events, Histogram, LatencyStatus, Objective, ObjectiveError, Outcome, Recorder,
    Registry, Severity, Sli, Slo, SloStatus, Status, TextFormat, Threshold, Timestamp, Verdict, Window,
    naming,
};
pub use slo_macros::slo;
