//! All documents of a file, by kind and name.

use super::fields::{Faults, Fields, text};
use super::node::{Node, Place};
use super::spelling::nearest;

/// What there is in v1, with the fields that each may have.
const KINDS: [(&str, &[&str]); 7] = [
    (
        SLO,
        &[
            "description",
            "service",
            "indicator",
            "indicatorRef",
            "timeWindow",
            "budgetingMethod",
            "objectives",
            "alertPolicies",
        ],
    ),
    (SLI, &["description", "thresholdMetric", "ratioMetric"]),
    (
        ALERT_POLICY,
        &[
            "description",
            "alertWhenNoData",
            "alertWhenResolved",
            "alertWhenBreaching",
            "conditions",
            "notificationTargets",
        ],
    ),
    (ALERT_CONDITION, &["description", "severity", "condition"]),
    ("AlertNotificationTarget", &["description", "target"]),
    ("DataSource", &["description", "type", "connectionDetails"]),
    ("Service", &["description"]),
];
pub(super) const SLO: &str = "SLO";
pub(super) const SLI: &str = "SLI";
pub(super) const ALERT_POLICY: &str = "AlertPolicy";
pub(super) const ALERT_CONDITION: &str = "AlertCondition";

pub(super) const API_VERSION: &str = "openslo/v1";
const METADATA: [&str; 4] = ["name", "displayName", "labels", "annotations"];
const DESCRIPTION_CHARACTERS_MAX: usize = 1_050;

/// One document, or an object that is written within another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Document<'n> {
    pub(super) kind: &'static str,
    pub(super) name: (Place, &'n str),
    pub(super) labels: Option<Fields<'n>>,
    pub(super) annotations: Option<Fields<'n>>,
    pub(super) spec: Fields<'n>,
}

/// The documents of a file.
#[derive(Debug)]
pub(super) struct Documents<'n>(Vec<Document<'n>>);

impl<'n> Documents<'n> {
    /// Looks at each document; those that are none of v1 are left out.
    pub(super) fn read(nodes: &'n [Node], faults: &mut Faults) -> Self {
        let mut documents: Vec<Document<'n>> = Vec::new();
        for node in nodes {
            let Some(document) = whole(node, faults) else { continue };
            let (at, name) = document.name;
            let same = |other: &&Document<'_>| (other.kind, other.name.1) == (document.kind, name);
            // Of SLOs it is told where their names are looked up.
            if let Some(first) = documents.iter().find(same).filter(|_| document.kind != SLO) {
                let Place { line, column } = first.name.0;
                let kind = document.kind;
                faults.add(
                    at,
                    format!("{kind} {name:?} is there twice, first at {line}:{column}: leave one out"),
                );
            }
            documents.push(document);
        }
        Self(documents)
    }

    pub(super) fn of_kind(&self, kind: &'static str) -> impl Iterator<Item = &Document<'n>> {
        self.0.iter().filter(move |document| document.kind == kind)
    }

    /// Finds what a reference means.
    pub(super) fn referred(
        &self,
        kind: &'static str,
        (at, name): (Place, &str),
        faults: &mut Faults,
    ) -> Option<Document<'n>> {
        if let Some(found) = self.of_kind(kind).find(|document| document.name.1 == name) {
            return Some(*found);
        }
        let advice = match nearest(name, self.of_kind(kind).map(|document| document.name.1)) {
            Some(near) => format!("write {near}, or add it to this file"),
            None => "add it to this file".to_owned(),
        };
        faults.refuse(at, format!("no {kind} of this file is called {name:?}: {advice}"))
    }
}

fn whole<'n>(node: &'n Node, faults: &mut Faults) -> Option<Document<'n>> {
    let top = Fields::of(node, "a document", &["apiVersion", "kind", "metadata", "spec"], faults)?;
    let such_as = format!("apiVersion: {API_VERSION}");
    let version = top.required("apiVersion", &such_as, faults)?;
    let written = text(version, "apiVersion", faults)?;
    if written != API_VERSION {
        return faults.refuse(version.at, format!("apiVersion {written:?} is not read: write {API_VERSION}"));
    }
    let kind = top.required("kind", "kind: SLO", faults)?;
    let written = text(kind, "kind", faults)?;
    let names = || KINDS.iter().map(|(kind, _)| *kind);
    let Some((kind, known)) = KINDS.into_iter().find(|(kind, _)| *kind == written) else {
        let advice =
            nearest(written, names()).map_or_else(|| names().collect::<Vec<_>>().join(", "), str::to_owned);
        return faults.refuse(kind.at, format!("kind {written:?} is not of {API_VERSION}: write {advice}"));
    };
    object(top, kind, known, faults)
}

/// Reads an object that is written in place of a reference to it, and may repeat its kind.
pub(super) fn inline<'n>(node: &'n Node, kind: &'static str, faults: &mut Faults) -> Option<Document<'n>> {
    let (_, known) = KINDS.into_iter().find(|(other, _)| *other == kind)?;
    let top = Fields::of(node, kind, &["apiVersion", "kind", "metadata", "spec"], faults)?;
    for (field, expected) in [("apiVersion", API_VERSION), ("kind", kind)] {
        if let Some((at, written)) = top.text(field, faults)
            && written != expected
        {
            faults.add(at, format!("{field} {written:?} is not what belongs here: write {expected}"));
        }
    }
    object(top, kind, known, faults)
}

fn object<'n>(
    top: Fields<'n>,
    kind: &'static str,
    known: &[&str],
    faults: &mut Faults,
) -> Option<Document<'n>> {
    let metadata = top.required("metadata", "metadata, with a name", faults)?;
    let metadata = Fields::of(metadata, "metadata", &METADATA, faults)?;
    let name = metadata.required("name", "the name of the object", faults)?;
    let name = (name.at, text(name, "name", faults)?);
    let mut map = |field: &str| Fields::any(metadata.get(field)?, field, faults);
    let (labels, annotations) = (map("labels"), map("annotations"));
    let spec =
        Fields::of(top.required("spec", "spec", faults)?, &format!("the spec of {kind}"), known, faults)?;
    if let Some((at, description)) = spec.text("description", faults)
        && description.chars().count() > DESCRIPTION_CHARACTERS_MAX
    {
        let characters = description.chars().count();
        faults.add(
            at,
            format!("description has {characters} characters: write {DESCRIPTION_CHARACTERS_MAX} at most"),
        );
    }
    Some(Document { kind, name, labels, annotations, spec })
}
