//! Documents with mistakes in them, and what is said of them.

use slo_core::BuildError;

use super::support::{File, builder, declared};

/// The beginning of a document about one of the declared SLOs; what follows begins with line 6.
pub(crate) const SLO: &str =
    "apiVersion: openslo/v1\nkind: SLO\nmetadata:\n  name: checkout-availability\nspec:\n";

/// Returns what is said of a file, without its path.
fn said(text: &str) -> String {
    let file = File::of(text);
    match builder(declared()).require_openslo_file(file.path()).build() {
        Err(BuildError::OpenSlo(error)) => {
            error.to_string().replace(&format!("{}:", file.path().display()), "")
        }
        other => panic!("{text}\nis no mistake: {other:?}"),
    }
}

pub(crate) fn slo(spec: &str) -> String {
    format!("{SLO}{spec}")
}

pub(crate) fn target(written: &str) -> String {
    slo(&format!("  objectives:\n    - {written}\n"))
}

pub(crate) fn window(written: &str) -> String {
    slo(&format!("  timeWindow:\n    - {written}\n"))
}

pub(crate) fn calendar(duration: &str, start: &str, zone: &str) -> String {
    window(&format!(
        "duration: {duration}\n      calendar:\n        startTime: {start}\n        timeZone: {zone}"
    ))
}

pub(crate) fn alert(written: &str) -> String {
    let condition = "severity: page\n                condition:\n                  ";
    let policy = "  alertPolicies:\n    - metadata:\n        name: page\n      spec:\n        conditions:\n          - metadata:\n              name: fast\n            spec:\n                ";
    slo(&format!("{policy}{condition}{written}"))
}

pub(crate) fn annotated(written: &str) -> String {
    SLO.replace("spec:", &format!("  annotations:\n    {written}\nspec: {{}}"))
}

pub(crate) fn check(cases: &[(String, &str)]) {
    for (text, expected) in cases {
        assert_eq!(said(text), *expected, "{text}");
    }
}
