//! The two formats for machines: draft-inadarei-api-health-check, and `MicroProfile` Health.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};
use slo_core::{Level, Reading};

use super::date::Rfc3339;
use super::shown::{Leave, Line, Shown};

/// Writes `application/health+json`.
pub(super) fn health_json(shown: &Shown<'_>) -> String {
    let too_many = || format!("{} checks are left out: there are too many", shown.left_out);
    let too_many = (shown.left_out > 0).then(too_many);
    let unmatched = || "some health checks cannot be excluded: there are none of these names".to_owned();
    let unmatched = (!shown.unmatched.is_empty()).then(unmatched);
    let checks = (shown.leave > Leave::Status).then_some(Components(shown));
    let notes = too_many.into_iter().chain(unmatched).collect();
    json(&HealthJson { status: word(shown.level), notes, checks })
}

#[derive(Serialize)]
struct HealthJson<'a> {
    status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<Components<'a>>,
}

/// All components by their names, in our order. One that has been timed is named with what was measured, and so is each
/// number that it has read.
struct Components<'a>(&'a Shown<'a>);

impl Serialize for Components<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(shown) = self;
        serializer.collect_map(included(shown).flat_map(|line| {
            let component = Component::of(shown, line);
            let name = match component.observed_value {
                Some(_) => format!("{}:responseTime", line.name),
                None => line.name.clone().into_owned(),
            };
            let read = shown.readings(line).iter().filter(|reading| is_measurement(reading.name));
            let read = read.map(|reading| {
                (format!("{}:{}", line.name, reading.name), [Component::of_reading(line, reading)])
            });
            [(name, [component])].into_iter().chain(read)
        }))
    }
}

/// A colon stands between a component and what was measured; and how long a check took is ours to say.
fn is_measurement(name: &str) -> bool {
    !name.is_empty() && !name.contains(':') && name != "responseTime"
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Component {
    component_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    observed_unit: Option<&'static str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
}

impl Component {
    fn of(shown: &Shown<'_>, line: &Line<'_>) -> Self {
        let took = line.check.and_then(|check| check.took_seconds);
        let observed_value = took.filter(|_| shown.leave == Leave::Details).map(|seconds| seconds * 1_000.0);
        Self {
            component_type: if line.check.is_some() { "component" } else { "system" },
            observed_value,
            observed_unit: observed_value.map(|_| "ms"),
            status: word(own_level(line)),
            time: reported(line),
            output: shown.reason(line),
        }
    }

    fn of_reading(line: &Line<'_>, reading: &Reading) -> Self {
        let mut words = reading.name.split('_');
        let unit = words.find_map(|word| match word {
            "seconds" => Some("s"),
            "bytes" => Some("B"),
            _ => None,
        });
        Self {
            component_type: "component",
            observed_value: Some(reading.value),
            observed_unit: unit,
            status: word(own_level(line)),
            time: reported(line),
            output: None,
        }
    }
}

fn reported(line: &Line<'_>) -> Option<String> {
    line.check.and_then(|check| check.reported).map(|at| Rfc3339(at).to_string())
}

/// Writes what `MicroProfile` Health calls for: `UP` or `DOWN`, and the same of each check.
///
/// Its readers take the conjunction of all checks for the whole, so that what holds nothing back must not be down: how such a
/// check is by itself is among its data.
pub(super) fn micro_profile(shown: &Shown<'_>) -> String {
    let checks = included(shown).filter(|_| shown.leave > Leave::Status).map(|line| {
        let is_ours = |reading: &&Reading| matches!(reading.name, "level" | "reason");
        let readings = shown.readings(line).iter().filter(|reading| !is_ours(reading));
        let readings = readings.map(|reading| (reading.name, reading.value)).collect();
        let data = Data { level: word(own_level(line)), reason: shown.reason(line), readings };
        Procedure { name: &line.name, status: up(!line.holds_back), data }
    });
    json(&MicroProfile { status: up(shown.is_success), checks: checks.collect() })
}

#[derive(Serialize)]
struct MicroProfile<'a> {
    status: &'static str,
    checks: Vec<Procedure<'a>>,
}

#[derive(Serialize)]
struct Procedure<'a> {
    name: &'a str,
    status: &'static str,
    data: Data,
}

#[derive(Serialize)]
struct Data {
    level: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(flatten)]
    readings: BTreeMap<&'static str, f64>,
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

const fn word(level: Level) -> &'static str {
    match level {
        Level::Pass => "pass",
        Level::Warn => "warn",
        Level::Unknown | Level::Fail => "fail",
    }
}

const fn up(is_up: bool) -> &'static str {
    if is_up { "UP" } else { "DOWN" }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("names are strings")
}
