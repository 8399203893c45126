//! `promtool`: its unit tests of rules, written by code and run all at once.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{env, fs, process};

/// Returns whether a tool is there.
pub(crate) fn is_installed(tool: &str) -> bool {
    Command::new(tool).arg("--version").output().is_ok()
}

/// Removed with its handle.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new(name: &str) -> Self {
        let path = env::temp_dir().join(format!("slo-generate-{name}-{}", process::id()));
        fs::create_dir_all(&path).expect("a directory can be made");
        Self(path)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("a file can be written");
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // What is left over is in a directory for what is left over.
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn run(tool: &str, arguments: &[&str], files: &[PathBuf]) -> Output {
    Command::new(tool).args(arguments).args(files).output().expect("it starts")
}

/// Returns all that a tool has said.
pub(crate) fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A series of a counter, a value for each interval. Whoever counts in one process has one.
#[derive(Clone, Debug)]
pub(crate) struct Counter {
    values: String,
    value: u64,
}

impl Counter {
    /// Begins with the zero of the first scrape.
    pub(crate) fn new() -> Self {
        Self { values: "0".to_owned(), value: 0 }
    }

    pub(crate) fn values(&self) -> &str {
        &self.values
    }

    /// Adds as much in each of so many intervals.
    pub(crate) fn add(&mut self, each: u64, intervals: u64) {
        if let Some(more) = intervals.checked_sub(1) {
            write!(self.values, " {}+{each}x{more}", self.value + each).expect("a text takes all");
            self.value += each * intervals;
        }
    }

    /// The next scrape sees this value; none, if nobody is there.
    pub(crate) fn see(&mut self, value: Option<u64>) {
        match value {
            Some(value) => write!(self.values, " {value}").expect("a text takes all"),
            None => self.values.push_str(" _"),
        }
    }
}

/// What the expression is at a moment; nothing, if it has no value then.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) expr: String,
    pub(crate) at: u64,
    pub(crate) expected: Option<f64>,
}

impl Question {
    /// Asks whether an alert of this severity fires.
    pub(crate) fn fires(severity: &str, at: u64, expected: bool) -> Self {
        let alert = format!(r#"ALERTS{{alertname="SloBurnRate",alertstate="firing",severity="{severity}"}}"#);
        Self {
            expr: format!("count({alert}) or vector(0)"),
            at,
            expected: Some(f64::from(u8::from(expected))),
        }
    }
}

/// One course of events, and what is asked about it.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Seconds between two values.
    pub(crate) interval: u64,
    /// By their selector.
    pub(crate) series: Vec<(String, Counter)>,
    pub(crate) questions: Vec<Question>,
}

/// Writes a file of cases about a file of rules, which lies beside it.
pub(crate) fn cases(rules: &Path, groups: &[String], evaluation: u64, cases: &[Case]) -> String {
    let mut text = format!("rule_files: [{}]\nevaluation_interval: {evaluation}s\n", rules.display());
    writeln!(text, "group_eval_order: {groups:?}\ntests:").expect("a text takes all");
    for case in cases {
        write!(text, "- name: {:?}\n  interval: {}s\n  input_series:\n", case.name, case.interval)
            .expect("a text takes all");
        for (selector, counter) in &case.series {
            write!(text, "  - series: '{selector}'\n    values: '{}'\n", counter.values)
                .expect("a text takes all");
        }
        text.push_str("  promql_expr_test:\n");
        for question in &case.questions {
            let samples = question.expected.map(|value| format!("{{labels: '{{}}', value: {value}}}"));
            let (at, samples) = (question.at, samples.unwrap_or_default());
            write!(
                text,
                "  - expr: '{}'\n    eval_time: {at}s\n    exp_samples: [{samples}]\n",
                question.expr
            )
            .expect("a text takes all");
        }
    }
    text
}
