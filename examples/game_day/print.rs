//! How the replay is told: in lines while it runs, in tables at its end, or as JSON.

use std::time::Duration;

use serde_json::{Value, json};
use slo_tower::{AlertTransition, IncidentReport, Status, Timestamp};

/// What the simulation said of a trouble, and what the replay saw.
pub(crate) struct Comparison {
    pub(crate) title: &'static str,
    pub(crate) slo: &'static str,
    pub(crate) severity: &'static str,
    pub(crate) began: Timestamp,
    /// After its beginning.
    pub(crate) simulated: Option<Duration>,
    pub(crate) replayed: Option<Duration>,
}

/// One alert, on one line.
pub(crate) fn line(alert: &AlertTransition) -> String {
    let burn = |burn: Option<slo_tower::BurnRate>| {
        burn.map_or_else(|| "-".to_owned(), |burn| format!("{:.1}", burn.get()))
    };
    format!(
        "{:.0}  {:<6} {:<8}  {:<21}  {} burned {}, {} burned {}, the limit is {}; {} of the budget spent",
        alert.at,
        alert.severity.as_str(),
        alert.change.as_str(),
        alert.slo,
        alert.row.long,
        burn(alert.long_burn),
        alert.row.short,
        burn(alert.short_burn),
        alert.row.factor,
        percent(alert.budget_spent),
    )
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}%", share * 100.0))
}

/// What is left of each budget.
pub(crate) fn budgets(status: &Status) -> String {
    let mut table = format!(
        "{:<22} {:>9} {:>9} {:>6} {:>12} {:>9}\n",
        "slo", "objective", "events", "bad", "budget left", "coverage"
    );
    for slo in &status.slos {
        table.push_str(&format!(
            "{:<22} {:>9} {:>9} {:>6} {:>12} {:>9}\n",
            slo.name,
            slo.objective.to_string(),
            slo.events.total(),
            slo.events.bad,
            percent(slo.budget.remaining_ratio),
            percent(Some(slo.coverage)),
        ));
    }
    table
}

/// What was expected of each trouble, and what came.
pub(crate) fn comparisons(comparisons: &[Comparison]) -> String {
    let after = |detected: Option<Duration>| {
        detected.map_or_else(|| "never".to_owned(), |after| format!("after {} s", after.as_secs()))
    };
    let told = comparisons.iter().map(|comparison| {
        format!(
            "{:.0}  {}: {}\n  simulated: a {} {}; replayed: {}\n",
            comparison.began,
            comparison.slo,
            comparison.title,
            comparison.severity,
            after(comparison.simulated),
            after(comparison.replayed),
        )
    });
    told.collect()
}

/// Everything, for programs.
pub(crate) fn json(
    alerts: &[AlertTransition],
    status: &Status,
    compared: &[Comparison],
    incidents: &[IncidentReport],
) -> Value {
    let seconds = |detected: Option<Duration>| detected.map(|detected| detected.as_secs());
    let compared = compared.iter().map(|comparison| {
        json!({
            "slo": comparison.slo,
            "trouble": comparison.title,
            "severity": comparison.severity,
            "began": comparison.began,
            "simulated_detection_seconds": seconds(comparison.simulated),
            "replayed_detection_seconds": seconds(comparison.replayed),
        })
    });
    json!({
        "alerts": alerts,
        "status": status,
        "troubles": compared.collect::<Vec<_>>(),
        "incidents": incidents,
    })
}
