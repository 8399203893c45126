//! Counts instructions and allocations.
//!
//! * `exact all`: counts everything and prints it for the other binary;
//! * `exact list`: prints what can be counted;
//! * `exact run SECTION COMPETITOR`: what callgrind runs, by the numbers in that list;
//! * `exact check FILE TOOLCHAIN`: fails if we cost more than the file says;
//! * `exact bless FILE TOOLCHAIN`: writes what we cost to the file.
//!
//! TOOLCHAIN names all that decides how many instructions our source becomes.

use std::alloc::System;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use slo_benches::exact::baseline::Baseline;
use slo_benches::{exact, memory};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done =
        match words[..] {
            ["run", section, competitor] => run(section, competitor),
            ["list"] => list(),
            ["all"] => all(),
            ["check", file, toolchain] => check(Path::new(file), toolchain),
            ["bless", file, toolchain] => bless(Path::new(file), toolchain),
            _ => Err("give list, run SECTION COMPETITOR, all, check FILE TOOLCHAIN or bless FILE TOOLCHAIN"
                .to_owned()),
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

/// Prints the numbers that `run` takes, each with its section and name.
fn list() -> Result<(), String> {
    for (section, (title, competitors)) in exact::sections().iter().enumerate() {
        for (number, competitor) in competitors.iter().enumerate() {
            println!("{section}\t{number}\t{title}\t{}", competitor.name());
        }
    }
    Ok(())
}

fn all() -> Result<(), String> {
    print!("{}", exact::print(&with_scratch(exact::count)?));
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

fn check(file: &Path, toolchain: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let (before, now) = (Baseline::parse(&text), counted(toolchain)?);
    print!("{}", exact::print(&now.costs));
    distrust(&now)?;
    let (allowance, how) = before.allowance(&now);
    eprintln!("exact: {how}");
    for line in before.savings(&now.costs) {
        eprintln!("exact: cheaper, bless it or it may be lost unseen: {line}");
    }
    match before.regressions(&now.costs, allowance) {
        found if found.is_empty() => Ok(()),
        found => Err(format!("we cost more than {} says:\n{}", file.display(), found.join("\n"))),
    }
}

/// Makes our recording worse and expects to be told of it, of its instructions and of its allocation.
fn distrust(now: &Baseline) -> Result<(), String> {
    let worse = with_scratch(|program, scratch| exact::worsened(&now.costs, program, scratch))?;
    let found = now.regressions(&worse, now.allowance(now).0);
    if found.len() == 2 {
        Ok(())
    } else {
        Err(format!("this check cannot be trusted: it found only {found:?}"))
    }
}

fn bless(file: &Path, toolchain: &str) -> Result<(), String> {
    std::fs::write(file, counted(toolchain)?.print()).map_err(|error| format!("{}: {error}", file.display()))
}

fn counted(toolchain: &str) -> Result<Baseline, String> {
    Ok(Baseline { toolchain: toolchain.to_owned(), costs: with_scratch(exact::count)? })
}

/// Calls `work` with this program and a directory that is gone afterwards.
fn with_scratch<T>(work: impl FnOnce(&Path, &Path) -> io::Result<T>) -> Result<T, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let scratch: PathBuf = std::env::temp_dir().join(format!("slo-benches-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    let done = work(&program, &scratch).map_err(|error| error.to_string());
    std::fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    done
}
