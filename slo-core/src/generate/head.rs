//! What stands above the rules: what they were made from, and what they cannot say.

use super::Generator;
use super::duration::promql;
use crate::naming::{SLO_BAD_EVENTS, SLO_BUDGET, SLO_EVENTS};
use crate::objective::{AlertForm, Slo};

/// What stands above the routes of alerts.
pub(super) const OF_ROUTES: &str = "\
Where the alerts of SLOs go: a configuration of Alertmanager, or parts for yours. Made by slo-core.

Pages go to a pager, tickets to a chat; what is neither goes by e-mail. Replace what says REPLACE, and delete the receivers
that you do not use. All that happens to an SLO is one notification: what rules of Prometheus say of the fleet and what a
process has pushed of itself. While the former fires the latter is silent, and so is a ticket beside a page.";

/// Says what rules were made from.
pub(super) fn of_rules(generator: &Generator) -> String {
    let of = match generator.matchers.as_str() {
        "" => "all that are scraped: there are no matchers".to_owned(),
        matchers => format!("those with {matchers}"),
    };
    let mut head = format!(
        "Rules for the SLOs of {:?}, made from their declarations by slo-core {}. Do not edit: make them again.\n\n\
         Counted are {} and {} of all processes together, of {of}.\n\
         A ratio without events is absent, not 0 and not 1. Series and labels are named as sloth names them.",
        generator.service,
        env!("CARGO_PKG_VERSION"),
        SLO_EVENTS.name,
        SLO_BAD_EVENTS.name,
    );
    let notes: Vec<_> = generator.slos.iter().flat_map(notes).collect();
    if !notes.is_empty() {
        head.push_str("\n\nWhat the processes do otherwise:");
        notes.iter().for_each(|note| head.push_str(&format!("\n- {note}")));
    }
    head
}

/// Returns what rules cannot say of an SLO as the process does.
fn notes(slo: &Slo) -> Vec<String> {
    let (name, window) = (slo.name(), slo.window());
    let mut notes = Vec::new();
    if window.calendar().is_some() {
        let length = promql(window.duration());
        notes.push(format!(
            "{name}: its budget is that of a {window}, which PromQL has not: here it is that of the last {length}. \
             {} of a process has its own.",
            SLO_BUDGET.name
        ));
    }
    if let Some(slices) = slo.time_slices() {
        let length = promql(slices.duration());
        notes.push(format!(
            "{name}: a slice of {length} is judged by what all processes counted in it together, so at least two scrapes must \
             fall into each; windows of less than two slices are left out."
        ));
    }
    if slo.alerts().form() == AlertForm::Count {
        notes.push(format!(
            "{name}: the mean traffic is known only some minutes after the first scrape; until then none of its alerts fires."
        ));
    }
    notes
}
