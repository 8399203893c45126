//! What is written piece by piece.

use std::mem;

/// What an endpoint says, in chunks short enough to be written between two requests.
pub(super) trait Document: Send + Sync {
    /// Writes the next chunk, which may be empty, into an empty buffer; returns whether there may be more.
    fn write_chunk(&mut self, out: &mut Vec<u8>) -> bool;
}

impl Document for Box<dyn Document> {
    fn write_chunk(&mut self, out: &mut Vec<u8>) -> bool {
        (**self).write_chunk(out)
    }
}

/// A document that is a text, in pieces.
pub(super) trait TextDocument: Send + Sync {
    /// Appends the next piece, which may be empty; returns whether there may be more.
    fn write_piece(&mut self, out: &mut String) -> bool;

    /// How many pieces may be written at a stretch, where they are more work than their length tells.
    fn pieces_max(&self) -> usize {
        usize::MAX
    }
}

/// The bytes of a text.
pub(super) struct Encoded<T>(pub(super) T);

impl<T: TextDocument> Document for Encoded<T> {
    fn write_chunk(&mut self, out: &mut Vec<u8>) -> bool {
        debug_assert!(out.is_empty(), "nothing is in it yet");
        // So it becomes a text in its own room, and nothing is copied.
        let mut text = String::from_utf8(mem::take(out)).unwrap_or_default();
        let mut more = true;
        for _ in 0..self.0.pieces_max() {
            let before = text.len();
            more = self.0.write_piece(&mut text);
            if !more || is_chunk(before, text.len()) {
                break;
            }
        }
        *out = text.into_bytes();
        more
    }
}

/// A text that is there as a whole: some kilobytes, as a report has a maximum of everything, or what is asked for once a release.
pub(super) struct Text(pub(super) String);

impl TextDocument for Text {
    fn write_piece(&mut self, out: &mut String) -> bool {
        out.push_str(&self.0);
        false
    }
}

/// The length of a chunk, which a last piece may exceed: some twenty microseconds of work. What the application appends
/// is one piece.
pub(super) const CHUNK: usize = 64 * 1024;

/// Room for a chunk and, in most cases, the piece that exceeds it.
pub(super) const ROOM: usize = CHUNK + 8 * 1024;

/// Returns whether there is enough for a chunk, or the last piece had something else to do than to write.
pub(super) const fn is_chunk(before: usize, after: usize) -> bool {
    after == before || after >= CHUNK
}
