//! Running a check once, and saying what cannot be tested here.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use slo_tower::{Check, Finding, Level, Probe};

/// Runs what the check runs, once, where it is called.
pub(crate) async fn run(check: &Check) -> Finding {
    match check.probe() {
        Probe::Blocking(probe) => probe(),
        Probe::Waiting(probe) => probe().await,
    }
}

/// Runs a check that waits for nothing.
pub(crate) fn run_blocking(check: &Check) -> Finding {
    match check.probe() {
        Probe::Blocking(probe) => probe(),
        Probe::Waiting(_) => panic!("{} waits", check.name()),
    }
}

pub(crate) fn level(finding: &Finding) -> Level {
    finding.report().level()
}

pub(crate) fn reason(finding: &Finding) -> &str {
    finding.report().reason().unwrap_or_default()
}

pub(crate) fn reading(finding: &Finding, name: &str) -> f64 {
    let reading = finding.readings().iter().find(|reading| reading.name == name);
    reading.unwrap_or_else(|| panic!("no {name} in {finding:?}")).value
}

/// A directory that is removed with it.
pub(crate) struct Directory(pub(crate) PathBuf);

impl Directory {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        // Relaxed: a lone number.
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("slo-checks-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns whether this is the process that `test` runs in, with a limit of `ulimit` set; starts it otherwise, and fails as
/// it does.
pub(crate) fn is_child(test: &str, limit: &str) -> bool {
    const CHILD: &str = "SLO_CHECKED_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let script = format!("ulimit -S {limit} && exec \"$0\" --exact {test} --nocapture --test-threads=1");
    let mut child = Command::new("sh");
    child
        .arg("-c")
        .arg(script)
        .arg(std::env::current_exe().unwrap())
        .env(CHILD, "1")
        .env("RUST_BACKTRACE", "0");
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{test}: {said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{test} is not called so: {said}");
    false
}

/// Says that a test did not run because the system does not let it.
pub(crate) fn skipped(test: &str, why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{test} must run on CI: {why}");
    let line = format!("SKIPPED {test}: {why}\n");
    eprint!("{line}");
    if let Some(path) = std::env::var_os("SLO_SKIP_LOG") {
        let log = fs::OpenOptions::new().append(true).create(true).open(path);
        log.and_then(|mut log| log.write_all(line.as_bytes())).unwrap();
    }
}
