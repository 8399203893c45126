//! Alert policies: one of OpenSLO is one row of ours.
//!
//! A condition of v1 says how fast and for how long. It has no second window, no floor and no form, and who is told is decided
//! where the registry is built; what it says beyond a row is refused where it is something else than what happens here.

use std::time::Duration;

use super::documents::{ALERT_CONDITION, ALERT_POLICY, Document, Documents, inline};
use super::fields::{Faults, Fields, list, text};
use super::node::{Node, Place};
use super::number::{Shorthand, factor, shorthand};
use crate::naming::annotation;
use crate::objective::{AlertPolicy, AlertPolicyError, AlertRow, Severity, Slo, Window, format_duration};
use crate::time::nanos;

/// The grain of alert windows: their twelfths are whole steps of ten seconds.
const STEP: u64 = 120;

/// A row as a document has it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// Where the factor is.
    at: Place,
    /// Where the window is.
    long_at: Place,
    severity: Severity,
    factor: f64,
    long: Duration,
}

/// Reads the rows of an SLO's policies; `None` if it says nothing about alerts.
pub(super) fn rows(spec: Fields<'_>, documents: &Documents<'_>, faults: &mut Faults) -> Option<Vec<Row>> {
    let policies = list(spec.get("alertPolicies")?, "alertPolicies", faults)?;
    if let Some(too_many) = policies.get(AlertPolicy::ROWS_MAX) {
        faults.add(
            too_many.at,
            format!("alertPolicies {}", AlertPolicyError::Rows { rows: policies.len() }.reason()),
        );
    }
    // Each is looked at, whatever is wrong with those before it.
    let rows: Vec<Option<Row>> = policies.iter().map(|node| row(node, documents, faults)).collect();
    rows.into_iter().collect()
}

fn row(node: &Node, documents: &Documents<'_>, faults: &mut Faults) -> Option<Row> {
    let policy = referred(node, (ALERT_POLICY, "alertPolicyRef"), documents, faults)?;
    for (field, expected, why) in [
        ("alertWhenNoData", false, "no events are no alert here"),
        ("alertWhenResolved", true, "whoever is told of an alert is told of its end"),
        ("alertWhenBreaching", true, "an alert that nobody is told of is better left out"),
    ] {
        if let Some((at, written)) = policy.spec.truth(field, faults)
            && written != expected
        {
            faults.add(at, format!("{field} is always {expected}, {why}: write {expected}"));
        }
    }
    let condition = policy.spec.only("conditions", "OpenSLO allows one, write a policy for each", faults);
    let Some(condition) = condition else {
        return faults.refuse(policy.spec.place("conditions"), "conditions is missing: write one".to_owned());
    };
    let condition = referred(condition, (ALERT_CONDITION, "conditionRef"), documents, faults)?;
    let row = row_of(&condition, faults)?;
    if let Some(targets) = policy.spec.get("notificationTargets") {
        for target in list(targets, "notificationTargets", faults)? {
            check_target(target, row.severity, faults);
        }
    }
    Some(row)
}

/// Finds an object that is referred to by a field, or written in its place.
fn referred<'n>(
    node: &'n Node,
    (kind, field): (&'static str, &str),
    documents: &Documents<'n>,
    faults: &mut Faults,
) -> Option<Document<'n>> {
    let fields = Fields::any(node, kind, faults)?;
    if fields.get(field).is_none() {
        return inline(node, kind, faults);
    }
    let fields = Fields::of(node, "a reference", &[field], faults)?;
    documents.referred(kind, fields.text(field, faults)?, faults)
}

fn check_target(node: &Node, severity: Severity, faults: &mut Faults) -> Option<()> {
    let name = Fields::any(node, "a notification target", faults)?.text("targetRef", faults);
    let (at, name) = name.map_or((node.at, ""), |(at, name)| (at, name));
    if name != severity.as_str() {
        let severity = severity.as_str();
        faults.add(at, format!("who is told is decided by the severity, where the registry is built: write targetRef: {severity}"));
    }
    Some(())
}

fn row_of(condition: &Document<'_>, faults: &mut Faults) -> Option<Row> {
    let severity = condition.spec.required("severity", "page or ticket", faults)?;
    let written = text(severity, "severity", faults)?;
    let Some(severity) = Severity::ALL.into_iter().find(|severity| severity.as_str() == written) else {
        return faults
            .refuse(severity.at, format!("severity {written:?} is not known: write page or ticket"));
    };
    let node =
        condition.spec.required("condition", "condition, with a threshold and a lookbackWindow", faults)?;
    let known = ["kind", "op", "threshold", "lookbackWindow", "alertAfter"];
    let fields = Fields::of(node, "the condition of an alert", &known, faults)?;
    for (field, expected, why) in [
        ("kind", "burnrate", "alerts are about the burn rate of a budget"),
        ("op", "gt", "alerts fire above their threshold"),
    ] {
        if let Some((at, written)) = fields.text(field, faults)
            && written != expected
        {
            faults.add(at, format!("{field} {written:?} is not what happens here, {why}: write {expected}"));
        }
    }
    let wait = fields.text("alertAfter", faults);
    if let Some((at, written)) = wait
        && shorthand((at, written), "alertAfter", "0m", faults)
            .is_some_and(|wait| wait != Shorthand::Span(Duration::ZERO))
    {
        faults.add(at, format!("alertAfter {written} is not what happens here, a second window of a twelfth keeps out what is over: write 0m"));
    }
    let threshold = fields.required("threshold", "a burn rate, such as 14.4", faults)?;
    let factor = factor(threshold, "threshold", faults)?;
    let lookback = fields.required("lookbackWindow", "a duration, such as 1h", faults)?;
    let written = (lookback.at, text(lookback, "lookbackWindow", faults)?);
    let Shorthand::Span(long) = shorthand(written, "lookbackWindow", "1h", faults)? else {
        return faults.refuse(
            lookback.at,
            format!("lookbackWindow {} has no fixed length: write days, such as 3d", written.1),
        );
    };
    let row = Row { at: threshold.at, long_at: lookback.at, severity, factor, long };
    check_short(condition, &row, faults);
    Some(row)
}

/// Refuses another short window than the one that follows from the long one.
fn check_short(condition: &Document<'_>, row: &Row, faults: &mut Faults) {
    let Some(annotations) = condition.annotations else { return };
    for (name, node) in annotations.iter().filter(|(name, _)| name.text.starts_with(annotation::PREFIX)) {
        let is_known = annotation::OF_CONDITIONS.contains(&&*name.text);
        let short = format_duration(nanos(row.long / 12));
        match text(node, &name.text, faults) {
            _ if !is_known => faults.add(name.at, format!("{:?} is no annotation of ours here: write {}", name.text, annotation::SHORT_WINDOW)),
            Some(written) if written != short => faults.add(
                node.at,
                format!("{} {written:?} is always a twelfth of the lookbackWindow: write {short}, or leave it out", name.text),
            ),
            Some(_) | None => {}
        }
    }
}

/// Makes a policy of rows for an SLO that is changed in all but its alerts: the one that it has, if they say the same.
pub(super) fn policy(rows: &[Row], slo: &Slo, faults: &mut Faults) -> Option<AlertPolicy> {
    let (window, declared) = (slo.window(), slo.alerts());
    let same = |own: &AlertRow, row: &Row| {
        (own.severity(), own.factor(), own.long(window)) == (row.severity, row.factor, row.long)
    };
    let are = |own: Vec<&AlertRow>| {
        own.len() == rows.len() && own.iter().zip(rows).all(|(own, row)| same(own, row))
    };
    if are(declared.rows().iter().collect()) || are(slo.alert_rows().map(|(_, row)| row).collect()) {
        return Some(*declared);
    }
    let own: Option<Vec<AlertRow>> = rows
        .iter()
        .map(|row| match declared.rows().iter().find(|own| same(own, row)) {
            Some(own) => Some(*own),
            None => new_row(row, window, faults),
        })
        .collect();
    let policy = AlertPolicy::new(&own?).ok()?;
    Some(policy.with_bad_events_min(declared.bad_events_min()).with_form(declared.form()))
}

/// Makes a row whose window is this long; ours are kept as what they would be of thirty days.
fn new_row(row: &Row, window: Window, faults: &mut Faults) -> Option<AlertRow> {
    let (long, factor, period) = (row.long, row.factor, window.duration().as_secs());
    if long.is_zero() || long.as_secs() % STEP != 0 {
        return faults.refuse(row.long_at, AlertPolicyError::Window { long }.to_string());
    }
    if factor * long.as_secs_f64() > window.duration().as_secs_f64() {
        return faults.refuse(row.long_at, AlertPolicyError::Budget { long, factor }.to_string());
    }
    let scaled = long.as_secs() * Window::DAYS_30.duration().as_secs() / period;
    let scaled = (scaled / STEP * STEP).max(STEP);
    let own = match AlertRow::new(row.severity, Duration::from_secs(scaled), factor) {
        Ok(own) => own,
        Err(error) => return faults.refuse(row.at, error.to_string()),
    };
    if own.long(window) != long {
        let (long, near) = (format_duration(nanos(long)), format_duration(nanos(own.long(window))));
        return faults.refuse(
            row.long_at,
            format!("lookbackWindow {long} is too fine for a window of {window}: write {near}"),
        );
    }
    Some(own)
}

/// Refuses rows that could never fire, or too late; told at the row of the document, or where the promise is changed.
pub(super) fn check(rows: Option<&[Row]>, slo: &Slo, places: Places, faults: &mut Faults) {
    let (policy, window) = (slo.alerts(), slo.window());
    let place = |row: &AlertRow| {
        let written = rows.into_iter().flatten();
        let mut same = written.filter(|own| {
            (own.severity, own.factor, own.long) == (row.severity(), row.factor(), row.long(window))
        });
        same.next()
    };
    if let Some(row) = policy.dead_row(slo.objective()) {
        let (at, factor, objective) =
            (place(row).map_or(places.target, |row| row.at), row.factor(), slo.objective());
        faults.add(at, format!("an alert at {factor} times the budget can never fire at a target of {objective}: promise more, or lower its threshold"));
    }
    if let Some(row) = policy.late_row(window) {
        let (at, factor) = (place(row).map_or(places.window, |row| row.long_at), row.factor());
        faults.add(at, format!("an alert at {factor} times the budget fires after the budget of {window} is gone: write a longer window, or a lower threshold"));
    }
    let short = |slices| Some((slices, policy.short_row(window, slices)?));
    if let Some((slices, row)) = slo.time_slices().and_then(short) {
        let (at, short) =
            (place(row).map_or(places.slices, |row| row.long_at), format_duration(nanos(row.short(window))));
        let slice = format_duration(nanos(slices.duration()));
        faults.add(at, format!("an alert whose second window is {short} has no room for two slices of {slice}: write shorter slices, or a longer lookbackWindow"));
    }
}

/// Where a promise is changed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Places {
    pub(super) target: Place,
    pub(super) window: Place,
    pub(super) slices: Place,
}
