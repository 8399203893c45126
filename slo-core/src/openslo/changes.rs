//! What a file changes of what is declared, and what it adds.

use std::collections::HashSet;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use super::documents::{Document, Documents, SLO};
use super::fields::{Faults, Fields};
use super::node;
use super::promise;
use super::spelling::{Spelling, nearest, spelled};
use super::{OpenSloError, OpenSloFault};
use crate::histogram::Layout;
use crate::naming::annotation;
use crate::objective::Slo;

/// No file is longer: thousands of SLOs fit.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// No file declares more: each takes the memory of its window.
const ADDED_MAX: usize = 1_000;

/// What a file makes of the promises of a service.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Changes {
    /// Declared ones, as they are now, also those that the file leaves as they are.
    pub(crate) changed: Vec<Slo>,
    /// Others.
    pub(crate) added: Vec<Slo>,
}

/// Reads a file about the SLOs of a service.
///
/// # Errors
///
/// If it cannot be read, or there is any mistake in it: then all of it is left out.
pub(crate) fn read_file(path: &Path, service: &str, declared: &[Slo]) -> Result<Changes, OpenSloError> {
    let whole = |what: String| vec![OpenSloFault { at: None, what }];
    let text = content(path).map_err(|error| whole(format!("cannot be read ({error}): write the path of a file of OpenSLO documents, in UTF-8 and of 4 MiB at most")));
    text.and_then(|text| read(&text, service, declared)).map_err(|faults| OpenSloError::new(path, faults))
}

fn content(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > BYTES_MAX {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

/// Reads documents about the SLOs of a service.
pub(super) fn read(text: &str, service: &str, declared: &[Slo]) -> Result<Changes, Vec<OpenSloFault>> {
    let mut faults = Faults::default();
    // Some editors begin a file with it, and it is no part of the text.
    let nodes = node::documents(text.strip_prefix('\u{feff}').unwrap_or(text), &mut faults);
    let changes = changes(&nodes, service, declared, &mut faults);
    if faults.is_empty() { Ok(changes) } else { Err(faults.into_sorted()) }
}

fn changes(nodes: &[node::Node], service: &str, declared: &[Slo], faults: &mut Faults) -> Changes {
    let documents = Documents::read(nodes, faults);
    let mut changes = Changes::default();
    let found: Vec<(&Document<'_>, Option<&Slo>)> =
        documents.of_kind(SLO).map(|document| (document, declared_as(document, declared))).collect();
    for (index, (document, slo)) in found.iter().enumerate() {
        check_service(document.spec, service, faults);
        match slo {
            Some(slo) => {
                let twice = found[..index]
                    .iter()
                    .any(|(_, other)| other.is_some_and(|other| other.name() == slo.name()));
                if twice {
                    faults.add(
                        document.name.0,
                        format!("{:?} has another document above: leave one out", slo.name()),
                    );
                }
                changes.changed.extend(promise::changed(document, slo, &documents, faults));
            }
            None => {
                let named: Vec<&str> = found.iter().filter_map(|(_, slo)| Some((*slo)?.name())).collect();
                let own = added(document, declared, &named, &documents, faults);
                if let Some(slo) = &own
                    && changes.added.iter().any(|other| other.name() == slo.name())
                {
                    faults.add(
                        document.name.0,
                        format!("{:?} has another document above: leave one out", slo.name()),
                    );
                }
                if changes.added.len() == ADDED_MAX {
                    let what =
                        format!("more than {ADDED_MAX} SLOs are declared by this file: leave some out");
                    faults.add(document.name.0, what);
                    break;
                }
                changes.added.extend(own);
            }
        }
    }
    check_thresholds(&found, declared, &changes, faults);
    changes
}

/// Finds the SLO that a document is about: by its own name, or by the one that OpenSLO allows.
fn declared_as<'s>(document: &Document<'_>, declared: &'s [Slo]) -> Option<&'s Slo> {
    let annotated = document.annotations.and_then(|own| own.text(annotation::NAME, &mut Faults::default()));
    let (_, name) = annotated.unwrap_or(document.name);
    let exact = declared.iter().find(|slo| slo.name() == name);
    exact.or_else(|| {
        let mut spelling = Spelling::default();
        declared.iter().find(|slo| spelling.of(slo.name()) == name)
    })
}

fn added(
    document: &Document<'_>,
    declared: &[Slo],
    named: &[&str],
    documents: &Documents<'_>,
    faults: &mut Faults,
) -> Option<Slo> {
    let (at, name) = document.name;
    if !promise::is_complete(document) {
        let near = nearest(name, declared.iter().map(Slo::name));
        let advice = near.map_or("the name of one".to_owned(), |near| format!("{near:?}"));
        let [sli, route, operation] = [annotation::SLI, annotation::ROUTE, annotation::OPERATION];
        return faults.refuse(
            at,
            format!("no SLO is called {name:?}: write {advice}, or declare a new one by the annotations {sli} and {route} or {operation}"),
        );
    }
    let slo = promise::added(document, documents, faults)?;
    let subject = |slo: &Slo| (slo.sli(), slo.route().map(str::to_owned), slo.operation().map(str::to_owned));
    // Most likely the name has a slip, and the same events would count twice.
    let twin = declared.iter().find(|own| subject(own) == subject(&slo) && !named.contains(&own.name()));
    if let Some(twin) = twin {
        let own = twin.name();
        return faults.refuse(at, format!("no SLO is called {name:?}, and {own:?} is about the same events: write {own:?}, or a document for it as well"));
    }
    Some(slo)
}

fn check_service(spec: Fields<'_>, service: &str, faults: &mut Faults) {
    if let Some((at, written)) = spec.text("service", faults)
        && written != service
        && written != spelled(service)
    {
        faults.add(
            at,
            format!("service {written:?} is another one: write {service:?}, or leave the document out"),
        );
    }
}

/// Refuses more thresholds than the histograms have room for.
fn check_thresholds(
    found: &[(&Document<'_>, Option<&Slo>)],
    declared: &[Slo],
    changes: &Changes,
    faults: &mut Faults,
) {
    let kept = declared.iter().filter(|slo| !changes.changed.iter().any(|own| own.name() == slo.name()));
    let all = kept.chain(&changes.changed).chain(&changes.added);
    let thresholds = all.filter_map(|slo| slo.sli().threshold()).collect::<HashSet<_>>().len();
    if let Some((last, _)) = found.last()
        && thresholds > Layout::THRESHOLDS_MAX
    {
        let most = Layout::THRESHOLDS_MAX;
        faults.add(
            last.name.0,
            format!("{thresholds} different latency thresholds are more than {most}: leave some out"),
        );
    }
}
