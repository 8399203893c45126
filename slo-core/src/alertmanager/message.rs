//! What an Alertmanager is told of one alert.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::Alertmanager;
use crate::alert::AlertStatus;
use crate::budget::{BurnRate, Exhaustion};
use crate::naming::{self, label};
use crate::objective::{Severity, Slo};
use crate::time::{Timestamp, nanos};

/// An alert that fires, and what is known of it at this tick.
#[derive(Debug)]
pub(crate) struct Firing<'a> {
    /// Index of the SLO.
    pub(crate) index: usize,
    pub(crate) slo: &'a Slo,
    pub(crate) status: AlertStatus,
    pub(crate) exhaustion: Option<Exhaustion>,
}

/// Which alert it is, whenever it fires.
pub(super) type Key = (usize, Severity);

impl Firing<'_> {
    pub(super) fn key(&self) -> Key {
        (self.index, self.status.severity)
    }
}

/// What is said of an alert, besides when it fires.
#[derive(Debug, Serialize)]
pub(super) struct Said {
    labels: BTreeMap<String, String>,
    annotations: BTreeMap<String, String>,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<String>,
}

impl Said {
    pub(super) fn of(firing: &Firing<'_>, service: &str, config: &Alertmanager) -> Self {
        let (slo, severity) = (firing.slo, firing.status.severity.as_str());
        let mut labels = config.labels.clone();
        labels.extend(slo.labels().map(|(name, value)| (name.to_owned(), value.to_owned())));
        let own = [
            (label::ALERT_NAME, naming::ALERT_NAME),
            (label::SLO, slo.name()),
            (label::SERVICE, service),
            (label::SEVERITY, severity),
        ];
        labels.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let mut annotations = BTreeMap::from([
            ("summary".to_owned(), summary(firing, service)),
            ("description".to_owned(), description(firing)),
        ]);
        let filled = |text: &str| {
            text.replace("{slo}", slo.name()).replace("{service}", service).replace("{severity}", severity)
        };
        annotations.extend(config.annotations.iter().map(|(name, value)| (name.clone(), filled(value))));
        Self { labels, annotations, generator_url: config.generator_url.clone() }
    }
}

/// One alert as it is sent.
#[derive(Debug, Serialize)]
pub(super) struct Message {
    #[serde(flatten, serialize_with = "shared")]
    pub(super) said: Arc<Said>,
    #[serde(rename = "startsAt", serialize_with = "date")]
    pub(super) starts_at: Timestamp,
    #[serde(rename = "endsAt", serialize_with = "date")]
    pub(super) ends_at: Timestamp,
}

fn shared<S: Serializer>(said: &Arc<Said>, serializer: S) -> Result<S::Ok, S::Error> {
    said.serialize(serializer)
}

fn date<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(moment)
}

fn summary(firing: &Firing<'_>, service: &str) -> String {
    let name = firing.slo.name();
    match firing.status.long_burn {
        Some(burn) => {
            format!("{service}: {name} burns its error budget {:.1} times as fast as it may", burn.get())
        }
        None => format!("{service}: {name} burns its error budget too fast"),
    }
}

fn description(firing: &Firing<'_>) -> String {
    let (slo, status) = (firing.slo, &firing.status);
    let mut text = format!("{} over {} is promised.", slo.objective(), slo.window());
    let rate =
        |burn: Option<BurnRate>| burn.map_or_else(|| "?".to_owned(), |burn| format!("{:.1}", burn.get()));
    if let Some(row) = &status.row {
        let (long, short) = (rate(status.long_burn), rate(status.short_burn));
        let row = format!(
            " The budget burns at {long} over {} and at {short} over {}, both more than {}.",
            row.long, row.short, row.factor
        );
        text.push_str(&row);
    }
    if let Some(spent) = status.budget_spent {
        text.push_str(&format!(" {:.1} % of it is spent.", 100.0 * spent));
    }
    match &firing.exhaustion {
        Some(exhaustion) if exhaustion.seconds <= 0.0 => text.push_str(" It is gone."),
        Some(exhaustion) => {
            let left = rough(Duration::try_from_secs_f64(exhaustion.seconds).unwrap_or(Duration::MAX));
            text.push_str(&format!(
                " At the speed of the last {} it will be gone in {left}.",
                exhaustion.window
            ));
        }
        None => text.push_str(" At this speed it does not run out."),
    }
    text
}

/// Writes a duration for people, in the two units that matter.
fn rough(duration: Duration) -> String {
    let minutes = nanos(duration) / 60_000_000_000;
    match (minutes / 1_440, minutes / 60 % 24, minutes % 60) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::alert::AlertRowStatus;
    use crate::objective::{Objective, Sli};
    use crate::window::Counts;

    pub(crate) fn slo() -> Slo {
        let slo = Slo::literal("checkout-availability", Sli::Availability, Objective::literal("99.9%"));
        slo.with_operation("checkout").unwrap().with_label("team", "payments").unwrap()
    }

    pub(crate) fn firing(slo: &Slo, index: usize, since: u64) -> Firing<'_> {
        let burn = BurnRate::new(slo.objective(), Counts { good: 95, bad: 5 });
        let row = AlertRowStatus { factor: 14.4, long: "1h".into(), short: "5m".into() };
        let status = AlertStatus {
            severity: Severity::Page,
            active: true,
            since: Some(Timestamp::from_unix_seconds(since)),
            row: Some(row),
            long_burn: burn,
            short_burn: burn,
            budget_spent: Some(0.05),
            resolved: None,
        };
        let rate = burn.unwrap();
        Firing {
            index,
            slo,
            status,
            exhaustion: Some(Exhaustion { seconds: 49_260.0, window: "1h".into(), rate }),
        }
    }

    #[test]
    fn an_alert_is_told_whole() {
        let (slo, config) = (slo(), Alertmanager::new("http://am").unwrap());
        let config = config.label("cluster", "eu").unwrap().label("team", "nobody").unwrap();
        let config = config.annotation("runbook_url", "https://wiki/{service}/{slo}#{severity}").unwrap();
        let config = config.generator_url("https://shop/slo").unwrap();
        let said = Arc::new(Said::of(&firing(&slo, 0, 0), "shop", &config));
        let starts_at = Timestamp::from_unix_seconds(1_700_000_000);
        let ends_at = starts_at.plus(Duration::from_millis(240_250));
        let message = serde_json::to_value(Message { said, starts_at, ends_at }).unwrap();
        let expected = serde_json::json!({
            "labels": {
                "alertname": "SloBurnRate", "slo": "checkout-availability", "service": "shop", "severity": "page",
                "team": "payments", "cluster": "eu",
            },
            "annotations": {
                "summary": "shop: checkout-availability burns its error budget 50.0 times as fast as it may",
                "description": "99.9% over 30d is promised. The budget burns at 50.0 over 1h and at 50.0 over 5m, both \
                                more than 14.4. 5.0 % of it is spent. At the speed of the last 1h it will be gone in 13 h 41 min.",
                "runbook_url": "https://wiki/shop/checkout-availability#page",
            },
            "generatorURL": "https://shop/slo",
            "startsAt": "2023-11-14T22:13:20Z",
            "endsAt": "2023-11-14T22:17:20.25Z",
        });
        assert_eq!(message, expected);
    }

    #[test]
    fn durations_are_rough() {
        for (seconds, expected) in
            [(59, "less than a minute"), (60, "1 min"), (3_600, "1 h 0 min"), (93_599, "1 d 1 h")]
        {
            assert_eq!(rough(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn a_budget_that_is_gone_or_lasts_is_said_to() {
        let slo = slo();
        let mut firing = firing(&slo, 0, 0);
        firing.exhaustion.as_mut().unwrap().seconds = 0.0;
        assert!(description(&firing).ends_with(" 5.0 % of it is spent. It is gone."));
        firing.exhaustion = None;
        assert!(description(&firing).ends_with(" At this speed it does not run out."));
    }
}
