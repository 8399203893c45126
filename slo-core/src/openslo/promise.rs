//! What one document of the kind SLO promises.

use super::alerting::{self, Places};
use super::documents::{Document, Documents};
use super::fields::{Faults, Fields, text};
use super::indicator;
use super::node::{Name, Node, Place};
use super::number::{Shorthand, percent, share, shorthand, whole};
use super::period;
use super::spelling::nearest;
use crate::naming::annotation;
use crate::objective::{AlertForm, LatencyEnd, Objective, Sli, Slo, Threshold, TimeSlices};

/// Returns the SLO that a document makes of a declared one.
pub(super) fn changed(
    document: &Document<'_>,
    declared: &Slo,
    documents: &Documents<'_>,
    faults: &mut Faults,
) -> Option<Slo> {
    let own = Annotations::of(document, faults);
    own.check_same(declared, faults);
    let sli = own.sli_of(declared.sli(), faults)?;
    let slo = own.with_end(declared.clone().with_sli(sli), faults);
    promised(document, slo, documents, faults)
}

/// Returns the SLO that a document declares, if it has what that takes.
pub(super) fn added(document: &Document<'_>, documents: &Documents<'_>, faults: &mut Faults) -> Option<Slo> {
    let own = Annotations::of(document, faults);
    let (at, name) = own.get(annotation::NAME, faults).unwrap_or(document.name);
    let sli = own.new_sli(faults)?;
    document.spec.required("objectives", "one entry with a target, such as 0.999", faults)?;
    // Replaced below: the target must be there.
    let slo = faults.told(at, Slo::new(name.to_owned(), sli, Objective::literal("99%")))?;
    let slo = match (own.get(annotation::ROUTE, faults), own.get(annotation::OPERATION, faults)) {
        (Some((at, route)), None) => faults.told(at, slo.with_route(route.to_owned()))?,
        (None, Some((at, name))) => faults.told(at, slo.with_operation(name.to_owned()))?,
        (_, _) => {
            let [route, operation] = [annotation::ROUTE, annotation::OPERATION];
            return faults.refuse(
                at,
                format!("an SLO counts either a route or an operation: leave out {route} or {operation}"),
            );
        }
    };
    let slo = own.with_end(slo, faults);
    promised(document, slo, documents, faults)
}

/// Returns whether a document says enough to be a promise of its own.
pub(super) fn is_complete(document: &Document<'_>) -> bool {
    let has = |name: &str| document.annotations.is_some_and(|annotations| annotations.get(name).is_some());
    has(annotation::SLI) && (has(annotation::ROUTE) || has(annotation::OPERATION))
}

/// Reads everything but whose events count and what makes them good.
fn promised(
    document: &Document<'_>,
    mut slo: Slo,
    documents: &Documents<'_>,
    faults: &mut Faults,
) -> Option<Slo> {
    let spec = document.spec;
    indicator::check(document, slo.name(), documents, faults);
    let mut places = Places { target: spec.at, window: spec.at, slices: spec.at };
    if let Some((at, window)) = period::window(spec, faults) {
        places.window = at;
        slo = slo.with_window(window);
    }
    slo = objective(spec, slo, &mut places, faults);
    for (name, node) in document.labels.into_iter().flat_map(Fields::iter) {
        slo = label(slo, (name, node), faults);
    }
    let rows = alerting::rows(spec, documents, faults);
    if let Some(rows) = &rows {
        slo = alerting::policy(rows, &slo, faults).map_or(slo.clone(), |policy| slo.with_alerts(policy));
    }
    slo = Annotations::of(document, &mut Faults::default()).with_policy(slo, faults);
    alerting::check(rows.as_deref(), &slo, places, faults);
    Some(slo)
}

fn label(slo: Slo, (name, node): (&Name, &Node), faults: &mut Faults) -> Slo {
    let Some(value) = text(node, &format!("label {}", name.text), faults) else { return slo };
    if slo.labels().any(|label| label == (&*name.text, value)) {
        return slo;
    }
    let labelled = slo.clone().without_label(&name.text).with_label(name.text.clone(), value.to_owned());
    faults.told(name.at, labelled).unwrap_or(slo)
}

/// Reads the only objective, and by what it is budgeted.
fn objective(spec: Fields<'_>, mut slo: Slo, places: &mut Places, faults: &mut Faults) -> Slo {
    let why = "an SLO has one objective, write a document for each";
    let known =
        ["displayName", "op", "value", "target", "targetPercent", "timeSliceTarget", "timeSliceWindow"];
    let node = spec.only("objectives", why, faults);
    let fields = node.and_then(|node| Fields::of(node, "an objective", &known, faults));
    if let Some((at, target)) = fields.and_then(|fields| target(fields, faults)) {
        places.target = at;
        slo = slo.with_objective(target);
    }
    for threshold in ["op", "value"] {
        if let Some(fields) = fields.filter(|fields| fields.get(threshold).is_some()) {
            let own = annotation::THRESHOLD;
            faults.add(fields.place(threshold), format!("{threshold} is for a thresholdMetric, which is not read: leave it out, or write the annotation {own}"));
        }
    }
    slices(spec, fields, slo, places, faults)
}

fn target(fields: Fields<'_>, faults: &mut Faults) -> Option<(Place, Objective)> {
    match (fields.get("target"), fields.get("targetPercent")) {
        (Some(node), None) => Some((node.at, share(node, "target", Some("targetPercent"), faults)?)),
        (None, Some(node)) => Some((node.at, percent(node, faults)?)),
        (Some(_), Some(both)) => {
            faults.refuse(both.at, "target and targetPercent say the same: leave one out".to_owned())
        }
        (None, None) => faults
            .refuse(fields.at, "an objective has no target: write one, such as target: 0.999".to_owned()),
    }
}

/// Reads whether events or slices of time count.
fn slices(
    spec: Fields<'_>,
    fields: Option<Fields<'_>>,
    slo: Slo,
    places: &mut Places,
    faults: &mut Faults,
) -> Slo {
    let written = ["timeSliceTarget", "timeSliceWindow"]
        .map(|name| fields.and_then(|fields| Some((fields, name, fields.get(name)?))));
    let method = spec.text("budgetingMethod", faults);
    let counts_slices = match method {
        Some((_, "Timeslices")) => true,
        Some((_, "Occurrences")) => false,
        Some((at, other)) => {
            faults
                .add(at, format!("budgetingMethod {other:?} is not known: write Occurrences or Timeslices"));
            return slo;
        }
        None => slo.time_slices().is_some(),
    };
    match (counts_slices, written) {
        (true, [Some((_, _, target)), Some((_, _, window))]) => {
            places.slices = window.at;
            match time_slices(target, window, faults) {
                Some(slices) => slo.with_time_slices(slices),
                None => slo,
            }
        }
        (true, [None, None]) if slo.time_slices().is_some() => slo,
        (true, [_, _]) => {
            let at = method.map_or(spec.at, |(at, _)| at);
            faults.add(
                at,
                "Timeslices need both, in the objective: write timeSliceTarget: 0.99 and timeSliceWindow: 1m"
                    .to_owned(),
            );
            slo
        }
        (false, [None, None]) => slo.without_time_slices(),
        (false, [first, second]) => {
            for (fields, name, _) in [first, second].into_iter().flatten() {
                faults.add(
                    fields.place(name),
                    format!(
                        "{name} is for slices of time: leave it out, or write budgetingMethod: Timeslices"
                    ),
                );
            }
            slo
        }
    }
}

fn time_slices(target: &Node, window: &Node, faults: &mut Faults) -> Option<TimeSlices> {
    let share = share(target, "timeSliceTarget", None, faults)?;
    let minutes = whole(window).map(|minutes| format!("{minutes}m"));
    let written = match &minutes {
        Some(minutes) => minutes,
        None => text(window, "timeSliceWindow", faults)?,
    };
    let length = shorthand((window.at, written), "timeSliceWindow", "1m", faults)?;
    let slices = match length {
        Shorthand::Span(span) => TimeSlices::new(share, span).map_err(|error| error.reason()),
        Shorthand::Months(_) | Shorthand::Quarters(_) | Shorthand::Years(_) => {
            Err("is too long: write 1h at most")
        }
    };
    slices.map_err(|reason| faults.add(window.at, format!("timeSliceWindow {written} {reason}"))).ok()
}

/// Our own annotations of a document.
struct Annotations<'n>(Option<Fields<'n>>);

impl<'n> Annotations<'n> {
    /// Refuses those that begin like ours and are not.
    fn of(document: &Document<'n>, faults: &mut Faults) -> Self {
        let ours = document.annotations.into_iter().flat_map(Fields::iter);
        for (name, _) in ours.filter(|(name, _)| name.text.starts_with(annotation::PREFIX)) {
            if !annotation::OF_SLOS.contains(&&*name.text) {
                let near =
                    nearest(&name.text, annotation::OF_SLOS.iter().copied()).unwrap_or(annotation::THRESHOLD);
                faults.add(name.at, format!("{:?} is no annotation of ours: write {near}", name.text));
            }
        }
        Self(document.annotations)
    }

    fn get(&self, name: &str, faults: &mut Faults) -> Option<(Place, &'n str)> {
        self.0?.text(name, faults)
    }

    /// Refuses to change what the code decides: whose events count, and by what they are judged.
    fn check_same(&self, slo: &Slo, faults: &mut Faults) {
        let same = [
            (annotation::SLI, Some(slo.sli().kind())),
            (annotation::ROUTE, slo.route()),
            (annotation::OPERATION, slo.operation()),
        ];
        for (name, declared) in same {
            let Some((at, written)) = self.get(name, faults) else { continue };
            if declared != Some(written) {
                let advice = declared.map_or(String::new(), |declared| format!("write {declared:?}, or "));
                let own = slo.name();
                faults.add(at, format!("{name} {written:?} is not what {own:?} counts, which only the code changes: {advice}leave it out"));
            }
        }
    }

    /// Returns the declared indicator with the threshold that is written.
    fn sli_of(&self, declared: Sli, faults: &mut Faults) -> Option<Sli> {
        let Some((at, written)) = self.get(annotation::THRESHOLD, faults) else { return Some(declared) };
        let threshold = faults.told(at, Threshold::parse(written))?;
        match declared {
            Sli::Availability => faults.refuse(
                at,
                format!("{} is for promises that look at time: leave it out", annotation::THRESHOLD),
            ),
            Sli::Latency { .. } => Some(Sli::Latency { threshold }),
            Sli::Combined { .. } => Some(Sli::Combined { threshold }),
        }
    }

    /// Returns the indicator of an SLO that is not declared.
    fn new_sli(&self, faults: &mut Faults) -> Option<Sli> {
        let (at, kind) = self.get(annotation::SLI, faults)?;
        let some = Threshold::literal("1s");
        let kinds = [Sli::Availability, Sli::Latency { threshold: some }, Sli::Combined { threshold: some }];
        let Some(sli) = kinds.into_iter().find(|sli| sli.kind() == kind) else {
            return faults.refuse(
                at,
                format!("{} {kind:?} is not known: write availability, latency or combined", annotation::SLI),
            );
        };
        if sli.threshold().is_some() && self.get(annotation::THRESHOLD, faults).is_none() {
            return faults.refuse(
                at,
                format!(
                    "{kind} needs a threshold: write the annotation {}, such as 250ms",
                    annotation::THRESHOLD
                ),
            );
        }
        self.sli_of(sli, faults)
    }

    fn with_end(&self, slo: Slo, faults: &mut Faults) -> Slo {
        let Some((at, written)) = self.get(annotation::LATENCY_END, faults) else { return slo };
        if written == LatencyEnd::Usual.as_str() {
            return slo.with_latency_end(LatencyEnd::Usual);
        }
        match faults.told(at, LatencyEnd::parse(written)) {
            Some(end) => slo.with_latency_end(end),
            None => slo,
        }
    }

    /// Changes of the alerts what OpenSLO has no fields for.
    fn with_policy(&self, slo: Slo, faults: &mut Faults) -> Slo {
        let mut policy = *slo.alerts();
        if let Some((at, written)) = self.get(annotation::BAD_EVENTS_MIN, faults) {
            match written.parse() {
                Ok(events) => policy = policy.with_bad_events_min(events),
                Err(_) => faults.add(
                    at,
                    format!(
                        "{} {written:?} is no number of events: write one, such as \"2\"",
                        annotation::BAD_EVENTS_MIN
                    ),
                ),
            }
        }
        if let Some((at, written)) = self.get(annotation::ALERT_FORM, faults) {
            match AlertForm::named(written) {
                Some(form) => policy = policy.with_form(form),
                None => faults.add(
                    at,
                    format!("{} {written:?} is not known: write ratio or count", annotation::ALERT_FORM),
                ),
            }
        }
        slo.with_alerts(policy)
    }
}
