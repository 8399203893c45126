//! SLOs as documents of OpenSLO v1, for other tools and for operators to change.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use super::documents::API_VERSION;
use super::indicator::query;
use super::period;
use super::spelling::{Spelling, spelled};
use crate::naming::{self, annotation};
use crate::objective::{AlertForm, AlertRow, Objective, Severity, Slo, TimeSlices, Window, format_duration};
use crate::time::nanos;

/// What is the same for every service. Each line says of an annotation what OpenSLO cannot.
const HEAD: &str = "\
# The promises of this service as OpenSLO v1 documents, as they are in force. A copy of this file may change them without a
# build: the service reads it at its start, and obeys it as a whole or, where anything in it is wrong, not at all.
#
# What OpenSLO has no fields for is in these annotations:
#   slo/name            the name of the SLO, where OpenSLO does not allow it as metadata.name
#   slo/sli             what makes an event good; the queries already count by it
#   slo/threshold       the longest good duration, exact; the queries know it, and nothing else in the document does
#   slo/latency-end     where that duration ends: head, body, or usual, at the head of a stream and at the end of what is none
#   slo/route, slo/operation   whose events count; without either, those of the handler that the code annotates
#   slo/bad-events-min  no alert fires with fewer bad events in its long window
#   slo/alert-form      what bad events are divided by: ratio, those beside them; count, the mean traffic of the window
#   slo/short-window    an alert also needs its budget to burn as fast in this window, so it ends when the trouble does
# Queries are over the window of the promise, of a calendar one over its nominal length. Of slices of time they count the
# events, as no query can count slices. Alerts that can never fire at a target are left out.
";

/// Writes all SLOs of a service, and what they refer to.
pub(crate) fn write(service: &str, slos: &[Slo]) -> String {
    let mut text = HEAD.to_owned();
    let mut rows: BTreeMap<String, (&AlertRow, Window)> = BTreeMap::new();
    for slo in slos {
        rows.extend(slo.alert_rows().map(|(_, row)| (policy_name(row, slo.window()), (row, slo.window()))));
    }
    document(&mut text, "Service", named(spelled(service), Some(service)), &Described { description: None });
    let mut spelling = Spelling::default();
    for slo in slos {
        document(&mut text, "SLO", metadata(slo, spelling.of(slo.name())), &SloSpec::new(service, slo));
    }
    for (name, (row, window)) in &rows {
        document(&mut text, "AlertPolicy", named(name.clone(), None), &PolicySpec::new(row, *window));
    }
    for severity in Severity::ALL {
        if rows.values().any(|(row, _)| row.severity() == severity) {
            let name = severity.as_str();
            let description = "Who is told is decided where the registry is built";
            document(
                &mut text,
                "AlertNotificationTarget",
                named(name.to_owned(), None),
                &Target { description, target: name },
            );
        }
    }
    text
}

fn document(text: &mut String, kind: &'static str, metadata: Metadata<'_>, spec: &impl Serialize) {
    let document = Document { api_version: API_VERSION, kind, metadata, spec };
    let Ok(yaml) = serde_saphyr::to_string(&document) else {
        unreachable!("texts, numbers and maps of texts are YAML");
    };
    let _ = write!(text, "---\n{yaml}");
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a, S> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata<'a>,
    spec: S,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<&'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    labels: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    annotations: BTreeMap<&'a str, String>,
}

fn named(name: String, display_name: Option<&str>) -> Metadata<'_> {
    let display_name = display_name.filter(|display| *display != name);
    Metadata { name, display_name, labels: BTreeMap::new(), annotations: BTreeMap::new() }
}

fn metadata(slo: &Slo, name: String) -> Metadata<'_> {
    let policy = slo.alerts();
    let threshold = slo.sli().threshold();
    let form = match policy.form() {
        AlertForm::Ratio => "ratio",
        AlertForm::Count => "count",
    };
    let own = [
        (annotation::NAME, Some(slo.name().to_owned()).filter(|own| *own != name)),
        (annotation::SLI, Some(slo.sli().kind().to_owned())),
        (annotation::THRESHOLD, threshold.map(|threshold| threshold.to_string())),
        (annotation::LATENCY_END, threshold.map(|_| slo.latency_end().to_string())),
        (annotation::ROUTE, slo.route().map(str::to_owned)),
        (annotation::OPERATION, slo.operation().map(str::to_owned)),
        (annotation::BAD_EVENTS_MIN, Some(policy.bad_events_min().to_string())),
        (annotation::ALERT_FORM, Some(form.to_owned())),
    ];
    let annotations = own.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    Metadata { name, display_name: None, labels: slo.labels().collect(), annotations }
}

#[derive(Serialize)]
struct Described {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'static str>,
}

#[derive(Serialize)]
struct Target<'a> {
    description: &'static str,
    target: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SloSpec {
    description: String,
    service: String,
    indicator: Indicator,
    time_window: [TimeWindow; 1],
    budgeting_method: &'static str,
    objectives: [ObjectiveSpec; 1],
    alert_policies: Vec<PolicyRef>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyRef {
    alert_policy_ref: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TimeWindow {
    duration: String,
    is_rolling: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    calendar: Option<CalendarSpec>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CalendarSpec {
    start_time: &'static str,
    time_zone: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectiveSpec {
    display_name: &'static str,
    #[serde(serialize_with = "exact")]
    target: Objective,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "some_exact")]
    time_slice_target: Option<Objective>,
    #[serde(skip_serializing_if = "Option::is_none")]
    time_slice_window: Option<String>,
}

/// Writes a share to its last digit: of nine decimals the shortest float that is read back is the decimal itself.
fn exact<S: Serializer>(objective: &Objective, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(objective.ratio())
}

#[expect(clippy::ref_option, reason = "as serde calls it")]
fn some_exact<S: Serializer>(objective: &Option<Objective>, serializer: S) -> Result<S::Ok, S::Error> {
    objective
        .as_ref()
        .map_or_else(|| Err(serde::ser::Error::custom("left out")), |objective| exact(objective, serializer))
}

impl SloSpec {
    fn new(service: &str, slo: &Slo) -> Self {
        let slices = slo.time_slices();
        let subject = match (slo.route(), slo.operation()) {
            (Some(named), _) | (None, Some(named)) => named.to_owned(),
            (None, None) => "the annotated handler".to_owned(),
        };
        let good = match (slo.sli().threshold(), slo.sli().kind()) {
            (None, _) => "to succeed",
            (Some(_), "latency") => "that succeed to be done in time",
            (Some(_), _) => "to succeed in time",
        };
        let what =
            if slices.is_some() { "all slices of time for enough of the events" } else { "the events" };
        Self {
            // Without what may be changed below: nobody remembers to change it here too.
            description: format!("Promises a share of {what} of {subject} {good}"),
            service: spelled(service),
            indicator: Indicator::new(slo),
            time_window: [TimeWindow::new(slo.window())],
            budgeting_method: if slices.is_some() { "Timeslices" } else { "Occurrences" },
            objectives: [ObjectiveSpec {
                display_name: slo.sli().kind(),
                target: slo.objective(),
                time_slice_target: slices.map(TimeSlices::threshold),
                time_slice_window: slices.map(|slices| format_duration(nanos(slices.duration()))),
            }],
            alert_policies: slo
                .alert_rows()
                .map(|(_, row)| PolicyRef { alert_policy_ref: policy_name(row, slo.window()) })
                .collect(),
        }
    }
}

impl TimeWindow {
    fn new(window: Window) -> Self {
        match window.calendar() {
            None => Self { duration: window.to_string(), is_rolling: true, calendar: None },
            Some(period) => {
                let (duration, start_time) = period::written(period);
                let time_zone = window.zone().unwrap_or("UTC").to_owned();
                let calendar = Some(CalendarSpec { start_time, time_zone });
                Self { duration: duration.to_owned(), is_rolling: false, calendar }
            }
        }
    }
}

#[derive(Serialize)]
struct Indicator {
    metadata: IndicatorName,
    spec: IndicatorSpec,
}

#[derive(Serialize)]
struct IndicatorName {
    name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct IndicatorSpec {
    ratio_metric: RatioMetric,
}

#[derive(Serialize)]
struct RatioMetric {
    counter: bool,
    bad: Metric,
    total: Metric,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metric {
    metric_source: MetricSource,
}

#[derive(Serialize)]
struct MetricSource {
    r#type: &'static str,
    spec: Query,
}

#[derive(Serialize)]
struct Query {
    query: String,
}

impl Indicator {
    fn new(slo: &Slo) -> Self {
        let window = format_duration(nanos(slo.window().duration()));
        let metric = |family| Metric {
            metric_source: MetricSource {
                r#type: "Prometheus",
                spec: Query { query: query(family, slo.name(), &window) },
            },
        };
        let ratio_metric = RatioMetric {
            counter: false,
            bad: metric(&naming::SLO_BAD_EVENTS),
            total: metric(&naming::SLO_EVENTS),
        };
        Self { metadata: IndicatorName { name: spelled(slo.name()) }, spec: IndicatorSpec { ratio_metric } }
    }
}

/// Returns the name of a row within a window; rows of one name are the same.
fn policy_name(row: &AlertRow, window: Window) -> String {
    let long = format_duration(nanos(row.long(window)));
    format!("{}-{long}-at-{}", row.severity().as_str(), row.factor().to_string().replace('.', "-"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicySpec {
    description: String,
    alert_when_no_data: bool,
    alert_when_resolved: bool,
    alert_when_breaching: bool,
    conditions: [Condition; 1],
    notification_targets: [TargetRef; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TargetRef {
    target_ref: &'static str,
}

#[derive(Serialize)]
struct Condition {
    kind: &'static str,
    metadata: Metadata<'static>,
    spec: ConditionSpec,
}

#[derive(Serialize)]
struct ConditionSpec {
    severity: &'static str,
    condition: BurnRate,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BurnRate {
    kind: &'static str,
    op: &'static str,
    threshold: f64,
    lookback_window: String,
    alert_after: &'static str,
}

impl PolicySpec {
    fn new(row: &AlertRow, window: Window) -> Self {
        let severity = row.severity().as_str();
        let long = format_duration(nanos(row.long(window)));
        let mut metadata = named(format!("{}-condition", policy_name(row, window)), None);
        metadata.annotations.insert(annotation::SHORT_WINDOW, format_duration(nanos(row.short(window))));
        let condition = BurnRate {
            kind: "burnrate",
            op: "gt",
            threshold: row.factor(),
            lookback_window: long.clone(),
            alert_after: "0m",
        };
        Self {
            description: format!(
                "The budget burns {} times too fast, over {long} and over the last twelfth of it",
                row.factor()
            ),
            alert_when_no_data: false,
            alert_when_resolved: true,
            alert_when_breaching: true,
            conditions: [Condition {
                kind: "AlertCondition",
                metadata,
                spec: ConditionSpec { severity, condition },
            }],
            notification_targets: [TargetRef { target_ref: severity }],
        }
    }
}
