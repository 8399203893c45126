//! Without the feature `prometheus` nobody is asked.

use std::io;
use std::sync::Arc;

use super::FleetStatus;
use super::shared::Shared;
use crate::objective::Slo;
use crate::time::Timestamp;
use crate::worker::Worker;

#[derive(Debug, Default)]
pub(super) struct Asking {}

#[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as with the feature")]
impl Asking {
    pub(super) fn start(_: &Arc<Shared>) -> io::Result<Vec<Worker>> {
        Ok(Vec::new())
    }

    pub(super) fn fleet(&self, _: usize, _: &Slo, _: Timestamp) -> Option<FleetStatus> {
        None
    }
}
