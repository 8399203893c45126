//! What a scrape costs: one family of histograms, printed for Prometheus.

use crate::exposition::{BOUNDS, Exposition, Labels, Metrics};
use crate::harness::{median, on_core};
use crate::report::{Row, Section, Unit};
use crate::traffic::Latencies;
use crate::{ours, peers};

/// How many series are printed, as routes and statuses of each.
pub const SIZES: [(usize, usize); 3] = [(10, 10), (100, 10), (1_000, 10)];

/// Returns the title of the section of this many series.
#[must_use]
pub fn section_title(series: usize) -> String {
    format!("scrape {series} series")
}

/// Returns all libraries that print.
#[must_use]
pub fn expositions() -> Vec<Exposition> {
    std::iter::once(ours::exposition()).chain(peers::expositions()).collect()
}

/// Builds a family and observes three latencies in each series.
#[must_use]
pub fn filled(exposition: &Exposition, labels: &[Labels]) -> Box<dyn Metrics> {
    let metrics = (exposition.build)(BOUNDS);
    let latencies = Latencies::log_normal();
    for turn in 0..3 {
        for (series, labels) in (0_u64..).zip(labels) {
            metrics.observe(labels, latencies.nanos(series * 3 + turn));
        }
    }
    metrics
}

/// Measures all of them, in turns. Large sizes have fewer rounds.
#[must_use]
pub fn run(rounds: usize) -> Vec<Section> {
    SIZES.iter().map(|size| measure(*size, if size.0 > 100 { rounds.min(7) } else { rounds })).collect()
}

fn measure((routes, statuses): (usize, usize), rounds: usize) -> Section {
    let labels = Labels::of(routes, statuses);
    let expositions = expositions();
    let metrics: Vec<_> = expositions.iter().map(|exposition| filled(exposition, &labels)).collect();
    let mut nanos: Vec<Vec<f64>> = vec![Vec::new(); metrics.len()];
    let mut out = String::new();
    for round in 0..=rounds {
        for (metrics, nanos) in metrics.iter().zip(&mut nanos) {
            out.clear();
            let took = on_core(|| metrics.render(&mut out));
            if round > 0 {
                nanos.push(took);
            }
        }
    }
    let rows = expositions.iter().zip(nanos).map(|(exposition, nanos)| Row {
        value: median(nanos.into_iter()),
        ..Row::new(exposition.name, Unit::Nanos)
    });
    Section { title: section_title(labels.len()), ours: ours::SLO, rows: rows.collect() }
}
