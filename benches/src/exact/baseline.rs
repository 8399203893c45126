//! What an operation may cost: the baseline, and what exceeds it.
//!
//! How many instructions a line of Rust becomes is up to the compiler, how many a copy takes to the C library and
//! to the processor that valgrind makes believe in. A baseline therefore says by which toolchain it was
//! counted. On the same one every instruction counts; on another one, only what no toolchain explains. Allocations are
//! the same everywhere, and always count.

use super::{Cost, Costs, parse, print};
use crate::layer;

/// How much more an operation may cost than its baseline says.
const TOLERANCE: f64 = 1.05;
/// The same where another toolchain made the program.
const TOLERANCE_ELSEWHERE: f64 = 1.25;
/// What stands before the toolchain in the file.
const TOOLCHAIN: &str = "# toolchain: ";

/// What our operations cost when somebody last agreed to it.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// By what it was counted.
    pub toolchain: String,
    /// What it counted.
    pub costs: Costs,
}

impl Baseline {
    /// Reads what [`Baseline::print`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let toolchain = text.lines().find_map(|line| line.strip_prefix(TOOLCHAIN)).unwrap_or("unknown");
        Self { toolchain: toolchain.trim().to_owned(), costs: parse(text) }
    }

    /// Writes the file.
    #[must_use]
    pub fn print(&self) -> String {
        format!(
            "# Instructions and allocations of one operation, by section and name. Written by scripts/bench.sh --bless.\n\
             {TOOLCHAIN}{}\n{}",
            self.toolchain,
            print(&self.costs)
        )
    }

    /// Returns how much more an operation may cost in this run, and the sentence that says so.
    #[must_use]
    pub fn allowance(&self, run: &Self) -> (f64, String) {
        if self.toolchain == run.toolchain {
            return (
                TOLERANCE,
                format!("compared with what this toolchain made of the baseline: {}", run.toolchain),
            );
        }
        let scale = foreign(&run.costs, &self.costs) / foreign(&self.costs, &run.costs);
        let text = format!(
            "WARNING: the baseline is of another toolchain. Instructions are compared with wide tolerance only:\n\
             what is not ours takes {scale:.3} of what it took there, and ours may take {TOLERANCE_ELSEWHERE} times that\n\
             \x20 baseline: {}\n\x20 here:     {}",
            self.toolchain, run.toolchain
        );
        (scale * TOLERANCE_ELSEWHERE, text)
    }

    /// Returns a line for everything of ours that costs more than `allowance` times the baseline, or is not in it. What a
    /// layer costs is what it adds, so that another version of axum is no regression of ours.
    #[must_use]
    pub fn regressions(&self, costs: &Costs, allowance: f64) -> Vec<String> {
        ours(costs).flat_map(|(section, name)| self.judge(costs, section, name, allowance)).collect()
    }

    fn judge(&self, costs: &Costs, section: &str, name: &str, allowance: f64) -> Vec<String> {
        let (Some(now), Some(before)) = (added(costs, section, name), added(&self.costs, section, name))
        else {
            return vec![format!("{section}: {name}: not in the baseline: write it with --bless")];
        };
        let mut found = Vec::new();
        if now.allocations > before.allocations + 0.005 {
            found.push(format!(
                "{section}: {name}: {:.2} allocations, were {:.2}",
                now.allocations, before.allocations
            ));
        }
        // One instruction more is no regression of an operation that has ten.
        if now.instructions > before.instructions * allowance + 1.0 {
            found.push(format!(
                "{section}: {name}: {:.1} instructions, were {:.1} ({:+.1} %)",
                now.instructions,
                before.instructions,
                (now.instructions / before.instructions - 1.0) * 100.0
            ));
        }
        found
    }

    /// Returns a line for everything of ours that costs so much less that a later regression would hide behind it.
    #[must_use]
    pub fn savings(&self, costs: &Costs) -> Vec<String> {
        let save = |(section, name): (&str, &str)| {
            let (now, before) = (added(costs, section, name)?, added(&self.costs, section, name)?);
            let less =
                now.instructions * TOLERANCE < before.instructions || now.allocations < before.allocations;
            less.then(|| {
                format!(
                    "{section}: {name}: {:.1} instructions, were {:.1}",
                    now.instructions, before.instructions
                )
            })
        };
        ours(costs).filter_map(save).collect()
    }
}

fn ours(costs: &Costs) -> impl Iterator<Item = (&str, &str)> {
    costs.keys().map(|(section, name)| (section.as_str(), name.as_str())).filter(|(_, name)| is_ours(name))
}

fn is_ours(name: &str) -> bool {
    name.starts_with("slo")
}

/// Returns the instructions of all that is not ours and was counted in the other run as well.
fn foreign(costs: &Costs, other: &Costs) -> f64 {
    let shared = costs.iter().filter(|(key, _)| !is_ours(&key.1) && other.contains_key(*key));
    shared.map(|(_, cost)| cost.instructions).sum()
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

    fn baseline(toolchain: &str, bare: f64, instructions: f64, allocations: f64) -> Baseline {
        let cost = |name: &str, instructions, allocations| {
            (("s".to_owned(), name.to_owned()), Cost { instructions, allocations })
        };
        let costs = Costs::from([cost("slo", bare + instructions, allocations), cost("bare", bare, 0.0)]);
        Baseline { toolchain: toolchain.to_owned(), costs }
    }

    #[test]
    fn what_is_printed_can_be_read() {
        let written = baseline("rustc 1.95.0, glibc 2.36", 1_000.0, 294.5, 1.0);
        let read = Baseline::parse(&written.print());
        assert_eq!((read.toolchain, read.costs), (written.toolchain, written.costs));
    }

    #[test]
    fn regressions_are_found_beyond_the_tolerance() {
        let before = baseline("a", 1_000.0, 300.0, 1.0);
        for (toolchain, bare, instructions, allocations, expected) in [
            ("a", 1_000.0, 300.0, 1.0, 0),
            ("a", 1_000.0, 315.0, 1.0, 0),
            ("a", 1_000.0, 320.0, 1.0, 1),
            ("a", 1_000.0, 300.0, 1.1, 1),
            ("a", 1_000.0, 400.0, 2.0, 2),
            ("a", 1_000.0, 100.0, 0.0, 0),
            // Another toolchain makes everything longer, or shorter.
            ("b", 1_100.0, 400.0, 1.0, 0),
            ("b", 900.0, 400.0, 1.0, 1),
            ("b", 1_000.0, 300.0, 1.1, 1),
        ] {
            let run = baseline(toolchain, bare, instructions, allocations);
            let found = before.regressions(&run.costs, before.allowance(&run).0);
            assert_eq!(found.len(), expected, "{found:?}");
        }
        let unknown = Baseline { costs: Costs::new(), ..before.clone() };
        assert_eq!(unknown.regressions(&before.costs, TOLERANCE).len(), 1);
    }

    #[test]
    fn another_toolchain_is_said_loudly() {
        let before = baseline("a", 1_000.0, 300.0, 1.0);
        assert!(before.allowance(&baseline("b", 1_000.0, 300.0, 1.0)).1.starts_with("WARNING"));
        assert!(!before.allowance(&before).1.contains("WARNING"));
    }

    #[test]
    fn savings_are_found_beyond_the_tolerance() {
        let before = baseline("a", 1_000.0, 300.0, 1.0);
        assert!(before.savings(&before.costs).is_empty());
        assert_eq!(before.savings(&baseline("a", 1_000.0, 200.0, 1.0).costs).len(), 1);
    }
}
