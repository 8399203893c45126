//! The files as a whole: as they were, and as the tools of Prometheus take them.

use std::path::Path;

use slo_core::{AlertingRule, Generator, Rule, Slo};

use crate::promtool::{Directory, is_installed, run, said};
use crate::skipped::skipped;
use crate::subjects::{generator, slo, slos};

/// With everything that can be asked for.
fn furnished(slos: impl IntoIterator<Item = Slo>) -> Generator {
    let generator = generator(slos).matching(r#"job="shop",env=~"prod|\"x\"""#).expect("matchers");
    let generator =
        generator.label("env", "prod").and_then(|generator| generator.label("odd", "`{{ x }}`\\"));
    let generator = generator.expect("plain names").pyrra();
    generator
        .runbook_url("https://wiki.example/{service}/{slo}#{severity}")
        .dashboard_url("https://grafana.example/d/slo?var-slo={slo}")
}

fn alerts(generator: &Generator) -> Vec<AlertingRule> {
    let rules = generator.groups().into_iter().flat_map(|group| group.rules);
    rules.filter_map(|rule| if let Rule::Alerting(rule) = rule { Some(rule) } else { None }).collect()
}

#[test]
fn the_files_are_the_golden_ones() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/generate/golden");
    let few = |name: &str| slos().into_iter().filter(|slo| slo.name() == name).collect::<Vec<_>>();
    let plain = generator(few("plain"));
    let odd = furnished(["counted", "monthly", "sliced"].into_iter().flat_map(few));
    for (name, file) in [
        ("rules.yaml", plain.rules()),
        ("prometheusrule.yaml", plain.prometheus_rule()),
        ("alertmanager.yaml", plain.alertmanager()),
        ("furnished.yaml", odd.rules()),
    ] {
        file.assert_current(golden.join(name));
    }
}

#[test]
fn all_files_are_valid() {
    if !is_installed("promtool") || !is_installed("amtool") {
        return skipped("all_files_are_valid", "promtool or amtool is not installed");
    }
    let directory = Directory::new("valid");
    let mut files = Vec::new();
    for (name, generator) in [
        ("plain", generator(slos())),
        ("furnished", furnished(slos())),
        ("none", generator([])),
        ("one", generator([slo("a", slo_core::Sli::Availability, "99%")])),
    ] {
        files.push(directory.write(&format!("{name}.yaml"), generator.rules().to_yaml()));
        // What the operator hands on to Prometheus is what stands below `spec`.
        let object = generator.prometheus_rule();
        let (_, spec) = object.to_yaml().split_once("\nspec:\n").expect("a PrometheusRule has a spec");
        let spec: Vec<_> = spec.lines().map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
        files.push(directory.write(&format!("{name}-object.yaml"), &spec.join("\n")));
    }
    let output = run("promtool", &["check", "rules"], &files);
    assert!(output.status.success(), "{}", said(&output));
    let routes = directory.write("alertmanager.yaml", generator([]).alertmanager().to_yaml());
    let output = run("amtool", &["check-config"], &[routes]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn files_are_the_same_each_time() {
    let (first, second) = (furnished(slos()), furnished(slos()));
    assert_eq!(first.rules(), second.rules());
    assert_eq!(first.prometheus_rule(), second.prometheus_rule());
    assert_eq!(first.alertmanager(), second.alertmanager());
}

#[test]
fn a_severity_has_one_alert_and_one_that_cannot_fire_has_none() {
    for (name, expected) in [("plain", 2), ("silent", 0), ("labelled", 1), ("modest", 2), ("own-rows", 2)] {
        let slos = slos().into_iter().filter(|slo| slo.name() == name);
        let alerts = alerts(&generator(slos));
        let burning: Vec<_> = alerts.iter().filter(|alert| alert.alert == "SloBurnRate").collect();
        assert_eq!(burning.len(), expected, "{name}");
        // Nothing to wait for: the long window has.
        assert!(burning.iter().all(|alert| alert.wait.is_none()), "{name}");
    }
}

#[test]
fn links_are_those_of_the_alert() {
    let alerts = alerts(&furnished(slos().into_iter().filter(|slo| slo.name() == "plain")));
    let runbooks: Vec<_> = alerts.iter().filter_map(|alert| alert.annotations.get("runbook_url")).collect();
    let runbook = |severity: &str| format!("https://wiki.example/shop/plain#{severity}");
    assert_eq!(runbooks, [&runbook("page"), &runbook("ticket"), &runbook("ticket")]);
    assert_eq!(alerts[0].annotations["dashboard_url"], "https://grafana.example/d/slo?var-slo=plain");
}

#[test]
fn what_cannot_be_written_is_refused() {
    let own = || generator(slos());
    for (error, expected) in [
        (
            own().matching("job=shop").unwrap_err(),
            "\"job=shop\" are no matchers: write some such as job=\"shop\"",
        ),
        (
            own().label("slo", "x").unwrap_err(),
            "label \"slo\" is a label we write ourselves: choose another name",
        ),
        (
            own().label("sloth_id", "x").unwrap_err(),
            "label \"sloth_id\" is a label we write ourselves: choose another name",
        ),
        (
            own().label("a-b", "x").unwrap_err(),
            "label \"a-b\" is not a label name: write letters, digits and '_', not starting with a digit",
        ),
        (
            own().label("a", "x").and_then(|own| own.label("a", "y")).unwrap_err(),
            "label \"a\" is given twice",
        ),
    ] {
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn expressions_can_be_read() {
    let text = generator(slos()).rules().to_yaml().to_owned();
    assert!(text.starts_with("# Rules for the SLOs of \"shop\""), "{text}");
    // None is squeezed into one line with escapes.
    assert!(text.contains("    expr: |-\n      max without (sloth_window) (\n        (\n"), "{text}");
    for note in ["monthly: its budget", "sliced: a slice of 10m", "counted: the mean traffic"] {
        assert!(text.contains(&format!("\n# - {note}")), "{note}: {text}");
    }
}
