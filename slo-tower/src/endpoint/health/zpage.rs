//! The text that Kubernetes' API server has made usual.

use std::fmt::Write as _;

use slo_core::Level;

use super::shown::{Line, Shown};

/// Writes a line for each check, and the sum.
pub(super) fn verbose(shown: &Shown<'_>) -> String {
    let mut out = String::new();
    for line in &shown.lines {
        write_line(&mut out, shown, line);
    }
    if shown.left_out > 0 {
        write(&mut out, format_args!("warn: {} checks are left out: there are too many\n", shown.left_out));
    }
    if !shown.unmatched.is_empty() {
        let quoted: Vec<_> = shown.unmatched.iter().map(|name| format!("{:?}", short(name))).collect();
        let quoted = quoted.join(",");
        write(
            &mut out,
            format_args!("warn: some health checks cannot be excluded: no matches for {quoted}\n"),
        );
    }
    let sum = if shown.is_success { "passed" } else { "failed" };
    write(&mut out, format_args!("{} check {sum}\n", shown.title));
    out
}

fn write_line(out: &mut String, shown: &Shown<'_>, line: &Line<'_>) {
    let name = &line.name;
    if line.is_excluded {
        return write(out, format_args!("[+]{name} excluded: ok\n"));
    }
    let (sign, word) = match (line.holds_back, line.level) {
        (true, _) => ('-', "failed"),
        (false, Level::Pass) => return write(out, format_args!("[+]{name} ok\n")),
        (false, Level::Warn | Level::Unknown | Level::Fail) => ('+', "warn"),
    };
    let reason = shown.reason(line);
    let reason = reason.as_deref().unwrap_or("reason withheld");
    write(out, format_args!("[{sign}]{name} {word}: {reason}\n"));
}

/// As much of a name as is written in so many characters as that of a check may have.
fn short(name: &str) -> String {
    let mut written = 0;
    let fits = |character: &char| {
        written += character.escape_debug().len();
        written <= 60
    };
    name.chars().take_while(fits).collect()
}

fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes everything");
}
