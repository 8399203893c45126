//! How a line is written.
//!
//! Version 0.0.4 and OpenMetrics 1.0.0 differ in the names of counters, the order of the headers and the end
//! mark; everything else is shared. Bounds are written with a decimal point (`1.0`), which Prometheus 2 and 3
//! read alike. Once the longest labels have been seen, a line of a histogram allocates nothing.

use std::fmt::Write as _;

use super::samples::{self, Value};
use super::text::TextFormat;
use crate::histogram::{Histogram, Layout};
use crate::naming::{self, Family, FamilyKind};

/// Writes samples into a text, and the headers of their families before them.
#[derive(Debug)]
pub(super) struct Writer {
    format: TextFormat,
    /// The family whose headers were written last.
    family: Option<&'static str>,
    /// What ends the labels of each bucket: `,le="0.005"} `.
    bounds: Box<[Box<str>]>,
    /// What the lines of all buckets of a series start with.
    start: String,
}

impl Writer {
    pub(super) fn new(format: TextFormat, layout: &Layout) -> Self {
        let bounds = layout.bounds().iter().copied().map(samples::seconds).chain(["+Inf".to_owned()]);
        let bounds = bounds.map(|bound| format!(",le=\"{bound}\"}} ").into()).collect();
        Self { format, family: None, bounds, start: String::new() }
    }

    /// Writes a counter or a gauge.
    pub(super) fn sample(
        &mut self,
        out: &mut String,
        family: &'static Family,
        labels: &[(&str, &str)],
        value: Value,
    ) {
        self.headers(out, family);
        out.push_str(family.name);
        let mut separator = '{';
        for (name, value) in labels {
            out.push(separator);
            out.push_str(name);
            out.push_str("=\"");
            naming::escape_to(value, out);
            out.push('"');
            separator = ',';
        }
        out.push_str("} ");
        match value {
            Value::Counter(count) => line_end(out, count),
            Value::Gauge(value) => write_to(out, format_args!("{value}\n")),
        }
    }

    /// Writes all lines of one histogram.
    pub(super) fn histogram(
        &mut self,
        out: &mut String,
        family: &Family,
        labels: &str,
        histogram: &Histogram,
    ) {
        self.headers(out, family);
        self.start.clear();
        [family.name, "_bucket{", labels].into_iter().for_each(|part| self.start.push_str(part));
        let mut count = 0;
        for (bound, bucket) in self.bounds.iter().zip(histogram.buckets()) {
            count += bucket;
            out.push_str(&self.start);
            out.push_str(bound);
            line_end(out, count);
        }
        [family.name, "_sum{", labels].into_iter().for_each(|part| out.push_str(part));
        write_to(out, format_args!("}} {}\n", histogram.sum().as_secs_f64()));
        [family.name, "_count{", labels, "} "].into_iter().for_each(|part| out.push_str(part));
        line_end(out, count);
    }

    fn headers(&mut self, out: &mut String, family: &Family) {
        if self.family.replace(family.name) == Some(family.name) {
            return;
        }
        let (help, kind) = (family.help, kind_name(family.kind));
        let name = match self.format {
            TextFormat::OpenMetrics => family.name.strip_suffix("_total").unwrap_or(family.name),
            TextFormat::Prometheus => family.name,
        };
        write_to(out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }
}

fn line_end(out: &mut String, value: u64) {
    out.push_str(itoa::Buffer::new().format(value));
    out.push('\n');
}

const fn kind_name(kind: FamilyKind) -> &'static str {
    match kind {
        FamilyKind::Counter => "counter",
        FamilyKind::Gauge => "gauge",
        FamilyKind::Histogram => "histogram",
    }
}

fn write_to(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes everything");
}
