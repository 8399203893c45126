//! Shares, factors and durations as OpenSLO writes them.

use std::time::Duration;

use super::fields::Faults;
use super::node::{Node, Place, Value};
use crate::objective::Objective;

const BILLION: u64 = 1_000_000_000;

/// A duration of OpenSLO: one number and one letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shorthand {
    Span(Duration),
    Months(u64),
    Quarters(u64),
    Years(u64),
}

/// Writes a share as a decimal, to the last digit: `0.999`.
pub(super) fn decimal(objective: Objective) -> String {
    let digits = format!("{:09}", objective.parts_per_billion());
    debug_assert!(objective.parts_per_billion() < BILLION);
    format!("0.{}", digits.trim_end_matches('0'))
}

/// Writes a share as a percentage without its sign: `99.9`.
fn percentage(objective: Objective) -> String {
    objective.to_string().trim_end_matches('%').to_owned()
}

/// Reads a number as it is written, with its exponent moved into its digits.
fn number(node: &Node, what: &str, such_as: &str, faults: &mut Faults) -> Option<String> {
    let found = match &node.value {
        Value::Scalar { text, plain: true } if !node.is_nothing() => match without_exponent(text) {
            Some(number) => return Some(number),
            None => {
                return faults
                    .refuse(node.at, format!("{what} {text:?} is no plain number: write {such_as}"));
            }
        },
        Value::Scalar { text, plain: false } => {
            return faults.refuse(node.at, format!("{what} {text:?} is a text: write it without quotes"));
        }
        Value::Scalar { .. } | Value::List(_) | Value::Map(_) => node.kind(),
    };
    faults.refuse(node.at, format!("{what} is {found} and not a number: write {such_as}"))
}

/// Returns a decimal that says the same; `None` if this is none.
fn without_exponent(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok().filter(|exponent| (-18..=18).contains(exponent))?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
    if !(is_number(whole) && is_number(part)) || whole.len() + part.len() == 0 {
        return None;
    }
    let (left, right) = (exponent.min(0).unsigned_abs() as usize, exponent.max(0).unsigned_abs() as usize);
    let (before, after) = ("0".repeat(left), "0".repeat(right.saturating_sub(part.len())));
    let digits = format!("{before}{whole}{part}{after}");
    // As many zeros stand before as the point moves to the left.
    let point = whole.len() + right;
    let (whole, part) = digits.split_at(point);
    let (whole, part) = (whole.trim_start_matches('0'), part.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if part.is_empty() { whole.to_owned() } else { format!("{whole}.{part}") })
}

/// Reads a share below 1, such as a `target`; `percent` is the field for a percentage, if there is one.
pub(super) fn share(
    node: &Node,
    what: &str,
    percent: Option<&str>,
    faults: &mut Faults,
) -> Option<Objective> {
    let written = number(node, what, "a share below 1, such as 0.999", faults)?;
    let fault = match &*written {
        "0" => "promises nothing: write more, such as 0.999".to_owned(),
        "1" | "100" => "leaves no error budget: write less, such as 0.999".to_owned(),
        below if below.starts_with("0.") => match Objective::parse(below) {
            Ok(objective) => return Some(objective),
            Err(_) => "is finer than a billionth: write at most nine decimals".to_owned(),
        },
        above => match (Objective::parse(&format!("{above}%")), percent) {
            (Ok(meant), Some(percent)) => format!(
                "is a percentage: write {what}: {}, or {percent}: {}",
                decimal(meant),
                percentage(meant)
            ),
            (Ok(meant), None) => format!("is a percentage: write {}", decimal(meant)),
            (Err(_), _) => "is more than everything: write a share below 1, such as 0.999".to_owned(),
        },
    };
    faults.refuse(node.at, format!("{what} {written} {fault}"))
}

/// Reads a percentage from 1 on, such as a `targetPercent`.
pub(super) fn percent(node: &Node, faults: &mut Faults) -> Option<Objective> {
    let written = number(node, "targetPercent", "a percentage, such as 99.9", faults)?;
    let fault = match (Objective::parse(&format!("{written}%")), Objective::parse(&written)) {
        _ if written == "0" => "promises nothing: write more, such as 99.9".to_owned(),
        (_, Ok(meant)) if written.starts_with("0.") => format!(
            "promises less than one percent: write targetPercent: {} or target: {written}",
            percentage(meant)
        ),
        (Ok(objective), _) => return Some(objective),
        _ if written == "100" => "leaves no error budget: write less, such as 99.9".to_owned(),
        _ if written.find('.').unwrap_or(written.len()) <= 2 => {
            "is finer than a billionth: write at most seven decimals".to_owned()
        }
        _ => "is more than everything: write less than 100, such as 99.9".to_owned(),
    };
    faults.refuse(node.at, format!("targetPercent {written} {fault}"))
}

/// Reads a factor.
pub(super) fn factor(node: &Node, what: &str, faults: &mut Faults) -> Option<f64> {
    let written = number(node, what, "a number, such as 14.4", faults)?;
    written.parse().ok()
}

/// Reads a whole number.
pub(super) fn whole(node: &Node) -> Option<u64> {
    match &node.value {
        Value::Scalar { text, plain: true } => text.parse().ok(),
        Value::Scalar { .. } | Value::List(_) | Value::Map(_) => None,
    }
}

/// Reads a duration such as `30d` or `1M`.
pub(super) fn shorthand(
    (at, written): (Place, &str),
    what: &str,
    such_as: &str,
    faults: &mut Faults,
) -> Option<Shorthand> {
    let split = written.find(|c: char| !c.is_ascii_digit()).unwrap_or(written.len());
    let (count, unit) = written.split_at(split);
    let read = count.parse::<u64>().ok().filter(|count| *count <= 1_000_000).and_then(|count| {
        let span = |seconds: u64| Some(Shorthand::Span(Duration::from_secs(count * seconds)));
        match unit {
            "m" => span(60),
            "h" => span(3_600),
            "d" => span(86_400),
            "w" => span(7 * 86_400),
            "M" => Some(Shorthand::Months(count)),
            "Q" => Some(Shorthand::Quarters(count)),
            "Y" => Some(Shorthand::Years(count)),
            _ => None,
        }
    });
    let fault = || {
        format!(
            "{what} {written:?} is no duration of OpenSLO, which is a whole number and one of m, h, d, w, M, Q, Y: write {such_as}"
        )
    };
    read.or_else(|| faults.refuse(at, fault()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponents_move_the_point() {
        for (text, expected) in [
            ("0.999", Some("0.999")),
            ("999e-3", Some("0.999")),
            ("9.99E-1", Some("0.999")),
            ("1.0e-9", Some("0.000000001")),
            ("0.0999e1", Some("0.999")),
            ("9.5e+1", Some("95")),
            ("0099.90", Some("99.9")),
            (".5", Some("0.5")),
            ("1", Some("1")),
            ("0.0", Some("0")),
            ("", None),
            (".", None),
            ("-1", None),
            ("1e99", None),
            ("1_000", None),
            ("0x1f", None),
            (".nan", None),
        ] {
            assert_eq!(without_exponent(text).as_deref(), expected, "{text}");
        }
    }
}
