//! An exposition under way.
//!
//! Ten thousand series are milliseconds of work and megabytes of text: too much to be done at a stretch where
//! requests are answered, or to be held at once. So the text comes in pieces, and between two of them its writer
//! may do something else for as long as it likes.
//!
//! The totals of all SLOs are read at one point, by the first piece, and the buckets of one series together. What is
//! read later is never less than what was read before, so all counters only grow from scrape to scrape.

use super::samples::Part;
use super::text::TextFormat;
use super::writer::Writer;
use crate::histogram::Histogram;
use crate::naming;
use crate::registry::{Protocol, Reading, Registry, Status};

/// How many SLOs are worked out in one piece: some ten microseconds of work.
const SLOS: usize = 16;

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
    registry: Registry,
    writer: Writer,
    /// The series that is being written.
    histogram: Histogram,
    stage: Stage,
    /// Where in the stage the next piece begins.
    next: usize,
    /// None until the first piece.
    reading: Option<Reading>,
    status: Status,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    Read,
    Histograms(Protocol),
    Streams,
    /// Index of a part of the samples.
    Samples(usize),
    Written,
}

impl Exposition {
    pub(super) fn new(registry: Registry, format: TextFormat) -> Self {
        let layout = &registry.shared().layout;
        let (writer, histogram) = (Writer::new(format, layout), Histogram::new(layout));
        let at = registry.clock().now();
        let (service, slos) = (String::new(), Vec::new());
        let status = Status { service, at, maintenance_since: None, health: None, state: None, slos };
        Self { registry, writer, histogram, stage: Stage::Read, next: 0, reading: None, status }
    }

    /// Appends the next piece, such as the lines of one histogram: some kilobytes at most, and sometimes nothing
    /// where there was only something to read. Returns whether there may be more.
    pub fn write_piece(&mut self, out: &mut String) -> bool {
        match self.stage {
            Stage::Read => self.read(),
            Stage::Histograms(protocol) => self.histogram(protocol, out),
            Stage::Streams => self.stream(out),
            Stage::Samples(part) => self.samples(part, out),
            Stage::Written => return false,
        }
        true
    }

    fn enter(&mut self, stage: Stage) {
        (self.stage, self.next) = (stage, 0);
    }

    fn read(&mut self) {
        let shared = self.registry.shared();
        let Some(reading) = &mut self.reading else {
            let reading = Reading::begin(shared);
            self.status = reading.head(shared);
            self.reading = Some(reading);
            return;
        };
        let before = self.status.slos.len();
        self.status.slos.extend(std::iter::from_fn(|| reading.next(shared)).take(SLOS));
        if self.status.slos.len() - before < SLOS {
            self.enter(Stage::Histograms(Protocol::Http));
        }
    }

    fn histogram(&mut self, protocol: Protocol, out: &mut String) {
        let shared = self.registry.shared();
        // Series of both protocols lie side by side.
        while let Some(series) = shared.routes.one_series(self.next) {
            let index = self.next;
            self.next += 1;
            if series.protocol == protocol {
                self.histogram.clear();
                shared.add_buckets(index, &mut self.histogram);
                return self.writer.histogram(out, &protocol.duration(), &series.labels, &self.histogram);
            }
        }
        self.enter(match protocol {
            Protocol::Http => Stage::Histograms(Protocol::Rpc),
            Protocol::Rpc => Stage::Histograms(Protocol::Operation),
            Protocol::Operation => Stage::Streams,
        });
    }

    /// One route after the other: few of them stream.
    fn stream(&mut self, out: &mut String) {
        let shared = self.registry.shared();
        let Some(route) = shared.routes.get(self.next) else {
            return self.enter(Stage::Samples(0));
        };
        let histogram = &mut self.histogram;
        histogram.clear();
        if shared.for_each_stream_of(self.next, |cells| histogram.add_buckets(cells)) {
            self.writer.histogram(out, &naming::STREAM_DURATION, &route.labels, histogram);
        }
        self.next += 1;
    }

    fn samples(&mut self, part: usize, out: &mut String) {
        let (shared, step) = (self.registry.shared(), self.next);
        let visited = Part::ALL[part].step(step, shared, &self.status, &mut |family, labels, value| {
            self.writer.sample(out, family, labels, value);
        });
        if visited {
            self.next += 1;
        } else if part + 1 < Part::ALL.len() {
            self.enter(Stage::Samples(part + 1));
        } else {
            self.enter(Stage::Written);
        }
    }
}
