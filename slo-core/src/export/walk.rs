//! The way through all families of a registry, in steps, for whoever writes them down.
//!
//! The totals of all SLOs are read at one point, by the first steps, and the cells of one series together. What is
//! read later is never less than what was read before, so all counters only grow from scrape to scrape.

use super::samples::{Part, Value};
use crate::histogram::Cells;
use crate::naming::{self, Family};
use crate::registry::{Protocol, Reading, Registry, Route, Series, Shared, Status};

/// How many SLOs are worked out in one step: some ten microseconds of work.
const SLOS: usize = 16;

/// Writes down what is found on the way.
pub(super) trait Sink {
    /// Writes a counter or a gauge.
    fn sample(&mut self, family: &'static Family, labels: &[(&str, &str)], value: Value);

    /// Writes a histogram.
    fn latencies(&mut self, latencies: &Latencies<'_>);
}

/// One series of latencies, to be read.
pub(super) struct Latencies<'a> {
    pub(super) family: Family,
    shared: &'a Shared,
    /// Of a series, or of a route's streams.
    index: usize,
    of: Of<'a>,
}

enum Of<'a> {
    Series(&'a Series),
    Streams(&'a Route),
}

impl Latencies<'_> {
    /// Returns the labels, ready to print.
    pub(super) fn labels(&self) -> &str {
        match self.of {
            Of::Series(series) => &series.labels,
            Of::Streams(route) => &route.labels,
        }
    }

    /// Says the labels as they are.
    #[cfg(feature = "protobuf")]
    pub(super) fn for_each_label(&self, say: impl FnMut(&'static str, &str)) {
        match self.of {
            Of::Series(series) => self.shared.routes.for_each_label(series, say),
            Of::Streams(_) => self.shared.routes.for_each_label_of_route(self.index, say),
        }
    }

    /// Visits what each thread has recorded.
    pub(super) fn for_each_cells(&self, visit: impl FnMut(&Cells)) {
        match self.of {
            Of::Series(_) => self.shared.for_each_cells_of(self.index, visit),
            Of::Streams(_) => {
                self.shared.for_each_stream_of(self.index, visit);
            }
        }
    }
}

/// How far along the way somebody is. Keeps the registry alive.
#[derive(Debug)]
pub(super) struct Walk {
    registry: Registry,
    stage: Stage,
    /// Where in the stage the next step begins.
    next: usize,
    /// None until the first step.
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
    Done,
}

impl Walk {
    pub(super) fn new(registry: Registry) -> Self {
        let at = registry.clock().now();
        let (service, slos) = (String::new(), Vec::new());
        let status =
            Status { service, at, maintenance_since: None, health: None, state: None, overrides: None, slos };
        Self { registry, stage: Stage::Read, next: 0, reading: None, status }
    }

    /// Takes the next step, on which there may be nothing to write down; returns whether there may be more.
    pub(super) fn step(&mut self, sink: &mut impl Sink) -> bool {
        match self.stage {
            Stage::Read => self.read(),
            Stage::Histograms(protocol) => self.histogram(protocol, sink),
            Stage::Streams => self.stream(sink),
            Stage::Samples(part) => self.samples(part, sink),
            Stage::Done => return false,
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

    fn histogram(&mut self, protocol: Protocol, sink: &mut impl Sink) {
        let shared = self.registry.shared();
        // Series of both protocols lie side by side.
        while let Some(series) = shared.routes.one_series(self.next) {
            let index = self.next;
            self.next += 1;
            if series.protocol == protocol {
                let family = protocol.duration();
                return sink.latencies(&Latencies { family, shared, index, of: Of::Series(series) });
            }
        }
        self.enter(match protocol {
            Protocol::Http => Stage::Histograms(Protocol::Rpc),
            Protocol::Rpc => Stage::Histograms(Protocol::Operation),
            Protocol::Operation => Stage::Streams,
        });
    }

    /// One route after the other: few of them stream.
    fn stream(&mut self, sink: &mut impl Sink) {
        let (shared, index) = (self.registry.shared(), self.next);
        let Some(route) = shared.routes.get(index) else {
            return self.enter(Stage::Samples(0));
        };
        if shared.for_each_stream_of(index, |_| {}) {
            let family = naming::STREAM_DURATION;
            sink.latencies(&Latencies { family, shared, index, of: Of::Streams(route) });
        }
        self.next += 1;
    }

    fn samples(&mut self, part: usize, sink: &mut impl Sink) {
        let (shared, step) = (self.registry.shared(), self.next);
        let visited = Part::ALL[part].step(step, shared, &self.status, &mut |family, labels, value| {
            sink.sample(family, labels, value);
        });
        if visited {
            self.next += 1;
        } else if part + 1 < Part::ALL.len() {
            self.enter(Stage::Samples(part + 1));
        } else {
            self.enter(Stage::Done);
        }
    }
}
