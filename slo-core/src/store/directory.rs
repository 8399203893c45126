//! The directory of one process: its lock, its file, and what becomes of files that cannot be read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use fs4::fs_std::FileExt;

use super::aside;
use super::frame;
use super::journal::Journal;
use super::log::{Level, say};
use super::past::{Ending, Past};
use super::same;
use crate::time::Timestamp;

const STATE: &str = "slo-state.bin";
/// Written whole before it takes the place of [`STATE`].
const NEXT: &str = "slo-state.next";
const LOCK: &str = "slo-state.lock";

/// Where a state is kept.
#[derive(Debug)]
pub(crate) struct Store {
    service: Box<str>,
    directory: PathBuf,
    /// Held as long as the store lives; none while it could not be had. The system lets it go with the process, however
    /// that ends.
    lock: Option<File>,
    /// None until this process has written its first file.
    journal: Option<Journal>,
    /// Whether there is a file that must be moved aside before one is written.
    in_the_way: bool,
}

/// A store and what it held.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) store: Store,
    pub(crate) past: Option<(Past, Ending)>,
    /// Why nothing can be saved, if that is known already.
    pub(crate) failure: Option<io::Error>,
}

/// Why there can be no store.
#[derive(Debug)]
pub(crate) enum OpenError {
    /// Another process has the directory, or another registry of this one.
    InUse,
    /// The path cannot be one of a directory.
    NoDirectory(io::Error),
}

impl Store {
    /// Opens a directory, which is made if there is none, and reads what it holds. A directory that cannot be written
    /// to is no error: perhaps it can be later.
    pub(crate) fn open(service: &str, directory: &Path, now: Timestamp) -> Result<Opened, OpenError> {
        if directory.as_os_str().is_empty() {
            return Err(OpenError::NoDirectory(ErrorKind::NotFound.into()));
        }
        // The process may go elsewhere later.
        let directory = std::path::absolute(directory).map_err(OpenError::NoDirectory)?;
        let service = service.into();
        let mut store = Self { service, directory, lock: None, journal: None, in_the_way: false };
        let mut failure = match store.acquire() {
            Ok(()) => None,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(OpenError::InUse),
            Err(error) if is_no_directory(&error) => return Err(OpenError::NoDirectory(error)),
            Err(error) => Some(error),
        };
        let past = store.read(now).unwrap_or_else(|error| {
            failure.get_or_insert(error);
            None
        });
        Ok(Opened { store, past, failure })
    }

    /// Takes the directory for this process.
    fn acquire(&mut self) -> io::Result<()> {
        let path = self.directory.join(LOCK);
        // A lock on a file that somebody has removed keeps nobody away.
        if self.lock.as_ref().is_some_and(|lock| same::is_at(lock, &path)) {
            return Ok(());
        }
        self.lock = None;
        fs::create_dir_all(&self.directory)?;
        let writable = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        // Who may only read can still keep others away.
        let file = writable.or_else(|error| File::open(&path).map_err(|_| error))?;
        if !FileExt::try_lock_exclusive(&file)? {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.lock = Some(file);
        Ok(())
    }

    fn read(&mut self, now: Timestamp) -> io::Result<Option<(Past, Ending)>> {
        let path = self.directory.join(STATE);
        let bytes = match read_file(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                self.in_the_way = true;
                return Err(error);
            }
        };
        match Past::read(&bytes) {
            Ok((past, ending)) => {
                if ending == Ending::Damaged {
                    // It stays where it is until the first file of this process takes its place.
                    self.say_aside("is damaged towards its end", aside::keep(&self.directory, &path, now));
                }
                Ok(Some((past, ending)))
            }
            Err(wrong) => {
                let moved = aside::move_away(&self.directory, &path, now);
                self.in_the_way = moved.is_err();
                self.say_aside(&format!("{wrong}; the history begins anew"), moved);
                Ok(None)
            }
        }
    }

    fn say_aside(&self, wrong: &str, moved: io::Result<PathBuf>) {
        let file = self.directory.join(STATE);
        let what = match moved {
            Ok(name) => format!("{} {wrong}; it is kept as {}", file.display(), name.display()),
            Err(error) => format!("{} {wrong}, and cannot be moved aside: {error}", file.display()),
        };
        say(&self.service, Level::Error, &what);
    }

    /// Writes a new file, which takes the place of the old one when it is whole: `write` adds to it until it returns
    /// `false`. Where it fails the old file stays.
    pub(crate) fn rewrite(
        &mut self,
        now: Timestamp,
        write: impl FnMut(&mut Vec<u8>) -> io::Result<bool>,
    ) -> io::Result<()> {
        self.acquire()?;
        let state = self.directory.join(STATE);
        if self.in_the_way {
            match aside::move_away(&self.directory, &state, now) {
                Ok(name) => self.say_aside("could not be read; the history has begun anew", Ok(name)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            self.in_the_way = false;
        }
        let next = self.directory.join(NEXT);
        let written = write_whole(&next, write).and_then(|journal| {
            fs::rename(&next, &state)?;
            Ok(journal)
        });
        match written {
            Ok(journal) => {
                // Not every system can force a directory to the disk; the file in it is whole under either name.
                let _ = File::open(&self.directory).and_then(|directory| directory.sync_all());
                self.journal = Some(journal);
                Ok(())
            }
            Err(error) => {
                // Half a file only takes room, which may be what is missing.
                let _ = fs::remove_file(&next);
                Err(error)
            }
        }
    }

    /// Appends frames to the file of this process.
    pub(crate) fn append(&mut self, frames: &[u8]) -> io::Result<()> {
        self.journal.as_mut().map_or(Err(ErrorKind::NotFound.into()), |journal| journal.append(frames))
    }

    /// Returns whether there is a file of this process that takes more. Somebody may have removed it.
    pub(crate) fn takes_more(&self) -> bool {
        let state = self.directory.join(STATE);
        self.journal.as_ref().is_some_and(|journal| journal.takes_more(&state))
    }

    /// Returns whether a new file should be written.
    pub(crate) fn is_long(&self) -> bool {
        self.journal.as_ref().is_some_and(Journal::is_long)
    }

    /// Says something about this store in the log.
    pub(crate) fn say(&self, level: Level, what: &str) {
        say(&self.service, level, &format!("{}: {what}", self.directory.display()));
    }
}

/// Reads a file that is one: nobody knows when a pipe ends.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if fs::metadata(path)?.is_file() { fs::read(path) } else { Err(io::Error::other("it is no file")) }
}

fn write_whole(path: &Path, mut write: impl FnMut(&mut Vec<u8>) -> io::Result<bool>) -> io::Result<Journal> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    let (mut buffer, mut length) = (frame::head().to_vec(), 0);
    loop {
        let is_more = write(&mut buffer)?;
        file.write_all(&buffer)?;
        length += buffer.len() as u64;
        buffer.clear();
        if !is_more {
            break;
        }
    }
    file.sync_all()?;
    Ok(Journal::new(file, length))
}

/// Something on the path is a file.
fn is_no_directory(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotADirectory | ErrorKind::AlreadyExists)
}
