//! Measures, prints one table, and writes it as Markdown and as a picture.
//!
//! ```sh
//! cargo run --release -p slo-benches --features peers -- all [--quick] [--out DIRECTORY]
//! ```
//!
//! Instead of `all`: any of `record layer scrape tick memory end_to_end scraped`. What the other binary counts is read from
//! the file that `--exact FILE` names.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use slo_benches::harness::Effort;
use slo_benches::report::{Row, Section, Unit, markdown};
use slo_benches::{bars, end_to_end, exact, layer, plot, record, scrape, scraped, tick, ticked};

const FAMILIES: [&str; 7] = ["record", "layer", "scrape", "tick", "memory", "end_to_end", "scraped"];

fn main() -> ExitCode {
    match arguments(std::env::args().skip(1)).and_then(|arguments| run(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("slo-benches: {error}");
            ExitCode::FAILURE
        }
    }
}

#[derive(Debug, Default)]
struct Arguments {
    families: Vec<String>,
    quick: bool,
    /// What the other binary printed.
    exact: Option<PathBuf>,
    /// Where the report goes, if it is wanted.
    out: Option<PathBuf>,
}

fn arguments(mut given: impl Iterator<Item = String>) -> Result<Arguments, String> {
    let mut arguments = Arguments::default();
    while let Some(word) = given.next() {
        match word.as_str() {
            "--quick" => arguments.quick = true,
            "--exact" => arguments.exact = Some(given.next().ok_or("--exact needs a file")?.into()),
            "--out" => arguments.out = Some(given.next().ok_or("--out needs a directory")?.into()),
            "all" => arguments.families.extend(FAMILIES.map(str::to_owned)),
            family if FAMILIES.contains(&family) => arguments.families.push(word),
            _ => {
                return Err(format!("unknown argument {word:?}: give all or some of {}", FAMILIES.join(" ")));
            }
        }
    }
    if arguments.families.is_empty() {
        return Err(format!("give all or some of {}", FAMILIES.join(" ")));
    }
    Ok(arguments)
}

fn run(arguments: &Arguments) -> Result<(), String> {
    let quick = arguments.quick;
    let effort = Effort { rounds: if quick { 5 } else { 31 }, turn: Duration::from_millis(2) };
    let counted = match &arguments.exact {
        Some(file) => {
            std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?
        }
        None => String::new(),
    };
    let mut sections = Vec::new();
    for family in &arguments.families {
        eprintln!("measuring {family}");
        match family.as_str() {
            "record" => sections.push(record::run(effort)),
            "layer" => sections.extend(layer::run(effort)),
            "scrape" => sections.extend(scrape::run(effort.rounds.min(21))),
            "tick" => {
                sections.push(tick::run(effort.rounds));
                sections.extend(ticked::run(effort.rounds));
            }
            "memory" => sections.extend(counted_sections(&counted)),
            "end_to_end" => {
                let (rounds, turn) = if quick { (1, 1) } else { (21, 1) };
                let driven = end_to_end::run(rounds, Duration::from_secs(turn));
                sections.extend(driven.map_err(|error| error.to_string())?);
            }
            _ => {
                let served = scraped::run(if quick { 1 } else { 16 }, Duration::from_millis(400));
                sections.extend(served.map_err(|error| error.to_string())?);
            }
        }
    }
    let costs = exact::parse(&counted);
    add_costs(&mut sections, &costs);
    let (table, bars) = (markdown(&sections), bars::markdown(&sections, &costs));
    println!("{table}\n{bars}");
    if let Some(directory) = &arguments.out {
        let text = format!(
            "# Results\n\nWritten by `scripts/bench.sh`; [README.md](README.md) says how to read it.\n\n\
             ![the table as bars](results.svg)\n\n## Everything\n\n{table}\n## Bars\n\n{bars}"
        );
        for (name, text) in [("RESULTS.md", text), ("results.svg", plot::svg(&sections))] {
            std::fs::write(directory.join(name), text).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    Ok(())
}

/// Reads the sections that the other binary counted.
fn counted_sections(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("#section\t")) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [title, ours, name, unit, value] = cells[..] else { continue };
        let unit = if unit == "Bytes" { Unit::Bytes } else { Unit::Count };
        let row = Row { value: value.parse().unwrap_or(f64::NAN), ..Row::new(name, unit) };
        match sections.iter_mut().find(|section| section.title == title) {
            Some(section) => section.rows.push(row),
            None => {
                let ours = if ours.is_empty() { "" } else { slo_benches::ours::SLO };
                sections.push(Section { title: title.to_owned(), ours, rows: vec![row] });
            }
        }
    }
    sections
}

/// Puts instructions and allocations beside the times: of layers, what they add.
fn add_costs(sections: &mut [Section], costs: &exact::Costs) {
    for section in sections {
        let cost = |name: &str| costs.get(&(section.title.clone(), name.to_owned())).copied();
        let bare = cost(layer::BARE).unwrap_or_default();
        for row in &mut section.rows {
            let (name, from) = match row.name.strip_suffix(" (whole request)") {
                Some(name) => (name, exact::Cost::default()),
                None => (row.name.as_str(), bare),
            };
            if let Some(cost) = cost(name) {
                row.instructions = Some(cost.instructions - from.instructions);
                row.allocations = Some(cost.allocations - from.allocations);
            }
        }
    }
}
