//! Every metric and label name, spelled once.
//!
//! The exporter, the generated rules and the dashboards all read from here, so they cannot disagree. The
//! `http_` and `rpc_` families follow the OpenTelemetry semantic conventions in their Prometheus spelling;
//! `rpc_server_active_calls`, which these have not, is named after its sister.

/// A metric family: what `# HELP` and `# TYPE` say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// The name of its samples, without the suffixes of histograms.
    pub name: &'static str,
    /// What it counts, for people.
    pub help: &'static str,
    /// How to read its values.
    pub kind: FamilyKind,
}

/// How to read the values of a [`Family`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyKind {
    /// Only grows; its samples end in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Cumulative buckets, a sum and a count.
    Histogram,
}

macro_rules! families {
    ($($(#[$doc:meta])* $id:ident: $kind:ident $name:literal $help:literal;)*) => {
        $($(#[$doc])* pub const $id: Family = Family { name: $name, help: $help, kind: FamilyKind::$kind };)*
        /// Every family we expose, in the order of exposition.
        pub const FAMILIES: &[Family] = &[$($id),*];
    };
}

families! {
    /// Durations of HTTP requests.
    HTTP_DURATION: Histogram "http_server_request_duration_seconds" "Duration of HTTP server requests.";
    /// Durations of gRPC calls.
    RPC_DURATION: Histogram "rpc_server_call_duration_seconds" "Duration of RPC server calls.";
    /// Durations of operations that are no requests.
    OPERATION_DURATION: Histogram "slo_operation_duration_seconds" "Duration of operations recorded without a request.";
    /// How long streams lasted.
    STREAM_DURATION: Histogram "slo_stream_duration_seconds" "Duration of streamed responses from the start of the request to the end of the body.";
    /// HTTP requests in flight.
    HTTP_ACTIVE: Gauge "http_server_active_requests" "Number of active HTTP server requests.";
    /// gRPC calls in flight.
    RPC_ACTIVE: Gauge "rpc_server_active_calls" "Number of active RPC server calls.";
    /// Operations in flight.
    OPERATION_ACTIVE: Gauge "slo_operation_active" "Number of operations in flight.";
    /// The declaration of an SLO.
    SLO_INFO: Gauge "slo_info" "A declared service level objective; always 1.";
    /// The promised share.
    SLO_OBJECTIVE: Gauge "slo_objective_ratio" "Promised share of good events.";
    /// Events that count.
    SLO_EVENTS: Counter "slo_events_total" "Events that count for the SLO, good and bad.";
    /// Bad events.
    SLO_BAD_EVENTS: Counter "slo_bad_events_total" "Bad events of the SLO.";
    /// The measured share.
    SLO_SLI: Gauge "slo_sli_ratio" "Share of good events in the window; absent while there are none.";
    /// The budget left.
    SLO_BUDGET: Gauge "slo_error_budget_remaining_ratio" "Share of the error budget left in the window; negative when overspent.";
    /// How much of the window was seen.
    SLO_COVERAGE: Gauge "slo_window_coverage_ratio" "Share of the SLO window for which there is data.";
    /// The spending speed.
    SLO_BURN_RATE: Gauge "slo_burn_rate" "Spending speed of the error budget; 1 spends exactly all of it in the SLO window.";
    /// When the budget will be gone.
    SLO_EXHAUSTION: Gauge "slo_budget_exhaustion_seconds" "Seconds until the error budget is gone at the present burn rate; 0 when it is, absent while it lasts for the whole window.";
    /// Whether an alert fires.
    SLO_ALERT: Gauge "slo_alert_active" "Whether a burn-rate alert of this severity is firing.";
    /// Alerts on their way to Alertmanagers.
    NOTIFICATIONS: Counter "slo_notifications_total" "Alerts sent to an Alertmanager, each time they are sent, by what became of them: sent, failed (refused or tried again) or dropped undelivered.";
    /// Alerts that have not arrived.
    NOTIFICATIONS_QUEUED: Gauge "slo_notifications_queued" "Alerts whose present state an Alertmanager has not been told yet.";
    /// Whether events count.
    SLO_MAINTENANCE: Gauge "slo_maintenance_active" "Whether there is maintenance, in which no event counts for an SLO.";
    /// How well a check is.
    HEALTH_CHECK_STATUS: Gauge "health_check_status" "How well a check is: 1 passes, 0.5 warns, 0 fails or has stopped reporting; absent before its first result.";
    /// Runs of checks.
    HEALTH_CHECKS: Counter "health_checks_total" "Runs of a check by what they found.";
    /// How long a check takes.
    HEALTH_CHECK_DURATION: Gauge "health_check_duration_seconds" "Duration of the last run of a check; absent before it has ended.";
    /// When a check was well.
    HEALTH_CHECK_LAST_SUCCESS: Gauge "health_check_last_success_timestamp_seconds" "When a check last passed or warned, in seconds since the Unix epoch; absent if it never has.";
    /// What checks measure.
    HEALTH_CHECK_READING: Gauge "health_check_reading" "A number that a check has read, in the unit that its name says; absent where its last run did not report.";
    /// What probes are told.
    HEALTH_PROBE_STATUS: Gauge "health_probe_status" "What a probe is told: 1 passes, 0.5 passes with a warning, 0 fails.";
    /// The life of the process.
    HEALTH_LIFE: Gauge "health_life" "Where in its life the process is: 1 for the present state, 0 for the others.";
    /// How late a runtime is.
    HEALTH_RUNTIME_LAG: Gauge "health_runtime_lag_seconds" "Longest that a task of the runtime has waited for its turn within about a minute.";
    /// How often a runtime stood still.
    HEALTH_RUNTIME_STALLS: Counter "health_runtime_stalls_total" "How often the runtime has stood still for so long that its check failed.";
    /// Until when the state is saved.
    SLO_STATE_SAVED: Gauge "slo_state_saved_timestamp_seconds" "Until when everything that was counted is saved, in seconds since the Unix epoch; absent before the first save.";
    /// Whether the state cannot be saved.
    SLO_STATE_FAILING: Gauge "slo_state_failing" "Whether the state cannot be saved at present; absent without a state directory.";
    /// Whether a file of promises is not obeyed.
    SLO_OVERRIDES_FAILING: Gauge "slo_overrides_failing" "Whether a file that changes SLOs is left out because of a mistake in it; absent without such a file.";
    /// What exceeded a documented maximum.
    SLO_OVERFLOW: Counter "slo_series_overflow_total" "Events without a place of their own: beyond a maximum of routes or series, changes of alerts that listeners took too long for, or operations of this process that found no registry.";
}

/// Label names.
pub mod label {
    /// The request method, from a known set or `_OTHER`.
    pub const HTTP_METHOD: &str = "http_request_method";
    /// The route template.
    pub const HTTP_ROUTE: &str = "http_route";
    /// The status code sent.
    pub const HTTP_STATUS: &str = "http_response_status_code";
    /// The full name of a gRPC method, `package.Service/Method`, or `_OTHER`.
    pub const RPC_METHOD: &str = "rpc_method";
    /// The status code of a gRPC call, by its name.
    pub const RPC_STATUS: &str = "rpc_response_status_code";
    /// How a request failed.
    pub const ERROR_TYPE: &str = "error_type";
    /// The name of an operation.
    pub const OPERATION: &str = "operation";
    /// The name of the SLO.
    pub const SLO: &str = "slo";
    /// The service that promises.
    pub const SERVICE: &str = "service";
    /// What makes an event good.
    pub const SLI: &str = "sli";
    /// A period, such as `30d`.
    pub const WINDOW: &str = "window";
    /// The longest good duration, in seconds.
    pub const THRESHOLD: &str = "threshold";
    /// The process that was scraped, as Prometheus has it.
    pub const INSTANCE: &str = "instance";
    /// The upper end of a bucket, as Prometheus has it.
    pub const LE: &str = "le";
    /// Whether an alert waits or fires, as Prometheus has it.
    pub const ALERT_STATE: &str = "alertstate";
    /// How urgent an alert is.
    pub const SEVERITY: &str = "severity";
    /// The name of a check.
    pub const CHECK: &str = "check";
    /// What a number is that a check has read.
    pub const READING: &str = "reading";
    /// What a run of a check found.
    pub const STATUS: &str = "status";
    /// What an orchestrator asks for: `liveness`, `readiness` or `startup`.
    pub const PROBE: &str = "probe";
    /// Where in its life the process is: `starting`, `ready` or `draining`.
    pub const STATE: &str = "state";
    /// The name of an alert.
    pub const ALERT_NAME: &str = "alertname";
    /// Host and port of an Alertmanager.
    pub const ALERTMANAGER: &str = "alertmanager";
    /// What became of something.
    pub const RESULT: &str = "result";
    /// What overflowed.
    pub const KIND: &str = "kind";
    /// Which SLO of which service it is, as sloth has it.
    pub const SLOTH_ID: &str = "sloth_id";
    /// The service that promises, as sloth has it.
    pub const SLOTH_SERVICE: &str = "sloth_service";
    /// The name of the SLO, as sloth has it.
    pub const SLOTH_SLO: &str = "sloth_slo";
    /// The window that a recorded ratio is over, as sloth has it.
    pub const SLOTH_WINDOW: &str = "sloth_window";
    /// How urgent an alert is, as sloth has it.
    pub const SLOTH_SEVERITY: &str = "sloth_severity";
    /// What made the rules.
    pub const SLOTH_MODE: &str = "sloth_mode";
    /// What the rules were made from.
    pub const SLOTH_SPEC: &str = "sloth_spec";
    /// The version of what made the rules.
    pub const SLOTH_VERSION: &str = "sloth_version";
    /// The promised percentage.
    pub const SLOTH_OBJECTIVE: &str = "sloth_objective";
}

/// What rules of Prometheus record of an SLO. Those that sloth has are named and labelled as it does, so that its dashboards
/// show them; those of pyrra as its generic rules do.
pub mod recorded {
    /// The share of bad events; the window follows.
    pub const SLI_ERROR: &str = "slo:sli_error:ratio_rate";
    /// The promised share.
    pub const OBJECTIVE: &str = "slo:objective:ratio";
    /// The share that may be bad.
    pub const ERROR_BUDGET: &str = "slo:error_budget:ratio";
    /// The length of the promise.
    pub const TIME_PERIOD: &str = "slo:time_period:days";
    /// The spending speed now.
    pub const CURRENT_BURN_RATE: &str = "slo:current_burn_rate:ratio";
    /// The share of the budget that is spent.
    pub const PERIOD_BURN_RATE: &str = "slo:period_burn_rate:ratio";
    /// The share of the budget that is left.
    pub const PERIOD_REMAINING: &str = "slo:period_error_budget_remaining:ratio";
    /// The declaration; always 1.
    pub const INFO: &str = "sloth_slo_info";
    /// Bad events against the mean traffic of the period; the window follows. Ours.
    pub const COUNT_ERROR: &str = "slo:count_error:ratio_rate";
    /// The mean traffic of the period, a second. Ours.
    pub const MEAN_EVENTS: &str = "slo:period_events:mean_rate";
    /// Whether the last slice of time was bad; absent where it had no events. Ours.
    pub const SLICE_BAD: &str = "slo:time_slice:bad";
    /// The promised share, as pyrra has it.
    pub const PYRRA_OBJECTIVE: &str = "pyrra_objective";
    /// The length of the promise in seconds, as pyrra has it.
    pub const PYRRA_WINDOW: &str = "pyrra_window";
    /// The measured share, as pyrra has it.
    pub const PYRRA_AVAILABILITY: &str = "pyrra_availability";
    /// Events a second, as pyrra has it.
    pub const PYRRA_REQUESTS: &str = "pyrra_requests:rate5m";
    /// Bad events a second, as pyrra has it.
    pub const PYRRA_ERRORS: &str = "pyrra_errors:rate5m";
}

/// Annotations of OpenSLO documents: what we promise and OpenSLO has no words for.
pub mod annotation {
    /// What all of them begin with.
    pub const PREFIX: &str = "slo/";
    /// The name of the SLO, where OpenSLO does not allow it as a name.
    pub const NAME: &str = "slo/name";
    /// What makes an event good.
    pub const SLI: &str = "slo/sli";
    /// The longest good duration.
    pub const THRESHOLD: &str = "slo/threshold";
    /// Where the latency ends.
    pub const LATENCY_END: &str = "slo/latency-end";
    /// The route whose requests count.
    pub const ROUTE: &str = "slo/route";
    /// The operation whose runs count.
    pub const OPERATION: &str = "slo/operation";
    /// The bad events without which no alert fires.
    pub const BAD_EVENTS_MIN: &str = "slo/bad-events-min";
    /// What alerts divide bad events by.
    pub const ALERT_FORM: &str = "slo/alert-form";
    /// The second window of an alert.
    pub const SHORT_WINDOW: &str = "slo/short-window";
    /// All that an SLO may have.
    pub const OF_SLOS: &[&str] =
        &[NAME, SLI, THRESHOLD, LATENCY_END, ROUTE, OPERATION, BAD_EVENTS_MIN, ALERT_FORM];
    /// All that the condition of an alert may have.
    pub const OF_CONDITIONS: &[&str] = &[SHORT_WINDOW];
}

/// The labels of `slo_info` that a user's own labels must not shadow.
pub(crate) const INFO_LABELS: &[&str] = &[
    label::SLO,
    label::SERVICE,
    label::SLI,
    label::WINDOW,
    label::THRESHOLD,
    "job",
    label::INSTANCE,
    label::LE,
];

#[cfg(any(feature = "generate", feature = "prometheus"))]
mod matchers;

#[cfg(any(feature = "generate", feature = "prometheus"))]
pub(crate) use self::matchers::are_matchers;

/// The series in which Prometheus keeps the alerts that it evaluates.
pub const ALERTS: &str = "ALERTS";
/// The name of all alerts about burn rates, whoever raises them: this process or rules of Prometheus.
pub const ALERT_NAME: &str = "SloBurnRate";
/// The name of the alert that nobody counts for an SLO any more.
pub const ALERT_ABSENT: &str = "SloAbsent";
/// The name of the alert that several services count for SLOs of one name.
pub const ALERT_AMBIGUOUS: &str = "SloAmbiguous";
/// The labels of generated rules that are always ours, besides those of `slo_info`.
#[cfg(feature = "generate")]
pub(crate) const RULE_LABELS: &[&str] = &[
    label::ALERT_NAME,
    label::SEVERITY,
    label::SLOTH_ID,
    label::SLOTH_SERVICE,
    label::SLOTH_SLO,
    label::SLOTH_WINDOW,
    label::SLOTH_SEVERITY,
    label::SLOTH_MODE,
    label::SLOTH_SPEC,
    label::SLOTH_VERSION,
    label::SLOTH_OBJECTIVE,
];
/// The labels of an alert that are always ours.
#[cfg(feature = "alertmanager")]
pub(crate) const ALERT_LABELS: &[&str] = &[label::ALERT_NAME, label::SLO, label::SERVICE, label::SEVERITY];

/// The route of requests that match no route.
pub const ROUTE_UNMATCHED: &str = "_UNMATCHED";
/// The route of requests beyond the maximum of routes or series.
pub const ROUTE_OVERFLOW: &str = "_OVERFLOW";
/// The methods that are told apart, as the semantic conventions list them.
pub const METHODS: &[&str] =
    &["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", METHOD_OTHER];
/// The method of requests outside the known set, and of calls of unknown methods, as the semantic conventions spell it.
pub const METHOD_OTHER: &str = "_OTHER";

/// Appends a label value, escaped for the text formats.
pub(crate) fn escape_to(value: &str, out: &mut String) {
    for character in value.chars() {
        match character {
            '\\' => out.push_str(r"\\"),
            '"' => out.push_str(r#"\""#),
            '\n' => out.push_str(r"\n"),
            other => out.push(other),
        }
    }
}
