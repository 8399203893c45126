//! What `/metrics` says besides our own families.

use std::fmt;
use std::sync::Arc;

use slo_core::Registry;

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
    let mut ours = false;
    for line in text.lines() {
        let mut words = line.split([' ', '{']);
        // A header names its family; samples after it belong to it, whatever their suffix.
        let family = match (words.next(), words.next()) {
            (Some("#"), Some("HELP" | "TYPE")) => words.next(),
            (name, _) => name.filter(|_| !line.starts_with('#')),
        };
        match family {
            Some(name) if line.starts_with('#') => ours = Registry::renders(name),
            Some(name) if Registry::renders(name) => continue,
            Some(_) | None => {}
        }
        if !ours {
            out.push_str(line);
            out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_of_ours_are_not_appended_again() {
        let text = "# HELP mine_total Mine.\n# TYPE mine_total counter\nmine_total 3\n\n\
                    # TYPE http_server_request_duration_seconds histogram\n\
                    http_server_request_duration_seconds_bucket{le=\"+Inf\"} 1\n\
                    http_server_request_duration_seconds_count 1\n\
                    # TYPE other gauge\nother{a=\"b\"} 1\nslo_burn_rate{slo=\"x\"} 2\n";
        let mut out = String::new();
        append_foreign(text, &mut out);
        let expected = "# HELP mine_total Mine.\n# TYPE mine_total counter\nmine_total 3\n\n\
                        # TYPE other gauge\nother{a=\"b\"} 1\n";
        assert_eq!(out, expected);
    }
}
