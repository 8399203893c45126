//! What a test says that cannot run here.

use std::fs::OpenOptions;
use std::io::Write as _;

/// Says that a test did not run because a tool is missing; on CI nothing may be missing.
pub(crate) fn skipped(test: &str, why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{test} must run on CI: {why}");
    let line = format!("SKIPPED {test}: {why}\n");
    eprint!("{line}");
    if let Some(path) = std::env::var_os("SLO_SKIP_LOG") {
        let mut log = OpenOptions::new().append(true).create(true).open(path).expect("the log opens");
        log.write_all(line.as_bytes()).expect("the log takes a line");
    }
}
