//! Where alerts go: a configuration of Alertmanager, in the few shapes of it that we need.

use serde::Serialize;

use crate::naming::{self, label};
use crate::objective::Severity;

const PAGER: &str = "slo-pager";
const CHAT: &str = "slo-chat";
const MAIL: &str = "slo-mail";

#[derive(Debug, Serialize)]
pub(super) struct Configuration {
    route: Route,
    inhibit_rules: Vec<Inhibition>,
    receivers: Vec<Receiver>,
}

#[derive(Debug, Serialize)]
struct Route {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    matchers: Vec<String>,
    receiver: &'static str,
    group_by: Vec<&'static str>,
    group_wait: &'static str,
    group_interval: &'static str,
    repeat_interval: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    routes: Vec<Route>,
}

#[derive(Debug, Serialize)]
struct Inhibition {
    source_matchers: Vec<String>,
    target_matchers: Vec<String>,
    equal: Vec<&'static str>,
}

#[derive(Debug, Default, Serialize)]
struct Receiver {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pagerduty_configs: Option<[PagerDuty; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slack_configs: Option<[Slack; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_configs: Option<[Mail; 1]>,
}

#[derive(Debug, Serialize)]
struct PagerDuty {
    routing_key: &'static str,
    description: &'static str,
    send_resolved: bool,
}

#[derive(Debug, Serialize)]
struct Slack {
    api_url: &'static str,
    channel: &'static str,
    title: &'static str,
    text: &'static str,
    send_resolved: bool,
}

#[derive(Debug, Serialize)]
struct Mail {
    to: &'static str,
    from: &'static str,
    smarthost: &'static str,
    send_resolved: bool,
}

pub(super) fn configuration() -> Configuration {
    Configuration { route: route(), inhibit_rules: inhibitions().into(), receivers: receivers().into() }
}

fn equals(label: &str, value: &str) -> String {
    format!("{label}=\"{value}\"")
}

/// A page is sent soon and repeated while it lasts; a ticket can wait until there is all to say.
fn route() -> Route {
    let of =
        |matchers, receiver, group_by: &[&'static str], [wait, interval, repeat]: [&'static str; 3]| Route {
            matchers,
            receiver,
            group_by: group_by.into(),
            group_wait: wait,
            group_interval: interval,
            repeat_interval: repeat,
            routes: Vec::new(),
        };
    let (about_slo, about_service) = ([label::SERVICE, label::SLO], [label::SERVICE, label::ALERT_NAME]);
    let burns = |severity: Severity| {
        vec![equals(label::ALERT_NAME, naming::ALERT_NAME), equals(label::SEVERITY, severity.as_str())]
    };
    let watch = format!("{}=~\"{}|{}\"", label::ALERT_NAME, naming::ALERT_ABSENT, naming::ALERT_AMBIGUOUS);
    let routes = vec![
        of(burns(Severity::Page), PAGER, &about_slo, ["10s", "1m", "1h"]),
        of(burns(Severity::Ticket), CHAT, &about_slo, ["2m", "10m", "1d"]),
        // A service that is not scraped has lost all of its SLOs at once.
        of(vec![watch], CHAT, &about_service, ["2m", "10m", "1d"]),
    ];
    Route { routes, ..of(Vec::new(), MAIL, &about_slo, ["30s", "5m", "4h"]) }
}

fn inhibitions() -> [Inhibition; 2] {
    let (name, severity) = (equals(label::ALERT_NAME, naming::ALERT_NAME), label::SEVERITY);
    let [page, ticket] = [Severity::Page, Severity::Ticket].map(|urgent| equals(severity, urgent.as_str()));
    let fleet = format!("{}!=\"\"", label::SLOTH_ID);
    [
        Inhibition {
            source_matchers: vec![name.clone(), page],
            target_matchers: vec![name.clone(), ticket],
            equal: vec![label::SERVICE, label::SLO],
        },
        // What one process says of itself is part of what its fleet says.
        Inhibition {
            source_matchers: vec![name.clone(), fleet],
            target_matchers: vec![name, equals(label::SLOTH_ID, "")],
            equal: vec![label::SERVICE, label::SLO, severity],
        },
    ]
}

fn receivers() -> [Receiver; 3] {
    let (title, text) = (
        "{{ range .Alerts }}{{ .Annotations.summary }}\n{{ end }}",
        "{{ range .Alerts }}{{ .Annotations.description }}\n\
         {{ with .Annotations.runbook_url }}{{ . }}\n{{ end }}\
         {{ with .Annotations.dashboard_url }}{{ . }}\n{{ end }}{{ end }}",
    );
    let pager = PagerDuty { routing_key: "REPLACE", description: title, send_resolved: true };
    let chat = Slack {
        api_url: "https://hooks.slack.com/services/REPLACE",
        channel: "#REPLACE",
        title,
        text,
        send_resolved: true,
    };
    let mail = Mail {
        to: "REPLACE@example.com",
        from: "alertmanager@example.com",
        smarthost: "localhost:25",
        send_resolved: true,
    };
    [
        Receiver { name: PAGER, pagerduty_configs: Some([pager]), ..Receiver::default() },
        Receiver { name: CHAT, slack_configs: Some([chat]), ..Receiver::default() },
        Receiver { name: MAIL, email_configs: Some([mail]), ..Receiver::default() },
    ]
}
