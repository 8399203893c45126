//! A board: its rows of panels, what can be chosen on it, and the way to the others.

use serde_json::{Value, json};

use super::super::Generator;
use super::Dashboard;
use super::panel::{Panel, datasource};

/// The width of a board, as Grafana has it.
const WIDTH: u64 = 24;

/// A board in the making.
#[derive(Debug)]
pub(super) struct Board {
    kind: Dashboard,
    service: String,
    description: String,
    choices: Vec<Value>,
    panels: Vec<Value>,
    /// Where the next panel goes, and where the row below begins.
    place: (u64, u64),
    below: u64,
}

impl Board {
    pub(super) fn new(generator: &Generator, kind: Dashboard, description: &str) -> Self {
        let datasource = json!({
            "type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus", "refresh": 1,
            "regex": "", "hide": 0, "skipUrlSync": false, "multi": false, "includeAll": false, "options": [],
        });
        let description = format!(
            "{description} Made from the declarations of the service by slo-core {}: do not edit, make it again.",
            env!("CARGO_PKG_VERSION")
        );
        let service = generator.service.clone();
        let choices = vec![datasource];
        Self { kind, service, description, choices, panels: Vec::new(), place: (0, 0), below: 0 }
    }

    /// Lets one value of a label be chosen; `query` is a series that has it.
    pub(super) fn choose(self, name: &str, title: &str, query: &str) -> Self {
        self.choice(name, title, query, &json!({ "multi": false, "includeAll": false }))
    }

    /// Lets several be chosen, and all unless some are.
    pub(super) fn choose_some(self, name: &str, title: &str, query: &str) -> Self {
        // Also what has no such label.
        let all = json!({ "selected": true, "text": ["All"], "value": ["$__all"] });
        self.choice(
            name,
            title,
            query,
            &json!({ "multi": true, "includeAll": true, "allValue": ".*", "current": all }),
        )
    }

    /// Lets some be chosen, at first the service itself.
    pub(super) fn choose_services(self, query: &str) -> Self {
        let own = json!({ "selected": true, "text": [self.service], "value": [self.service] });
        self.choice(
            "service",
            "Service",
            query,
            &json!({ "multi": true, "includeAll": true, "allValue": ".*", "current": own }),
        )
    }

    /// Knows a value of a label that nobody chooses.
    pub(super) fn know(self, name: &str, title: &str, query: &str) -> Self {
        self.choice(name, title, query, &json!({ "multi": false, "includeAll": false, "hide": 2 }))
    }

    fn choice(mut self, name: &str, title: &str, query: &str, more: &Value) -> Self {
        let mut choice = json!({
            "type": "query", "name": name, "label": title, "datasource": datasource(),
            "query": { "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery" },
            "refresh": 2, "regex": "", "sort": 1, "hide": 0, "skipUrlSync": false, "options": [],
        });
        for (name, value) in more.as_object().expect("a map of settings") {
            choice[name] = value.clone();
        }
        self.choices.push(choice);
        self
    }

    /// Begins a row with panels, from left to right and on below.
    pub(super) fn row(mut self, title: &str, panels: impl IntoIterator<Item = Panel>) -> Self {
        let y = self.below;
        self.panels.push(json!({
            "type": "row", "id": self.next_id(), "title": title, "collapsed": false, "panels": [],
            "gridPos": { "x": 0, "y": y, "w": WIDTH, "h": 1 },
        }));
        (self.place, self.below) = ((0, y + 1), y + 1);
        for panel in panels {
            if self.place.0 + panel.width > WIDTH {
                self.place = (0, self.below);
            }
            let (x, y) = self.place;
            (self.place.0, self.below) = (x + panel.width, self.below.max(y + panel.height));
            let id = self.next_id();
            self.panels.push(panel.at(id, x, y));
        }
        self
    }

    /// Returns what Grafana imports. It shows the last hours of this long.
    pub(super) fn finish(self, title: &str, looks_back: &str) -> Value {
        let ways = json!([{
            "type": "dashboards", "title": "SLO", "tags": ["slo", self.service], "asDropdown": false, "icon": "external link",
            "includeVars": true, "keepTime": true, "targetBlank": false, "tooltip": "", "url": "",
        }]);
        json!({
            "uid": self.kind.uid(&self.service), "title": format!("{}: {title}", self.service), "description": self.description,
            "tags": ["slo", self.service], "schemaVersion": 39, "editable": true, "graphTooltip": 1, "refresh": "1m",
            "time": { "from": format!("now-{looks_back}"), "to": "now" }, "timezone": "browser", "links": ways,
            "annotations": { "list": [] }, "templating": { "list": self.choices }, "panels": self.panels,
        })
    }

    fn next_id(&self) -> u64 {
        self.panels.len() as u64 + 1
    }
}
