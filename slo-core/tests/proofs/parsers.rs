//! What others make of our expositions: the official parsers of Python, and Prometheus' own linter.

use std::io::Write as _;
use std::process::{Command, Stdio};

use slo_core::{Outcome, Sli, TextFormat, Threshold, Verdict};

use super::exposition::sample;
use super::support::{Sample, Scrape, on_route, registry, render, skipped};

/// Feeds `input` to a program and returns what it printed on success, or everything it said.
fn feed(command: &mut Command, input: &str) -> Result<String, String> {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().map_err(|error| error.to_string())?;
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(input.as_bytes()).map_err(|error| error.to_string())?;
    drop(stdin);
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() && output.stderr.is_empty() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stdout) + &text(&output.stderr))
    }
}

fn same_as_official(registry: &slo_core::Registry, python: &std::ffi::OsStr) {
    for (format, name) in [(TextFormat::Prometheus, "prometheus"), (TextFormat::OpenMetrics, "openmetrics")] {
        let text = render(registry, format);
        let parsed = feed(Command::new(python).args(["-c", include_str!("parse.py"), name]), &text);
        let parsed = parsed.unwrap_or_else(|error| panic!("{name}: {error}"));
        let parsed: Vec<(String, _, f64)> = serde_json::from_str(&parsed).expect("it is JSON");
        let official: Vec<Sample> =
            parsed.into_iter().map(|(name, labels, value)| Sample { name, labels, value }).collect();
        assert!(official.len() > 50, "{name}: only {} samples", official.len());
        let mut own = Scrape::parse(&text).0;
        // The official text parser regroups what it finds.
        let key = |sample: &Sample| format!("{sample:?}");
        let mut official = official;
        own.sort_by_key(key);
        official.sort_by_key(key);
        assert_eq!(own, official, "{name}");
    }
}

#[test]
fn official_parsers_read_what_we_read() {
    let Some(python) = std::env::var_os("SLO_PYTHON") else {
        skipped("official_parsers_read_what_we_read", "SLO_PYTHON names no python with prometheus_client");
        return;
    };
    same_as_official(&sample().0, &python);
}

/// OpenMetrics prescribes how the boundaries 1e-10 to 1e10 are written.
#[test]
fn official_parsers_accept_every_power_of_ten_as_threshold() {
    let Some(python) = std::env::var_os("SLO_PYTHON") else {
        skipped("official_parsers_accept_every_power_of_ten_as_threshold", "SLO_PYTHON is not set");
        return;
    };
    for text in [
        "1ns", "10ns", "100ns", "1us", "10us", "100us", "1ms", "10ms", "100ms", "1s", "10s", "100s", "1000s",
        "1h",
    ] {
        let sli = Sli::Combined { threshold: Threshold::literal(text) };
        let (registry, _clock) = registry([on_route("x", sli, "GET /")]);
        registry.recorder().request("GET", Some("/")).finish_as(Outcome::Completed(200), Verdict::Good);
        same_as_official(&registry, &python);
    }
}

#[test]
fn promtool_has_no_complaints() {
    if Command::new("promtool").arg("--version").output().is_err() {
        skipped("promtool_has_no_complaints", "promtool is not installed");
        return;
    }
    let text = render(&sample().0, TextFormat::Prometheus);
    let said = feed(Command::new("promtool").args(["check", "metrics"]), &text);
    assert_eq!(said.as_deref().map(str::trim), Ok(""));
}
