//! The budgets as a table in the terminal, drawn again every second.
//!
//! Drawing is a function of the read model; nothing is counted or judged here. What is not known is called
//! "no data", and no ratio is rounded up to a promise that was not kept.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use slo_tower::{Registry, Severity, SloStatus, Status};
use tokio::sync::mpsc::Receiver;
use tokio::time::{MissedTickBehavior, interval};

const NO_DATA: &str = "no data";
/// Characters of a full budget's bar.
const BAR: u8 = 10;
/// Where the terminal does not say how wide it is.
const WIDTH: usize = 80;

/// Draws the budgets until the process ends, with each note above them as it comes.
pub(crate) async fn live(slos: &Registry, colour: bool, mut notes: Receiver<String>) -> io::Result<()> {
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut lines = 0;
    loop {
        let note = tokio::select! {
            _ = seconds.tick() => String::new(),
            Some(note) = notes.recv() => note + "\n\n",
        };
        let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0.into());
        let picture = draw(&slos.status(), width, colour);
        // Up to where the last picture began, and away with it.
        let erase = if lines > 0 { format!("\x1b[{lines}A\x1b[J") } else { String::new() };
        let mut out = io::stdout().lock();
        out.write_all((erase + &note + &picture).as_bytes())?;
        out.flush()?;
        lines = picture.lines().count();
    }
}

/// Draws all SLOs, one a line, no wider than `width`.
pub(crate) fn draw(status: &Status, width: usize, colour: bool) -> String {
    let columns = columns(width);
    let mut picture = String::new();
    let titles = columns.iter().map(|column| column.title.to_owned());
    row(&mut picture, &columns, titles, width, if colour { "\x1b[2m" } else { "" });
    for slo in &status.slos {
        let cells = columns.iter().map(|column| (column.cell)(slo));
        row(&mut picture, &columns, cells, width, if colour { paint(slo) } else { "" });
    }
    picture
}

/// One column of the table.
struct Column {
    title: &'static str,
    width: usize,
    left: bool,
    /// Narrower terminals do without it.
    dropped_below: usize,
    cell: fn(&SloStatus) -> String,
}

const COLUMNS: [Column; 10] = [
    Column { title: "slo", width: 28, left: true, dropped_below: 0, cell: |slo| slo.name.clone() },
    Column { title: "objective", width: 14, left: true, dropped_below: 95, cell: objective },
    Column {
        title: "events",
        width: 8,
        left: false,
        dropped_below: 104,
        cell: |slo| slo.events.total().to_string(),
    },
    Column { title: "bad", width: 6, left: false, dropped_below: 71, cell: |slo| slo.events.bad.to_string() },
    Column { title: "sli", width: 8, left: false, dropped_below: 64, cell: sli },
    Column { title: "budget left", width: 19, left: true, dropped_below: 55, cell: budget },
    Column { title: "burn 5m", width: 8, left: false, dropped_below: 113, cell: |slo| burn(slo, "5m") },
    Column { title: "burn 1h", width: 8, left: false, dropped_below: 80, cell: |slo| burn(slo, "1h") },
    Column { title: "coverage", width: 8, left: false, dropped_below: 122, cell: coverage },
    Column { title: "alert", width: 6, left: true, dropped_below: 35, cell: |slo| alert(slo).to_owned() },
];

/// Returns the columns for which there is room.
fn columns(width: usize) -> Vec<Column> {
    COLUMNS.into_iter().filter(|column| width >= column.dropped_below).collect()
}

fn row(
    picture: &mut String,
    columns: &[Column],
    cells: impl Iterator<Item = String>,
    width: usize,
    paint: &str,
) {
    let mut line = String::new();
    for (column, cell) in columns.iter().zip(cells) {
        let cell = fitted(cell, column.width);
        let separator = if line.is_empty() { "" } else { " " };
        let room = column.width;
        let written = if column.left {
            write!(line, "{separator}{cell:<room$}")
        } else {
            write!(line, "{separator}{cell:>room$}")
        };
        written.expect("a string takes everything");
    }
    let line = fitted(line.trim_end().to_owned(), width);
    let reset = if paint.is_empty() { "" } else { "\x1b[0m" };
    writeln!(picture, "{paint}{line}{reset}").expect("a string takes everything");
}

/// Cuts what is too long, and shows that it was cut.
fn fitted(text: String, width: usize) -> String {
    if text.chars().count() <= width {
        return text;
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

fn paint(slo: &SloStatus) -> &'static str {
    match (alert(slo), slo.budget.remaining_ratio) {
        ("page", _) => "\x1b[31m",
        ("ticket", _) => "\x1b[33m",
        (_, Some(..0.0)) => "\x1b[33m",
        (_, Some(_)) => "\x1b[32m",
        (_, None) => "\x1b[2m",
    }
}

fn objective(slo: &SloStatus) -> String {
    match slo.threshold {
        Some(threshold) => format!("{} < {threshold}", slo.objective),
        None => slo.objective.to_string(),
    }
}

fn sli(slo: &SloStatus) -> String {
    // In whole numbers and downwards: 99.9999 % must not look like 100 %.
    match (u128::from(slo.events.good) * 100_000).checked_div(slo.events.total().into()) {
        Some(thousandths) => format!("{}.{:03}%", thousandths / 1_000, thousandths % 1_000),
        None => NO_DATA.to_owned(),
    }
}

fn budget(slo: &SloStatus) -> String {
    let Some(left) = slo.budget.remaining_ratio else { return NO_DATA.to_owned() };
    let filled = (1..=BAR).filter(|tenth| left * f64::from(BAR) >= f64::from(*tenth)).count();
    let percent = if left < -99.0 { "< -9900%".to_owned() } else { format!("{:.1}%", left * 100.0) };
    format!("{}{} {percent:>8}", "█".repeat(filled), "░".repeat(usize::from(BAR) - filled))
}

fn burn(slo: &SloStatus, window: &str) -> String {
    let rate = slo.burn_rates.iter().find(|burn| burn.window == window).and_then(|burn| burn.rate);
    rate.map_or_else(|| NO_DATA.to_owned(), |rate| format!("{:.2}", rate.get()))
}

fn coverage(slo: &SloStatus) -> String {
    format!("{:.3}%", slo.coverage * 100.0)
}

fn alert(slo: &SloStatus) -> &'static str {
    let active = slo.alerts.iter().filter(|alert| alert.active);
    active.map(|alert| alert.severity).max().map_or("-", Severity::as_str)
}

#[cfg(test)]
mod tests {
    use slo_tower::{Clock, Objective, Outcome, Sli, Slo, SloRegistry, Threshold, Timestamp, Verdict};

    use super::*;

    /// An hour of a shop: no checkout yet, one bad search, and recommendations that break at the end.
    fn status() -> Status {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        let latency = Sli::Latency { threshold: Threshold::literal("200ms") };
        let slo = |name, sli, objective| Slo::literal(name, sli, Objective::literal(objective));
        let route = |slo: Slo, route: &'static str| slo.with_route(route).expect("a route");
        let slos = SloRegistry::builder("shop")
            .without_declared()
            .clock(clock.clone())
            .slo(route(slo("checkout-availability", Sli::Availability, "99.9%"), "POST /checkout"))
            .slo(route(slo("search-latency", latency, "95%"), "GET /search"))
            .slo(route(slo("search-availability", Sli::Availability, "99.95%"), "GET /search"))
            .slo(route(slo("recommendations-availability", Sli::Availability, "99%"), "GET /recommendations"))
            .build()
            .expect("valid promises");
        for minute in 0..60 {
            clock.advance(Duration::from_secs(60));
            for second in 0..60 {
                slos.recorder()
                    .request("GET", Some("/search"))
                    .finish_as(Outcome::Completed(200), Verdict::Good);
                let good = second % 5 != 0 || minute < 50;
                let status = if good { 200 } else { 503 };
                let verdict = if good { Verdict::Good } else { Verdict::Bad };
                slos.recorder()
                    .request("GET", Some("/recommendations"))
                    .finish_as(Outcome::Completed(status), verdict);
            }
            slos.tick(clock.now());
        }
        slos.recorder().request("GET", Some("/search")).finish_as(Outcome::Completed(500), Verdict::Bad);
        slos.status()
    }

    #[test]
    fn the_table_is_drawn_as_in_the_golden_file() {
        let status = status();
        let pictures: Vec<String> =
            [122, 80, 40, 20].map(|width| format!("{width} wide:\n{}", draw(&status, width, false))).into();
        let golden = include_str!("../tests/golden/terminal.txt");
        assert_eq!(pictures.join("\n"), golden, "\n{}", pictures.join("\n"));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let status = status();
        for width in 1..=140 {
            let picture = draw(&status, width, false);
            assert!(picture.lines().all(|line| line.chars().count() <= width), "{width}:\n{picture}");
        }
    }

    #[test]
    fn colours_change_nothing_but_colours() {
        let status = status();
        let mut painted = draw(&status, 130, true);
        assert!(painted.contains("\x1b[33mrecommendations-availability"), "{painted}");
        for code in ["\x1b[0m", "\x1b[2m", "\x1b[31m", "\x1b[32m", "\x1b[33m"] {
            painted = painted.replace(code, "");
        }
        assert_eq!(painted, draw(&status, 130, false));
    }
}
