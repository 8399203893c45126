//! Events of which no handler said whose promises they are.
//!
//! They count for the promises their route is bound to. Where the handler has not run yet, they are held (see
//! `held`): once it has, readers judge them.

use std::sync::Arc;

use super::held::Held;
use super::outcome::Verdict;
use super::route::Route;
use super::shard::Shard;
use super::shared::Shared;
use super::took::Took;

/// What one writer needs to judge the unmarked events of one route.
#[derive(Debug)]
pub(super) struct Unmarked {
    index: usize,
    route: Arc<Route>,
    /// None until the first event is held.
    held: Option<Arc<Held>>,
}

impl Unmarked {
    pub(super) fn new(index: usize, route: &Arc<Route>) -> Self {
        Self { index, route: Arc::clone(route), held: None }
    }

    /// Counts an event for what its route is bound to, or holds it, on the thread that owns the shard. Its usual
    /// duration is in this bucket.
    pub(super) fn judge<T: Took>(
        &mut self,
        shared: &Shared,
        shard: &Shard,
        (verdict, took): (Verdict, T),
        bucket: usize,
    ) {
        if let Some(goals) = self.route.bound() {
            shard.judge(shared.goals(Some(goals)), verdict, took);
        } else if let Some(held) = &self.held {
            took.hold(held, &shared.layout, verdict, bucket);
        } else if self.route.has_a_handler() {
            let held = self.held.insert(shard.held(self.index, &shared.layout));
            took.hold(held, &shared.layout, verdict, bucket);
        }
    }
}
