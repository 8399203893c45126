//! What a board asks, as expressions: of recorded series, of alerts, and of what the processes expose.

use std::collections::{BTreeMap, BTreeSet};

use super::super::Generator;
use super::super::source::matcher;
use crate::naming::{self, Family, label, recorded};
use crate::objective::Slo;

/// The durations of everything that is answered or done, whatever it is.
const DURATIONS: [Family; 3] = [naming::HTTP_DURATION, naming::RPC_DURATION, naming::OPERATION_DURATION];
/// What is under way, whatever it is.
const ACTIVE: [Family; 3] = [naming::HTTP_ACTIVE, naming::RPC_ACTIVE, naming::OPERATION_ACTIVE];
/// What tells places apart, of which each series has those of its kind.
pub(super) const PLACE: [&str; 4] =
    [label::HTTP_METHOD, label::HTTP_ROUTE, label::RPC_METHOD, label::OPERATION];

/// Selects series for the boards of one generator.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question<'a> {
    pub(super) generator: &'a Generator,
}

impl<'a> Question<'a> {
    pub(super) const fn new(generator: &'a Generator) -> Self {
        Self { generator }
    }

    /// Selects what is recorded of the services that are chosen.
    pub(super) fn of_services(self, name: &str) -> String {
        self.recorded(name, &format!("{}=~\"$service\"", label::SLOTH_SERVICE))
    }

    /// Selects what is recorded of the SLO that is chosen.
    pub(super) fn of_slo(self, name: &str) -> String {
        let service = matcher(label::SLOTH_SERVICE, &self.generator.service);
        self.recorded(name, &format!("{service},{}=\"$slo\"", label::SLOTH_SLO))
    }

    /// The same, if it is one of these.
    pub(super) fn of_slo_among(self, name: &str, slos: &BTreeSet<String>) -> String {
        if slos.len() == self.generator.slos.len() {
            return self.of_slo(name);
        }
        let any: Vec<_> = slos.iter().map(|slo| literal(slo)).collect();
        let service = matcher(label::SLOTH_SERVICE, &self.generator.service);
        let among = matcher(label::SLOTH_SLO, &any.join("|")).replacen('=', "=~", 1);
        self.recorded(name, &format!("{service},{}=\"$slo\",{among}", label::SLOTH_SLO))
    }

    /// A number beside the SLO that is chosen, if it is one of these.
    pub(super) fn number(self, number: &str, slos: &BTreeSet<String>) -> String {
        format!("{number} * max({})", self.of_slo_among(recorded::INFO, slos))
    }

    /// Selects alerts that fire.
    pub(super) fn firing(self, matchers: &str) -> String {
        let mut text = format!("{}{{{}=\"firing\"", naming::ALERTS, label::ALERT_STATE);
        for (name, value) in &self.generator.labels {
            text.push_str(&format!(",{}", matcher(name, value)));
        }
        format!("{text},{matchers}}}")
    }

    /// Selects a family, or several parts of one, of the processes that are counted.
    pub(super) fn exposed(self, name: &str, matchers: &str) -> String {
        format!("{name}{{{}}}", join([matchers, &self.generator.matchers]))
    }

    /// Selects the durations of everything at the places that are chosen: the part of a histogram that ends like this.
    pub(super) fn durations(self, suffix: &str, matchers: &str) -> String {
        self.any_of(&DURATIONS, suffix, matchers)
    }

    /// Selects what is under way at the places that are chosen.
    pub(super) fn active(self) -> String {
        self.any_of(&ACTIVE, "", &format!("{}=~\"$instance\"", label::INSTANCE))
    }

    /// Selects what is recorded of all that the rules are about.
    pub(super) fn recorded(self, name: &str, matchers: &str) -> String {
        let labels: Vec<_> = self.generator.labels.iter().map(|(name, value)| matcher(name, value)).collect();
        format!("{name}{{{}}}", join([matchers, &labels.join(",")]))
    }

    fn any_of(self, families: &[Family], suffix: &str, matchers: &str) -> String {
        let names: Vec<_> = families.iter().map(|family| format!("{}{suffix}", family.name)).collect();
        let names = format!("__name__=~\"{}\"", names.join("|"));
        self.exposed("", &join([names.as_str(), &places(), matchers]))
    }
}

/// What matches series that were recorded over different windows, or over none.
pub(super) fn whatever_window() -> String {
    format!("ignoring ({})", label::SLOTH_WINDOW)
}

/// Names a series after a label.
pub(super) fn legend(label: &str) -> String {
    format!("{{{{{label}}}}}")
}

/// Names a series after its place.
pub(super) fn place_legend() -> String {
    let [method, route, call, operation] = PLACE.map(legend);
    format!("{method} {route}{call}{operation}")
}

/// Returns what SLOs have, each once, and which of them have it.
pub(super) fn shared<T: Ord>(
    generator: &Generator,
    of: impl Fn(&Slo) -> Vec<T>,
) -> BTreeMap<T, BTreeSet<String>> {
    let mut shared: BTreeMap<T, BTreeSet<String>> = BTreeMap::new();
    for slo in &generator.slos {
        for each in of(slo) {
            shared.entry(each).or_default().insert(slo.name().to_owned());
        }
    }
    shared
}

/// Matches the places that are chosen; a series has no label of those kinds that it is not of, which all is.
fn places() -> String {
    let [route, call, operation] = [label::HTTP_ROUTE, label::RPC_METHOD, label::OPERATION];
    format!("{route}=~\"$route\",{call}=~\"$call\",{operation}=~\"$operation\"")
}

/// Joins those lists of matchers that are not empty.
pub(super) fn join<'t>(matchers: impl IntoIterator<Item = &'t str>) -> String {
    let some: Vec<_> = matchers.into_iter().filter(|matchers| !matchers.is_empty()).collect();
    some.join(",")
}

/// Writes a regular expression that matches this text and no other.
fn literal(text: &str) -> String {
    let plain = |each: char| each.is_alphanumeric() || each == '-' || each == '_';
    text.chars().map(|each| if plain(each) { each.to_string() } else { format!("\\{each}") }).collect()
}
