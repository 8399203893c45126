//! What is recorded of an SLO.

use std::collections::BTreeMap;
use std::time::Duration;

use super::duration::promql;
use super::group::{RecordingRule, Rule, RuleGroup};
use super::source::Source;
use super::windows::Windows;
use crate::naming::{self, label, recorded};
use crate::objective::AlertForm;

/// What made the rules, as `sloth_mode` and `sloth_spec` say it.
const MADE_BY: &str = "slo-core";
const FIVE_MINUTES: Duration = Duration::from_secs(300);

/// Judges each slice of time once it has ended; nothing for an SLO that counts events.
///
/// The inner query is evaluated at whole multiples of a slice, wherever the evaluation of the group falls between two of
/// them, so slices are aligned to the clock, as within the process.
pub(super) fn slices(source: &Source<'_>) -> Option<RuleGroup> {
    let slices = source.slo.time_slices()?;
    let (slice, length) = (slices.duration(), promql(slices.duration()));
    let bad = source.increase(&naming::SLO_BAD_EVENTS, slice);
    let total = source.increase(&naming::SLO_EVENTS, slice);
    let may_fail = slices.threshold().error_budget_ratio();
    let expr = format!(
        "last_over_time(\n  (\n    {bad}\n    / ({total} > 0)\n    > bool {may_fail}\n  )[{length}:{length}]\n)"
    );
    let rules = vec![rule(source, recorded::SLICE_BAD, expr)];
    Some(RuleGroup { name: format!("slo-slices-{}", source.id()), interval: Some(length), rules })
}

/// What is recorded with every evaluation.
pub(super) fn fast(source: &Source<'_>) -> RuleGroup {
    let windows = Windows::of(source.slo);
    let mut rules: Vec<_> = windows.fast.iter().map(|window| error_ratio(source, *window)).collect();
    if source.slo.alerts().form() == AlertForm::Count {
        let count =
            |window: &Duration| over(source, recorded::COUNT_ERROR, *window, source.count_ratio(*window));
        rules.extend(windows.alerts.iter().map(count));
    }
    let objective = source.slo.objective();
    let days = source.slo.window().duration().as_secs_f64() / 86_400.0;
    rules.push(rule(source, recorded::OBJECTIVE, format!("vector({})", objective.ratio())));
    rules.push(rule(source, recorded::ERROR_BUDGET, format!("vector({})", objective.error_budget_ratio())));
    rules.push(rule(source, recorded::TIME_PERIOD, format!("vector({days})")));
    let shortest = windows.fast.first().copied();
    rules.extend(shortest.map(|window| burn_rate(source, recorded::CURRENT_BURN_RATE, window)));
    rules.push(info(source));
    if source.generator.has_pyrra {
        rules.extend(pyrra(source));
    }
    RuleGroup { name: format!("slo-{}", source.id()), interval: None, rules }
}

/// What is recorded less often, as it reads all of the period.
pub(super) fn period(source: &Source<'_>) -> RuleGroup {
    let windows = Windows::of(source.slo);
    let mut rules: Vec<_> = windows.slow.iter().map(|window| error_ratio(source, *window)).collect();
    rules.push(burn_rate(source, recorded::PERIOD_BURN_RATE, source.slo.window().duration()));
    let left = format!("1 - {}", source.recorded(recorded::PERIOD_BURN_RATE));
    rules.push(rule(source, recorded::PERIOD_REMAINING, left));
    if source.slo.alerts().form() == AlertForm::Count {
        rules.push(rule(source, recorded::MEAN_EVENTS, source.mean_events()));
    }
    if source.generator.has_pyrra {
        let error = source.recorded_over(recorded::SLI_ERROR, source.slo.window().duration());
        // Its dashboards subtract the objective, which has no window among its labels.
        let kept = format!("1 - max without ({}) ({error})", label::SLOTH_WINDOW);
        rules.push(pyrra_rule(source, recorded::PYRRA_AVAILABILITY, kept));
    }
    let interval = Some(promql(source.generator.period_interval));
    RuleGroup { name: format!("slo-period-{}", source.id()), interval, rules }
}

fn error_ratio(source: &Source<'_>, window: Duration) -> Rule {
    over(source, recorded::SLI_ERROR, window, source.error_ratio(window))
}

fn burn_rate(source: &Source<'_>, name: &str, window: Duration) -> Rule {
    let error = source.recorded_over(recorded::SLI_ERROR, window);
    rule(source, name, format!("{error} / {}", source.slo.objective().error_budget_ratio()))
}

/// The objective is told in percent, exactly as it was written.
fn info(source: &Source<'_>) -> Rule {
    let mut labels = source.labels();
    let percent = source.slo.objective().to_string();
    let own = [
        (label::SLOTH_MODE, MADE_BY),
        (label::SLOTH_SPEC, MADE_BY),
        (label::SLOTH_VERSION, env!("CARGO_PKG_VERSION")),
        (label::SLOTH_OBJECTIVE, percent.trim_end_matches('%')),
    ];
    labels.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    labelled(recorded::INFO, "vector(1)".to_owned(), labels)
}

fn pyrra(source: &Source<'_>) -> [Rule; 4] {
    let per_second = |family| format!("sum(rate({}[{}]))", source.counter(family), promql(FIVE_MINUTES));
    let (objective, window) = (source.slo.objective().ratio(), source.slo.window().duration().as_secs());
    [
        pyrra_rule(source, recorded::PYRRA_OBJECTIVE, format!("vector({objective})")),
        pyrra_rule(source, recorded::PYRRA_WINDOW, format!("vector({window})")),
        pyrra_rule(source, recorded::PYRRA_REQUESTS, per_second(&naming::SLO_EVENTS)),
        pyrra_rule(source, recorded::PYRRA_ERRORS, per_second(&naming::SLO_BAD_EVENTS)),
    ]
}

/// Its dashboards choose by the label `slo`.
fn pyrra_rule(source: &Source<'_>, name: &str, expr: String) -> Rule {
    let mut labels = source.labels();
    labels.insert(label::SLO.to_owned(), source.slo.name().to_owned());
    labelled(name, expr, labels)
}

fn over(source: &Source<'_>, name: &str, window: Duration, expr: String) -> Rule {
    let window = promql(window);
    let mut labels = source.labels();
    labels.insert(label::SLOTH_WINDOW.to_owned(), window.clone());
    labelled(&format!("{name}{window}"), expr, labels)
}

fn rule(source: &Source<'_>, name: &str, expr: String) -> Rule {
    labelled(name, expr, source.labels())
}

fn labelled(name: &str, expr: String, labels: BTreeMap<String, String>) -> Rule {
    Rule::Recording(RecordingRule { record: name.to_owned(), expr, labels })
}
