//! Alerts about burning budgets: one for each severity, that fires while any of its rows does.
//!
//! One alert for each row would notify twice of a burn that two rows see, and once more as one hands over to the other; a
//! severity is what people act upon. Which row fires is said in the annotations. None waits (`for`): the long window has
//! waited already. An alert that the process pushes itself has the same name, and the labels `slo`, `service` and `severity`;
//! the labels of sloth, which it has not, tell that it is about one process.

use std::collections::BTreeMap;

use super::annotations;
use super::duration::promql;
use super::group::AlertingRule;
use super::source::Source;
use crate::naming::{self, label};
use crate::objective::{AlertRow, Severity};

/// Returns the alerts of an SLO, most urgent first.
pub(super) fn of<'a>(source: &'a Source<'_>) -> impl Iterator<Item = AlertingRule> + 'a {
    Severity::ALL.into_iter().filter_map(|severity| alert(source, severity))
}

fn alert(source: &Source<'_>, severity: Severity) -> Option<AlertingRule> {
    let rows = source.slo.alert_rows().map(|(_, row)| *row).filter(|row| row.severity() == severity);
    let rows: Vec<_> = rows.collect();
    let conditions: Vec<_> = rows.iter().map(|row| condition(source, row)).collect();
    let any = conditions.join(&format!("\n  or ignoring ({})\n", label::SLOTH_WINDOW));
    // All rows are one alert, so the window is none of its labels.
    let expr = format!("max without ({}) (\n{any}\n)", label::SLOTH_WINDOW);
    (!rows.is_empty()).then(|| AlertingRule {
        alert: naming::ALERT_NAME.to_owned(),
        expr,
        wait: None,
        labels: labels(source, severity),
        annotations: annotations::of(source, severity, &rows),
    })
}

/// When a row fires: both windows burn, and enough events are bad. Its value is the burn rate of the long window.
fn condition(source: &Source<'_>, row: &AlertRow) -> String {
    let long = row.long(source.slo.window());
    // An increase is estimated from samples and no whole number; slices of time are.
    let below_floor = source.slo.alerts().bad_events_min().max(1) - 1;
    let (burns, bad) = (burns(source, row), source.bad(long));
    format!("  (\n    {burns}\n    and on () {bad} > {below_floor}.5\n  )")
}

/// Whether both windows of a row burn faster than it allows.
pub(super) fn burns(source: &Source<'_>, row: &AlertRow) -> String {
    let window = source.slo.window();
    let [long, short] = [row.long(window), row.short(window)].map(|window| source.burn_rate(window));
    let factor = row.factor();
    format!("{long} > {factor}\n    and ignoring ({}) {short} > {factor}", label::SLOTH_WINDOW)
}

fn labels(source: &Source<'_>, severity: Severity) -> BTreeMap<String, String> {
    let (slo, service) = (source.slo.name(), &source.generator.service);
    // Those of sloth, of the user and of the SLO come from what was recorded.
    let own = [
        (label::SLO, slo.to_owned()),
        (label::SERVICE, annotations::literal(service)),
        (label::SEVERITY, severity.as_str().to_owned()),
        (label::SLOTH_SEVERITY, severity.as_str().to_owned()),
    ];
    own.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Returns the words for a row: `1h` and `5m`.
pub(super) fn words(source: &Source<'_>, row: &AlertRow) -> [String; 2] {
    [row.long(source.slo.window()), row.short(source.slo.window())].map(promql)
}
