//! What `/metrics` says besides our own families.

use std::fmt;
use std::sync::Arc;

use slo_core::Registry;

/// What a sample adds to the name of its family.
const SAMPLE_SUFFIXES: &[&str] = &["_bucket", "_sum", "_count", "_total"];

/// Text from elsewhere, in the Prometheus text format 0.0.4; nothing by default.
#[derive(Clone, Default)]
pub(crate) struct Appended(Option<Arc<dyn Fn() -> String + Send + Sync>>);

impl Appended {
    pub(crate) fn new(render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(render)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Appends the text without the families we wrote: one that stands twice would fail the whole scrape.
    pub(super) fn append_to(&self, out: &mut String) {
        if let Some(render) = &self.0 {
            append_foreign(&render(), out);
        }
    }
}

impl fmt::Debug for Appended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() { "NothingAppended" } else { "Appended" })
    }
}

fn append_foreign(text: &str, out: &mut String) {
    for line in text.lines().filter(|line| !family(line).is_some_and(is_ours)) {
        out.push_str(line);
        out.push('\n');
    }
}

/// Returns the name that a header or a sample is about; none for a comment or an empty line.
fn family(line: &str) -> Option<&str> {
    let mut words = line.split(|separator: char| separator == '{' || separator.is_whitespace());
    match (words.next()?, words.next()) {
        ("#", Some("HELP" | "TYPE")) => words.next(),
        (name, _) => (!name.starts_with('#')).then_some(name),
    }
}

/// Each line is decided by itself: samples may stand without a header, or after that of another family.
fn is_ours(name: &str) -> bool {
    let mut wholes = SAMPLE_SUFFIXES.iter().filter_map(|suffix| name.strip_suffix(suffix));
    Registry::renders(name) || wholes.any(Registry::renders)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let mut out = String::new();
        append_foreign(text, &mut out);
        assert_eq!(out, expected, "{text}");
    }

    #[test]
    fn families_of_ours_are_not_appended_again() {
        check(
            "# HELP mine_total Mine.\n# TYPE mine_total counter\nmine_total 3\n\n\
             # TYPE http_server_request_duration_seconds histogram\n\
             http_server_request_duration_seconds_bucket{le=\"+Inf\"} 1\n\
             http_server_request_duration_seconds_sum 1\nhttp_server_request_duration_seconds_count 1\n\
             # TYPE other gauge\nother{a=\"b\"} 1\nslo_burn_rate{slo=\"x\"} 2\n",
            "# HELP mine_total Mine.\n# TYPE mine_total counter\nmine_total 3\n\n\
             # TYPE other gauge\nother{a=\"b\"} 1\n",
        );
    }

    #[test]
    fn each_sample_is_decided_by_its_own_name() {
        check("# TYPE slo_burn_rate gauge\nslo_burn_rate 1\nmine 7\n", "mine 7\n");
        check(
            "http_server_request_duration_seconds_bucket{le=\"1\"} 1\nmine_bucket{le=\"1\"} 1\n",
            "mine_bucket{le=\"1\"} 1\n",
        );
        check(
            "slo_burn_rate\t2\nslo_burn_rates 2\nmy_slo_burn_rate 2\n",
            "slo_burn_rates 2\nmy_slo_burn_rate 2\n",
        );
        check("# slo_burn_rate follows\n#\n# EOF\n", "# slo_burn_rate follows\n#\n# EOF\n");
    }
}
