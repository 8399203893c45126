//! What people are told, as a desk keeps it.

use serde_json::Value;

/// One notification.
#[derive(Clone, Debug)]
pub(crate) struct Notification {
    /// Whom the routes have chosen.
    pub(crate) receiver: String,
    pub(crate) status: String,
    pub(crate) alerts: Vec<Alert>,
}

/// One alert of it.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    pub(crate) severity: String,
    /// Whether rules made it, and not a process of itself.
    pub(crate) is_of_fleet: bool,
    pub(crate) summary: String,
    pub(crate) description: String,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

impl Notification {
    /// Returns those that are about an SLO.
    pub(crate) fn about(slo: &str, told: &[Value]) -> Vec<Self> {
        told.iter().filter(|told| told["groupLabels"]["slo"] == slo).map(Self::read).collect()
    }

    fn read(told: &Value) -> Self {
        let alerts = told["alerts"].as_array().expect("a list").iter();
        let alerts = alerts.map(|alert| Alert {
            severity: text(&alert["labels"]["severity"]),
            is_of_fleet: alert["labels"]["sloth_id"].is_string(),
            summary: text(&alert["annotations"]["summary"]),
            description: text(&alert["annotations"]["description"]),
        });
        Self { receiver: text(&told["receiver"]), status: text(&told["status"]), alerts: alerts.collect() }
    }
}

/// Returns severity and state of an alert that an Alertmanager knows.
pub(crate) fn state(alert: &Value) -> (String, String) {
    (text(&alert["labels"]["severity"]), text(&alert["status"]["state"]))
}

/// Checks that a text is these parts with only numbers and durations between them, and that nothing of its template is left.
pub(crate) fn readable(text: &str, parts: &[&str]) {
    println!("{text}");
    for left in ["{{", "}}", "<no value>", "NaN", "Inf", "<error", "%!", "e+"] {
        assert!(!text.contains(left), "{left} in: {text}");
    }
    let mut rest = text;
    for part in parts {
        let (between, after) =
            rest.split_once(part).unwrap_or_else(|| panic!("no {part:?} in: {rest:?} of: {text}"));
        let between = between.trim();
        let is_number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
        assert!(between.is_empty() || is_number(between), "{between:?} before {part:?} in: {text}");
        rest = after;
    }
    assert_eq!(rest, "", "after what was expected of: {text}");
}
