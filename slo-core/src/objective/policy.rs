//! Which burn rates raise an alert: the SRE workbook's table, as data.
//!
//! A row fires while both its long and its short window burn faster than its factor. The long window makes
//! the alert worth waking up for, the short one lets it end when the trouble ends. The same rows drive the
//! live evaluation, the status page and whatever is generated from them.

use std::time::Duration;

use serde::Serialize;

use super::{Objective, Window};

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody should look within days.
    Ticket,
    /// Somebody should look now.
    Page,
}

impl Severity {
    /// Every severity, most urgent first.
    pub const ALL: [Self; 2] = [Self::Page, Self::Ticket];

    /// Returns the value of the `severity` label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Ticket => "ticket",
        }
    }
}

/// One row of a policy: fire while the long *and* the short window burn faster than the factor.
///
/// The windows are those of a 30 day promise and scale with the promise's own window, so that a row always
/// means the same share of the budget.
///
/// ```
/// use slo_core::{AlertPolicy, Objective, Window};
/// let page = AlertPolicy::WORKBOOK.rows()[0];
/// assert_eq!((page.factor(), page.budget_spent()), (14.4, 0.02));
/// assert_eq!(page.long(Window::MONTH).as_secs(), 3_600);
/// assert_eq!(page.short(Window::MONTH).as_secs(), 300);
/// assert!(!page.can_fire(Objective::literal("90%")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlertRow {
    severity: Severity,
    /// Of a 30 day promise.
    long_seconds: u64,
    factor: f64,
}

impl AlertRow {
    const fn new(severity: Severity, long_hours: u64, factor: f64) -> Self {
        // A burn below 1 keeps the promise: alerting on it would cry wolf.
        assert!(factor >= 1.0);
        Self { severity, long_seconds: long_hours * 3_600, factor }
    }

    /// Returns how urgent the row is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// Returns the burn rate that must be exceeded.
    #[must_use]
    pub const fn factor(&self) -> f64 {
        self.factor
    }

    /// Returns the long window, for a promise over `window`: scaled, and rounded up to two minutes, so that the
    /// short one is a whole number of ticks of ten seconds.
    ///
    /// ```
    /// use slo_core::{AlertPolicy, Window};
    /// let page = AlertPolicy::WORKBOOK.rows()[0];
    /// let week = Window::literal("7d");
    /// assert_eq!((page.long(week).as_secs(), page.short(week).as_secs()), (14 * 60, 70));
    /// let hour = Window::literal("1h");
    /// assert_eq!((page.long(hour).as_secs(), page.short(hour).as_secs()), (2 * 60, 10));
    /// ```
    #[must_use]
    pub fn long(&self, window: Window) -> Duration {
        const STEP_SECONDS: u64 = 120;
        let scaled = self.long_seconds * window.duration().as_secs();
        let month = Window::MONTH.duration().as_secs();
        Duration::from_secs(scaled.div_ceil(month).next_multiple_of(STEP_SECONDS))
    }

    /// Returns the short window, a twelfth of the long one.
    #[must_use]
    pub fn short(&self, window: Window) -> Duration {
        self.long(window) / 12
    }

    /// Returns the share of the budget that is gone when the long window has burnt at the factor throughout:
    /// factor × long ÷ period, as in table 5-8 of the SRE workbook.
    #[must_use]
    pub fn budget_spent(&self) -> f64 {
        self.factor * Duration::from_secs(self.long_seconds).as_secs_f64()
            / Window::MONTH.duration().as_secs_f64()
    }

    /// Returns whether even a total outage burns faster than the factor: factor × (1 − objective) < 1.
    #[must_use]
    pub fn can_fire(&self, objective: Objective) -> bool {
        self.factor * objective.error_budget_ratio() < 1.0
    }
}

/// When an SLO alerts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AlertPolicy {
    rows: &'static [AlertRow],
    chosen: bool,
}

const PAGE: &[AlertRow] = WORKBOOK.split_at(2).0;
const TICKET: &[AlertRow] = WORKBOOK.split_at(2).1;
const WORKBOOK: &[AlertRow] = &[
    AlertRow::new(Severity::Page, 1, 14.4),
    AlertRow::new(Severity::Page, 6, 6.0),
    AlertRow::new(Severity::Ticket, 24, 3.0),
    AlertRow::new(Severity::Ticket, 72, 1.0),
];

impl AlertPolicy {
    /// The default: all rows of the workbook's table 5-8 that can fire at the objective.
    pub const DEFAULT: Self = Self { rows: WORKBOOK, chosen: false };
    /// The workbook's rows, chosen: a row that could never fire is an error.
    pub const WORKBOOK: Self = Self { rows: WORKBOOK, chosen: true };
    /// Only the rows that page.
    pub const PAGE: Self = Self { rows: PAGE, chosen: true };
    /// Only the rows that open a ticket.
    pub const TICKET: Self = Self { rows: TICKET, chosen: true };
    /// No alerts.
    pub const OFF: Self = Self { rows: &[], chosen: true };

    /// Returns the policy of this name: `workbook`, `page`, `ticket` or `off`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "workbook" => Some(Self::WORKBOOK),
            "page" => Some(Self::PAGE),
            "ticket" => Some(Self::TICKET),
            "off" => Some(Self::OFF),
            _ => None,
        }
    }

    /// Returns every row, whether it can fire or not.
    #[must_use]
    pub const fn rows(&self) -> &'static [AlertRow] {
        self.rows
    }

    /// Returns the rows that can fire at this objective.
    pub fn rows_for(&self, objective: Objective) -> impl Iterator<Item = &'static AlertRow> + use<> {
        self.rows.iter().filter(move |row| row.can_fire(objective))
    }

    /// Returns the first row that was chosen but could never fire, or `None` if all is well.
    ///
    /// ```
    /// use slo_core::{AlertPolicy, Objective};
    /// let objective = Objective::literal("90%");
    /// assert_eq!(AlertPolicy::PAGE.dead_row(objective).map(|row| row.factor()), Some(14.4));
    /// assert_eq!(AlertPolicy::DEFAULT.dead_row(objective), None);
    /// assert_eq!(AlertPolicy::DEFAULT.rows_for(objective).count(), 3);
    /// ```
    #[must_use]
    pub fn dead_row(&self, objective: Objective) -> Option<&'static AlertRow> {
        self.rows.iter().find(|row| self.chosen && !row.can_fire(objective))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_spend_what_the_workbook_says() {
        let spent: Vec<f64> = WORKBOOK.iter().map(AlertRow::budget_spent).collect();
        assert_eq!(spent, [0.02, 0.05, 0.1, 0.1]);
        let shorts: Vec<u64> = WORKBOOK.iter().map(|row| row.short(Window::MONTH).as_secs() / 60).collect();
        assert_eq!(shorts, [5, 30, 120, 360]);
    }

    #[test]
    fn the_lowest_objective_that_can_fire_is_one_minus_the_inverse_factor() {
        for (factor_row, dead, alive) in
            [(0, "93.05%", "93.06%"), (1, "83.33%", "83.34%"), (2, "66.66%", "66.67%")]
        {
            assert!(!WORKBOOK[factor_row].can_fire(Objective::literal(dead)), "{dead}");
            assert!(WORKBOOK[factor_row].can_fire(Objective::literal(alive)), "{alive}");
        }
    }
}
