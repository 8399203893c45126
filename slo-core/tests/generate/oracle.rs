//! Names and labels, held against another generator of the rules that sloth has: `slokit`.
//!
//! It is an oracle for names only. Its period is a mean of recorded ratios, 0/0 is no number, and there is no floor.

use std::collections::{BTreeMap, BTreeSet};

use slo_core::{Rule, RuleGroup};
use slokit::generate::generate_rules;
use slokit::spec::Spec;

use crate::subjects::{generator, slos};

const SPEC: &str = "\
version: prometheus/v1
service: shop
slos:
  - name: plain
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(slo_bad_events_total{slo=\"plain\"}[{{.window}}]))
        total_query: sum(rate(slo_events_total{slo=\"plain\"}[{{.window}}]))
    alerting:
      name: SloBurnRate
      page_alert: {}
      ticket_alert: {}
";

/// What `sloth` writes of an SLO over 30 days, from its own example `getting-started` of version 0.11.
const SLOTH: &[&str] = &[
    "slo:current_burn_rate:ratio",
    "slo:error_budget:ratio",
    "slo:objective:ratio",
    "slo:period_burn_rate:ratio",
    "slo:period_error_budget_remaining:ratio",
    "slo:sli_error:ratio_rate1d",
    "slo:sli_error:ratio_rate1h",
    "slo:sli_error:ratio_rate2h",
    "slo:sli_error:ratio_rate30d",
    "slo:sli_error:ratio_rate30m",
    "slo:sli_error:ratio_rate3d",
    "slo:sli_error:ratio_rate5m",
    "slo:sli_error:ratio_rate6h",
    "slo:time_period:days",
    "sloth_slo_info",
];

fn ours(groups: &[RuleGroup]) -> BTreeMap<&str, BTreeMap<String, String>> {
    let rules = groups.iter().flat_map(|group| &group.rules);
    let records = rules.filter_map(|rule| match rule {
        Rule::Recording(rule) => Some((rule.record.as_str(), rule.labels.clone())),
        _ => None,
    });
    records.collect()
}

#[test]
fn records_have_the_names_and_labels_that_sloth_gives_them() {
    let groups = generator(slos().into_iter().filter(|slo| slo.name() == "plain")).groups();
    let ours = ours(&groups);
    assert_eq!(ours.keys().copied().collect::<Vec<_>>(), SLOTH);

    let theirs = generate_rules(&Spec::from_yaml(SPEC).expect("a spec of sloth")).expect("it is complete");
    let theirs = serde_json::to_value(&theirs).expect("it is text");
    let groups = theirs["groups"].as_array().expect("a list").iter();
    let mut compared = BTreeSet::new();
    for rule in groups.flat_map(|group| group["rules"].as_array().expect("a list")) {
        let Some(record) = rule["record"].as_str() else { continue };
        // Its own name for what sloth calls `sloth_slo_info`.
        let record = if record == "slo:info" { "sloth_slo_info" } else { record };
        let own = ours.get(record).unwrap_or_else(|| panic!("we do not record {record}"));
        for (label, value) in rule["labels"].as_object().expect("labels") {
            // What made the rules differs, and it calls the objective otherwise.
            if ["sloth_mode", "sloth_spec", "sloth_version", "sloth_objective"].contains(&label.as_str()) {
                continue;
            }
            let own = own.get(label).unwrap_or_else(|| panic!("{record} has no {label}"));
            assert_eq!(own, value, "{record} {label}");
        }
        compared.insert(record);
    }
    assert_eq!(compared.into_iter().collect::<Vec<_>>(), SLOTH, "it names the same");
}

#[test]
fn info_has_the_labels_of_sloth() {
    let groups = generator(slos().into_iter().filter(|slo| slo.name() == "plain")).groups();
    let info = &ours(&groups)["sloth_slo_info"];
    let labels: Vec<_> = info.keys().map(String::as_str).collect();
    assert_eq!(
        labels,
        [
            "sloth_id",
            "sloth_mode",
            "sloth_objective",
            "sloth_service",
            "sloth_slo",
            "sloth_spec",
            "sloth_version"
        ]
    );
    assert_eq!((info["sloth_id"].as_str(), info["sloth_objective"].as_str()), ("shop-plain", "99.9"));
}

#[test]
fn every_alert_has_the_severity_of_sloth_and_ours() {
    let groups = generator(slos()).groups();
    let rules = groups.iter().flat_map(|group| &group.rules);
    let burning = rules.filter_map(|rule| match rule {
        Rule::Alerting(rule) if rule.alert == "SloBurnRate" => Some(&rule.labels),
        _ => None,
    });
    for labels in burning {
        assert_eq!(labels["sloth_severity"], labels["severity"]);
        assert!(["page", "ticket"].contains(&labels["severity"].as_str()), "{labels:?}");
    }
}
