//! A report with the numbers behind it.

use std::fmt;

use serde::Serialize;

use super::report::Report;

/// A number that a check has read: the space that is left, the age of a backup.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reading {
    /// What it is, with its unit, as metrics are named: `available_bytes`, `age_seconds`.
    pub name: &'static str,
    /// The number, in that unit.
    pub value: f64,
}

/// What one run of a check found: how well it is, and the numbers that say so.
///
/// The numbers are the gauge `health_check_reading`, labelled with the check and the name of the reading, and are shown to
/// whoever may read details. A check that measures nothing returns a [`Report`] or a `Result`.
///
/// ```
/// use slo_core::{Check, Finding, Report};
/// let queue = Check::in_process("queue", || {
///     let waiting = 812_u32; // whatever your queue says
///     let report = if waiting > 10_000 { Report::Fail(format!("{waiting} jobs wait")) } else { Report::Pass };
///     Finding::from(report).with("waiting_jobs", f64::from(waiting))
/// });
/// # let _ = queue;
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Finding {
    report: Report,
    readings: Vec<Reading>,
}

impl Finding {
    /// As many readings as there may be: each is a series.
    pub const READINGS_MAX: usize = 8;

    /// Adds a number. A second one of the same name replaces the first; one that is not finite, or one too many, is left out.
    pub fn with(mut self, name: &'static str, value: f64) -> Self {
        self.readings.retain(|reading| reading.name != name);
        if value.is_finite() && self.readings.len() < Self::READINGS_MAX {
            self.readings.push(Reading { name, value });
        }
        self
    }

    /// Returns how well it is.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Returns the numbers, in the order in which they were added.
    #[must_use]
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }

    pub(super) fn into_parts(self) -> (Report, Vec<Reading>) {
        (self.report, self.readings)
    }
}

impl From<Report> for Finding {
    fn from(report: Report) -> Self {
        Self { report, readings: Vec::new() }
    }
}

impl<E: fmt::Display> From<Result<(), E>> for Finding {
    fn from(result: Result<(), E>) -> Self {
        Report::from(result).into()
    }
}
