//! What the service is made of and depends on, faked, so that a request can break it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use slo_tower::{Check, Report};

/// What can break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Another process, which all replicas of this one share.
    Database,
    /// What this process alone has: the others have one each.
    Disk,
    /// A task within this process, which only a restart brings back.
    Worker,
}

impl Part {
    pub(crate) fn of(name: &str) -> Option<Self> {
        match name {
            "database" => Some(Self::Database),
            "disk" => Some(Self::Disk),
            "worker" => Some(Self::Worker),
            _ => None,
        }
    }
}

/// Which of the parts are broken. Clones share one state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parts(Arc<[AtomicBool; 3]>);

impl Parts {
    pub(crate) fn set_broken(&self, part: Part, is_broken: bool) {
        // Relaxed: lone switches; no other memory depends on them.
        self.0[part as usize].store(is_broken, Ordering::Relaxed);
    }

    /// Asks a part how it is, as a driver would: its error names what must not leave the house.
    pub(crate) fn ask(&self, part: Part) -> Result<(), &'static str> {
        // Relaxed: see `set_broken`.
        match (part, self.0[part as usize].load(Ordering::Relaxed)) {
            (_, false) => Ok(()),
            (Part::Database, true) => Err("connection to db-7.internal refused for user orders"),
            (Part::Disk, true) => Err("/var/lib/orders: no space left on device"),
            (Part::Worker, true) => Err("the mailer has not taken a job for 60 s"),
        }
    }

    /// Returns the checks: what each of them may decide is all there is to think about.
    pub(crate) fn checks(&self) -> [Check; 3] {
        let parts = || self.clone();
        let (database, disk, worker) = (parts(), parts(), parts());
        [
            // Reported: all replicas lose it together, and who has none sends no requests elsewhere.
            Check::new("database", move || {
                let database = database.clone();
                async move { database.ask(Part::Database) }
            }),
            // Another replica may still have room.
            Check::blocking("disk", move || disk.ask(Part::Disk)).gates_readiness(),
            // Nothing but this process, and nothing but a restart helps.
            Check::in_process("worker", move || Report::from(worker.ask(Part::Worker))).gates_liveness(),
        ]
    }
}
