//! One table of everything, and its Markdown.

use std::fmt::Write as _;

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Time.
    Nanos,
    /// Memory.
    Bytes,
    /// Throughput: more is better.
    PerSecond,
    /// Anything else.
    Count,
}

impl Unit {
    /// Writes a value for people.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        let steps: &[(f64, &str)] = match self {
            Self::Nanos => &[(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")],
            Self::Bytes => &[(1_048_576.0, "MiB"), (1024.0, "KiB"), (1.0, "B")],
            Self::PerSecond => &[(1.0, "/s")],
            Self::Count => return format!("{value:.2}"),
        };
        let fits = |(step, _): &&(f64, &str)| value.abs() >= *step;
        let (step, unit) = steps.iter().find(fits).unwrap_or(&steps[steps.len() - 1]);
        let value = value / step;
        let digits = if value.abs() < 9.95 && *unit != "B" { 1 } else { 0 };
        format!("{value:.digits$} {unit}")
    }
}

/// One competitor in one comparison.
#[derive(Clone, Debug)]
pub struct Row {
    /// Who.
    pub name: String,
    /// What `value` and `together` count.
    pub unit: Unit,
    /// With one thread, or over all.
    pub value: f64,
    /// With two threads.
    pub together: Option<f64>,
    /// How many times the throughput of one thread two threads have.
    pub scaling: Option<f64>,
    /// Instructions of one operation.
    pub instructions: Option<f64>,
    /// Allocations of one operation.
    pub allocations: Option<f64>,
}

impl Row {
    /// A row without values.
    #[must_use]
    pub fn new(name: &str, unit: Unit) -> Self {
        Self {
            name: name.to_owned(),
            unit,
            value: f64::NAN,
            together: None,
            scaling: None,
            instructions: None,
            allocations: None,
        }
    }
}

/// One comparison.
#[derive(Clone, Debug)]
pub struct Section {
    /// What was compared.
    pub title: String,
    /// The name of our row, which all ratios are to; empty if there is nothing to compare.
    pub ours: &'static str,
    /// The competitors.
    pub rows: Vec<Row>,
}

impl Section {
    /// Returns the row of a competitor.
    #[must_use]
    pub fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }
}

/// Returns the row of a competitor in the section of this title.
#[must_use]
pub fn find<'a>(sections: &'a [Section], title: &str, name: &str) -> Option<&'a Row> {
    sections.iter().find(|section| section.title == title)?.row(name)
}

/// Writes all sections as one Markdown table.
#[must_use]
pub fn markdown(sections: &[Section]) -> String {
    let mut out = String::from(
        "| | 1 thread | × ours | 2 threads | × ours | scaling | instructions | allocations |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for section in sections {
        line(&mut out, &[format!("**{}**", section.title)]);
        let ours = section.row(section.ours);
        for row in &section.rows {
            let ratio = |value: Option<f64>, of: fn(&Row) -> Option<f64>| Some(value? / of(ours?)?);
            let show = |value: Option<f64>| value.map_or(String::new(), |value| row.unit.show(value));
            let is_ours = row.name.starts_with("slo");
            line(
                &mut out,
                &[
                    if is_ours { format!("**{}**", row.name) } else { row.name.clone() },
                    show(Some(row.value)),
                    factor(ratio(Some(row.value), |ours| Some(ours.value))),
                    show(row.together),
                    factor(ratio(row.together, |ours| ours.together)),
                    row.scaling.map_or(String::new(), |scaling| format!("{scaling:.2}×")),
                    row.instructions.map_or(String::new(), |count| format!("{count:.0}")),
                    row.allocations.map_or(String::new(), |count| format!("{count:.1}")),
                ],
            );
        }
    }
    out
}

fn line(out: &mut String, cells: &[String]) {
    let empty = String::new();
    out.push('|');
    for cell in cells.iter().chain(std::iter::repeat(&empty)).take(8) {
        // A string takes everything.
        let _ = write!(out, " {cell} |");
    }
    out.push('\n');
}

fn factor(ratio: Option<f64>) -> String {
    match ratio {
        Some(ratio) if ratio.is_finite() && ratio.abs() >= 9.95 => format!("{ratio:.0}"),
        Some(ratio) if ratio.is_finite() => format!("{ratio:.2}"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_with_fitting_units() {
        for (unit, value, expected) in [
            (Unit::Nanos, 2.44, "2.4 ns"),
            (Unit::Nanos, 0.31, "0.3 ns"),
            (Unit::Nanos, 1_234.0, "1.2 µs"),
            (Unit::Nanos, -12.3, "-12 ns"),
            (Unit::Bytes, 130.0, "130 B"),
            (Unit::Bytes, 2_048.0, "2.0 KiB"),
            (Unit::PerSecond, 51_234.4, "51234 /s"),
        ] {
            assert_eq!(unit.show(value), expected);
        }
    }

    #[test]
    fn ratios_are_to_ours() {
        let row = |name: &str, value| Row { value, ..Row::new(name, Unit::Nanos) };
        let rows = vec![row("slo", 4.0), row("peer", 50.0)];
        let table = markdown(&[Section { title: "a".to_owned(), ours: "slo", rows }]);
        assert!(table.ends_with("| peer | 50 ns | 12 |  |  |  |  |  |\n"), "{table}");
    }
}
