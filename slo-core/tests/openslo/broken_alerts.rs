//! What is said of mistakes in slices of time, alerts and indicators, and where.

use super::mistakes::{alert, check, slo, target, window};

#[test]
fn slices_and_methods_that_there_are_not_are_told() {
    check(&[
        (
            slo("  budgetingMethod: RatioTimeslices\n"),
            r#"6:20: budgetingMethod "RatioTimeslices" is not known: write Occurrences or Timeslices"#,
        ),
        (
            slo("  budgetingMethod: Timeslices\n"),
            "6:20: Timeslices need both, in the objective: write timeSliceTarget: 0.99 and timeSliceWindow: 1m",
        ),
        (
            target("target: 0.99\n      timeSliceTarget: 0.95\n      timeSliceWindow: 1m"),
            "8:7: timeSliceTarget is for slices of time: leave it out, or write budgetingMethod: Timeslices\n9:7: timeSliceWindow is for slices of time: leave it out, or write budgetingMethod: Timeslices",
        ),
        (
            target(
                "target: 0.99\n      timeSliceTarget: 0.95\n      timeSliceWindow: 7\n  budgetingMethod: Timeslices",
            ),
            "9:24: timeSliceWindow 7m does not divide an hour: write 1m, 5m, 10m, 15m, 30m or 1h",
        ),
        (
            target(
                "target: 0.99\n      timeSliceTarget: 1.0\n      timeSliceWindow: 1m\n  budgetingMethod: Timeslices",
            ),
            "8:24: timeSliceTarget 1 leaves no error budget: write less, such as 0.999",
        ),
        (
            target(
                "target: 0.99\n      timeSliceTarget: 95\n      timeSliceWindow: 1m\n  budgetingMethod: Timeslices",
            ),
            "8:24: timeSliceTarget 95 is a percentage: write 0.95",
        ),
    ]);
}

#[test]
fn alerts_that_cannot_be_are_told() {
    check(&[
        (alert("threshold: 14.4\n                  lookbackWindow: 1h\n                  alertAfter: 5m"), "18:31: alertAfter 5m is not what happens here, a second window of a twelfth keeps out what is over: write 0m"),
        (alert("threshold: 0.5\n                  lookbackWindow: 1h"), "16:30: alert factor 0.5 keeps the promise: write at least 1"),
        (alert("threshold: fast\n                  lookbackWindow: 1h"), r#"16:30: threshold "fast" is no plain number: write a number, such as 14.4"#),
        (alert("threshold: 2\n                  lookbackWindow: 1h\n                  kind: slow"), r#"18:25: kind "slow" is not what happens here, alerts are about the burn rate of a budget: write burnrate"#),
        (alert("threshold: 2\n                  lookbackWindow: 1h\n                  op: gte"), r#"18:23: op "gte" is not what happens here, alerts fire above their threshold: write gt"#),
        (alert("threshold: 2\n                  lookbackWindow: 61m"), "17:35: alert window 61m is no whole number of two minutes: write one, such as 1h"),
        (alert("threshold: 2\n                  lookbackWindow: 1M"), "17:35: lookbackWindow 1M has no fixed length: write days, such as 3d"),
        (alert("threshold: 14.4\n                  lookbackWindow: 3d"), "17:35: alert at 14.4 times the budget over 3d fires after the budget is gone: write a shorter window or a lower factor"),
        (alert("threshold: 2000\n                  lookbackWindow: 2m"), "16:30: an alert at 2000 times the budget can never fire at a target of 99.9%: promise more, or lower its threshold"),
        (alert("lookbackWindow: 1h"), "16:19: threshold is missing: write a burn rate, such as 14.4"),
        (alert("threshold: 2\n                  lookbackWindow: 1h").replace("severity: page", "severity: sev1"), r#"14:27: severity "sev1" is not known: write page or ticket"#),
        (alert("threshold: 2\n                  lookbackWindow: 1h").replace("        conditions", "        alertWhenNoData: true\n        conditions"), "10:26: alertWhenNoData is always false, no events are no alert here: write false"),
        (alert("threshold: 2\n                  lookbackWindow: 1h").replace("        conditions", "        notificationTargets:\n          - targetRef: mail\n        conditions"), "11:24: who is told is decided by the severity, where the registry is built: write targetRef: page"),
        (alert("threshold: 2\n                  lookbackWindow: 1h").replace("name: fast", "name: fast\n              annotations:\n                slo/short-window: 10m"), r#"14:35: slo/short-window "10m" is always a twelfth of the lookbackWindow: write 5m, or leave it out"#),
        (slo("  alertPolicies:\n    - alertPolicyRef: page\n"), r#"7:23: no AlertPolicy of this file is called "page": add it to this file"#),
        (slo("  alertPolicies:\n    - metadata:\n        name: page\n      spec: {}\n"), "9:13: conditions is missing: write one"),
        (target("target: 0.5\n  service: shop").replace("availability", "latency"), "7:15: an alert at 14.4 times the budget can never fire at a target of 50%: promise more, or lower its threshold"),
        (window("duration: 1h").replace("checkout-availability", "reports"), "7:17: an alert at 50 times the budget fires after the budget of 1h is gone: write a longer window, or a lower threshold"),
        (target("target: 0.99\n      timeSliceTarget: 0.95\n      timeSliceWindow: 5m\n  budgetingMethod: Timeslices").replace("availability", "latency"), "9:24: an alert whose second window is 5m has no room for two slices of 5m: write shorter slices, or a longer lookbackWindow"),
        (window("duration: 90d").replace("spec:", "spec:\n  alertPolicies:\n    - metadata:\n        name: x\n      spec:\n        conditions:\n          - conditionRef: fast") + "---\napiVersion: openslo/v1\nkind: AlertCondition\nmetadata:\n  name: fast\nspec:\n  severity: page\n  condition:\n    threshold: 2\n    lookbackWindow: 8m\n", "23:21: lookbackWindow 8m is too fine for a window of 90d: write 6m"),
        (slo(&format!("  alertPolicies:\n{}", "    - alertPolicyRef: page\n".repeat(9))), "7:23: no AlertPolicy of this file is called \"page\": add it to this file\n8:23: no AlertPolicy of this file is called \"page\": add it to this file\n9:23: no AlertPolicy of this file is called \"page\": add it to this file\n10:23: no AlertPolicy of this file is called \"page\": add it to this file\n11:23: no AlertPolicy of this file is called \"page\": add it to this file\n12:23: no AlertPolicy of this file is called \"page\": add it to this file\n13:23: no AlertPolicy of this file is called \"page\": add it to this file\n14:23: no AlertPolicy of this file is called \"page\": add it to this file\n15:7: alertPolicies are more than eight: leave some out\n15:23: no AlertPolicy of this file is called \"page\": add it to this file"),
    ]);
}

#[test]
fn indicators_that_are_not_ours_are_told() {
    check(&[
        (
            slo(
                "  indicator:\n    metadata:\n      name: x\n    spec:\n      thresholdMetric:\n        metricSource: {}\n",
            ),
            "10:7: this process counts by itself and asks for no thresholdMetric: leave the indicator out",
        ),
        (
            slo(
                "  indicator:\n    metadata:\n      name: x\n    spec:\n      ratioMetric:\n        counter: true\n        good: {}\n",
            ),
            "11:18: the queries count events and are no counters: write counter: false\n12:9: this process counts by itself and asks for no ratioMetric.good: leave the indicator out",
        ),
        (
            slo(
                "  indicator:\n    metadata:\n      name: x\n    spec:\n      ratioMetric:\n        bad:\n          metricSource:\n            type: Datadog\n            spec:\n              query: errors\n",
            ),
            "13:19: type \"Datadog\" is not what this process is scraped by: write Prometheus\n15:22: this process counts by itself and asks for no query: leave the indicator out, or begin with sum(increase(slo_bad_events_total{slo=\"checkout-availability\"",
        ),
        (
            slo("  indicatorRef: elsewhere\n"),
            r#"6:17: no SLI of this file is called "elsewhere": add it to this file"#,
        ),
    ]);
}
