//! Kills, restarts and compares.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use slo_core::Clock;

use crate::counting::TICK;

/// What a process said before it was killed.
#[derive(Debug, Default)]
struct Said {
    /// The last tick of the process before, and what was found of it: good and bad of one thread, then of the other.
    restored: (u64, [u64; 4]),
    /// By thread: what it had counted, when, and until when everything was known to be saved.
    lines: [Vec<(u64, u64, u64, u64)>; 2],
}

impl Said {
    fn read(lines: impl Iterator<Item = String>) -> Self {
        let mut said = Self::default();
        for line in lines {
            let words: Vec<&str> = line.split(' ').collect();
            let number = |word: usize| words[word].parse::<u64>().expect("a number");
            match words[..] {
                ["restored", ..] => said.restored = (number(1), [2, 3, 4, 5].map(number)),
                [_, _, _, _, _] => {
                    let of_thread = &mut said.lines[usize::try_from(number(0)).expect("it is small")];
                    of_thread.push((number(1), number(2), number(3), number(4)));
                }
                // The line that it was killed in.
                _ => {}
            }
        }
        said
    }

    /// When it last said anything, and until when everything was known to be saved then.
    fn last(&self) -> (u64, u64) {
        let all = || self.lines.iter().flatten();
        (all().map(|line| line.2).max().unwrap_or(0), all().map(|line| line.3).max().unwrap_or(0))
    }
}

/// Kills a counting process so many times.
pub(crate) fn kill(rounds: u32) {
    let directory = std::env::temp_dir().join(format!("slo-crash-{}", std::process::id()));
    let seed = Clock::system().now().unix_nanos() | 1;
    println!("{rounds} rounds of SIGKILL; seed {seed}");
    let mut random = seed;
    let mut before: Option<Said> = None;
    let (mut lost_ticks, mut events, mut without_save) = (Vec::new(), 0, 0);
    for round in 0..=rounds {
        // xorshift: any moment, from before the first tick to several later.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let said = run(&directory, Duration::from_millis(5 + random % 400));
        if let Some(before) = &before {
            lost_ticks.extend(judge(round, before, &said));
            without_save += u32::from(before.last().1 == 0);
        }
        events += said.lines.iter().filter_map(|lines| lines.last()).map(|line| line.0 + line.1).sum::<u64>();
        let names =
            fs::read_dir(&directory).expect("it is there").map(|entry| entry.expect("it is").file_name());
        assert!(!names.into_iter().any(|name| name.to_string_lossy().contains("corrupt")), "round {round}");
        before = Some(said);
    }
    lost_ticks.sort_by(f64::total_cmp);
    let share = |share: usize| lost_ticks[(lost_ticks.len() - 1) * share / 100];
    println!(
        "{events} events; between the last saved tick and the last word: median {:.2}, 99 % {:.2}, at most {:.2} ticks; \
         {without_save} processes were killed before their first save",
        share(50),
        share(99),
        share(100)
    );
    fs::remove_dir_all(&directory).expect("it is ours");
}

/// Lets a process count for so long after it has begun, kills it, and returns what it said.
fn run(directory: &Path, delay: Duration) -> Said {
    let program: PathBuf = std::env::current_exe().expect("a test has a path");
    let mut command = Command::new(program);
    let command = command.arg("count").arg(directory).stdout(Stdio::piped()).stdin(Stdio::null());
    let mut child = command.spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
    let first = lines.next();
    let reader = std::thread::spawn(move || Said::read(first.into_iter().chain(lines)));
    // tidy: real time because a process runs in it; whatever happens within is right or wrong by itself.
    std::thread::sleep(delay);
    child.kill().expect("it is our child");
    child.wait().expect("it is our child");
    reader.join().expect("every line is well formed")
}

/// Holds what one process found against what the one before had said; returns how many ticks old it was.
fn judge(round: u32, before: &Said, after: &Said) -> Option<f64> {
    let (restored_from, found) = after.restored;
    let (last_word, saved) = before.last();
    let (was_from, was) = before.restored;
    assert!(
        restored_from >= saved.max(was_from),
        "round {round}: {saved} was saved, {restored_from} was found"
    );
    let mut by_thread = HashMap::new();
    for (thread, lines) in before.lines.iter().enumerate() {
        // All that was counted before the tick that was found must be there, and nothing that never was counted.
        let known = lines.iter().rfind(|line| line.2 < restored_from).map_or((0, 0), |line| (line.0, line.1));
        let counted = lines.last().map_or((0, 0), |line| (line.0, line.1));
        by_thread.insert(thread, (known, counted));
    }
    for (index, found) in found.into_iter().enumerate() {
        let (known, counted) = by_thread[&(index / 2)];
        let pick = |pair: (u64, u64)| if index % 2 == 0 { pair.0 } else { pair.1 };
        // Up to ten events are counted between two lines.
        let (least, most) = (was[index] + pick(known), was[index] + pick(counted) + 10);
        assert!(
            (least..=most).contains(&found),
            "round {round}, count {index}: {found}, not {least} to {most}"
        );
    }
    #[expect(clippy::cast_precision_loss, reason = "some milliseconds")]
    (saved > 0).then(|| last_word.saturating_sub(restored_from) as f64 / TICK.as_nanos() as f64)
}
