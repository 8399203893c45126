//! What people read when an alert fires: the templates, filled in by Prometheus.

use std::fmt::Write as _;

use slo_core::Rule;

use crate::promtool::{Counter, Directory, is_installed, run, said};
use crate::skipped::skipped;
use crate::subjects::{generator, slos};

/// Writes a map of YAML in one line.
fn map(entries: &[(&str, &str)]) -> String {
    let entries: Vec<_> = entries.iter().map(|(name, text)| format!("{name}: {text:?}")).collect();
    format!("{{{}}}", entries.join(", "))
}

/// Those of the page about `labelled`.
fn labels() -> String {
    map(&[
        ("service", "shop"),
        ("severity", "page"),
        ("slo", "labelled"),
        ("sloth_id", "shop-labelled"),
        ("sloth_service", "shop"),
        ("sloth_severity", "page"),
        ("sloth_slo", "labelled"),
        ("team", "payments {{ 1 }}"),
        ("tier", "\"1\"\\"),
    ])
}

#[test]
fn an_alert_says_which_window_fired_what_is_gone_and_when_all_will_be() {
    const NAME: &str = "an_alert_says_which_window_fired_what_is_gone_and_when_all_will_be";
    if !is_installed("promtool") {
        return skipped(NAME, "promtool is not installed");
    }
    let directory = Directory::new("words");
    let generator = generator(slos().into_iter().filter(|slo| slo.name() == "labelled"));
    let generator = generator.runbook_url("https://wiki.example/{service}/{slo}#{severity}");
    let rules = directory.write("rules.yaml", generator.rules().to_yaml());
    // In steps of half of the shortest window: at 1 %, burning 20 times as fast as 99.95 % allows, for seven hours; and, after three days in
    // which all was well, for seventy minutes.
    let (promised, page) = ("99.95% over 30d is promised.", "over 5m too at more than 14.4.");
    let gone = format!(
        "{promised} The budget burns at 20.0 over 1h, and {page} The budget burns at 20.0 over 6h, and over 30m too at more \
         than 6. 2000.0 % of it is spent. It is gone."
    );
    // 700 events of the 2195 that may be bad; what is left is divided by 20.
    let going = format!(
        "{promised} The budget burns at 20.0 over 1h, and {page} 31.9 % of it is spent. At this speed it will be gone in \
         1d 0h 31m 9s."
    );
    let labels = labels();
    let selector = r#"{slo="labelled",instance="a"}"#;
    let mut text = format!("rule_files: [{}]\nevaluation_interval: 150s\n", rules.display());
    let order: Vec<_> = generator.groups().into_iter().map(|group| group.name).rev().collect();
    write!(text, "group_eval_order: {order:?}\ntests:\n").expect("a text takes all");
    for (well, failing, description) in [(0, 168, gone), (1_728, 28, going)] {
        let annotations = map(&[
            ("description", &description),
            ("runbook_url", "https://wiki.example/shop/labelled#page"),
            ("summary", "shop: labelled burns its error budget 20.0 times as fast as it may"),
        ]);
        let [mut events, mut bad] = [Counter::new(), Counter::new()];
        events.add(2_500, well + failing);
        bad.add(0, well);
        bad.add(25, failing);
        write!(
            text,
            "- interval: 150s\n  input_series:\n  \
             - {{series: 'slo_events_total{selector}', values: '{}'}}\n  \
             - {{series: 'slo_bad_events_total{selector}', values: '{}'}}\n  \
             alert_rule_test:\n  - eval_time: {}s\n    alertname: SloBurnRate\n    \
             exp_alerts: [{{exp_labels: {labels}, exp_annotations: {annotations}}}]\n",
            events.values(),
            bad.values(),
            150 * (well + failing),
        )
        .expect("a text takes all");
    }
    let output = run("promtool", &["test", "rules"], &[directory.write("test.yaml", &text)]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn nobody_is_missed_until_nobody_counts() {
    const NAME: &str = "nobody_is_missed_until_nobody_counts";
    if !is_installed("promtool") {
        return skipped(NAME, "promtool is not installed");
    }
    let directory = Directory::new("watch");
    let generator = generator(slos().into_iter().filter(|slo| slo.name() == "plain"));
    let rules = directory.write("rules.yaml", generator.rules().to_yaml());
    let alerts = generator.groups().into_iter().flat_map(|group| group.rules);
    let waits: Vec<_> = alerts
        .filter_map(|rule| match rule {
            Rule::Alerting(rule) => Some((rule.alert, rule.wait)),
            _ => None,
        })
        .filter(|(_, wait)| wait.is_some())
        .map(|(alert, _)| alert)
        .collect();
    assert_eq!(waits, ["SloAbsent", "SloAmbiguous"]);
    // Idle for an hour, then gone; another service promises by the same name from the half hour on.
    let cases = [
        ("SloAbsent", "60m", 0),
        ("SloAbsent", "74m", 0),
        ("SloAbsent", "76m", 1),
        ("SloAmbiguous", "30m", 0),
        ("SloAmbiguous", "45m", 1),
    ];
    let mut text = format!(
        "rule_files: [{}]\nevaluation_interval: 1m\ntests:\n- interval: 1m\n  input_series:\n  \
         - {{series: 'slo_events_total{{slo=\"plain\"}}', values: '0x60'}}\n  \
         - {{series: 'slo_info{{slo=\"plain\",service=\"shop\"}}', values: '1x90'}}\n  \
         - {{series: 'slo_info{{slo=\"plain\",service=\"kiosk\"}}', values: '_x30 1x60'}}\n  promql_expr_test:\n",
        rules.display()
    );
    for (alert, at, firing) in cases {
        write!(
            text,
            "  - expr: 'count(ALERTS{{alertname=\"{alert}\",alertstate=\"firing\"}}) or vector(0)'\n    \
             eval_time: {at}\n    exp_samples: [{{labels: '{{}}', value: {firing}}}]\n"
        )
        .expect("a text takes all");
    }
    let output = run("promtool", &["test", "rules"], &[directory.write("test.yaml", &text)]);
    assert!(output.status.success(), "{}", said(&output));
}
