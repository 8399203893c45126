//! Why a file is not obeyed: every mistake in it, where it is, and what to write instead.

use std::fmt;
use std::path::{Path, PathBuf};

/// Why a file of OpenSLO documents is not obeyed. Its text has a line for each mistake: `file:line:column: what is wrong`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSloError {
    path: PathBuf,
    faults: Vec<OpenSloFault>,
}

/// One mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenSloFault {
    /// Line and column, from 1 on; `None` if it is about the file as a whole.
    pub at: Option<(usize, usize)>,
    /// What is wrong and what to write, without a full stop.
    pub what: String,
}

impl OpenSloError {
    #[cfg(feature = "openslo")]
    pub(super) fn new(path: &Path, faults: Vec<OpenSloFault>) -> Self {
        Self { path: path.to_owned(), faults }
    }

    /// Returns the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns every mistake, in the order of the file; the first hundred, if there are more.
    #[must_use]
    pub fn faults(&self) -> &[OpenSloFault] {
        &self.faults
    }
}

impl fmt::Display for OpenSloError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            let begin = if index == 0 { "" } else { "\n" };
            write!(f, "{begin}{}:{fault}", self.path.display())?;
        }
        Ok(())
    }
}

impl std::error::Error for OpenSloError {}

impl fmt::Display for OpenSloFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((line, column)) = self.at {
            write!(f, "{line}:{column}:")?;
        }
        write!(f, " {}", self.what)
    }
}
