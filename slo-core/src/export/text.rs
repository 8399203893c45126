//! The text formats that Prometheus scrapes.

use super::exposition::Exposition;
use crate::naming::FAMILIES;
use crate::registry::Registry;

/// A text format of Prometheus.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
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
        let mut exposition = self.exposition(format);
        while exposition.write_piece(out) {}
    }

    /// Returns the same text, to be written piece by piece: for who must not work long at a stretch.
    #[must_use]
    pub fn exposition(&self, format: TextFormat) -> Exposition {
        Exposition::new(self.clone(), format)
    }

    /// Returns whether a family of this name is among those that [`Registry::render`] writes.
    #[must_use]
    pub fn renders(name: &str) -> bool {
        FAMILIES.iter().any(|family| family.name == name)
    }
}
