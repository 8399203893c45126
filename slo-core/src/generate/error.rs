//! What cannot be written into rules.

use std::error::Error;
use std::fmt;

use crate::objective::ObjectiveError;

/// Why rules cannot be written as asked. Names what was asked for and says what to write instead.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum GenerateError {
    /// What should tell our series from others is no list of matchers.
    Matchers {
        /// As they were given.
        matchers: String,
    },
    /// A label that cannot be added.
    Label(ObjectiveError),
    /// A label that was added before.
    LabelTwice {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for GenerateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Matchers { matchers } => {
                write!(f, "{matchers:?} are no matchers: write some such as job=\"shop\"")
            }
            Self::Label(error) => error.fmt(f),
            Self::LabelTwice { name } => write!(f, "label {name:?} is given twice"),
        }
    }
}

impl Error for GenerateError {}
