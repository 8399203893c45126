//! What can be asked about the events of one SLO, as expressions.
//!
//! An SLO counts events, whose counters are there, or slices of time, which a rule must judge first. Everything else asks
//! the same questions of either and does not know the difference.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Generator;
use super::duration::promql;
use crate::naming::{self, Family, label, recorded};
use crate::objective::{AlertForm, Slo};

/// So many looks at a period tell how much of it was seen.
const LOOKS: u64 = 2_880;

/// What tells recorded series of one SLO from those of others; the third label, `sloth_id`, says the same once more.
const TELLING: [&str; 2] = [label::SLOTH_SERVICE, label::SLOTH_SLO];

/// The series of one SLO.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) generator: &'a Generator,
    pub(super) slo: &'a Slo,
}

impl<'a> Source<'a> {
    pub(super) const fn new(generator: &'a Generator, slo: &'a Slo) -> Self {
        Self { generator, slo }
    }

    /// Returns what tells this SLO from all others.
    pub(super) fn id(&self) -> String {
        format!("{}-{}", self.generator.service, self.slo.name())
    }

    /// Returns the labels of everything that is recorded about this SLO.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        let mut labels = self.generator.labels.clone();
        labels.extend(self.slo.labels().map(|(name, value)| (name.to_owned(), value.to_owned())));
        let own = [
            (label::SLOTH_ID, self.id()),
            (label::SLOTH_SERVICE, self.generator.service.clone()),
            (label::SLOTH_SLO, self.slo.name().to_owned()),
        ];
        labels.extend(own.map(|(name, value)| (name.to_owned(), value)));
        labels
    }

    /// Selects what is recorded about this SLO under a name.
    pub(super) fn recorded(&self, name: &str) -> String {
        let mut own = self.labels();
        // Those that the SLO alone has do not tell it from others.
        own.retain(|name, _| self.generator.labels.contains_key(name) || TELLING.contains(&name.as_str()));
        let matchers: Vec<_> = own.iter().map(|(name, value)| matcher(name, value)).collect();
        format!("{name}{{{}}}", matchers.join(","))
    }

    /// Selects what was recorded over a window.
    pub(super) fn recorded_over(&self, name: &str, window: Duration) -> String {
        self.recorded(&format!("{name}{}", promql(window)))
    }

    /// Selects a counter of all processes.
    pub(super) fn counter(&self, family: &Family) -> String {
        let slo = matcher(label::SLO, self.slo.name());
        let comma = if self.generator.matchers.is_empty() { "" } else { "," };
        format!("{}{{{slo}{comma}{}}}", family.name, self.generator.matchers)
    }

    /// What of a counter was counted within a window, by all processes together.
    pub(super) fn increase(&self, family: &Family, window: Duration) -> String {
        format!("sum(increase({}[{}]))", self.counter(family), promql(window))
    }

    /// Bad events, or bad slices of time.
    pub(super) fn bad(&self, window: Duration) -> String {
        match self.slo.time_slices() {
            None => self.increase(&naming::SLO_BAD_EVENTS, window),
            Some(_) => format!("sum_over_time({}[{}])", self.recorded(recorded::SLICE_BAD), promql(window)),
        }
    }

    /// Events, or slices of time that had any.
    pub(super) fn total(&self, window: Duration) -> String {
        match self.slo.time_slices() {
            None => self.increase(&naming::SLO_EVENTS, window),
            Some(_) => format!("count_over_time({}[{}])", self.recorded(recorded::SLICE_BAD), promql(window)),
        }
    }

    /// The share of bad ones; nothing at all where there were none, as 0/0 is no data.
    pub(super) fn error_ratio(&self, window: Duration) -> String {
        match self.slo.time_slices() {
            None => format!("{}\n/\n({} > 0)", self.bad(window), self.total(window)),
            Some(_) => format!("avg_over_time({}[{}])", self.recorded(recorded::SLICE_BAD), promql(window)),
        }
    }

    /// How many there were in a second of the period, of what was seen of it.
    pub(super) fn mean_events(&self) -> String {
        let period = self.slo.window().duration();
        let look = Duration::from_secs((period.as_secs() / LOOKS).next_multiple_of(60).max(60));
        let events = self.counter(&naming::SLO_EVENTS);
        let (total, seconds) = (self.total(period), look.as_secs());
        let seen = format!("count_over_time(sum({events})[{}:{}])", promql(period), promql(look));
        format!("({total} > 0)\n/ on ()\n({seen} * {seconds})")
    }

    /// Bad ones against what the window has on average.
    pub(super) fn count_ratio(&self, window: Duration) -> String {
        let (bad, mean) = (self.bad(window), self.recorded(recorded::MEAN_EVENTS));
        format!("{bad}\n/ on ()\n({mean} * {})", window.as_secs())
    }

    /// How fast a window burns, in the form that the SLO alerts by.
    pub(super) fn burn_rate(&self, window: Duration) -> String {
        let name = match self.slo.alerts().form() {
            AlertForm::Ratio => recorded::SLI_ERROR,
            AlertForm::Count => recorded::COUNT_ERROR,
        };
        let budget = self.slo.objective().error_budget_ratio();
        format!("{} / {budget}", self.recorded_over(name, window))
    }
}

/// Writes `name="value"`, escaped as in the text formats, which PromQL reads alike.
pub(super) fn matcher(name: &str, value: &str) -> String {
    let mut text = format!("{name}=\"");
    naming::escape_to(value, &mut text);
    text.push('"');
    text
}
