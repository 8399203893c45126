//! What does not depend on the machine's mood: instructions and allocations.
//!
//! Instructions are counted by callgrind, which runs this program again for each competitor and looks only at
//! [`counted_by_callgrind`]. It runs in an environment of its own, so that neither the variables of the caller nor an
//! extension of its processor change what is executed. Allocations are counted by the allocator of the binary that calls
//! [`allocations`]; that binary is not the one that measures times, since counting costs time.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region};

use crate::harness::{Competitor, Work, repeat};
use crate::{layer, ours, record};

pub mod baseline;

/// How often an operation is repeated under callgrind.
const TURNS: u64 = 2_000;
/// Keeps the C library from copying and comparing with what not every processor with AVX2 has; names that it does not
/// know, or that the processor lacks, mean nothing to it. Address space and processor are valgrind's own.
const TUNABLES: &str = "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-EVEX,-RTM,-FSRM,-Prefer_FSRM";

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
pub fn sections() -> [(String, Vec<Competitor>); 4] {
    [
        (record::SECTION.to_owned(), record::competitors()),
        (layer::TOWER.to_owned(), layer::tower_competitors()),
        (layer::router_section(1), layer::router_competitors(1)),
        (layer::GRPC.to_owned(), layer::grpc_competitors()),
    ]
}

/// Returns our recording made worse, in the section and under the name of the one that is not: done twice, with an
/// allocation. A check that accepts it checks nothing.
fn self_test() -> (String, Vec<Competitor>) {
    let found = record::competitors().into_iter().find(|one| one.name() == ours::RECORD);
    let original = found.expect("our recording is among what is recorded");
    let worse = Competitor::new(ours::RECORD, move || {
        let mut work = original.work();
        repeat(move |turn| {
            black_box(Box::new(turn));
            work(2);
        })
    });
    (record::SECTION.to_owned(), vec![worse])
}

/// Runs the operation for callgrind, which counts what happens in this function.
#[inline(never)]
pub fn counted_by_callgrind(work: &mut Work, turns: u64) {
    work(turns);
}

/// Warms a competitor up and runs it for callgrind.
pub fn run_counted(section: usize, competitor: usize) {
    // Kept to the end: a recorder whose registry is gone does nothing.
    let sections: Vec<_> = sections().into_iter().chain([self_test()]).collect();
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
    for (index, section) in sections().iter().enumerate() {
        count_section(&mut costs, program, scratch, (index, section))?;
    }
    Ok(costs)
}

/// Returns the costs with our recording made worse, which no check may accept.
///
/// # Errors
///
/// If valgrind cannot be run.
pub fn worsened(costs: &Costs, program: &Path, scratch: &Path) -> io::Result<Costs> {
    let mut costs = costs.clone();
    count_section(&mut costs, program, scratch, (sections().len(), &self_test()))?;
    Ok(costs)
}

fn count_section(
    costs: &mut Costs,
    program: &Path,
    scratch: &Path,
    (index, (title, competitors)): (usize, &(String, Vec<Competitor>)),
) -> io::Result<()> {
    for (number, competitor) in competitors.iter().enumerate() {
        let instructions = instructions(program, scratch, index, number)?;
        let cost = Cost { instructions, allocations: allocations(competitor) };
        costs.insert((title.clone(), competitor.name().to_owned()), cost);
    }
    Ok(())
}

fn instructions(program: &Path, scratch: &Path, section: usize, competitor: usize) -> io::Result<f64> {
    let output = scratch.join(format!("callgrind.{section}.{competitor}"));
    let mut command = Command::new("valgrind");
    command.env_clear().env("GLIBC_TUNABLES", TUNABLES);
    // Where programs are, and valgrind if it was moved.
    for name in ["PATH", "VALGRIND_LIB"] {
        command.envs(std::env::var_os(name).map(|value| (name, value)));
    }
    let status = command
        // Nobody's settings.
        .args(["--command-line-only=yes", "--tool=callgrind", "--toggle-collect=*counted_by_callgrind*"])
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_read() {
        let cost = Cost { instructions: 294.5, allocations: 1.0 };
        let written = Costs::from([(("s".to_owned(), "slo".to_owned()), cost)]);
        assert_eq!(parse(&format!("# comment\n{}", print(&written))), written);
    }
}
