//! Every generated alert fires when it should and is silent when it should, and every condition in it is needed.
//!
//! Each row is tried alone, on counters that are just above or just below each of its limits. The same cases then judge rules
//! from which a condition was taken out: one of them must notice.

use std::path::PathBuf;

use slo_core::{AlertForm, AlertRow, Severity, Slo};

use crate::promtool::{Case, Counter, Directory, Question, cases, is_installed, run, said};
use crate::skipped::skipped;
use crate::subjects::{by_row, generator, slos};

/// How a row is tried: a course of events in steps, of each how many there are and how many of them are bad.
type Course = Vec<(u64, u64, u64)>;

const MANY: u64 = 1_000_000;

/// Returns the longest step of which the window has at least three.
fn whole(window: u64, fits: impl Fn(u64) -> bool) -> u64 {
    let steps = (1..=window / 3).rev();
    steps.into_iter().find(|step| window.is_multiple_of(*step) && fits(*step)).expect("a second fits")
}

/// A row of an SLO and the steps that its windows are made of.
struct Trial {
    slo: Slo,
    row: AlertRow,
    step: u64,
    /// How many steps the windows have.
    long: u64,
    short: u64,
}

impl Trial {
    fn new((slo, row): (Slo, AlertRow)) -> Self {
        let (long, short) = (row.long(slo.window()).as_secs(), row.short(slo.window()).as_secs());
        let step = match slo.time_slices() {
            Some(slices) => slices.duration().as_secs(),
            // How much of a period was seen is told by looks at whole quarters of an hour, which must find a value.
            None if slo.alerts().form() == AlertForm::Count => {
                whole(short, |step| 900_u64.is_multiple_of(step))
            }
            None => whole(short, |_| true),
        };
        Self { slo, row, step, long: long / step, short: short / step }
    }

    /// A step whose events burn so many times as fast as the factor.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a million")]
    fn burning(&self, steps: u64, times: f64) -> Course {
        let share = (times * self.row.factor() * self.slo.objective().error_budget_ratio()).min(1.0);
        if self.slo.time_slices().is_some() {
            // Whole slices are bad, evenly spread from the last one backwards, and as many as the floor asks for.
            let share = share.max(self.slo.alerts().bad_events_min() as f64 / steps as f64);
            let bad = |step: u64| (step as f64 * share).ceil() as u64;
            return (0..steps)
                .map(|step| (1, MANY, if bad(steps - step) > bad(steps - step - 1) { MANY } else { 0 }))
                .collect();
        }
        vec![(steps, MANY, (MANY as f64 * share).round() as u64)]
    }

    fn well(steps: u64) -> Course {
        vec![(steps, MANY, 0)]
    }

    /// So many bad events, one after the other, or slices of them, after a time without any events.
    fn scarce(&self, bad: u64) -> Course {
        if self.slo.time_slices().is_some() {
            vec![(self.long, 0, 0), (bad, 1, 1)]
        } else {
            vec![(self.long, 0, 0), (1, bad, bad)]
        }
    }

    /// Every course with whether the row fires at its end.
    fn courses(&self) -> Vec<(&'static str, Course, bool)> {
        let (floor, joined) =
            (self.slo.alerts().bad_events_min().max(1), |parts: [Course; 2]| parts.concat());
        vec![
            ("burns", joined([Self::well(self.long), self.burning(self.long, 1.5)]), true),
            ("burns too slowly", self.burning(self.long, 0.6), false),
            ("is over", joined([self.burning(self.long, 1.5), Self::well(self.short + 1)]), false),
            ("has just begun", joined([Self::well(self.long), self.burning(self.short, 2.0)]), false),
            ("is below the floor", self.scarce(floor - 1), false),
            ("is at the floor", self.scarce(floor), true),
            ("nobody is there", vec![(self.long, 0, 0)], false),
        ]
    }

    fn case(&self, name: &str, course: &Course, fires: bool) -> Case {
        // Two scrapes in each slice of time.
        let scrapes = if self.slo.time_slices().is_some() { 2 } else { 1 };
        let mut counters = [Counter::new(), Counter::new()];
        for (steps, events, bad) in course {
            counters[0].add(events.div_ceil(scrapes), steps * scrapes);
            counters[1].add(bad.div_ceil(scrapes), steps * scrapes);
        }
        let labels = format!(r#"{{slo="{}",job="shop",instance="a"}}"#, self.slo.name());
        let names = [format!("slo_events_total{labels}"), format!("slo_bad_events_total{labels}")];
        let end = course.iter().map(|(steps, ..)| steps * self.step).sum();
        let mut questions = vec![Question::fires(self.row.severity().as_str(), end, fires)];
        let other = Severity::ALL.into_iter().find(|severity| *severity != self.row.severity());
        questions.extend(other.map(|other| Question::fires(other.as_str(), end, false)));
        if course.iter().all(|(_, events, _)| *events == 0) {
            // 0/0 is no sample at all, rather than one that is no number.
            let ratios =
                r#"{__name__=~"slo:(sli_error|count_error|.*_burn_rate|.*_remaining):.*"}"#.to_owned();
            questions.push(Question { expr: ratios, at: end, expected: None });
        }
        let name = format!("{} {} {name}", self.slo.name(), self.row.factor());
        Case {
            name,
            interval: self.step / scrapes,
            series: names.into_iter().zip(counters).collect(),
            questions,
        }
    }

    /// Writes the rules, changed by `change`, and the cases about them that are wanted; returns where these are.
    fn write(
        &self,
        directory: &Directory,
        name: &str,
        change: impl Fn(&str) -> String,
        wanted: impl Fn(&str) -> bool,
    ) -> PathBuf {
        let generator = generator([self.slo.clone()]);
        let text = generator.rules().to_yaml().to_owned();
        let changed = change(&text);
        let rules = directory.write(&format!("{name}.rules.yaml"), &changed);
        // What is recorded by one group for another comes first.
        let mut groups: Vec<_> = generator.groups().into_iter().map(|group| group.name).collect();
        groups.sort_by_key(|name| !(name.starts_with("slo-slices") || name.starts_with("slo-period")));
        groups.sort_by_key(|name| !name.starts_with("slo-slices"));
        let courses = self.courses();
        let wanted = courses.iter().filter(|(name, ..)| wanted(name));
        let all: Vec<_> = wanted.map(|(name, course, fires)| self.case(name, course, *fires)).collect();
        directory.write(&format!("{name}.test.yaml"), &cases(&rules, &groups, self.step, &all))
    }
}

fn trials() -> Vec<Trial> {
    slos().iter().flat_map(by_row).map(Trial::new).collect()
}

#[test]
fn every_alert_fires_and_is_silent_when_it_should() {
    const NAME: &str = "every_alert_fires_and_is_silent_when_it_should";
    if !is_installed("promtool") {
        return skipped(NAME, "promtool is not installed");
    }
    let directory = Directory::new("fires");
    let trials = trials();
    assert_eq!(trials.len(), 41, "as many rows as can fire");
    let files: Vec<_> = trials
        .iter()
        .enumerate()
        .map(|(index, trial)| trial.write(&directory, &index.to_string(), str::to_owned, |_| true))
        .collect();
    let output = run("promtool", &["test", "rules"], &files);
    assert!(output.status.success(), "{}", said(&output));
}

/// Takes lines out of the expression of the one alert about burns, or changes them.
fn without(condition: &str) -> impl Fn(&str) -> String + '_ {
    move |rules| {
        let mut lines: Vec<String> = rules.lines().map(str::to_owned).collect();
        let at = |wanted: &str| lines.iter().position(|line| line.trim_start().starts_with(wanted));
        let short = at("and ignoring (sloth_window)").expect("a short window");
        match condition {
            "short" => drop(lines.remove(short)),
            "long" => {
                let line = lines[short].replace("and ignoring (sloth_window) ", "");
                lines.splice(short - 1..=short, [line]);
            }
            _ => drop(lines.remove(at("and on ()").expect("a floor"))),
        }
        lines.join("\n") + "\n"
    }
}

#[test]
fn without_a_window_or_the_floor_a_case_fails() {
    const NAME: &str = "without_a_window_or_the_floor_a_case_fails";
    if !is_installed("promtool") {
        return skipped(NAME, "promtool is not installed");
    }
    let directory = Directory::new("mutants");
    let mut files = Vec::new();
    for (index, trial) in trials().iter().enumerate() {
        // What must notice that a condition is missing.
        let conditions = [("short", "is over"), ("long", "has just begun"), ("floor", "is below the floor")];
        for (condition, course) in conditions {
            // A floor of one event asks for no more than a burn does.
            if condition != "floor" || trial.slo.alerts().bad_events_min() > 1 {
                let name = format!("{index}-{condition}");
                files.push(trial.write(&directory, &name, without(condition), |name| name == course));
            }
        }
    }
    assert!(files.len() > 110, "{}", files.len());
    let output = run("promtool", &["test", "rules"], &files);
    let failures = said(&output);
    assert!(!failures.contains("SUCCESS"), "{failures}");
    // Not for another reason, such as a rule that cannot be read.
    assert_eq!(failures.matches("FAILED:").count(), files.len(), "{failures}");
    assert_eq!(failures.matches("got:").count(), files.len(), "{failures}");
}
