//! In place of `systemd` where there is none, or nobody wants it.

use std::future::pending;

use super::Shared;

/// What a service manager is told: nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Notifying(());

impl Notifying {
    pub(super) async fn run(self, _: &Shared) {
        pending::<()>().await;
    }
}
