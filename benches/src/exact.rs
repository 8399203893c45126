//! What does not depend on the machine's mood: instructions and allocations.
//!
//! Instructions are counted by callgrind, which runs this program again for each competitor and looks only at
//! [`counted_by_callgrind`]. Allocations are counted by the allocator of the binary that calls
//! [`allocations`]; that binary is not the one that measures times, since counting costs time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region};

use crate::harness::{Competitor, Work};
use crate::{layer, record};

/// How often an operation is repeated under callgrind.
const TURNS: u64 = 2_000;
/// How much more an operation may cost than its baseline says.
const TOLERANCE: f64 = 1.05;

/// What one operation costs.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Instructions, without those of the kernel.
    pub instructions: f64,
    /// Allocations.
    pub allocations: f64,
}

/// The costs of competitors, by section and name.
pub type Costs = BTreeMap<(String, String), Cost>;

/// Returns the title and the competitors of each section that is counted.
#[must_use]
pub fn sections() -> [(String, Vec<Competitor>); 3] {
    [
        (record::SECTION.to_owned(), record::competitors()),
        (layer::TOWER.to_owned(), layer::tower_competitors()),
        (layer::router_section(1), layer::router_competitors(1)),
    ]
}

/// Runs the operation for callgrind, which counts what happens in this function.
#[inline(never)]
pub fn counted_by_callgrind(work: &mut Work, turns: u64) {
    work(turns);
}

/// Warms a competitor up and runs it for callgrind.
pub fn run_counted(section: usize, competitor: usize) {
    // Kept to the end: a recorder whose registry is gone does nothing.
    let sections = sections();
    let mut work = sections[section].1[competitor].work();
    work(64);
    counted_by_callgrind(&mut work, TURNS);
}

/// Counts what one operation of a competitor allocates, warmed up.
#[must_use]
pub fn allocations(competitor: &Competitor) -> f64 {
    let mut work = competitor.work();
    work(TURNS);
    let region = Region::new(&INSTRUMENTED_SYSTEM);
    work(TURNS);
    let change = region.change();
    (change.allocations + change.reallocations) as f64 / TURNS as f64
}

/// Counts everything. `program` is this program: it is called again under callgrind, with `run SECTION COMPETITOR`.
///
/// # Errors
///
/// If valgrind cannot be run.
pub fn count(program: &Path, scratch: &Path) -> io::Result<Costs> {
    let mut costs = Costs::new();
    for (index, (title, competitors)) in sections().iter().enumerate() {
        for (number, competitor) in competitors.iter().enumerate() {
            let instructions = instructions(program, scratch, index, number)?;
            let cost = Cost { instructions, allocations: allocations(competitor) };
            costs.insert((title.clone(), competitor.name().to_owned()), cost);
        }
    }
    Ok(costs)
}

fn instructions(program: &Path, scratch: &Path, section: usize, competitor: usize) -> io::Result<f64> {
    let output = scratch.join(format!("callgrind.{section}.{competitor}"));
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*counted_by_callgrind*"])
        .arg(format!("--callgrind-out-file={}", output.display()))
        .arg(program)
        .args(["run", &section.to_string(), &competitor.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|error| io::Error::new(error.kind(), format!("valgrind: {error}: install it first")))?;
    if !status.success() {
        return Err(io::Error::other(format!("valgrind ended with {status}")));
    }
    let text = std::fs::read_to_string(output)?;
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let count: Option<f64> = totals.and_then(|totals| totals.trim().parse().ok());
    count.map(|count| count / TURNS as f64).ok_or_else(|| io::Error::other("callgrind counted nothing"))
}

/// Writes costs one a line, to be read by [`parse`].
#[must_use]
pub fn print(costs: &Costs) -> String {
    let mut out = String::new();
    for ((section, name), cost) in costs {
        // A string takes everything.
        let _ = writeln!(out, "{section}\t{name}\t{:.1}\t{:.2}", cost.instructions, cost.allocations);
    }
    out
}

/// Reads what [`print()`] wrote; other lines are passed over.
#[must_use]
pub fn parse(text: &str) -> Costs {
    let read = |line: &str| {
        let mut cells = line.split('\t');
        let key = (cells.next()?.to_owned(), cells.next()?.to_owned());
        let mut number = || cells.next()?.trim().parse().ok();
        Some((key, Cost { instructions: number()?, allocations: number()? }))
    };
    text.lines().filter(|line| !line.starts_with('#')).filter_map(read).collect()
}

/// Returns a line for each competitor of ours that costs more than the baseline allows, or has none. What a layer
/// costs is what it adds, so that another version of axum is no regression of ours.
#[must_use]
pub fn regressions(costs: &Costs, baseline: &Costs) -> Vec<String> {
    let judge = |(section, name): &(String, String)| {
        let who = format!("{section}: {name}");
        let (Some(now), Some(before)) = (added(costs, section, name), added(baseline, section, name)) else {
            return Some(format!("{who}: not in the baseline: write it with --bless"));
        };
        if now.allocations > before.allocations + 0.005 {
            return Some(format!(
                "{who}: {:.2} allocations, were {:.2}",
                now.allocations, before.allocations
            ));
        }
        // One instruction more is no regression of an operation that has ten.
        let more = now.instructions > before.instructions * TOLERANCE + 1.0;
        more.then(|| format!("{who}: {:.1} instructions, were {:.1}", now.instructions, before.instructions))
    };
    costs.keys().filter(|(_, name)| name.starts_with("slo")).filter_map(judge).collect()
}

/// Returns what a competitor costs beyond the bare one of its section, if there is one.
fn added(costs: &Costs, section: &str, name: &str) -> Option<Cost> {
    let cost = |name: &str| costs.get(&(section.to_owned(), name.to_owned())).copied();
    let bare = cost(layer::BARE).unwrap_or_default();
    cost(name).map(|cost| Cost {
        instructions: cost.instructions - bare.instructions,
        allocations: cost.allocations - bare.allocations,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(instructions: f64, allocations: f64) -> Costs {
        let cost = |name: &str, instructions, allocations| {
            (("s".to_owned(), name.to_owned()), Cost { instructions, allocations })
        };
        Costs::from([cost("slo", instructions + 1_000.0, allocations), cost("bare", 1_000.0, 0.0)])
    }

    #[test]
    fn what_is_printed_can_be_read() {
        let written = costs(294.5, 1.0);
        assert_eq!(parse(&format!("# comment\n{}", print(&written))), written);
    }

    #[test]
    fn regressions_are_found_beyond_the_tolerance() {
        for (instructions, allocations, expected) in
            [(300.0, 1.0, 0), (315.0, 1.0, 0), (320.0, 1.0, 1), (300.0, 1.1, 1), (100.0, 0.0, 0)]
        {
            let found = regressions(&costs(instructions, allocations), &costs(300.0, 1.0));
            assert_eq!(found.len(), expected, "{found:?}");
        }
        assert_eq!(regressions(&costs(1.0, 0.0), &Costs::new()).len(), 1);
    }
}
