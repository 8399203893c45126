//! Documents of every kind, as OpenSLO's own examples have them: accepted, or refused with the reason.

use super::support::{File, builder, declared};

/// Reads documents, and returns what is said of them: nothing, if they are accepted.
fn said(documents: &[&str]) -> String {
    let file = File::of(&documents.join("---\n"));
    let registry = builder(declared()).openslo_file(file.path()).build().expect("files never fail it");
    let said: Vec<_> = registry.openslo_errors().iter().map(ToString::to_string).collect();
    said.join("\n").replace(&format!("{}:", file.path().display()), "")
}

/// A document as short as the specification allows, with everything in it that may be there.
const SERVICE: &str = "\
apiVersion: openslo/v1
kind: Service
metadata:
  name: shop
  displayName: The shop
  labels:
    userImpacting: \"true\"
    tags:
      - auth
      - web
  annotations:
    example.com/dashboard: https://grafana.example/d/1
spec:
  description: Sells things
";

const DATA_SOURCE: &str = "\
apiVersion: openslo/v1
kind: DataSource
metadata:
  name: prometheus
spec:
  type: Prometheus
  connectionDetails:
    url: http://prometheus.example
    headers: [{ name: X-Scope-OrgID, value: shop }]
";

const TARGETS: &str = "\
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata:
  name: OnCallDevopsMailNotification
spec:
  description: Notifies by a mail message to the on-call devops mailing group
  target: email
---
apiVersion: openslo/v1
kind: AlertNotificationTarget
metadata:
  name: page
spec:
  target: pager
";

const CONDITION: &str = "\
apiVersion: openslo/v1
kind: AlertCondition
metadata:
  name: budget-burns
  displayName: Budget burns
spec:
  description: The budget burns twice as fast as it may
  severity: page
  condition:
    kind: burnrate
    threshold: 2
    lookbackWindow: 1h
    alertAfter: 0m
";

const POLICY: &str = "\
apiVersion: openslo/v1
kind: AlertPolicy
metadata:
  name: budget
spec:
  description: Alert policy for the budget, notifies on-call
  alertWhenNoData: false
  alertWhenBreaching: true
  alertWhenResolved: true
  conditions:
    - conditionRef: budget-burns
  notificationTargets:
    - targetRef: page
";

const SLI: &str = "\
apiVersion: openslo/v1
kind: SLI
metadata:
  name: checkout
spec:
  description: Requests that worked
  ratioMetric:
    counter: false
    bad:
      metricSource:
        metricSourceRef: prometheus
        type: Prometheus
        spec:
          query: sum(increase(slo_bad_events_total{slo=\"checkout-availability\",job=\"shop\"}[30d]))
    total:
      metricSource:
        metricSourceRef: prometheus
        type: Prometheus
        spec:
          query: sum(increase(slo_events_total{slo=\"checkout-availability\",job=\"shop\"}[30d]))
";

const SLO: &str = "\
apiVersion: openslo/v1
kind: SLO
metadata:
  name: checkout-availability
  displayName: Checkout works
spec:
  description: Nine hundred and ninety-nine of a thousand
  service: shop
  indicatorRef: checkout
  timeWindow:
    - duration: 4w
      isRolling: true
  budgetingMethod: Occurrences
  objectives:
    - displayName: Works
      targetPercent: 99.95
  alertPolicies:
    - alertPolicyRef: budget
";

#[test]
fn documents_of_every_kind_are_accepted_together_and_alone() {
    assert_eq!(said(&[SERVICE, DATA_SOURCE, TARGETS, CONDITION, POLICY, SLI, SLO]), "");
    // In any order: what is referred to may follow.
    assert_eq!(said(&[SLO, SLI, POLICY, CONDITION, TARGETS, DATA_SOURCE, SERVICE]), "");
    for document in [SERVICE, DATA_SOURCE, TARGETS, CONDITION, POLICY, SLI] {
        assert_eq!(said(&[document]), "", "{document}");
    }
    for nothing in ["", "# Nothing yet.\n", "---\n---\n", "---\nnull\n...\n", "\u{feff}# Nothing yet.\n"] {
        assert_eq!(said(&[nothing]), "", "{nothing:?}");
    }
    let crlf =
        [SERVICE, DATA_SOURCE, TARGETS, CONDITION, POLICY, SLI, SLO].map(|text| text.replace('\n', "\r\n"));
    assert_eq!(said(&crlf.each_ref().map(String::as_str)), "");
}

#[test]
fn what_a_service_cannot_do_is_refused_in_any_kind() {
    let timeslices = SLO.replace("Occurrences", "RatioTimeslices");
    let several = SLO.replace(
        "    - displayName: Works\n",
        "    - displayName: Works\n      target: 0.9\n    - displayName: Works\n",
    );
    let threshold = "apiVersion: openslo/v1\nkind: SLI\nmetadata:\n  name: checkout\nspec:\n  thresholdMetric:\n    metricSource:\n      type: Redshift\n      spec:\n        query: SELECT value FROM metrics\n";
    let good = SLI.replace("    bad:", "    good:");
    let raw = "apiVersion: openslo/v1\nkind: SLI\nmetadata:\n  name: checkout\nspec:\n  ratioMetric:\n    rawType: success\n    raw:\n      metricSource:\n        type: Datadog\n        spec:\n          query: q\n";
    let mail = POLICY.replace("targetRef: page", "targetRef: OnCallDevopsMailNotification");
    let after = CONDITION.replace("0m", "5m");
    let silent = POLICY.replace("alertWhenResolved: true", "alertWhenResolved: false");
    let all = |slo: &str, sli: &str, policy: &str, condition: &str| said(&[slo, sli, policy, condition]);
    for (said, expected) in [
        (
            all(&timeslices, SLI, POLICY, CONDITION),
            "13:20: budgetingMethod \"RatioTimeslices\" is not known: write Occurrences or Timeslices",
        ),
        (
            all(&several, SLI, POLICY, CONDITION),
            "17:7: objectives has more than one entry: an SLO has one objective, write a document for each",
        ),
        (
            all(SLO, threshold, POLICY, CONDITION),
            "25:3: this process counts by itself and asks for no thresholdMetric: leave the indicator out",
        ),
        (
            all(SLO, &good, POLICY, CONDITION),
            "28:5: this process counts by itself and asks for no ratioMetric.good: leave the indicator out",
        ),
        (
            all(SLO, raw, POLICY, CONDITION),
            "26:5: this process counts by itself and asks for no ratioMetric.rawType: leave the indicator out\n27:5: this process counts by itself and asks for no ratioMetric.raw: leave the indicator out",
        ),
        (
            all(SLO, SLI, &mail, CONDITION),
            "53:18: who is told is decided by the severity, where the registry is built: write targetRef: page",
        ),
        (
            all(SLO, SLI, POLICY, &after),
            "67:17: alertAfter 5m is not what happens here, a second window of a twelfth keeps out what is over: write 0m",
        ),
        (
            all(SLO, SLI, &silent, CONDITION),
            "49:22: alertWhenResolved is always true, whoever is told of an alert is told of its end: write true",
        ),
    ] {
        assert_eq!(said, expected);
    }
}

#[test]
fn what_is_of_another_version_kind_or_name_is_refused() {
    let alpha = SERVICE.replace("openslo/v1", "openslo/v1alpha");
    let odd = SERVICE.replace("Service", "ServiceLevelObjective");
    let fields = SERVICE.replace("description", "owner");
    let labels = SLO.replace("  displayName: Checkout works\n", "  labels:\n    tags: [auth]\n");
    let name = SLO.replace("name: checkout-availability", "name: foo-slo");
    for (said, expected) in [
        (said(&[&alpha]), "1:13: apiVersion \"openslo/v1alpha\" is not read: write openslo/v1"),
        (said(&[&odd]), "2:7: kind \"ServiceLevelObjective\" is not of openslo/v1: write Service"),
        (said(&[&fields]), "14:3: \"owner\" is no field of the spec of Service: write one of description"),
        (said(&[&labels, SLI, POLICY, CONDITION]), "6:11: label tags is a list: write a text"),
        (
            said(&[&name, SLI, POLICY, CONDITION]),
            "4:9: no SLO is called \"foo-slo\": write the name of one, or declare a new one by the annotations slo/sli and slo/route or slo/operation",
        ),
        (said(&[SLI, SLI]), "25:9: SLI \"checkout\" is there twice, first at 4:9: leave one out"),
    ] {
        assert_eq!(said, expected);
    }
}
