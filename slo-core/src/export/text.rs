//! The text formats that Prometheus scrapes.
//!
//! Version 0.0.4 and OpenMetrics 1.0.0 differ in the names of counters, the order of the headers and the end
//! mark; everything else is shared. Bounds are written with a decimal point (`1.0`), which Prometheus 2 and 3
//! read alike.

use std::fmt::Write as _;

use super::samples::{self, Value};
use crate::histogram::Histogram;
use crate::naming::{self, FAMILIES, Family, FamilyKind};
use crate::registry::{Protocol, Registry, Shared};

/// A text format of Prometheus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextFormat {
    /// The Prometheus text format, version 0.0.4.
    #[default]
    Prometheus,
    /// The OpenMetrics text format, version 1.0.0.
    OpenMetrics,
}

impl TextFormat {
    /// Returns the value of the `Content-Type` header, without which Prometheus 3 refuses the answer.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Returns the line that ends the document, empty where the format has none.
    #[must_use]
    pub const fn end(self) -> &'static str {
        match self {
            Self::Prometheus => "",
            Self::OpenMetrics => "# EOF\n",
        }
    }
}

impl Registry {
    /// Appends every family of this registry to `out`, without [`TextFormat::end`].
    ///
    /// ```
    /// use slo_core::{Objective, Registry, Sli, Slo, TextFormat};
    /// let slo = Slo::new("billing-availability", Sli::Availability, Objective::parse("99%")?)?.with_operation("billing")?;
    /// let registry = Registry::builder("shop").slo(slo).build()?;
    /// let mut out = String::new();
    /// registry.render(TextFormat::Prometheus, &mut out);
    /// assert!(out.contains("slo_bad_events_total{slo=\"billing-availability\"} 0\n"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn render(&self, format: TextFormat, out: &mut String) {
        let mut writer = Writer { format, out, family: None };
        for protocol in Protocol::ALL {
            writer.histograms(self.shared(), protocol);
        }
        samples::visit(self.shared(), &self.counted(), &mut |family, labels, value| {
            writer.sample(family, labels, value);
        });
    }

    /// Returns whether a family of this name is among those that [`Registry::render`] writes.
    #[must_use]
    pub fn renders(name: &str) -> bool {
        FAMILIES.iter().any(|family| family.name == name)
    }
}

struct Writer<'a> {
    format: TextFormat,
    out: &'a mut String,
    /// The family whose headers were written last.
    family: Option<&'static str>,
}

impl Writer<'_> {
    fn headers(&mut self, family: &Family) {
        if self.family.replace(family.name) == Some(family.name) {
            return;
        }
        let (help, kind) = (family.help, kind_name(family.kind));
        let name = match self.format {
            TextFormat::OpenMetrics => family.name.strip_suffix("_total").unwrap_or(family.name),
            TextFormat::Prometheus => family.name,
        };
        write_to(self.out, format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn sample(&mut self, family: &'static Family, labels: &[(&str, &str)], value: Value) {
        self.headers(family);
        self.out.push_str(family.name);
        let mut separator = '{';
        for (name, value) in labels {
            self.out.push(separator);
            self.out.push_str(name);
            self.out.push_str("=\"");
            naming::escape_to(value, self.out);
            self.out.push('"');
            separator = ',';
        }
        self.out.push_str("} ");
        match value {
            Value::Counter(count) => self.integer(count),
            Value::Gauge(value) => write_to(self.out, format_args!("{value}\n")),
        }
    }

    fn histograms(&mut self, shared: &Shared, protocol: Protocol) {
        let family = protocol.duration();
        let bounds: Vec<String> = shared.layout.bounds().iter().copied().map(samples::seconds).collect();
        let mut histogram = Histogram::new(&shared.layout);
        for (index, series) in shared.routes.series().filter(|(_, series)| series.protocol == protocol) {
            self.headers(&family);
            histogram.clear();
            shared.add_buckets(index, &mut histogram);
            let mut count = 0;
            let bounds = bounds.iter().map(String::as_str).chain(["+Inf"]);
            for (bound, bucket) in bounds.zip(histogram.buckets()) {
                count += bucket;
                self.name(&family, "_bucket{", &series.labels);
                self.out.push_str(",le=\"");
                self.out.push_str(bound);
                self.out.push_str("\"} ");
                self.integer(count);
            }
            self.name(&family, "_sum{", &series.labels);
            write_to(self.out, format_args!("}} {}\n", histogram.sum().as_secs_f64()));
            self.name(&family, "_count{", &series.labels);
            self.out.push_str("} ");
            self.integer(count);
        }
    }

    fn name(&mut self, family: &Family, suffix: &str, labels: &str) {
        self.out.push_str(family.name);
        self.out.push_str(suffix);
        self.out.push_str(labels);
    }

    fn integer(&mut self, value: u64) {
        self.out.push_str(itoa::Buffer::new().format(value));
        self.out.push('\n');
    }
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
