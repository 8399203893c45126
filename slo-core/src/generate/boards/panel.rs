//! A panel, as the schema of Grafana has it.

use serde_json::{Value, json};

/// The data source that is chosen on the board.
pub(super) fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

/// A panel that has no place yet.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    json: Value,
    pub(super) width: u64,
    pub(super) height: u64,
    queries: Vec<Value>,
    is_instant: bool,
}

impl Panel {
    /// A number, now.
    pub(super) fn stat(title: &str, description: &str, unit: &str) -> Self {
        let options = json!({
            "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
            "colorMode": "value", "graphMode": "none", "justifyMode": "auto", "orientation": "auto", "textMode": "auto",
        });
        Self { is_instant: true, ..Self::new("stat", [title, description, unit], &options) }.sized(4, 4)
    }

    /// A bar for each series, now.
    pub(super) fn bars(title: &str, description: &str, unit: &str) -> Self {
        let options = json!({
            "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false },
            "displayMode": "basic", "orientation": "horizontal", "showUnfilled": true, "valueMode": "color",
            "minVizWidth": 8, "minVizHeight": 16,
        });
        Self { is_instant: true, ..Self::new("bargauge", [title, description, unit], &options) }
    }

    /// Series over time. A gap is a gap.
    pub(super) fn lines(title: &str, description: &str, unit: &str) -> Self {
        let options = json!({
            "legend": { "displayMode": "list", "placement": "bottom", "showLegend": true, "calcs": [] },
            "tooltip": { "mode": "multi", "sort": "desc" },
        });
        let panel = Self::new("timeseries", [title, description, unit], &options);
        panel.custom(&json!({
            "drawStyle": "line", "lineWidth": 1, "fillOpacity": 0, "showPoints": "never", "spanNulls": false,
        }))
    }

    /// A row for each series, in which it has times.
    pub(super) fn times(title: &str, description: &str) -> Self {
        let options = json!({
            "alignValue": "left", "mergeValues": true, "rowHeight": 0.9, "showValue": "never",
            "legend": { "displayMode": "list", "placement": "bottom", "showLegend": false, "calcs": [] },
            "tooltip": { "mode": "single", "sort": "none" },
        });
        let panel = Self::new("state-timeline", [title, description, "none"], &options);
        panel.custom(&json!({ "fillOpacity": 80, "lineWidth": 0 }))
    }

    /// Where durations lie over time, of cumulative buckets.
    pub(super) fn heat_map(title: &str, description: &str, scheme: &str) -> Self {
        let options = json!({
            "calculate": false, "cellGap": 1, "showValue": "never",
            "cellValues": { "unit": "short" },
            "color": {
                "mode": "scheme", "scheme": scheme, "scale": "exponential", "exponent": 0.5, "steps": 64, "reverse": false,
                "fill": "dark-orange",
            },
            "exemplars": { "color": "rgba(255,0,255,0.7)" },
            "filterValues": { "le": 1e-9 },
            "legend": { "show": true },
            "rowsFrame": { "layout": "auto" },
            // Each version of Grafana has its own words for a tooltip, but for this one.
            "tooltip": { "yHistogram": false },
            "yAxis": { "axisPlacement": "left", "unit": "s", "reverse": false },
        });
        Self::new("heatmap", [title, description, "s"], &options)
    }

    /// A table of instant queries, a column for each.
    pub(super) fn table(title: &str, description: &str, unit: &str) -> Self {
        let options = json!({ "showHeader": true, "cellHeight": "sm" });
        Self { is_instant: true, ..Self::new("table", [title, description, unit], &options) }
    }

    fn new(kind: &str, [title, description, unit]: [&str; 3], options: &Value) -> Self {
        let json = json!({
            "type": kind, "title": title, "description": description, "datasource": datasource(), "options": options,
            "fieldConfig": { "defaults": { "unit": unit }, "overrides": [] },
        });
        Self { json, width: 12, height: 8, queries: Vec::new(), is_instant: false }
    }

    /// Asks one thing more. A legend is a template of labels.
    pub(super) fn ask(mut self, expr: impl Into<String>, legend: &str) -> Self {
        // Far more than any panel asks.
        let letter = char::from(b'A' + u8::try_from(self.queries.len() % 26).expect("26 letters"));
        let round = self.queries.len() / 26;
        let name = if round == 0 { letter.to_string() } else { format!("{letter}{round}") };
        let format = match self.json["type"].as_str() {
            Some("table") => "table",
            Some("heatmap") => "heatmap",
            _ => "time_series",
        };
        self.queries.push(json!({
            "refId": name, "datasource": datasource(), "expr": expr.into(), "legendFormat": legend, "format": format,
            "instant": self.is_instant, "range": !self.is_instant, "editorMode": "code", "exemplar": false,
        }));
        self
    }

    /// Asks all of these more.
    pub(super) fn ask_all(self, all: impl IntoIterator<Item = (String, String)>) -> Self {
        all.into_iter().fold(self, |panel, (expr, legend)| panel.ask(expr, &legend))
    }

    /// Colours values from these on; the first colour is that of all below.
    pub(super) fn colours(mut self, below: &str, steps: &[(f64, &str)]) -> Self {
        let first = json!({ "color": below, "value": null });
        let steps: Vec<_> =
            steps.iter().map(|(from, colour)| json!({ "color": colour, "value": from })).collect();
        let steps: Vec<_> = std::iter::once(first).chain(steps).collect();
        self.defaults()["thresholds"] = json!({ "mode": "absolute", "steps": steps });
        self.defaults()["color"] = json!({ "mode": "thresholds" });
        self
    }

    /// The values between which everything is drawn.
    pub(super) fn between(mut self, least: f64, most: Option<f64>) -> Self {
        self.defaults()["min"] = json!(least);
        if let Some(most) = most {
            self.defaults()["max"] = json!(most);
        }
        self
    }

    /// What is shown where there is no value.
    pub(super) fn without_value(mut self, text: &str) -> Self {
        self.defaults()["noValue"] = json!(text);
        self
    }

    /// Draws what is asked on top of each other.
    pub(super) fn stacked(self) -> Self {
        self.custom(&json!({ "stacking": { "mode": "normal", "group": "A" }, "fillOpacity": 40 }))
    }

    /// Says something else of the series, or the column, of a name, or of all whose names match.
    pub(super) fn except(mut self, by: (&str, &str), properties: &Value) -> Self {
        let properties: Vec<_> = properties.as_object().expect("a map of properties").iter().collect();
        let properties: Vec<_> =
            properties.into_iter().map(|(id, value)| json!({ "id": id, "value": value })).collect();
        let (id, options) = by;
        let exception = json!({ "matcher": { "id": id, "options": options }, "properties": properties });
        self.json["fieldConfig"]["overrides"].as_array_mut().expect("it is made as one").push(exception);
        self
    }

    /// Draws the series whose names match as a limit: dashed, and in a colour.
    pub(super) fn limits(self, pattern: &str, colour: &str) -> Self {
        let properties = json!({
            "custom.lineStyle": { "fill": "dash", "dash": [10, 10] },
            "color": { "mode": "fixed", "fixedColor": colour },
        });
        self.except(("byRegexp", pattern), &properties)
    }

    /// Does something with the answers before they are shown.
    pub(super) fn transformed(mut self, transformations: Value) -> Self {
        self.json["transformations"] = transformations;
        self
    }

    /// Looks back this far, whatever the board does.
    pub(super) fn looking_back(mut self, time: &str) -> Self {
        self.json["timeFrom"] = json!(time);
        self
    }

    pub(super) fn sized(self, width: u64, height: u64) -> Self {
        Self { width, height, ..self }
    }

    /// Puts it in its place.
    pub(super) fn at(mut self, id: u64, x: u64, y: u64) -> Value {
        self.json["id"] = json!(id);
        self.json["gridPos"] = json!({ "x": x, "y": y, "w": self.width, "h": self.height });
        self.json["targets"] = Value::Array(self.queries);
        self.json
    }

    fn custom(mut self, custom: &Value) -> Self {
        for (name, value) in custom.as_object().expect("a map of settings") {
            self.defaults()["custom"][name] = value.clone();
        }
        self
    }

    fn defaults(&mut self) -> &mut Value {
        &mut self.json["fieldConfig"]["defaults"]
    }
}
