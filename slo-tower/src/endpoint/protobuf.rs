//! The families as protocol buffers, for who wants native histograms.

use slo_core::{ProtobufExposition, Registry};

use super::document::{Document, is_chunk};

/// A format that this build has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Protobuf(());

impl Protobuf {
    #[expect(clippy::unnecessary_wraps, reason = "as where there is none")]
    pub(super) const fn offered() -> Option<Self> {
        Some(Self(()))
    }

    #[expect(clippy::unused_self, reason = "who has none cannot ask")]
    pub(super) const fn content_type(self) -> &'static str {
        ProtobufExposition::CONTENT_TYPE
    }

    /// Starts to write the families of a registry.
    #[expect(clippy::unused_self, reason = "who has none cannot ask")]
    pub(super) fn document(self, registry: &Registry) -> Box<dyn Document> {
        Box::new(Families(registry.protobuf_exposition()))
    }
}

struct Families(ProtobufExposition);

impl Document for Families {
    fn write_chunk(&mut self, out: &mut Vec<u8>) -> bool {
        loop {
            let before = out.len();
            let more = self.0.write_piece(out);
            if !more || is_chunk(before, out.len()) {
                return more;
            }
        }
    }
}
