//! The two formats for machines: draft-inadarei-api-health-check, and `MicroProfile` Health.

use serde_json::{Map, Value, json};
use slo_core::Level;

use super::date::Rfc3339;
use super::shown::{Leave, Line, Shown};

/// Writes `application/health+json`. A check that has been timed is named with what was measured.
pub(super) fn health_json(shown: &Shown<'_>) -> String {
    let mut answer = Map::new();
    answer.insert("status".to_owned(), status(shown.level).into());
    let mut notes: Vec<Value> = Vec::new();
    if shown.left_out > 0 {
        notes.push(format!("{} checks are left out: there are too many", shown.left_out).into());
    }
    if !shown.unmatched.is_empty() {
        notes.push("some health checks cannot be excluded: there are none of these names".into());
    }
    if !notes.is_empty() {
        answer.insert("notes".to_owned(), notes.into());
    }
    if shown.leave > Leave::Status {
        let checks = included(shown).map(|line| component(shown, line));
        answer.insert("checks".to_owned(), Value::Object(checks.collect()));
    }
    Value::Object(answer).to_string()
}

fn component(shown: &Shown<'_>, line: &Line<'_>) -> (String, Value) {
    let mut component = Map::new();
    let is_check = line.check.is_some();
    component.insert("componentType".to_owned(), if is_check { "component" } else { "system" }.into());
    component.insert("status".to_owned(), status(own_level(line)).into());
    if let Some(at) = line.check.and_then(|check| check.reported) {
        component.insert("time".to_owned(), Rfc3339(at).to_string().into());
    }
    if let Some(reason) = shown.reason(line) {
        component.insert("output".to_owned(), reason.into());
    }
    let took = line.check.and_then(|check| check.took_seconds).filter(|_| shown.leave == Leave::Details);
    let name = match took {
        Some(seconds) => {
            component.insert("observedValue".to_owned(), json!(seconds * 1_000.0));
            component.insert("observedUnit".to_owned(), "ms".into());
            format!("{}:responseTime", line.name)
        }
        None => line.name.clone().into_owned(),
    };
    (name, Value::Array(vec![Value::Object(component)]))
}

/// Writes what `MicroProfile` Health calls for: `UP` or `DOWN`, and the same of each check.
pub(super) fn micro_profile(shown: &Shown<'_>) -> String {
    let up = |is_up: bool| if is_up { "UP" } else { "DOWN" };
    let checks = included(shown).filter(|_| shown.leave > Leave::Status).map(|line| {
        let level = own_level(line);
        let mut data = Map::new();
        data.insert("level".to_owned(), status(level).into());
        if let Some(reason) = shown.reason(line) {
            data.insert("reason".to_owned(), reason.into());
        }
        json!({ "name": line.name, "status": up(level <= Level::Warn), "data": data })
    });
    let checks: Vec<_> = checks.collect();
    json!({ "status": up(shown.is_success), "checks": checks }).to_string()
}

/// What is excluded is left out: it decided nothing.
fn included<'a, 'b>(shown: &'a Shown<'b>) -> impl Iterator<Item = &'a Line<'b>> {
    shown.lines.iter().filter(|line| !line.is_excluded)
}

/// How a check is by itself; one that has not run yet and holds nothing back is no reason to fail.
fn own_level(line: &Line<'_>) -> Level {
    match line.level {
        Level::Unknown if !line.holds_back => Level::Warn,
        level => level,
    }
}

const fn status(level: Level) -> &'static str {
    match level {
        Level::Pass => "pass",
        Level::Warn => "warn",
        Level::Unknown | Level::Fail => "fail",
    }
}
