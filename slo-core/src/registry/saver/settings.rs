//! Where the state is kept, as the builder is told.

use std::path::PathBuf;
use std::time::Duration;

use super::super::build_error::BuildError;
use super::super::builder::RegistryBuilder;
use super::super::state_status::{StateFailure, StateStatus};
use super::Saver;
use super::documents::Documents;
use super::past::{self, GoesOn};
use super::saving::Saving;
use crate::engine::Engine;
use crate::objective::Slo;
use crate::store::{Ending, Level, OpenError, Opened, Past, Store};
use crate::time::Timestamp;

/// Where the state is kept, if anywhere.
#[derive(Debug, Default)]
pub(in super::super) struct Settings {
    directory: Option<PathBuf>,
}

impl RegistryBuilder {
    /// Keeps what is counted in a directory, so that windows, budgets and alerts go on after a restart or a crash. It is
    /// made if there is none.
    ///
    /// What was counted is saved after each tick, so a crash loses at most what came after the last one; the last handle
    /// saves once more. A started registry saves on a thread of its own, `slo-save`; one that is ticked by hand within
    /// [`Registry::tick`](super::super::Registry::tick). The time in which no process ran is a gap in the
    /// [coverage](super::super::SloStatus::coverage). [`SloStatus::total`](super::super::SloStatus::total), latencies and
    /// the counters of `/metrics` begin anew with each process.
    ///
    /// An SLO is known by its name, whatever else of it changes; without a name that was saved it begins anew. A disk
    /// that is full or read-only is no error: counting goes on in memory, [`Status::state`](super::super::Status::state)
    /// and `slo_state_failing` say so, and saving is tried again. A file that cannot be read is moved aside.
    ///
    /// Each process needs a directory of its own, on a local disk; in a container, on a volume.
    ///
    /// # Errors
    ///
    /// [`RegistryBuilder::build`] and [`RegistryBuilder::start`] fail if another process or registry has the directory,
    /// or if the path is none of a directory.
    ///
    /// ```
    /// use slo_core::{Clock, Objective, Outcome, Registry, Sli, Slo};
    ///
    /// let directory = std::env::temp_dir().join(format!("slo-state-of-an-example-{}", std::process::id()));
    /// let start = || {
    ///     let slo = Slo::literal("job-availability", Sli::Availability, Objective::literal("99%"));
    ///     Registry::builder("worker").slo(slo.with_operation("job")?).state_dir(&directory).start().map_err(Box::<dyn std::error::Error>::from)
    /// };
    /// let registry = start()?;
    /// registry.attempt("job").finish(Outcome::Completed(0));
    /// drop(registry);
    ///
    /// let registry = start()?;
    /// let status = registry.status();
    /// assert_eq!(status.slos[0].events.good, 1);
    /// assert_eq!(status.slos[0].total.good, 0);
    /// # drop(registry);
    /// # std::fs::remove_dir_all(&directory)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn state_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.saving.directory = Some(directory.into());
        self
    }
}

impl Settings {
    /// Opens the directory, if there is one, and has the engine go on from what it holds.
    pub(in super::super) fn open(
        self,
        service: &str,
        engine: &mut Engine,
        slos: &[Slo],
        (now, stalled_after): (Timestamp, Duration),
    ) -> Result<Option<Saver>, BuildError> {
        let Some(directory) = self.directory else { return Ok(None) };
        let Opened { store, past, failure } =
            Store::open(service, &directory, now).map_err(|error| match error {
                OpenError::InUse => BuildError::StateInUse { directory: directory.clone() },
                OpenError::NoDirectory(error) => {
                    BuildError::StateDirectory { directory: directory.clone(), error }
                }
            })?;
        let mut state = StateStatus::default();
        let (saving, documents) = match past {
            None => {
                let slos = slos.iter().map(|slo| past::record(slo, [0; 2])).collect();
                (Saving::new(store, slos, Vec::new()), Documents::default())
            }
            Some((past, ending)) => {
                state.restored_from = Some(past.at);
                go_on(store, (past, ending), engine, slos, now)
            }
        };
        if let Some(error) = failure {
            saving.say(
                Level::Warn,
                &format!("the state cannot be saved ({error}): counting goes on in memory"),
            );
            state.failure = Some(StateFailure::of(&error));
        }
        Ok(Some(Saver::new(saving, documents, state, stalled_after)))
    }
}

fn go_on(
    store: Store,
    (mut past, ending): (Past, Ending),
    engine: &mut Engine,
    slos: &[Slo],
    now: Timestamp,
) -> (Saving, Documents) {
    match ending {
        Ending::Whole => {}
        Ending::CutShort => store.say(Level::Warn, "the last save was cut short; it is left out"),
        Ending::Damaged => store.say(Level::Error, "what follows the damage is left out"),
    }
    let documents = Documents::new(std::mem::take(&mut past.documents));
    let (ahead, at) = (past.at - now, past.at);
    let goes_on = GoesOn::new(past, slos, now);
    engine.restore((&goes_on.histories, &goes_on.kept), slos, (at, now));
    let away = now - at;
    store.say(Level::Info, &format!("the history goes on after {} s without a process", away.as_secs()));
    if ahead.as_secs() > 0 {
        let what =
            format!("the clock was set back by {} s: the history now ends at this moment", ahead.as_secs());
        store.say(Level::Warn, &what);
    }
    goes_on.notes.iter().for_each(|note| store.say(Level::Info, note));
    let GoesOn { slos, mut retired, histories, .. } = goes_on;
    let moved = engine.histories().marks();
    retired.iter_mut().for_each(|retired| retired.move_back(histories.marks, moved));
    (Saving::new(store, slos, retired), documents)
}
