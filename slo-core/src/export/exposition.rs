//! An exposition under way.
//!
//! Ten thousand series are milliseconds of work and megabytes of text: too much to be done at a stretch where
//! requests are answered, or to be held at once. So the text comes in pieces, and between two of them its writer
//! may do something else for as long as it likes.

use super::samples::Value;
use super::text::TextFormat;
use super::walk::{Latencies, Sink, Walk};
use super::writer::Writer;
use crate::histogram::Histogram;
use crate::naming::Family;
use crate::registry::Registry;

/// The text of a registry's families, written piece by piece. Made by [`Registry::exposition`]; keeps the registry
/// alive.
///
/// ```
/// use slo_core::{Registry, TextFormat};
/// let registry = Registry::builder("shop").build()?;
/// let (mut exposition, mut text) = (registry.exposition(TextFormat::Prometheus), String::new());
/// while exposition.write_piece(&mut text) {
///     // Something else may be done here.
/// }
/// assert!(text.starts_with("# HELP http_server_request_duration_seconds "));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Exposition {
    walk: Walk,
    writer: Writer,
    /// The series that is being written.
    histogram: Histogram,
}

impl Exposition {
    pub(super) fn new(registry: Registry, format: TextFormat) -> Self {
        let layout = &registry.shared().layout;
        let (writer, histogram) = (Writer::new(format, layout), Histogram::new(layout));
        Self { walk: Walk::new(registry), writer, histogram }
    }

    /// Appends the next piece, such as the lines of one histogram: some kilobytes at most, and sometimes nothing
    /// where there was only something to read. Returns whether there may be more.
    pub fn write_piece(&mut self, out: &mut String) -> bool {
        self.walk.step(&mut Page { writer: &mut self.writer, histogram: &mut self.histogram, out })
    }
}

/// Where the text goes.
struct Page<'a> {
    writer: &'a mut Writer,
    histogram: &'a mut Histogram,
    out: &'a mut String,
}

impl Sink for Page<'_> {
    fn sample(&mut self, family: &'static Family, labels: &[(&str, &str)], value: Value) {
        self.writer.sample(self.out, family, labels, value);
    }

    fn latencies(&mut self, latencies: &Latencies<'_>) {
        self.histogram.clear();
        latencies.for_each_cells(|cells| self.histogram.add_buckets(cells));
        self.writer.histogram(self.out, &latencies.family, latencies.labels(), self.histogram);
    }
}
