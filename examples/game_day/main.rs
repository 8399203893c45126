//! A game day without a night shift: thirty days of a shop in about a second, with three things that go wrong.
//!
//! ```sh
//! cargo run --release --example game_day            # the alerts as they come, the budgets, a post-mortem
//! cargo run --release --example game_day -- --json  # the same as JSON
//! ```
//!
//! Nothing is faked but time: real attempts are recorded in a real registry, whose clock is moved and whose ticks are made
//! by hand, two hundred and sixty thousand of them. What the policy would make of each trouble was simulated before; at
//! the end both are compared.

mod print;
mod story;

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use lexopt::prelude::*;
use slo_tower::{AlertChange, AlertTransition, IncidentReport, Slo, SloRegistry, simulate};

use self::print::Comparison;
use self::story::{Shop, TROUBLES, Trouble};

const HELP: &str = "\
Replays thirty days of a shop in about a second, tells of every alert, and drafts a post-mortem of the worst incident.

Usage: cargo run --release --example game_day [-- OPTIONS]

Options:
      --json  print one JSON document instead
  -h, --help  print this
";

/// Every alert that fired or resolved, in order.
type Alerts = Arc<Mutex<Vec<AlertTransition>>>;

/// Returns whether to print JSON; `None` to print [`HELP`].
fn wants_json() -> Result<Option<bool>, lexopt::Error> {
    let (mut json, mut parser) = (false, lexopt::Parser::from_env());
    while let Some(argument) = parser.next()? {
        match argument {
            Short('h') | Long("help") => return Ok(None),
            Long("json") => json = true,
            _ => return Err(argument.unexpected()),
        }
    }
    Ok(Some(json))
}

/// Replays all of it; `is_told` prints the alerts as they come.
fn replay(promises: &[Slo], is_told: bool) -> Result<(SloRegistry, Vec<AlertTransition>), Box<dyn Error>> {
    let alerts = Alerts::default();
    let heard = Arc::clone(&alerts);
    let builder = SloRegistry::builder("shop").on_alert(move |alert| {
        if is_told {
            println!("{}", print::line(alert));
        }
        heard.lock().unwrap_or_else(PoisonError::into_inner).push(alert.clone());
    });
    let mut shop = Shop::open(promises.iter().cloned().fold(builder, |builder, slo| builder.slo(slo)))?;
    shop.live();
    let alerts = std::mem::take(&mut *alerts.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((shop.registry().clone(), alerts))
}

/// Simulates a trouble, and looks when the replay saw it.
fn compare(trouble: &Trouble, promises: &[Slo], alerts: &[AlertTransition]) -> Comparison {
    let slo = promises.iter().find(|slo| slo.name() == trouble.slo);
    let (traffic, incident) = trouble.incident();
    let simulated = slo.and_then(|slo| simulate(slo, traffic, &incident).detected(trouble.severity));
    let is_it = |alert: &&AlertTransition| {
        alert.slo == trouble.slo
            && alert.severity == trouble.severity
            && alert.change == AlertChange::Fired
            && alert.at >= trouble.begin()
    };
    let replayed = alerts.iter().find(is_it).map(|alert| alert.at.since(trouble.begin()));
    let (title, slo, severity) = (trouble.title, trouble.slo, trouble.severity.as_str());
    Comparison { title, slo, severity, began: trouble.begin(), simulated, replayed }
}

/// Returns the most urgent incident, and of several the one that has cost the most of its budget.
fn worst(incidents: &[IncidentReport]) -> Option<&IncidentReport> {
    let cost = |report: &IncidentReport| report.budget.spent_by_incident.unwrap_or_default();
    let order = |one: &&IncidentReport, other: &&IncidentReport| {
        one.severity.cmp(&other.severity).then_with(|| cost(one).total_cmp(&cost(other)))
    };
    incidents.iter().max_by(order)
}

fn main() -> Result<(), Box<dyn Error>> {
    let Some(wants_json) = wants_json()? else {
        print!("{HELP}");
        return Ok(());
    };
    let promises = story::promises()?;
    let (registry, alerts) = replay(&promises, !wants_json)?;
    let compared = TROUBLES.each_ref().map(|trouble| compare(trouble, &promises, &alerts));
    let (status, incidents) = (registry.status(), registry.incidents());
    if wants_json {
        println!("{:#}", print::json(&alerts, &status, &compared, &incidents));
        return Ok(());
    }
    println!("\nAfter {} days:\n\n{}", story::DAYS, print::budgets(&status));
    println!("{}", print::comparisons(&compared));
    if let Some(report) = worst(&incidents) {
        println!("The worst of {} incidents:\n\n{}", incidents.len(), report.to_markdown());
    }
    Ok(())
}
