//! Counts instructions and allocations.
//!
//! * `exact all`: counts everything and prints it for the other binary;
//! * `exact check FILE`: fails if we cost more than the file says;
//! * `exact bless FILE`: writes what we cost to the file.

use std::alloc::System;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use slo_benches::{exact, memory};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["run", section, competitor] => run(section, competitor),
        ["all"] => all(),
        ["check", file] => check(Path::new(file)),
        ["bless", file] => bless(Path::new(file)),
        _ => Err("give all, check FILE or bless FILE".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("exact: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What callgrind runs.
fn run(section: &str, competitor: &str) -> Result<(), String> {
    let number = |word: &str| word.parse().map_err(|error| format!("{word}: {error}"));
    exact::run_counted(number(section)?, number(competitor)?);
    Ok(())
}

fn all() -> Result<(), String> {
    print!("{}", exact::print(&count()?));
    for section in memory::run() {
        for row in &section.rows {
            println!(
                "#section\t{}\t{}\t{}\t{:?}\t{:.3}",
                section.title, section.ours, row.name, row.unit, row.value
            );
        }
    }
    Ok(())
}

fn check(file: &Path) -> Result<(), String> {
    let baseline = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let costs = count()?;
    print!("{}", exact::print(&costs));
    match exact::regressions(&costs, &exact::parse(&baseline)) {
        found if found.is_empty() => Ok(()),
        found => Err(format!("we cost more than {} says:\n{}", file.display(), found.join("\n"))),
    }
}

fn bless(file: &Path) -> Result<(), String> {
    let text = format!(
        "# Instructions and allocations of one operation, by section and name. Written by scripts/bench.sh --bless.\n{}",
        exact::print(&count()?)
    );
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

fn count() -> Result<exact::Costs, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let scratch: PathBuf = std::env::temp_dir().join(format!("slo-benches-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    let counted = exact::count(&program, &scratch).map_err(|error| error.to_string());
    std::fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    counted
}
