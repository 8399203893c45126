//! A text that is written piece by piece.

/// What an endpoint says, in pieces short enough to be written between two requests.
pub(super) trait Document: Send + Sync {
    /// Appends the next piece, which may be empty; returns whether there may be more.
    fn write_piece(&mut self, out: &mut String) -> bool;

    /// How many pieces may be written at a stretch, where they are more work than their length tells.
    fn pieces_max(&self) -> usize {
        usize::MAX
    }
}

/// A text that is there as a whole: some kilobytes, as a report has a maximum of everything, or what is asked for once a release.
pub(super) struct Text(pub(super) String);

impl Document for Text {
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

/// Appends pieces until there is a chunk of text, or one of them had something else to do than to write; returns
/// whether there may be more.
pub(super) fn write_chunk(document: &mut dyn Document, out: &mut String) -> bool {
    for _ in 0..document.pieces_max() {
        let before = out.len();
        if !document.write_piece(out) {
            return false;
        }
        if out.len() == before || out.len() >= CHUNK {
            break;
        }
    }
    true
}
