//! The file that is appended to.

use std::fs::File;
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use super::same;

/// A file that begins with a whole state.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
    /// Up to here it was written, and forced to the disk.
    length: u64,
    /// How long the whole state at its beginning is.
    whole: u64,
    /// Whether what was written is what is there: after a failure that is not known.
    sound: bool,
}

impl Journal {
    /// What may be appended however short the state is.
    const APPENDED_MIN: u64 = 256 * 1024;

    /// Goes on with a file that was just written.
    pub(super) const fn new(file: File, length: u64) -> Self {
        Self { file, length, whole: length, sound: true }
    }

    /// Appends frames and forces them to the disk.
    pub(super) fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        let appended = self.write(frames);
        match &appended {
            Ok(()) => self.length += frames.len() as u64,
            // A full disk has written some and can take that back. After any other failure nobody knows what is there.
            Err(error) => self.sound = is_full(error) && self.file.set_len(self.length).is_ok(),
        }
        appended
    }

    fn write(&mut self, frames: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(frames)?;
        self.file.sync_data()
    }

    /// Returns whether more may be appended to the file at this path.
    pub(super) fn takes_more(&self, path: &Path) -> bool {
        // A new file should have taken its place long ago.
        self.sound && self.length < 8 * self.limit() && same::is_at(&self.file, path)
    }

    /// Returns whether a new file should take its place.
    pub(super) const fn is_long(&self) -> bool {
        self.length > self.limit()
    }

    const fn limit(&self) -> u64 {
        self.whole + if self.whole > Self::APPENDED_MIN { self.whole } else { Self::APPENDED_MIN }
    }
}

/// Returns whether there is no more room, on the disk or for us.
fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | FileTooLarge)
}
