//! The table as a picture: bars on a logarithmic scale, ours in colour.

use std::fmt::Write as _;

use crate::report::Section;

const LABEL: f64 = 380.0;
const BARS: f64 = 420.0;
const VALUE: f64 = 90.0;
const LINE: f64 = 16.0;

/// Draws all sections, one below the other, as SVG.
#[must_use]
pub fn svg(sections: &[Section]) -> String {
    let mut bars = String::new();
    let mut y = 8.0;
    for section in sections {
        y += 26.0;
        text(&mut bars, 8.0, y, "start", "title", &section.title);
        y += 6.0;
        let shown: Vec<f64> = section.rows.iter().map(|row| row.value).filter(|value| *value > 0.0).collect();
        let smallest = shown.iter().copied().fold(f64::INFINITY, f64::min);
        let largest = shown.iter().copied().fold(0.0, f64::max);
        // Half a decade below the smallest, so that its bar can be seen.
        let (low, high) = (smallest.log10() - 0.5, largest.log10());
        for row in &section.rows {
            y += LINE;
            let share = if row.value > 0.0 { (row.value.log10() - low) / (high - low) } else { 0.0 };
            let class = if row.name.starts_with("slo") { "ours" } else { "bar" };
            text(&mut bars, LABEL - 6.0, y, "end", "name", &row.name);
            // A string takes everything.
            let _ = writeln!(
                bars,
                r#"<rect class="{class}" x="{LABEL}" y="{:.0}" width="{:.1}" height="11"/>"#,
                y - 10.0,
                share * BARS
            );
            text(&mut bars, LABEL + share * BARS + 5.0, y, "start", "name", &row.unit.show(row.value));
        }
    }
    let (width, height) = (LABEL + BARS + VALUE, y + 16.0);
    format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">
<style>
text {{ font: 11px sans-serif; fill: #333 }}
.title {{ font: bold 13px sans-serif }}
.bar {{ fill: #b8c0cc }}
.ours {{ fill: #1f77b4 }}
</style>
<rect width="100%" height="100%" fill="#fff"/>
{bars}</svg>
"##
    )
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, class: &str, text: &str) {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;");
    // A string takes everything.
    let _ = writeln!(
        out,
        r#"<text class="{class}" x="{x:.1}" y="{y:.0}" text-anchor="{anchor}">{escaped}</text>"#
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Row, Unit};

    #[test]
    fn every_row_has_a_bar() {
        let row = |name: &str, value| Row { value, ..Row::new(name, Unit::Nanos) };
        let rows = vec![row("slo", 4.0), row("a < b", 50.0), row("none", -1.0)];
        let picture = svg(&[Section { title: "t".to_owned(), ours: "slo", rows }]);
        assert_eq!(picture.matches("height=\"11\"").count(), 3);
        assert!(picture.contains("a &lt; b") && picture.contains("class=\"ours\""), "{picture}");
    }
}
