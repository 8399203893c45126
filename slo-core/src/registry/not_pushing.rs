//! Without the feature `alertmanager` nobody pushes.

use std::io;

use crate::engine::Engine;
use crate::objective::Slo;
use crate::time::{Clock, Timestamp};
use crate::window::Counts;
use crate::worker::Worker;

#[derive(Debug, Default)]
pub(crate) struct Pushing {}

#[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as with the feature")]
impl Pushing {
    pub(super) fn start(&mut self, _: (&str, usize), _: &Clock) -> io::Result<Vec<Worker>> {
        Ok(Vec::new())
    }

    pub(super) fn observe(&self, _: &Engine, _: &[Slo], _: &[Counts], _: Timestamp) {}

    pub(crate) fn each_result(&self, _: impl FnMut(&str, &str, u64)) {}

    pub(crate) fn each_queue(&self, _: impl FnMut(&str, usize)) {}
}
