//! Alerts about the watching itself: whether anything is counted, and by whom.
//!
//! The counters of a promise are exposed with zeros from the first scrape. Where they are missing, nothing is scraped or the
//! matchers are wrong, and no other alert could ever fire; a service that nobody uses has its zeros and is silent.

use std::collections::BTreeMap;

use super::Generator;
use super::annotations::{links, literal};
use super::group::{AlertingRule, Rule, RuleGroup};
use super::source::Source;
use crate::naming::{self, label};
use crate::objective::{Severity, Slo};

/// A deployment that takes all processes down at once is no fault yet.
const WAIT: &str = "10m";

pub(super) fn group(generator: &Generator) -> Option<RuleGroup> {
    let absent = generator.slos.iter().map(|slo| absent(generator, slo));
    let rules: Vec<_> = absent.chain(ambiguous(generator)).map(Rule::Alerting).collect();
    let name = format!("slo-watch-{}", generator.service);
    (!rules.is_empty()).then_some(RuleGroup { name, interval: None, rules })
}

fn absent(generator: &Generator, slo: &Slo) -> AlertingRule {
    let source = Source::new(generator, slo);
    let (name, service) = (slo.name(), literal(&generator.service));
    let summary = format!("{service}: nobody counts for {name}");
    let description = format!(
        "There is no {} of it: no process is scraped, none has this SLO any more, or the rules look for other labels. Until \
         there is, none of its alerts can fire.",
        naming::SLO_EVENTS.name
    );
    let mut labels = labels(generator);
    labels.insert(label::SLO.to_owned(), name.to_owned());
    labels.extend(slo.labels().map(|(name, value)| (name.to_owned(), literal(value))));
    labels.extend(own(generator));
    let mut annotations = annotations(summary, description);
    annotations.extend(links(&source, Severity::Ticket.as_str(), name));
    AlertingRule {
        alert: naming::ALERT_ABSENT.to_owned(),
        expr: format!("absent({})", source.counter(&naming::SLO_EVENTS)),
        wait: Some(WAIT.to_owned()),
        labels,
        annotations,
    }
}

/// The counters do not say whose they are, but each process says of which service it is.
fn ambiguous(generator: &Generator) -> Option<AlertingRule> {
    let (slo, service) = (label::SLO, label::SERVICE);
    let mut own_name = format!("{service}=\"");
    naming::escape_to(&generator.service, &mut own_name);
    let (info, matchers) = (naming::SLO_INFO.name, &generator.matchers);
    let comma = if matchers.is_empty() { "" } else { "," };
    let expr = format!(
        "count by ({slo}) (count by ({slo}, {service}) ({info}{{{matchers}}})) > 1\nand on ({slo}) {info}{{{own_name}\"{comma}{matchers}}}"
    );
    let summary = format!(
        "{}: {{{{ $value }}}} services count for an SLO named {{{{ $labels.{slo} }}}}",
        literal(&generator.service)
    );
    let description =
        "The rules add up what they count. Give the rules of each of them matchers that tell its \
                       processes from those of the others."
            .to_owned();
    let mut labels = labels(generator);
    labels.extend(own(generator));
    (!generator.slos.is_empty()).then(|| AlertingRule {
        alert: naming::ALERT_AMBIGUOUS.to_owned(),
        expr,
        wait: Some(WAIT.to_owned()),
        labels,
        annotations: annotations(summary, description),
    })
}

fn labels(generator: &Generator) -> BTreeMap<String, String> {
    generator.labels.iter().map(|(name, value)| (name.clone(), literal(value))).collect()
}

fn own(generator: &Generator) -> [(String, String); 2] {
    let own = [
        (label::SERVICE, literal(&generator.service)),
        (label::SEVERITY, Severity::Ticket.as_str().to_owned()),
    ];
    own.map(|(name, value)| (name.to_owned(), value))
}

fn annotations(summary: String, description: String) -> BTreeMap<String, String> {
    BTreeMap::from([("summary".to_owned(), summary), ("description".to_owned(), description)])
}
