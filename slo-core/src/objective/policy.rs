//! When an SLO alerts: the SRE workbook's table, or rows of one's own, as data.
//!
//! The same rows drive the live evaluation, the simulation, the status page and whatever is generated from them. A
//! policy is a plain value of bounded size, so that it can be made in a `const` and copied from there.

use std::fmt;
use std::time::Duration;

use super::policy_error::AlertPolicyError;
use super::{AlertRow, Objective, Severity, TimeSlices, Window};

/// When an SLO alerts: at most eight rows, a floor of bad events, and what a burn is measured by.
///
/// ```
/// use slo_core::{AlertForm, AlertPolicy, AlertRow, Severity};
/// use std::time::Duration;
/// const HOUR: Duration = Duration::from_secs(3_600);
/// let policy = AlertPolicy::new(&[
///     AlertRow::new(Severity::Page, HOUR, 20.0)?,
///     AlertRow::new(Severity::Ticket, 24 * HOUR, 2.0)?,
/// ])?
/// .with_bad_events_min(10)
/// .with_form(AlertForm::Count);
/// assert_eq!(policy.rows().len(), 2);
/// # Ok::<(), slo_core::AlertPolicyError>(())
/// ```
///
/// With even traffic a total outage fires a row, in either form, after factor × (1 − objective) × long window, and not
/// before the floor of bad events: the first row of the workbook at 99.9 % after 52 seconds. [`simulate`](crate::simulate())
/// tells for any other incident.
#[derive(Clone, Copy, PartialEq)]
pub struct AlertPolicy {
    /// The first `length` are in use.
    rows: [AlertRow; Self::ROWS_MAX],
    length: usize,
    bad_events_min: u64,
    form: AlertForm,
    chosen: bool,
}

/// What the bad events in a window are held against. With even traffic both forms say the same.
///
/// | traffic | form |
/// |---|---|
/// | any total outage must page, also at night | [`AlertForm::Ratio`] with a floor of bad events |
/// | nights are so quiet that a few failures there cost nothing | [`AlertForm::Count`] |
///
/// With 100 000 requests an hour for half of the day and ten for the other half, two failures in a quiet hour are, at
/// 99.9 %, a burn of 200 by ratio and of 0.04 by count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AlertForm {
    /// Against the events in the same window: burn = bad ÷ total ÷ (1 − objective). It asks how users fare who are there
    /// now, few as they may be.
    #[default]
    Ratio,
    /// Against the events that such a window has on average over the period of the promise:
    /// burn = bad ÷ expected ÷ (1 − objective), where expected = events in the period × window ÷ time seen of the period.
    ///
    /// It asks how much of the period's budget was spent: above the factor, the bad events in the long window are more
    /// than the row's [`AlertRow::budget_spent`] of all that the period allows. Until the process has seen a whole period,
    /// what it has seen stands for the rest. A total outage in a quiet hour alerts once it has cost that much, which may
    /// be never; one of traffic that collapses with the outage is not hidden, as a ratio would hide it.
    Count,
}

impl AlertForm {
    /// Returns the form of this name: `ratio` or `count`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "ratio" => Some(Self::Ratio),
            "count" => Some(Self::Count),
            _ => None,
        }
    }
}

/// What fills the rows that are not in use; never looked at.
const UNUSED: AlertRow = AlertRow::literal(Severity::Ticket, Duration::from_secs(3_600), 1.0);

const WORKBOOK: [AlertRow; 4] = [
    AlertRow::literal(Severity::Page, Duration::from_secs(3_600), 14.4),
    AlertRow::literal(Severity::Page, Duration::from_secs(6 * 3_600), 6.0),
    AlertRow::literal(Severity::Ticket, Duration::from_secs(24 * 3_600), 3.0),
    AlertRow::literal(Severity::Ticket, Duration::from_secs(72 * 3_600), 1.0),
];

impl AlertPolicy {
    /// As many rows as a policy can have.
    pub const ROWS_MAX: usize = 8;
    /// The floor of bad events unless [`AlertPolicy::with_bad_events_min`] says otherwise.
    pub const BAD_EVENTS_MIN: u64 = 2;

    /// The default: all rows of the workbook's table 5-8 that can fire at the objective.
    pub const DEFAULT: Self = Self { chosen: false, ..Self::WORKBOOK };
    /// The workbook's rows, chosen: a row that could never fire is an error.
    pub const WORKBOOK: Self = Self::literal(&WORKBOOK);
    /// Only the rows that page.
    pub const PAGE: Self = Self::literal(WORKBOOK.split_at(2).0);
    /// Only the rows that open a ticket.
    pub const TICKET: Self = Self::literal(WORKBOOK.split_at(2).1);
    /// No alerts.
    pub const OFF: Self = Self::literal(&[]);

    /// Alerts by these rows; one that could never fire at the objective is an error when the registry is built.
    /// The first of several rows that fire is the one that is shown, so the most urgent come first.
    ///
    /// # Errors
    ///
    /// If there are more than eight.
    pub const fn new(rows: &[AlertRow]) -> Result<Self, AlertPolicyError> {
        if rows.len() > Self::ROWS_MAX {
            return Err(AlertPolicyError::Rows { rows: rows.len() });
        }
        let mut own = [UNUSED; Self::ROWS_MAX];
        own.split_at_mut(rows.len()).0.copy_from_slice(rows);
        let (length, bad_events_min) = (rows.len(), Self::BAD_EVENTS_MIN);
        Ok(Self { rows: own, length, bad_events_min, form: AlertForm::Ratio, chosen: true })
    }

    /// The same for literals; in a `const` a wrong policy fails the build.
    ///
    /// # Panics
    ///
    /// If [`AlertPolicy::new`] refuses the rows.
    #[must_use]
    pub const fn literal(rows: &[AlertRow]) -> Self {
        match Self::new(rows) {
            Ok(policy) => policy,
            Err(error) => panic!("{}", error.reason()),
        }
    }

    /// Alerts only with at least this many bad events in the long window: two, unless changed, so that one failure at
    /// night wakes nobody. There is no minimum of traffic, which would hide a quiet total outage. Zero is like one. Where an SLO
    /// counts slices of time, these are bad slices.
    #[must_use]
    pub const fn with_bad_events_min(mut self, events: u64) -> Self {
        self.bad_events_min = events;
        self
    }

    /// Measures burns in another form.
    #[must_use]
    pub const fn with_form(mut self, form: AlertForm) -> Self {
        self.form = form;
        self
    }

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
    pub const fn rows(&self) -> &[AlertRow] {
        self.rows.split_at(self.length).0
    }

    /// Returns the bad events in the long window without which no row fires.
    #[must_use]
    pub const fn bad_events_min(&self) -> u64 {
        self.bad_events_min
    }

    /// Returns what bad events are held against.
    #[must_use]
    pub const fn form(&self) -> AlertForm {
        self.form
    }

    /// Returns the rows that can fire at this objective.
    pub fn rows_for(&self, objective: Objective) -> impl Iterator<Item = &AlertRow> {
        self.rows().iter().filter(move |row| row.can_fire(objective))
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
    pub fn dead_row(&self, objective: Objective) -> Option<&AlertRow> {
        self.rows().iter().find(|row| self.chosen && !row.can_fire(objective))
    }

    /// Returns the first row that would fire only after the whole budget is gone, or `None` if all is well. Over 30 days
    /// there is none; the alert windows of promises over a few hours are rounded up.
    ///
    /// ```
    /// use slo_core::{AlertPolicy, AlertRow, Severity, Window};
    /// use std::time::Duration;
    /// let steep = AlertPolicy::new(&[AlertRow::new(Severity::Page, Duration::from_secs(120), 100.0)?])?;
    /// assert_eq!(steep.late_row(Window::DAYS_30), None);
    /// assert_eq!(steep.late_row(Window::literal("1h")).map(|row| row.factor()), Some(100.0));
    /// assert_eq!(AlertPolicy::WORKBOOK.late_row(Window::literal("1h")), None);
    /// # Ok::<(), slo_core::AlertPolicyError>(())
    /// ```
    #[must_use]
    pub fn late_row(&self, window: Window) -> Option<&AlertRow> {
        self.rows().iter().find(|row| row.budget_spent(window) > 1.0)
    }
}

impl AlertPolicy {
    /// Returns the first row that was chosen but whose short window has no room for two slices of time, or `None` if all is
    /// well. With room for only one, a tick that is late finds none in it, or two.
    ///
    /// ```
    /// use slo_core::{AlertPolicy, TimeSlices, Window};
    /// let five = TimeSlices::literal("99% per 5m");
    /// assert_eq!(AlertPolicy::PAGE.short_row(Window::DAYS_30, five).map(|row| row.factor()), Some(14.4));
    /// assert_eq!(AlertPolicy::TICKET.short_row(Window::DAYS_30, five), None);
    /// assert_eq!(AlertPolicy::DEFAULT.short_row(Window::DAYS_30, five), None);
    /// ```
    #[must_use]
    pub fn short_row(&self, window: Window, slices: TimeSlices) -> Option<&AlertRow> {
        self.rows().iter().find(|row| self.chosen && !row.holds(window, slices))
    }
}

impl fmt::Debug for AlertPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut policy = f.debug_struct("AlertPolicy");
        policy.field("rows", &self.rows()).field("bad_events_min", &self.bad_events_min);
        policy.field("form", &self.form).field("chosen", &self.chosen).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_spend_what_the_workbook_says() {
        let spent: Vec<f64> = WORKBOOK.iter().map(|row| row.budget_spent(Window::DAYS_30)).collect();
        assert_eq!(spent, [0.02, 0.05, 0.1, 0.1]);
        let shorts: Vec<u64> = WORKBOOK.iter().map(|row| row.short(Window::DAYS_30).as_secs() / 60).collect();
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

    #[test]
    fn the_default_is_never_refused_nor_are_the_workbooks_rows_that_can_fire() {
        // Every window of up to a week and every whole day, beginning with those whose alert windows are rounded up most.
        for minutes in (60..7 * 1_440).chain((7..=90).map(|days| days * 1_440)) {
            let window = Window::literal(&format!("{minutes}m"));
            for policy in
                [AlertPolicy::DEFAULT, AlertPolicy::WORKBOOK, AlertPolicy::PAGE, AlertPolicy::TICKET]
            {
                assert_eq!(policy.late_row(window), None, "{window}");
                for row in policy.rows() {
                    let (long, short) = (row.long(window), row.short(window));
                    assert!(
                        long < window.duration() && short.as_secs().is_multiple_of(10),
                        "{window} {row:?}"
                    );
                }
            }
        }
        for (objective, refused) in [
            ("50%", [false, true, true, true]),
            ("90%", [false, true, true, false]),
            ("99%", [false; 4]),
            ("99.9%", [false; 4]),
            ("99.999%", [false; 4]),
        ] {
            let policies =
                [AlertPolicy::DEFAULT, AlertPolicy::WORKBOOK, AlertPolicy::PAGE, AlertPolicy::TICKET];
            let dead = policies.map(|policy| policy.dead_row(Objective::literal(objective)).is_some());
            assert_eq!(dead, refused, "{objective}");
        }
    }

    #[test]
    fn a_policy_holds_its_own_rows_and_no_more_than_eight() {
        const OWN: AlertPolicy = AlertPolicy::literal(WORKBOOK.split_at(1).0).with_bad_events_min(7);
        assert_eq!((OWN.rows(), OWN.bad_events_min()), (&WORKBOOK[..1], 7));
        assert_eq!(AlertPolicy::new(&[WORKBOOK[3]; 8]).map(|policy| policy.rows().len()), Ok(8));
        let error = AlertPolicy::new(&[WORKBOOK[3]; 9]).unwrap_err();
        assert_eq!(error.to_string(), "9 alert rows are more than eight: leave some out");
        assert_eq!(AlertPolicy::OFF.rows(), []);
        assert!(!format!("{OWN:?}").contains("Ticket"), "{OWN:?}");
    }
}
