//! What we hold ourselves to, and whether this run kept it.

use std::fmt::Write as _;

use crate::report::{Row, Section, find};
use crate::{end_to_end, exact, layer, limit, memory, ours, peers, record, scrape, scraped, tick};

/// One promise about our costs.
struct Bar {
    what: String,
    limit: f64,
    at_least: bool,
    measured: Option<f64>,
}

/// Writes every bar, what was measured, and whether it is kept, as a Markdown table.
#[must_use]
pub fn markdown(sections: &[Section], costs: &exact::Costs) -> String {
    let read = Read { sections, costs };
    let bars = [
        read.recording(),
        read.bare_layer(),
        read.axum_layer(),
        read.promises(),
        read.rest(),
        read.end_to_end(),
        read.scraped(),
    ];
    let mut out = String::from("| bar | limit | measured | |\n|---|--:|--:|---|\n");
    for bar in bars.into_iter().flatten() {
        let (sign, measured) = (if bar.at_least { "≥" } else { "≤" }, bar.measured);
        let verdict = match measured {
            None => "not measured".to_owned(),
            Some(value) if bar.at_least && value >= bar.limit => "kept".to_owned(),
            Some(value) if !bar.at_least && value <= bar.limit => "kept".to_owned(),
            Some(value) if bar.at_least => format!("**missed**, {:.2}× short", bar.limit / value),
            // Of nothing there is no multiple.
            Some(_) if bar.limit == 0.0 => "**missed**".to_owned(),
            Some(value) => format!("**missed**, {:.2}× the limit", value / bar.limit),
        };
        let measured = measured.map_or(String::new(), |value| format!("{value:.3}"));
        // A string takes everything.
        let _ = writeln!(out, "| {} | {sign} {:.3} | {measured} | {verdict} |", bar.what, bar.limit);
    }
    out
}

fn at_most(what: impl Into<String>, limit: f64, measured: Option<f64>) -> Bar {
    Bar { what: what.into(), limit, at_least: false, measured }
}

fn at_least(what: impl Into<String>, limit: f64, measured: Option<f64>) -> Bar {
    Bar { what: what.into(), limit, at_least: true, measured }
}

struct Read<'a> {
    sections: &'a [Section],
    costs: &'a exact::Costs,
}

impl Read<'_> {
    fn row(&self, title: &str, name: &str) -> Option<&Row> {
        find(self.sections, title, name)
    }

    fn alone(&self, title: &str, name: &str) -> Option<f64> {
        Some(self.row(title, name)?.value)
    }

    fn together(&self, title: &str, name: &str) -> Option<f64> {
        self.row(title, name)?.together
    }

    fn recording(&self) -> Vec<Bar> {
        let alone = |name| self.alone(record::SECTION, name);
        let ours = alone(ours::RECORD);
        let times = |name| Some(ours? / alone(name)?);
        let scaling = self.row(record::SECTION, ours::RECORD).and_then(|row| row.scaling);
        vec![
            at_most("record, held series, 1 thread, ns", 4.0, ours),
            at_most("record, times metriken sharded", 0.75, times(peers::METRIKEN)),
            at_most("record, times the per-thread limit", 1.7, times(limit::LIMIT)),
            at_least("record, throughput of 2 threads over 1", 1.9, scaling),
        ]
    }

    fn bare_layer(&self) -> Vec<Bar> {
        let alone = |name| self.alone(layer::TOWER, name);
        let ours = alone(ours::LAYER);
        let cost = |name: &str| self.costs.get(&(layer::TOWER.to_owned(), name.to_owned()));
        let added = |of: fn(&exact::Cost) -> f64| Some(of(cost(ours::LAYER)?) - of(cost(layer::BARE)?));
        let mut bars = vec![
            at_most("layer over tower, ns added", 60.0, ours),
            at_most("layer over tower, instructions added", 350.0, added(|cost| cost.instructions)),
            at_most("layer over tower, allocations added", 0.0, added(|cost| cost.allocations)),
        ];
        bars.extend(peers::HEAVY_LAYERS.iter().map(|peer| {
            let share = alone(peer).and_then(|peer| Some(ours? / peer));
            at_most(format!("layer over tower, times {peer}"), 1.0 / 12.0, share)
        }));
        bars
    }

    fn axum_layer(&self) -> Vec<Bar> {
        let over_idle = |routes: usize, of: fn(&Row) -> Option<f64>| {
            let title = layer::router_section(routes);
            Some(of(self.row(&title, ours::LAYER)?)? - of(self.row(&title, layer::IDLE)?)?)
        };
        let mut bars = Vec::new();
        for routes in layer::ROUTES {
            let (one, two) =
                (over_idle(routes, |row| Some(row.value)), over_idle(routes, |row| row.together));
            bars.push(at_most(format!("layer in axum over no-op, routes: {routes}, ns"), 90.0, one));
            bars.push(at_most(
                format!("layer in axum over no-op, routes: {routes}, 2 threads, ns"),
                130.0,
                two,
            ));
        }
        let many = over_idle(100, |row| Some(row.value));
        let spread = many.and_then(|many| Some(many / over_idle(1, |row| Some(row.value))?));
        bars.push(at_most("layer in axum, 100 routes over 1 route", 1.15, spread));
        bars
    }

    fn promises(&self) -> Vec<Bar> {
        let title = layer::router_section(1);
        let peer = peers::AUTOMETRICS_PROMISED;
        let alone = |name| Some(self.alone(&title, name)? / self.alone(&title, peer)?);
        let together = |name| Some(self.together(&title, name)? / self.together(&title, peer)?);
        let (one, two) = (
            "promising handler with its layer, times autometrics with an SLO",
            "promising handler, around the Router, times autometrics with an SLO",
        );
        vec![
            at_most(one, 1.0, alone(ours::LAYER_PROMISED)),
            at_most(format!("{one}, 2 threads"), 1.0 / 6.0, together(ours::LAYER_PROMISED)),
            at_most(two, 1.0, alone(ours::AROUND)),
            at_most(format!("{two}, 2 threads"), 1.0 / 6.0, together(ours::AROUND)),
        ]
    }

    fn end_to_end(&self) -> Vec<Bar> {
        let served = |title, name| self.alone(title, name);
        let share = |name| {
            Some(served(end_to_end::THROUGHPUT, name)? / served(end_to_end::THROUGHPUT, end_to_end::BARE)?)
        };
        let spared = |name| {
            Some(served(end_to_end::PROCESSOR, end_to_end::BARE)? / served(end_to_end::PROCESSOR, name)?)
        };
        let bars = |name: &'static str| {
            [
                at_least(format!("{name}: throughput over no layer"), 0.98, share(name)),
                at_least(format!("{name}: the same by the server's processor time"), 0.98, spared(name)),
            ]
        };
        [bars(end_to_end::SERVED), bars(end_to_end::SERVED_AROUND)].into_iter().flatten().collect()
    }

    /// That scrapes do not move a request's 99.9th percentile; a tenth is noise on two shared cores.
    fn scraped(&self) -> Vec<Bar> {
        let (_, title) = scraped::SECTIONS[2];
        let still = self.alone(title, scraped::UNSCRAPED);
        let moved = |name: &str| Some(self.alone(title, name)? / still?);
        let bar = |name: &str| {
            at_most(format!("request p99.9 while scraped, times unscraped: {name}"), 1.1, moved(name))
        };
        vec![bar(scraped::PLAIN), bar(scraped::COMPRESSED)]
    }

    fn rest(&self) -> Vec<Bar> {
        let scrape = |name| self.alone(&scrape::section_title(10_000), name);
        let ours = scrape(ours::SLO);
        let buckets = scrape(peers::EXPORTER_BUCKETS).and_then(|peer| Some(peer / ours?));
        let fastest = peers::SCRAPED.iter().filter_map(|peer| scrape(peer)).reduce(f64::min);
        let mebibytes = self.alone(memory::TRAFFIC, ours::SLO).map(|bytes| bytes / 1_048_576.0);
        let idle = self.alone(memory::IDLE, ours::SLO).map(|bytes| bytes / 1_024.0);
        let millis = |nanos: Option<f64>| nanos.map(|nanos| nanos / 1e6);
        vec![
            at_most("scrape of 10000 series, ms", 10.0, millis(ours)),
            at_least("scrape of 10000 series, faster than metrics-exporter-prometheus", 10.0, buckets),
            at_most(
                "scrape of 10000 series, times the fastest peer",
                1.0,
                ours.and_then(|ours| Some(ours / fastest?)),
            ),
            at_most("scrape, allocations per sample", 0.0, self.alone(memory::SAMPLES, ours::SLO)),
            at_most("memory grown without a scrape, bytes", 0.0, self.alone(memory::GROWTH, ours::SLO)),
            at_most("memory grown by 30 days of ticks, bytes", 0.0, self.alone(memory::TIME, ours::SLO)),
            at_most("memory, 100 routes × 2 statuses × 4 threads, MiB", 16.0, mebibytes),
            at_most("memory, one declared SLO without events, KiB", 8.0, idle),
            at_most("tick over 1000 SLOs, ms", 5.0, millis(self.alone(tick::SECTION, tick::TICK))),
            at_most("tick over 1000 burning SLOs, ms", 5.0, millis(self.alone(tick::SECTION, tick::BURNING))),
        ]
    }
}
