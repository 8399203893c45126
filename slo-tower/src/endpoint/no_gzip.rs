//! In place of compression, in a build without it.

use std::convert::Infallible;
use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::document::Document;

/// Whether this build can compress.
pub(super) const IS_OFFERED: bool = false;

/// Compresses nothing.
#[derive(Clone, Debug, Default)]
pub(super) struct Gzip {}

/// Never made.
#[derive(Debug)]
pub(super) struct Compressed(Infallible);

impl Gzip {
    #[expect(clippy::unused_self, reason = "as the one that compresses")]
    pub(super) fn start(&self, _: impl Document + 'static) -> Option<Compressed> {
        None
    }
}

impl Compressed {
    pub(super) fn poll_chunk(&mut self, _: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        match self.0 {}
    }
}
