//! Without the feature `openslo` no file changes a promise.

use std::collections::HashMap;
use std::panic::Location;

use super::RegistryBuilder;
use super::build_error::BuildError;
use super::overrides_status::OverridesStatus;
use crate::objective::Slo;

/// There are none.
#[derive(Debug, Default)]
pub(super) struct Overrides {}

#[derive(Debug, Default)]
pub(super) struct Overridden {}

#[derive(Debug, Default)]
pub(super) struct Promises {
    pub(super) changed: HashMap<String, Slo>,
    pub(super) added: Vec<(Slo, &'static Location<'static>)>,
    pub(super) overridden: Overridden,
}

#[expect(clippy::unnecessary_wraps, clippy::needless_pass_by_ref_mut, reason = "as with the feature")]
impl RegistryBuilder {
    pub(super) fn overridden(&mut self) -> Result<Promises, BuildError> {
        let Overrides {} = self.overrides;
        Ok(Promises::default())
    }
}

#[expect(clippy::unused_self, reason = "as with the feature")]
impl Overridden {
    pub(super) const fn status(&self) -> Option<OverridesStatus> {
        None
    }
}
