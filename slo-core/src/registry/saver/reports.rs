//! Reports of incidents, among the documents that are saved.
//!
//! One that is open is put there at each save, since the next process goes on with it; one that is over once more, and then
//! never again. What the registry has forgotten is forgotten here.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::lock;
use super::super::shared::Shared;
use super::Saver;
use crate::incident::IncidentReport;
use crate::store::Level;

/// What their keys begin with.
const PREFIX: &str = "incident/";
/// How long a report of an incident that is over is kept over restarts: as long as the longest window.
const KEPT: Duration = Duration::from_secs(90 * 86_400);

/// The incidents that were open when they were last put among the documents.
#[derive(Debug, Default)]
pub(super) struct Reports {
    open: BTreeSet<String>,
}

impl Saver {
    /// Puts among the documents what is new of incidents.
    pub(super) fn keep_reports(&self, shared: &Shared) {
        let known: BTreeSet<String> = shared.incident_ids().into_iter().collect();
        let saved = self.saved_reports();
        let is_new = |id: &&String| !saved.contains(*id) || lock(&self.reports).open.contains(*id);
        let new: Vec<IncidentReport> =
            known.iter().filter(is_new).filter_map(|id| shared.incident(id)).collect();
        for report in &new {
            // Every key is a text, so it can be written.
            let json = serde_json::to_vec(report).unwrap_or_default();
            lock(&self.documents).put(&format!("{PREFIX}{}", report.id), json);
        }
        saved.difference(&known).for_each(|id| lock(&self.documents).remove(&format!("{PREFIX}{id}")));
        let still_open = new.into_iter().filter(IncidentReport::is_open).map(|report| report.id);
        lock(&self.reports).open = still_open.collect();
    }

    /// Takes up what another process has saved of incidents.
    pub(in super::super) fn take_up_reports(&self, shared: &Shared) {
        let documents: Vec<(String, Vec<u8>)> = {
            let documents = lock(&self.documents);
            let reports = documents.starting_with(PREFIX);
            reports.map(|(key, json)| (key[PREFIX.len()..].to_owned(), json.to_owned())).collect()
        };
        let now = shared.clock.now();
        for (id, json) in documents {
            if !shared.take_up_json(&id, &json) {
                let what = format!("the report of the incident {id:?} cannot be read and is left out");
                shared.say(Level::Warn, &what);
                lock(&self.documents).remove(&format!("{PREFIX}{id}"));
            }
        }
        shared.forget_reports(now.minus(KEPT));
        lock(&self.reports).open = shared.open_incidents().into_iter().map(|(_, id)| id).collect();
    }

    fn saved_reports(&self) -> BTreeSet<String> {
        let documents = lock(&self.documents);
        documents.starting_with(PREFIX).map(|(key, _)| key[PREFIX.len()..].to_owned()).collect()
    }
}
