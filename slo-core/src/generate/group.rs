//! Groups of rules as Prometheus has them, in plain data.

use std::collections::BTreeMap;

use serde::Serialize;

/// Rules that are evaluated one after the other, so that each sees what those before it have recorded.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RuleGroup {
    /// Unique in its file.
    pub name: String,
    /// How often it is evaluated, as in `2m`; as Prometheus does by default if it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// In the order of evaluation.
    pub rules: Vec<Rule>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Rule {
    /// Records a series.
    Recording(RecordingRule),
    /// Raises an alert.
    Alerting(AlertingRule),
}

/// Records the value of an expression as a series.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RecordingRule {
    /// The name of the series.
    pub record: String,
    /// What is evaluated.
    pub expr: String,
    /// What the series is labelled with, besides what the expression brings.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// Raises an alert for each value of an expression.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AlertingRule {
    /// The name of the alert.
    pub alert: String,
    /// What is evaluated.
    pub expr: String,
    /// For how long it must have a value before the alert fires; at once if it is not said.
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub wait: Option<String>,
    /// What the alert is labelled with, besides what the expression brings.
    pub labels: BTreeMap<String, String>,
    /// What people are told, in templates that Prometheus fills in.
    pub annotations: BTreeMap<String, String>,
}

/// The form in which the operator for Kubernetes wants rules.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PrometheusRule {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: Spec,
}

#[derive(Debug, Serialize)]
struct Metadata {
    name: String,
}

#[derive(Debug, Serialize)]
struct Spec {
    groups: Vec<RuleGroup>,
}

impl PrometheusRule {
    pub(super) fn new(service: &str, groups: Vec<RuleGroup>) -> Self {
        // Kubernetes takes lower case, digits and hyphens between them, of which 253 are its most.
        let plain = |character: char| if character.is_ascii_alphanumeric() { character } else { '-' };
        let name: String = service.chars().map(plain).take(200).collect::<String>().to_ascii_lowercase();
        let name = format!("{}-slo", name.trim_matches('-')).trim_start_matches('-').to_owned();
        let (metadata, spec) = (Metadata { name }, Spec { groups });
        Self { api_version: "monitoring.coreos.com/v1", kind: "PrometheusRule", metadata, spec }
    }
}
