//! Without the feature `calendar` there are only rolling windows.

use super::{CalendarError, Span};
use crate::objective::Window;
use crate::time::Timestamp;

/// There is none.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Calendar {}

impl Calendar {
    /// Refuses calendar windows; `None` for a rolling one.
    pub(crate) const fn of(window: Window) -> Result<Option<Self>, CalendarError> {
        match window.calendar() {
            None => Ok(None),
            Some(_) => Err(CalendarError::Unsupported),
        }
    }

    pub(super) const fn span(&self, _: Timestamp) -> Span {
        match *self {}
    }
}
