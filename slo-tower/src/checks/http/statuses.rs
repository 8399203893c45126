//! The statuses that are well.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;

/// Never empty, each one a status that HTTP may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statuses(BTreeSet<u16>);

impl Statuses {
    /// An error says what to write.
    pub(super) fn new(statuses: impl IntoIterator<Item = u16>) -> Result<Self, String> {
        const WRITE: &str = "write such as 200..=399 or [200, 401]";
        const KNOWN: RangeInclusive<u16> = 100..=599;
        let mut known = BTreeSet::new();
        for status in statuses {
            if !KNOWN.contains(&status) {
                return Err(format!("{status} is no status: {WRITE}"));
            }
            known.insert(status);
        }
        if known.is_empty() { Err(format!("no status would be well: {WRITE}")) } else { Ok(Self(known)) }
    }

    pub(super) fn contains(&self, status: u16) -> bool {
        self.0.contains(&status)
    }

    /// Returns the runs of neighbours.
    fn runs(&self) -> Vec<RangeInclusive<u16>> {
        let mut runs: Vec<RangeInclusive<u16>> = Vec::new();
        for status in self.0.iter().copied() {
            match runs.last_mut() {
                Some(run) if run.end() + 1 == status => *run = *run.start()..=status,
                _ => runs.push(status..=status),
            }
        }
        runs
    }
}

impl Default for Statuses {
    fn default() -> Self {
        Self((200..=299).collect())
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, run) in self.runs().iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            let (first, last) = (run.start(), run.end());
            match last - first {
                0 => write!(f, "{comma}{first}")?,
                1 => write!(f, "{comma}{first}, {last}")?,
                _ => write!(f, "{comma}{first} to {last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_shown_as_runs() {
        for (statuses, expected) in [
            (vec![200], "200"),
            (vec![401, 200, 401], "200, 401"),
            (vec![200, 201], "200, 201"),
            ((200..=399).collect(), "200 to 399"),
            (vec![100, 204, 202, 203, 599], "100, 202 to 204, 599"),
        ] {
            assert_eq!(Statuses::new(statuses).unwrap().to_string(), expected);
        }
        assert_eq!(Statuses::default().to_string(), "200 to 299");
    }

    #[test]
    fn what_is_no_status_is_refused() {
        for status in [0, 99, 600, u16::MAX] {
            let error = Statuses::new([200, status]).unwrap_err();
            assert_eq!(error, format!("{status} is no status: write such as 200..=399 or [200, 401]"));
        }
        assert!(Statuses::new([]).is_err());
    }

    #[test]
    fn success_is_from_200_to_299() {
        let statuses = Statuses::default();
        let found: Vec<u16> = (100..=599).filter(|status| statuses.contains(*status)).collect();
        assert_eq!(found, (200..=299).collect::<Vec<_>>());
    }
}
