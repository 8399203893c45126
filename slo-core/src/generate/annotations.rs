//! What people are told of an alert, as templates that Prometheus fills in when it notifies.
//!
//! The words are those of the alerts that a process pushes itself. Numbers are asked for anew with each evaluation while the
//! alert fires. Names come from labels or are written as literals, so that none of them is taken for a template.

use std::collections::BTreeMap;

use super::alerts;
use super::source::Source;
use crate::naming::recorded;
use crate::objective::{AlertRow, Severity};

pub(super) fn of(source: &Source<'_>, severity: Severity, rows: &[AlertRow]) -> BTreeMap<String, String> {
    let name = format!("{}: {}", literal(&source.generator.service), source.slo.name());
    let summary =
        format!(r#"{name} burns its error budget {{{{ printf "%.1f" $value }}}} times as fast as it may"#);
    let mut annotations = BTreeMap::from([
        ("summary".to_owned(), summary),
        ("description".to_owned(), description(source, rows)),
    ]);
    annotations.extend(links(source, severity.as_str(), source.slo.name()));
    annotations
}

/// Returns the links that were asked for, with their placeholders filled in.
pub(super) fn links(source: &Source<'_>, severity: &str, slo: &str) -> Vec<(String, String)> {
    let generator = source.generator;
    let filled = |template: &String| {
        let text = template.replace("{slo}", slo).replace("{severity}", severity);
        text.replace("{service}", &literal(&generator.service))
    };
    let links =
        [("runbook_url", &generator.runbook_url), ("dashboard_url", &generator.dashboard_url)].into_iter();
    links.filter_map(|(name, link)| Some((name.to_owned(), filled(link.as_ref()?)))).collect()
}

/// Says which rows fire, how much of the budget is gone, and when all of it will be.
fn description(source: &Source<'_>, rows: &[AlertRow]) -> String {
    let slo = source.slo;
    let mut text = format!("{} over {} is promised.", slo.objective(), slo.window());
    for row in rows {
        let burns = quoted(&alerts::burns(source, row).replace("\n    ", " "));
        let ([long, short], factor) = (alerts::words(source, row), row.factor());
        text.push_str(&format!(
            "\n{{{{- range query {burns} }}}} The budget burns at {{{{ printf \"%.1f\" .Value }}}} over {long}, and over \
             {short} too at more than {factor}.{{{{ end }}}}"
        ));
    }
    // `humanizePercentage` writes 2e+04% of a young budget that an outage has spent two hundred times.
    let spent = quoted(&format!("100 * {}", source.recorded(recorded::PERIOD_BURN_RATE)));
    text.push_str(&format!(
        "\n{{{{- range query {spent} }}}} {{{{ printf \"%.1f\" .Value }}}} % of it is spent.{{{{ end }}}}"
    ));
    let left = source.recorded(recorded::PERIOD_REMAINING);
    let (gone, seconds) = (quoted(&format!("{left} <= 0")), slo.window().duration().as_secs());
    text.push_str(&format!("\n{{{{- if query {gone} }}}} It is gone.{{{{ end }}}}"));
    // What is left is divided by how fast it goes, which no template can do by itself.
    let lasts = format!("printf \"%s * {seconds} / %f > 0\" {} $value", quoted(&left));
    text.push_str(&format!(
        "\n{{{{- range query ({lasts}) }}}} At this speed it will be gone in {{{{ humanizeDuration .Value }}}}.{{{{ end }}}}"
    ));
    text
}

/// Writes a text that Prometheus would expand so that it stays what it is.
pub(super) fn literal(text: &str) -> String {
    text.replace("{{", r#"{{ "{{" }}"#)
}

/// Writes an expression as a string of a template: raw, so that it can be read, unless that cannot hold it.
fn quoted(expression: &str) -> String {
    if expression.contains('`') {
        format!("\"{}\"", expression.replace('\\', r"\\").replace('"', "\\\""))
    } else {
        format!("`{expression}`")
    }
}
