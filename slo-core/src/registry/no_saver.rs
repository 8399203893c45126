//! Without the feature `store` nothing is saved.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::build_error::BuildError;
use super::shared::Shared;
use super::state_status::StateStatus;
use crate::engine::Engine;
use crate::objective::Slo;
use crate::time::Timestamp;

/// There is none.
#[derive(Debug)]
pub(crate) struct Saver(Infallible);

impl Saver {
    pub(super) fn ticked(&self, _: &Shared) {
        match self.0 {}
    }

    pub(super) fn take_up_reports(&self, _: &Shared) {
        match self.0 {}
    }

    pub(super) fn status(&self) -> StateStatus {
        match self.0 {}
    }
}

/// Nowhere.
#[derive(Debug, Default)]
pub(super) struct Settings {}

impl Settings {
    pub(super) fn open(
        self,
        _: &str,
        _: &mut Engine,
        _: &[Slo],
        _: (Timestamp, Duration),
    ) -> Result<Option<Saver>, BuildError> {
        Ok(None)
    }
}

/// There is none.
#[derive(Debug)]
pub(super) struct LastSave(Infallible);

impl LastSave {
    pub(super) fn of(_: &Arc<Shared>) -> Option<Self> {
        None
    }

    pub(super) fn start(_: &Arc<Shared>) -> io::Result<Option<Self>> {
        Ok(None)
    }
}
