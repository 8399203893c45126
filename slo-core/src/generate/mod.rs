//! Rules of Prometheus and dashboards of Grafana from the same declarations: what one process knows of itself, a fleet of them knows together.
//!
//! Everything is computed from the exact event counters, summed over all processes, by the same rows, factors and floors as
//! the alerts within the process. Names and labels are those of sloth, so that dashboards made for it show these SLOs too.
//! This room turns declarations into text: it counts nothing, asks nobody and knows nothing of HTTP.
//! What must never happen: a rule that says something else than the process would, without saying so in the file.

mod alerts;
mod annotations;
mod boards;
mod duration;
mod error;
mod file;
mod group;
mod head;
mod records;
mod routing;
mod source;
mod watch;
mod windows;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

pub use self::boards::Dashboard;
pub use self::error::GenerateError;
pub use self::file::GeneratedFile;
pub use self::group::{AlertingRule, RecordingRule, Rule, RuleGroup};

use self::source::Source;
use crate::naming::{RULE_LABELS, are_matchers};
use crate::objective::{Slo, check_label};
use crate::registry::Registry;

/// Prometheus forgets a recorded value after five minutes.
const PERIOD_INTERVAL_MAX: Duration = Duration::from_secs(240);

/// Writes rules of Prometheus, alerts, their routes and dashboards for all SLOs of a service. Made by [`Registry::generate`].
///
/// ```
/// use slo_core::{Objective, Registry, Sli, Slo};
///
/// let slo = Slo::new("checkout", Sli::Availability, Objective::parse("99.9%")?)?.with_route("POST /checkout")?;
/// let registry = Registry::builder("shop").slo(slo).build()?;
/// let generator = registry
///     .generate()
///     .matching(r#"job="shop""#)?
///     .label("cluster", "eu")?
///     .runbook_url("https://wiki.example/runbooks/{slo}");
/// let rules = generator.rules();
/// assert!(rules.to_yaml().contains("record: slo:sli_error:ratio_rate5m"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The counters have no label for the service. Without [`Generator::matching`] all processes that have SLOs of the same names
/// count together, whatever service they are of; an alert (`SloAmbiguous`) says if they do.
#[derive(Clone, Debug)]
#[must_use]
pub struct Generator {
    service: String,
    slos: Vec<Slo>,
    matchers: String,
    labels: BTreeMap<String, String>,
    runbook_url: Option<String>,
    dashboard_url: Option<String>,
    period_interval: Duration,
    has_pyrra: bool,
}

impl Registry {
    /// Writes rules of Prometheus for all SLOs, from which a whole fleet of processes like this one is watched.
    pub fn generate(&self) -> Generator {
        Generator::new(self.service(), self.shared().slos.to_vec())
    }
}

impl Generator {
    fn new(service: &str, slos: Vec<Slo>) -> Self {
        Self {
            service: service.to_owned(),
            slos,
            matchers: String::new(),
            labels: BTreeMap::new(),
            runbook_url: None,
            dashboard_url: None,
            period_interval: Duration::from_secs(120),
            has_pyrra: false,
        }
    }

    /// Counts only series with these labels, as they stand between the braces of a selector, such as `job="shop"`. Where one
    /// Prometheus scrapes several environments, or services whose SLOs have the same names, these must tell them apart.
    ///
    /// # Errors
    ///
    /// If it is no list of matchers.
    pub fn matching(mut self, matchers: &str) -> Result<Self, GenerateError> {
        let matchers = matchers.trim().trim_end_matches(',');
        if !are_matchers(matchers) {
            return Err(GenerateError::Matchers { matchers: matchers.to_owned() });
        }
        matchers.clone_into(&mut self.matchers);
        Ok(self)
    }

    /// Adds a label to everything that is recorded and to every alert, such as the environment. Those that an SLO has itself
    /// are there anyway, and go before it.
    ///
    /// # Errors
    ///
    /// If the name is no label name, is one we write ourselves, or is given twice.
    pub fn label(mut self, name: &str, value: impl Into<String>) -> Result<Self, GenerateError> {
        check_label(name, RULE_LABELS).map_err(GenerateError::Label)?;
        match self.labels.insert(name.to_owned(), value.into()) {
            Some(_) => Err(GenerateError::LabelTwice { name: name.to_owned() }),
            None => Ok(self),
        }
    }

    /// Links every alert to what to do about it: the annotation `runbook_url`. `{slo}`, `{service}` and `{severity}` stand for
    /// the alert's own.
    pub fn runbook_url(mut self, template: impl Into<String>) -> Self {
        self.runbook_url = Some(template.into());
        self
    }

    /// Links every alert to where to look: the annotation `dashboard_url`, with the same placeholders.
    pub fn dashboard_url(mut self, template: impl Into<String>) -> Self {
        self.dashboard_url = Some(template.into());
        self
    }

    /// Computes what is about the whole period this often: every two minutes unless changed, and every four at least, as
    /// Prometheus forgets a value after five. It is what costs most: each time, all samples of the period are read, at 15 s
    /// between two scrapes some 170 000 a counter, process and month.
    pub fn period_interval(mut self, interval: Duration) -> Self {
        self.period_interval = interval.clamp(Duration::from_secs(1), PERIOD_INTERVAL_MAX);
        self
    }

    /// Records besides what the generic rules of pyrra do, for its dashboards.
    pub fn pyrra(mut self) -> Self {
        self.has_pyrra = true;
        self
    }

    /// Returns all groups of rules, in the order in which they are written.
    ///
    /// ```
    /// use slo_core::{Objective, Registry, Rule, Sli, Slo};
    ///
    /// let slo = Slo::new("checkout", Sli::Availability, Objective::parse("99.9%")?)?.with_operation("checkout")?;
    /// let groups = Registry::builder("shop").slo(slo).build()?.generate().groups();
    /// let rules = groups.iter().flat_map(|group| &group.rules);
    /// let alerts: Vec<_> = rules.filter_map(|rule| match rule {
    ///     Rule::Alerting(rule) => Some(rule.alert.as_str()),
    ///     _ => None,
    /// }).collect();
    /// assert_eq!(alerts, ["SloBurnRate", "SloBurnRate", "SloAbsent", "SloAmbiguous"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn groups(&self) -> Vec<RuleGroup> {
        let mut groups: Vec<_> = self.slos.iter().flat_map(|slo| self.groups_of(slo)).collect();
        groups.extend(watch::group(self));
        groups
    }

    fn groups_of(&self, slo: &Slo) -> impl Iterator<Item = RuleGroup> {
        let source = Source::new(self, slo);
        let mut fast = records::fast(&source);
        fast.rules.extend(alerts::of(&source).map(Rule::Alerting));
        records::slices(&source).into_iter().chain([fast, records::period(&source)])
    }

    /// Returns the rules as a file that Prometheus loads by `rule_files`.
    pub fn rules(&self) -> GeneratedFile {
        #[derive(Serialize)]
        struct Rules {
            groups: Vec<RuleGroup>,
        }
        GeneratedFile::new("slo-rules.yaml", &head::of_rules(self), &Rules { groups: self.groups() })
    }

    /// Returns the same rules as a `PrometheusRule`, which the operator for Kubernetes loads. Its name is that of the service,
    /// and `-slo`; labels that your operator selects rules by are added when it is applied.
    pub fn prometheus_rule(&self) -> GeneratedFile {
        GeneratedFile::new(
            "slo-prometheusrule.yaml",
            &head::of_rules(self),
            &group::PrometheusRule::new(&self.service, self.groups()),
        )
    }

    /// Returns a configuration of Alertmanager for these alerts, and for those that processes push themselves: pages to a
    /// pager, tickets to a chat, one notification for all that happens to an SLO. It is valid as it is and notifies nobody
    /// until its placeholders are replaced.
    pub fn alertmanager(&self) -> GeneratedFile {
        GeneratedFile::new("slo-alertmanager.yaml", head::OF_ROUTES, &routing::configuration())
    }
}
