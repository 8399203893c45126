//! All SLOs at one look: what is left, how fast it goes, what fires.

use serde_json::{Value, json};

use super::super::Generator;
use super::Dashboard;
use super::board::Board;
use super::panel::Panel;
use super::question::{Question, legend, whatever_window};
use crate::naming::{ALERT_ABSENT, ALERT_AMBIGUOUS, ALERT_NAME, label, recorded};
use crate::objective::Severity;

pub(super) fn board(generator: &Generator) -> Value {
    let question = Question::new(generator);
    let board = Board::new(
        generator,
        Dashboard::Overview,
        "What is left of every error budget, how fast it burns, and what fires.",
    );
    let services =
        format!("label_values({}, {})", question.recorded(recorded::INFO, ""), label::SLOTH_SERVICE);
    board
        .choose_services(&services)
        .row(
            "Now",
            [slos(question), spent(question)]
                .into_iter()
                .chain(firing(question))
                .chain([budgets(question), all(question)]),
        )
        .row("Over time", [left(question), burn(question), alerts(question)])
        .finish("SLO overview", "24h")
}

/// Names a series after its SLO.
fn name() -> String {
    format!("{}: {}", legend(label::SLOTH_SERVICE), legend(label::SLOTH_SLO))
}

fn slos(question: Question<'_>) -> Panel {
    let panel = Panel::stat("SLOs", "How many SLOs rules are evaluated for.", "none");
    panel.ask(format!("count({})", question.of_services(recorded::INFO)), "").sized(6, 4)
}

/// Counts what is there; where there are SLOs, none is 0.
fn counted(question: Question<'_>, what: &str) -> String {
    format!("count({what}) or 0 * count({})", question.of_services(recorded::INFO))
}

fn spent(question: Question<'_>) -> Panel {
    let description = "How many SLOs have no error budget left in their window.";
    let spent = format!("{} <= 0", question.of_services(recorded::PERIOD_REMAINING));
    let panel = Panel::stat("Budgets spent", description, "none").ask(counted(question, &spent), "");
    panel.colours("green", &[(1.0, "red")]).sized(6, 4)
}

fn firing(question: Question<'_>) -> impl Iterator<Item = Panel> {
    Severity::ALL.into_iter().map(move |severity| {
        let title = match severity {
            Severity::Page => "Pages firing",
            Severity::Ticket => "Tickets firing",
        };
        let own = format!("{}=~\"$service\",{}=\"{}\"", label::SERVICE, label::SEVERITY, severity.as_str());
        let description =
            "How many alerts of this severity fire: burning budgets, and SLOs that nobody counts for.";
        let panel = Panel::stat(title, description, "none");
        let colour = match severity {
            Severity::Page => "red",
            Severity::Ticket => "orange",
        };
        let panel = panel.ask(counted(question, &question.firing(&format!("{},{own}", ours()))), "");
        panel.colours("green", &[(1.0, colour)]).sized(6, 4)
    })
}

/// Matches the alerts that rules of ours raise.
fn ours() -> String {
    format!("{}=~\"{ALERT_NAME}|{ALERT_ABSENT}|{ALERT_AMBIGUOUS}\"", label::ALERT_NAME)
}

fn budgets(question: Question<'_>) -> Panel {
    let description =
        "What is left of each error budget in its window; empty where it is spent or overspent.";
    let panel = Panel::bars("Budget left", description, "percentunit")
        .ask(question.of_services(recorded::PERIOD_REMAINING), &name());
    panel.colours("red", &[(0.0, "orange"), (0.25, "green")]).between(0.0, Some(1.0)).sized(8, 10)
}

/// One line for each SLO, worst first; each column is a query.
fn all(question: Question<'_>) -> Panel {
    let by = format!("{}, {}", label::SLOTH_SERVICE, label::SLOTH_SLO);
    let (spent, budget) =
        (question.of_services(recorded::PERIOD_BURN_RATE), question.of_services(recorded::ERROR_BUDGET));
    let of = |name: &str| format!("max by ({by}) ({})", question.of_services(name));
    let columns = [
        ("Promised", of(recorded::OBJECTIVE), "percentunit"),
        ("Kept", format!("max by ({by}) (1 - {spent} * {} {budget})", whatever_window()), "percentunit"),
        ("Budget left", of(recorded::PERIOD_REMAINING), "percentunit"),
        ("Burn now", of(recorded::CURRENT_BURN_RATE), "short"),
        ("Window", of(recorded::TIME_PERIOD), "d"),
        (
            "Firing",
            format!(
                "count by ({by}) ({})",
                question.firing(&format!("{}=~\"$service\"", label::SLOTH_SERVICE))
            ),
            "none",
        ),
    ];
    let description = "What each SLO promises, what it has kept in its window, what is left of its budget (below zero: overspent), how fast \
                       it burns now (1 spends exactly the budget in the window), and how many of its alerts fire. Worst first.";
    let mut panel = Panel::table("All SLOs", description, "short").sized(16, 10);
    let (mut names, mut order) = (json!({}), json!({ (label::SLOTH_SERVICE): 0, (label::SLOTH_SLO): 1 }));
    names[label::SLOTH_SERVICE] = json!("Service");
    names[label::SLOTH_SLO] = json!("SLO");
    for (index, (title, expr, unit)) in columns.into_iter().enumerate() {
        let value = format!("Value #{}", char::from(b'A' + u8::try_from(index).expect("a few columns")));
        names[&value] = json!(title);
        order[&value] = json!(index + 2);
        panel = panel
            .ask(expr, "")
            .except(("byName", title), &json!({ "unit": unit, "decimals": decimals(unit) }));
    }
    let service = question.generator.service.as_str();
    let own = Dashboard::Slo.uid(service);
    // Other services have a board of their own, which is called like this one's unless a name had to be shortened.
    let uid = own
        .strip_suffix(service)
        .map_or_else(|| own.clone(), |kind| format!("{kind}${{__data.fields.Service}}"));
    let detail =
        format!("/d/{uid}?var-slo=${{__data.fields.SLO}}&${{datasource:queryparam}}&${{__url_time_range}}");
    let link = json!([{ "title": "Look at this SLO", "url": detail, "targetBlank": false }]);
    let panel = panel.except(("byName", "SLO"), &json!({ "links": link }));
    panel.transformed(json!([
        { "id": "merge", "options": {} },
        { "id": "organize", "options": { "excludeByName": { "Time": true }, "indexByName": order, "renameByName": names } },
        { "id": "sortBy", "options": { "fields": {}, "sort": [{ "field": "Budget left", "desc": false }] } },
    ]))
}

fn decimals(unit: &str) -> u32 {
    match unit {
        "percentunit" => 3,
        "short" => 2,
        _ => 0,
    }
}

fn left(question: Question<'_>) -> Panel {
    let description = "What is left of each error budget in its window. Below zero it is overspent; where nothing was counted there is no line.";
    let panel = Panel::lines("Error budget left", description, "percentunit");
    panel.ask(question.of_services(recorded::PERIOD_REMAINING), &name())
}

fn burn(question: Question<'_>) -> Panel {
    let description = "How fast each error budget burns now: 1 spends exactly all of it in the window. Without events there is no rate.";
    let panel = Panel::lines("Burn rate", description, "short");
    panel.ask(question.of_services(recorded::CURRENT_BURN_RATE), &name()).between(0.0, None)
}

fn alerts(question: Question<'_>) -> Panel {
    let description = "When which alert fired.";
    let by = [label::SERVICE, label::SLO, label::ALERT_NAME, label::SEVERITY].join(", ");
    let own = format!("{}=~\"$service\",{}", label::SERVICE, ours());
    let expr = format!("max by ({by}) ({})", question.firing(&own));
    let [slo, alert, severity] = [label::SLO, label::ALERT_NAME, label::SEVERITY].map(legend);
    let panel = Panel::times("Alerts", description).ask(expr, &format!("{slo} {alert} ({severity})"));
    panel.colours("red", &[]).sized(24, 8)
}
