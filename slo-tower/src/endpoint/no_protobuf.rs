//! In place of protocol buffers, in a build without them.

use std::convert::Infallible;

use slo_core::Registry;

use super::document::Document;

/// Never made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Protobuf(Infallible);

impl Protobuf {
    pub(super) const fn offered() -> Option<Self> {
        None
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self.0 {}
    }

    pub(super) fn document(self, _: &Registry) -> Box<dyn Document> {
        match self.0 {}
    }
}
