//! Numbers, durations and foreign texts, as a document for people has them.

use std::time::Duration;

use crate::time::Timestamp;

/// Writes a text of somebody else as code, so that nothing in it is markup, a link or a line of its own.
///
/// The fence is longer than every run of backticks in it (`CommonMark`, 6.1). In a table a bar would end the cell, code or
/// not, unless it is escaped (GFM, 4.10); elsewhere the escape would show, so bars are escaped only there.
pub(super) fn code(text: &str, place: Place) -> String {
    let plain =
        |character: char| if character.is_control() || is_line_end(character) { ' ' } else { character };
    let mut text: String = text.chars().map(plain).collect();
    if text.trim().is_empty() {
        return "(empty)".to_owned();
    }
    if place == Place::Table {
        text = escape_bars(&text);
    }
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// Puts a backslash before each bar; two where one of them would only escape the backslash that is there.
fn escape_bars(text: &str) -> String {
    let mut escaped = String::new();
    let mut is_escape = false;
    for character in text.chars() {
        if character == '|' {
            escaped.push_str(if is_escape { "\\\\" } else { "\\" });
        }
        is_escape = character == '\\' && !is_escape;
        escaped.push(character);
    }
    escaped
}

/// Where a text is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Sentence,
    Table,
}

/// What some readers take for the end of a line, though it is no control character.
const fn is_line_end(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}

/// Writes a duration in its two largest units: `1 h 5 min`.
pub(crate) fn span(duration: Duration) -> String {
    const UNITS: [(u64, &str); 4] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut seconds = duration.as_secs();
    let Some(first) = UNITS.iter().position(|(unit, _)| seconds >= *unit) else {
        return "0 s".to_owned();
    };
    let mut parts = Vec::new();
    for (unit, name) in UNITS.iter().skip(first).take(2) {
        if seconds >= *unit {
            parts.push(format!("{} {name}", seconds / unit));
        }
        seconds %= unit;
    }
    parts.join(" ")
}

/// Writes a moment to the second, for people: `2023-11-14 22:13:20`.
pub(super) fn moment(moment: Timestamp) -> String {
    format!("{moment:.0}").replace('T', " ").replace('Z', "")
}

/// Writes a count with its thousands apart: `1 234 567`.
pub(super) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut written = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            written.push(' ');
        }
        written.push(digit);
    }
    written
}

/// Writes a share in percent; what nobody knows is a dash.
pub(super) fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.*} %", digits(share * 100.0), share * 100.0))
}

/// Writes a rate; what nobody knows is a dash.
pub(super) fn rate(rate: Option<f64>) -> String {
    rate.map_or_else(|| "–".to_owned(), |rate| format!("{rate:.*}", digits(rate)))
}

/// Writes seconds in the unit that suits them.
pub(super) fn seconds(seconds: f64) -> String {
    let (number, unit) = match seconds {
        ..1e-3 => (seconds * 1e6, "µs"),
        ..1.0 => (seconds * 1e3, "ms"),
        _ => (seconds, "s"),
    };
    format!("{number:.*} {unit}", digits(number))
}

/// Returns how many digits behind the point tell something.
fn digits(number: f64) -> usize {
    match number.abs() {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_texts_stay_in_their_fence() {
        for (text, sentence, table) in [
            ("POST /checkout", "`POST /checkout`", "`POST /checkout`"),
            ("a|b", "`a|b`", "`a\\|b`"),
            // Odd numbers of backslashes: an even one would leave the bar to end the cell.
            ("a\\|b", "`a\\|b`", "`a\\\\\\|b`"),
            ("a\\\\|b||", "`a\\\\|b||`", "`a\\\\\\|b\\|\\|`"),
            ("a`b``c", "```a`b``c```", "```a`b``c```"),
            ("`", "`` ` ``", "`` ` ``"),
            ("<script>\n# x\r\u{2028}", "`<script> # x  `", "`<script> # x  `"),
            ("", "(empty)", "(empty)"),
            ("\n", "(empty)", "(empty)"),
        ] {
            assert_eq!(code(text, Place::Sentence), sentence);
            assert_eq!(code(text, Place::Table), table);
        }
    }

    #[test]
    fn numbers_read_well() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_905, "1 h 5 min"),
            (86_405, "1 d"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), expected);
        }
        for (number, expected) in [(0, "0"), (999, "999"), (1_000, "1 000"), (12_345_678, "12 345 678")] {
            assert_eq!(count(number), expected);
        }
        assert_eq!([Some(0.12345), Some(-1.5), None].map(percent), ["12.3 %", "-150 %", "–"]);
        assert_eq!([0.000_012, 0.25, 12.0].map(seconds), ["12.0 µs", "250 ms", "12.0 s"]);
        assert_eq!(moment(Timestamp::from_unix_nanos(1_700_000_000_900_000_000)), "2023-11-14 22:13:20");
    }
}
