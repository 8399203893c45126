//! What a document says is measured, held against what this process counts.
//!
//! The process counts by itself and asks no data source. A document may say so, in the very queries that we export, for other
//! tools to use; one that says something else would not be obeyed, and is refused.

use super::documents::{Document, Documents, SLI, inline};
use super::fields::{Faults, Fields};
use super::node::{Node, Place};
use crate::naming::{self, Family};

/// Returns how many events a counter of an SLO has seen within a window, summed over all processes.
pub(super) fn query(family: &Family, slo: &str, window: &str) -> String {
    format!("{}[{window}]))", beginning(family, slo) + "}")
}

fn beginning(family: &Family, slo: &str) -> String {
    let mut value = String::new();
    naming::escape_to(slo, &mut value);
    format!("sum(increase({}{{{}=\"{value}\"", family.name, naming::label::SLO)
}

/// Refuses an indicator that is not the one of this SLO.
pub(super) fn check(document: &Document<'_>, slo: &str, documents: &Documents<'_>, faults: &mut Faults) {
    let spec = document.spec;
    let own = spec.get("indicator").and_then(|node| inline(node, SLI, faults));
    let named = spec.text("indicatorRef", faults).and_then(|name| documents.referred(SLI, name, faults));
    if let (Some(_), Some(_)) = (own, named) {
        faults.add(
            spec.place("indicatorRef"),
            "indicator and indicatorRef say the same: leave one out".to_owned(),
        );
    }
    if let Some(indicator) = own.or(named) {
        check_metric(indicator.spec, slo, faults);
    }
}

fn check_metric(spec: Fields<'_>, slo: &str, faults: &mut Faults) {
    if spec.get("thresholdMetric").is_some() {
        refuse(spec.place("thresholdMetric"), "thresholdMetric", faults);
    }
    let Some(node) = spec.get("ratioMetric") else { return };
    let known = ["counter", "good", "bad", "total", "rawType", "raw"];
    let Some(metric) = Fields::of(node, "ratioMetric", &known, faults) else { return };
    for other in ["good", "raw", "rawType"] {
        if metric.get(other).is_some() {
            refuse(metric.place(other), &format!("ratioMetric.{other}"), faults);
        }
    }
    if let Some((at, true)) = metric.truth("counter", faults) {
        faults.add(at, "the queries count events and are no counters: write counter: false".to_owned());
    }
    for (field, family) in [("bad", &naming::SLO_BAD_EVENTS), ("total", &naming::SLO_EVENTS)] {
        if let Some(node) = metric.get(field) {
            check_query(node, field, &beginning(family, slo), faults);
        }
    }
}

fn check_query(node: &Node, field: &str, beginning: &str, faults: &mut Faults) -> Option<()> {
    let metric = Fields::of(node, field, &["metricSource"], faults)?;
    let source = metric.required("metricSource", "the metricSource that was exported", faults)?;
    let source = Fields::of(source, "metricSource", &["metricSourceRef", "type", "spec"], faults)?;
    if let Some((at, written)) = source.text("type", faults)
        && !written.eq_ignore_ascii_case("prometheus")
    {
        faults.add(at, format!("type {written:?} is not what this process is scraped by: write Prometheus"));
    }
    let spec = source.required("spec", "the query that was exported", faults)?;
    let spec = Fields::any(spec, "the spec of a metricSource", faults)?;
    let (at, query) = spec.text("query", faults)?;
    // What follows is left to other tools: matchers of the fleet, and a window.
    if !query.starts_with(beginning) {
        faults.add(at, format!("this process counts by itself and asks for no query: leave the indicator out, or begin with {beginning}"));
    }
    Some(())
}

fn refuse(at: Place, what: &str, faults: &mut Faults) {
    faults.add(at, format!("this process counts by itself and asks for no {what}: leave the indicator out"));
}
