//! A process that counts under load is killed at random moments, again and again, and what it saved is held against what
//! it says it had counted.
//!
//! `cargo test` kills twenty times; `scripts/crash.sh` as often as it is told. The system clock, real ticks, real files.

mod counting;
mod killing;

use std::env;
use std::process::ExitCode;

/// What `cargo test` asks for.
const ROUNDS: u32 = 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["count", directory] => counting::count(directory.as_ref()),
        ["--rounds", rounds] => killing::kill(rounds.parse().expect("rounds are a number")),
        // What the test runner is told is not for us.
        _ => killing::kill(ROUNDS),
    }
    ExitCode::SUCCESS
}
