//! The draft of a post-mortem: what the counters know is filled in, what only people know is left to them.
//!
//! It says what happened and never who did what. Names and labels are texts of users, written so that nothing in them is
//! markup.

use std::fmt::{self, Write as _};

use super::prose::{Place, code, count, moment, percent, rate, seconds, span};
use super::report::{IncidentChange, IncidentEntry, IncidentLatency, IncidentReport};

/// What only people know, and what may help them to say it.
const SECTIONS: [(&str, &str); 5] = [
    (
        "Root cause",
        "What in the system made this possible? Ask why until the answer is something that can be changed.",
    ),
    ("What went well", "What kept it from being worse?"),
    ("What went less well", "What made it worse, or harder to see and to end?"),
    ("Lessons", "What do we know now that we did not know before?"),
    ("Action items", "| action | kind: prevent, detect, mitigate | due |\n|---|---|---|\n| | | |"),
];

impl IncidentReport {
    /// Returns the draft of a post-mortem as Markdown: a summary, the impact, the timeline in UTC, routes and latencies as
    /// they were counted, and empty sections for what people find out.
    ///
    /// ```
    /// use slo_core::{Clock, Objective, Outcome, Registry, Sli, Slo, Timestamp};
    /// use std::time::Duration;
    /// let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    /// let slo = Slo::new("orders", Sli::Availability, Objective::parse("99.9%")?)?.with_route("GET /orders")?;
    /// let registry = Registry::builder("shop").slo(slo).clock(clock.clone()).build()?;
    /// for status in [200, 503] {
    ///     clock.advance(Duration::from_secs(10));
    ///     for _ in 0..100 {
    ///         registry.recorder().request("GET", Some("/orders")).finish(Outcome::Completed(status));
    ///     }
    ///     registry.tick(clock.now());
    /// }
    /// let incidents = registry.incidents();
    /// let draft = incidents[0].to_markdown();
    /// assert!(draft.starts_with("# Incident: `orders`, 2023-11-14 22:13 UTC\n"));
    /// assert!(draft.contains("| `GET /orders` | 503 | 100 | 100 |\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "a string takes everything")]
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        self.write(&mut out).expect("a string takes everything");
        out
    }

    fn write(&self, out: &mut String) -> fmt::Result {
        let began = moment(self.began);
        let minute = began.get(..16).unwrap_or(&began);
        writeln!(out, "# Incident: {}, {minute} UTC\n", code(&self.slo, Place::Sentence))?;
        let status = match self.resolved {
            Some(resolved) => format!("resolved at {} UTC", moment(resolved)),
            None => format!("open; counted until {} UTC", moment(self.measured)),
        };
        writeln!(
            out,
            "Status: {status}. Report: {}. This is a draft, filled in from counters.\n",
            code(&self.id, Place::Sentence)
        )?;
        self.write_summary(out)?;
        self.write_impact(out)?;
        self.write_timeline(out)?;
        self.write_contributions(out)?;
        self.write_latencies(out)?;
        for (title, question) in SECTIONS {
            writeln!(out, "\n## {title}\n\n{question}")?;
        }
        Ok(())
    }

    fn write_summary(&self, out: &mut String) -> fmt::Result {
        let (slo, service) = (code(&self.slo, Place::Sentence), code(&self.service, Place::Sentence));
        let share = percent(self.events.bad_ratio());
        writeln!(out, "## Summary\n")?;
        write!(
            out,
            "From {} UTC on, {} of {} events ({share}) of {slo}, a promise of {service}, were bad. ",
            moment(self.began),
            count(self.events.bad),
            count(self.events.total()),
        )?;
        writeln!(
            out,
            "Promised are {} good ones over {}{}.",
            code(&self.objective, Place::Sentence),
            code(&self.window, Place::Sentence),
            self.threshold.as_ref().map_or_else(String::new, |threshold| {
                format!(", within {}", code(threshold, Place::Sentence))
            }),
        )?;
        let lasted = if self.is_open() { "It has lasted" } else { "It lasted" };
        writeln!(
            out,
            "{lasted} {}: an alert fired {} after it began, and the last bad event was seen after {}. At worst the budget \
             burned {} times as fast as it may.",
            span(self.duration()),
            span(self.detection_delay()),
            span(self.last_bad.since(self.began)),
            rate(Some(self.peak_burn)),
        )?;
        match (self.budget.spent_by_incident, self.budget.remaining) {
            (Some(spent), Some(remaining)) if remaining < 0.0 => writeln!(
                out,
                "It cost {} of the error budget, which is overspent by {}: the promise is broken.",
                percent(Some(spent)),
                percent(Some(-remaining)),
            ),
            (Some(spent), Some(remaining)) => writeln!(
                out,
                "It cost {} of the error budget; {} is left.",
                percent(Some(spent)),
                percent(Some(remaining)),
            ),
            (None, _) | (_, None) => writeln!(out, "What it cost is not known: the window has no events."),
        }
    }

    fn write_impact(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\n## Impact\n\n| | |\n|---|---|")?;
        let resolved = self.resolved.map_or_else(|| "–".to_owned(), |at| format!("{} UTC", moment(at)));
        let mut rows = vec![
            ("service", code(&self.service, Place::Table)),
            ("promise", format!("{} ({})", code(&self.slo, Place::Table), code(&self.sli, Place::Table))),
            ("severity", self.severity.as_str().to_owned()),
            ("began", format!("{} UTC", moment(self.began))),
            ("detected", format!("{} UTC, after {}", moment(self.detected), span(self.detection_delay()))),
            ("last bad events", format!("{} UTC", moment(self.last_bad))),
            ("resolved", resolved),
            ("duration", span(self.duration())),
            ("bad events", count(self.events.bad)),
            ("all events", count(self.events.total())),
            ("share of bad events", percent(self.events.bad_ratio())),
            (
                "bad ones that the window allows",
                self.budget.allowed.map_or_else(
                    || "–".into(),
                    |allowed| format!("{allowed:.1} {}", code(&self.budget.unit, Place::Table)),
                ),
            ),
            ("error budget spent by this", percent(self.budget.spent_by_incident)),
            ("error budget left", percent(self.budget.remaining)),
            ("burn rate at worst", rate(Some(self.peak_burn))),
        ];
        let labels = self
            .labels
            .iter()
            .map(|(name, value)| format!("{} {}", code(name, Place::Table), code(value, Place::Table)));
        let labels = labels.collect::<Vec<_>>().join(", ");
        if !labels.is_empty() {
            rows.insert(2, ("labels", labels));
        }
        rows.iter().try_for_each(|(name, value)| writeln!(out, "| {name} | {value} |"))
    }

    fn write_timeline(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "\n## Timeline (UTC)\n\n| at | what happened | bad events so far | budget spent |\n|---|---|---|---|"
        )?;
        for (index, entry) in self.timeline.iter().enumerate() {
            if self.timeline_left_out > 0 && index == Self::TIMELINE_MAX / 2 {
                writeln!(out, "| … | {} entries were left out | | |", self.timeline_left_out)?;
            }
            writeln!(
                out,
                "| {} | {} | {} | {} |",
                moment(entry.at),
                sentence(entry),
                count(entry.events.bad),
                percent(entry.budget_spent),
            )?;
        }
        Ok(())
    }

    fn write_contributions(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "\n## Contributing routes\n")?;
        if !self.contributions.is_empty() {
            writeln!(out, "| route | outcome | events | bad |\n|---|---|---|---|")?;
        }
        for contribution in &self.contributions {
            let outcome = match (&contribution.status, &contribution.error_type) {
                (Some(status), Some(error)) if status != error => format!("{status}, {error}"),
                (Some(text), _) | (None, Some(text)) => text.clone(),
                (None, None) => "completed".to_owned(),
            };
            // Ours are words and numbers; what was read from a file may be anything.
            let is_plain = |character: char| character.is_ascii_alphanumeric() || "_, ".contains(character);
            let outcome = if outcome.chars().all(is_plain) { outcome } else { code(&outcome, Place::Table) };
            writeln!(
                out,
                "| {} | {outcome} | {} | {} |",
                code(&contribution.route, Place::Table),
                count(contribution.events),
                count(contribution.bad),
            )?;
        }
        if self.contributions_other > 0 {
            writeln!(out, "| all others | | | {} |", count(self.contributions_other))?;
        }
        match self.contributions_unexplained {
            0 if self.contributions.is_empty() => writeln!(out, "No bad events were counted."),
            0 => Ok(()),
            missing @ 1.. => writeln!(
                out,
                "\n{} more bad events are in no series: overruled by their handlers, say.",
                count(missing.unsigned_abs()),
            ),
            doubled => writeln!(
                out,
                "\n{} of these did not count for the promise: overruled by their handlers, or in maintenance, say.",
                count(doubled.unsigned_abs()),
            ),
        }
    }

    fn write_latencies(&self, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "\n## Latencies\n\n| | requests | p50 | p90 | p99 | p99.9 |\n|---|---|---|---|---|---|"
        )?;
        for (name, latency) in [("before", &self.latency_before), ("during", &self.latency_during)] {
            match latency {
                Some(IncidentLatency { count: requests, p50, p90, p99, p999 }) => {
                    let [p50, p90, p99, p999] = [*p50, *p90, *p99, *p999].map(seconds);
                    writeln!(out, "| {name} | {} | {p50} | {p90} | {p99} | {p999} |", count(*requests))?;
                }
                None => writeln!(out, "| {name} | – | – | – | – | – |")?,
            }
        }
        writeln!(
            out,
            "\n*Before* is since the last incident, or the start of the process; *during* lasts until the alert has resolved."
        )
    }
}

/// Says what an entry is about.
fn sentence(entry: &IncidentEntry) -> String {
    let why = || {
        let row = entry.row.as_ref()?;
        let burns = [entry.long_burn, entry.short_burn].map(rate);
        let [long, short] = [&row.long, &row.short].map(|window| code(window, Place::Table));
        Some(format!(
            ": {long} burned at {}, {short} at {}; the limit is {}",
            burns[0],
            burns[1],
            rate(Some(row.factor))
        ))
    };
    let severity = entry.severity.map_or("alert", |severity| severity.as_str());
    let why = why().unwrap_or_default();
    match entry.change {
        IncidentChange::Began => "The budget began to burn; nobody was told yet".to_owned(),
        IncidentChange::Opened => format!("A {severity} fired{why}"),
        IncidentChange::Worsened => format!("It got worse, as a {severity}{why}"),
        IncidentChange::Eased => format!("It eased to a {severity}{why}"),
        IncidentChange::Resolved => format!("No alert fired any more{why}"),
        IncidentChange::Reopened => format!("A {severity} fired again{why}"),
        IncidentChange::Continued => "The process started anew and went on".to_owned(),
    }
}
