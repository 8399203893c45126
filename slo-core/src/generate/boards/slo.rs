//! One SLO: what is left, how fast it goes and by which rows that is judged, what was counted, and where it went wrong.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::Generator;
use super::super::duration::promql;
use super::super::source::matcher;
use super::super::windows::Windows;
use super::Dashboard;
use super::board::Board;
use super::panel::Panel;
use super::question::{PLACE, Question, legend, place_legend, shared, whatever_window};
use super::service::{choose_places, quantiles as latency};
use crate::naming::{self, label, recorded};
use crate::objective::{AlertForm, AlertRow, Severity, Sli};

/// Bad places that are listed.
const PLACES: u32 = 10;

pub(super) fn board(generator: &Generator) -> Value {
    let question = Question::new(generator);
    let own = matcher(label::SLOTH_SERVICE, &generator.service);
    let info = question.recorded(recorded::INFO, &own);
    let thresholds = question.exposed(naming::SLO_INFO.name, &format!("{}=\"$slo\"", label::SLO));
    let board = Board::new(
        generator,
        Dashboard::Slo,
        "One SLO: its error budget, its burn rates beside the lines at which alerts fire, its events, latency and bad routes.",
    );
    let board = board.choose("slo", "SLO", &format!("label_values({info}, {})", label::SLOTH_SLO)).know(
        "threshold",
        "Threshold",
        &format!("label_values({thresholds}, {})", label::THRESHOLD),
    );
    choose_places(board, question)
        .row("$slo", numbers(question))
        .row("Error budget", [budget(question), burn(question), events(question)])
        .row("Latency of the routes that are chosen", [good(question), slow(question), quantiles(question)])
        .row("Where it goes wrong", [failing(question), too_slow(question)])
        .finish("SLO", "6h")
}

fn numbers(question: Question<'_>) -> [Panel; 6] {
    let of = |name: &str| question.of_slo(name);
    let kept = format!(
        "1 - {} * {} {}",
        of(recorded::PERIOD_BURN_RATE),
        whatever_window(),
        of(recorded::ERROR_BUDGET)
    );
    let any = whatever_window();
    let lasts = format!(
        "({} > 0) / {any} ({} > 0) * {any} {} * 86400",
        of(recorded::PERIOD_REMAINING),
        of(recorded::CURRENT_BURN_RATE),
        of(recorded::TIME_PERIOD)
    );
    let own = format!(
        "{},{}=\"$slo\"",
        matcher(label::SLOTH_SERVICE, &question.generator.service),
        label::SLOTH_SLO
    );
    let firing = format!("count({}) or 0 * max({})", question.firing(&own), of(recorded::INFO));
    [
        Panel::stat("Promised", "The share of events that must be good.", "percentunit")
            .ask(of(recorded::OBJECTIVE), ""),
        Panel::stat(
            "Kept",
            "The share of good events in the window. Without events there is none.",
            "percentunit",
        )
        .ask(kept, ""),
        Panel::stat(
            "Budget left",
            "What is left of the error budget in the window; below zero it is overspent.",
            "percentunit",
        )
        .ask(of(recorded::PERIOD_REMAINING), "")
        .colours("red", &[(0.0, "orange"), (0.25, "green")]),
        Panel::stat(
            "Burn now",
            "How fast the budget burns: 1 spends exactly all of it in the window.",
            "short",
        )
        .ask(of(recorded::CURRENT_BURN_RATE), "")
        .colours("green", &[(1.0, "orange")]),
        Panel::stat(
            "Budget lasts",
            "How long the budget lasts at the present burn rate, if it burns and there is any.",
            "s",
        )
        .ask(lasts, "")
        .without_value("-"),
        Panel::stat("Alerts firing", "How many alerts about this SLO's burn rate fire.", "none")
            .ask(firing, "")
            .colours("green", &[(1.0, "red")]),
    ]
}

fn budget(question: Question<'_>) -> Panel {
    let windows = question.generator.slos.iter().map(|slo| slo.window().duration());
    let longest = windows.max().unwrap_or(Duration::from_secs(30 * 86_400));
    let description = "What was left of the error budget at each moment, of the window that ended then. Below zero it is overspent.";
    let panel = Panel::lines("Error budget left over the window", description, "percentunit");
    panel.ask(question.of_slo(recorded::PERIOD_REMAINING), "left").looking_back(&promql(longest)).sized(24, 8)
}

/// Each window that a row of the policy looks at, and each row's factor as a line.
fn burn(question: Question<'_>) -> Panel {
    let description = "How fast the budget burns over each window of the alerts, in the form that they judge by. The dashed lines are their \
                       factors: a row fires while both of its windows are above its line and enough events are bad.";
    let windows = shared(question.generator, |slo| {
        let name = match slo.alerts().form() {
            AlertForm::Ratio => recorded::SLI_ERROR,
            AlertForm::Count => recorded::COUNT_ERROR,
        };
        Windows::of(slo).alerts.into_iter().map(|window| (window, name)).collect()
    });
    let windows = windows.into_iter().map(|((window, name), slos)| {
        let error = question.of_slo_among(&format!("{name}{}", promql(window)), &slos);
        let budget = question.of_slo(recorded::ERROR_BUDGET);
        (format!("{error} / {} {budget}", whatever_window()), promql(window))
    });
    let rows = shared(question.generator, |slo| {
        let window = slo.window();
        let row = |row: &AlertRow| {
            let factor = row.factor().to_string();
            (row.severity() != Severity::Page, row.long(window), row.short(window), factor)
        };
        slo.alert_rows().map(|(_, each)| row(each)).collect()
    });
    let lines = rows.into_iter().map(|((is_ticket, long, short, factor), slos)| {
        let severity = if is_ticket { Severity::Ticket } else { Severity::Page };
        let legend = format!("{} above {factor}: {} and {}", severity.as_str(), promql(long), promql(short));
        (question.number(&factor, &slos), legend)
    });
    let panel = Panel::lines("Burn rate by window", description, "short").ask_all(windows).ask_all(lines);
    panel.between(0.0, None).limits("/^page above/", "red").limits("/^ticket above/", "orange")
}

fn events(question: Question<'_>) -> Panel {
    let description = "Events that count for the SLO, each second, good and bad, of all processes together.";
    let rate = |family: &naming::Family| {
        let counter = question.exposed(family.name, &format!("{}=\"$slo\"", label::SLO));
        format!("sum(rate({counter}[$__rate_interval]))")
    };
    let (all, bad) = (rate(&naming::SLO_EVENTS), rate(&naming::SLO_BAD_EVENTS));
    let panel =
        Panel::lines("Events", description, "ops").ask(format!("{all} - {bad}"), "good").ask(bad, "bad");
    let colour = |colour: &str| json!({ "color": { "mode": "fixed", "fixedColor": colour } });
    panel.stacked().except(("byName", "good"), &colour("green")).except(("byName", "bad"), &colour("red"))
}

/// Cumulative buckets, and the one at the threshold; Prometheus spells whole numbers in two ways.
fn buckets(question: Question<'_>) -> [String; 2] {
    let at = format!("{}=~\"$threshold|$threshold[.]0\"", label::LE);
    ["", &at]
        .map(|matchers| format!("increase({}[$__rate_interval])", question.durations("_bucket", matchers)))
}

/// What each bucket has beyond the threshold, cumulative as the buckets are.
fn beyond(question: Question<'_>) -> String {
    let [all, at] = buckets(question);
    format!("clamp_min(sum by ({}) ({all}) - on () group_left () sum({at}), 0)", label::LE)
}

fn good(question: Question<'_>) -> Panel {
    let description = "Where the durations lie that are within the threshold, which is the upper edge of the colour here and the lower one \
                       beside it; all durations, where the SLO has no threshold. Of the routes that are chosen.";
    let [all, _] = buckets(question);
    let all = format!("sum by ({}) ({all})", label::LE);
    let expr = format!("({all} - {}) or {all}", beyond(question));
    Panel::heat_map("Up to the threshold: $threshold s", description, "Greens").ask(expr, &legend(label::LE))
}

fn slow(question: Question<'_>) -> Panel {
    let description = "Where the durations lie that exceed the threshold, which is where the colour begins. Of the routes that are chosen; \
                       empty for an SLO without a threshold.";
    Panel::heat_map("Beyond the threshold: $threshold s", description, "Reds")
        .ask(beyond(question), &legend(label::LE))
}

fn quantiles(question: Question<'_>) -> Panel {
    let description = "The durations that half, 95 % and 99 % stay below, estimated from buckets, of the routes that are chosen; dashed the \
                       SLO's threshold.";
    let thresholds = shared(question.generator, |slo| match slo.sli() {
        Sli::Latency { threshold } | Sli::Combined { threshold } => vec![threshold.duration()],
        Sli::Availability => Vec::new(),
    });
    let thresholds = thresholds.into_iter().map(|(threshold, slos)| {
        (question.number(&threshold.as_secs_f64().to_string(), &slos), "threshold".to_owned())
    });
    let panel = Panel::lines("Latency", description, "s").ask_all(latency(question, ""));
    panel.ask_all(thresholds).between(0.0, None).limits("/^threshold/", "red").sized(24, 8)
}

/// Ranks places by what an expression says of them.
fn ranked(title: &str, description: &str, expr: &str, by: &[&str]) -> Panel {
    let mut hidden = json!({ "Time": true });
    let mut names = json!({ "Value": "Requests" });
    for (label, title) in by.iter().zip(["Method", "Route", "Call", "Operation", "Error"]) {
        names[*label] = json!(title);
    }
    // Grafana names a lone query's column after the query from some version on.
    names["Value #A"] = json!("Requests");
    hidden["__name__"] = json!(true);
    let panel =
        Panel::table(title, description, "short").ask(format!("topk({PLACES}, {expr} > 0)"), &place_legend());
    panel.transformed(json!([
        { "id": "organize", "options": { "excludeByName": hidden, "indexByName": {}, "renameByName": names } },
        { "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": "Requests", "desc": true }] } },
    ]))
}

fn failing(question: Question<'_>) -> Panel {
    let description = "Where most failed in the time that is shown, and how, among the routes that are chosen: what spends budgets of \
                       availability.";
    let by = [PLACE.as_slice(), &[label::ERROR_TYPE]].concat();
    let failed = question.durations("_count", &format!("{}!=\"\"", label::ERROR_TYPE));
    let expr = format!("sum by ({}) (increase({failed}[$__range]))", by.join(", "));
    ranked("Most failures", description, &expr, &by)
}

fn too_slow(question: Question<'_>) -> Panel {
    let description = "Where most took longer than the threshold in the time that is shown, among the routes that are chosen: what spends \
                       budgets of latency. Empty for an SLO without a threshold.";
    let sum = |suffix: &str, matchers: &str| {
        format!(
            "sum by ({}) (increase({}[$__range]))",
            PLACE.join(", "),
            question.durations(suffix, matchers)
        )
    };
    let at = format!("{}=~\"$threshold|$threshold[.]0\"", label::LE);
    let expr = format!("({} - {})", sum("_count", ""), sum("_bucket", &at));
    ranked("Most too slow", description, &expr, &PLACE)
}
