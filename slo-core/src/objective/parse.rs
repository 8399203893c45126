//! Numbers and durations as people write them, read exactly and at compile time.
//!
//! No floating point is involved: `99.9%` is 999 000 000 parts per billion, not 998 999 999.99…, so that a
//! budget is never off by an event.

use super::error::Reason;

pub(crate) const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A decimal number: `mantissa` divided by ten to the power of `decimals`.
#[derive(Clone, Copy)]
pub(crate) struct Decimal {
    mantissa: u64,
    decimals: u32,
}

impl Decimal {
    /// As many as a mantissa can tell apart; ten to this power times any `u64` fits the arithmetic below.
    const DECIMALS_MAX: u32 = 18;

    /// Reads `bytes[from..to]`: digits with at most one point between them; `_` may group digits.
    pub(crate) const fn parse(bytes: &[u8], from: usize, to: usize) -> Option<Self> {
        let (mut mantissa, mut decimals, mut digits, mut pointed) = (0_u64, 0, 0, false);
        let mut at = from;
        while at < to {
            match bytes[at] {
                b'.' if !pointed && digits > 0 => pointed = true,
                b'_' if digits > 0 => {}
                digit @ b'0'..=b'9' => {
                    let Some(tens) = mantissa.checked_mul(10) else { return None };
                    let Some(sum) = tens.checked_add((digit - b'0') as u64) else { return None };
                    mantissa = sum;
                    digits += 1;
                    decimals += pointed as u32;
                }
                _ => return None,
            }
            at += 1;
        }
        if digits == 0 || bytes[to - 1] == b'.' || decimals > Self::DECIMALS_MAX {
            return None;
        }
        Some(Self { mantissa, decimals })
    }

    pub(crate) const fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    /// Returns the number times `unit`, if that is whole; the largest number there is if it does not fit.
    pub(crate) const fn times(self, unit: u64) -> Option<u64> {
        let product = self.mantissa as u128 * unit as u128;
        let divisor = 10_u128.pow(self.decimals);
        if !product.is_multiple_of(divisor) {
            return None;
        }
        let quotient = product / divisor;
        #[expect(clippy::cast_possible_truncation, reason = "compared first")]
        Some(if quotient > u64::MAX as u128 { u64::MAX } else { quotient as u64 })
    }

    /// Returns how the number compares with a whole one: -1 below, 0 equal, 1 above.
    pub(crate) const fn compare(self, whole: u64) -> i8 {
        let (left, right) = (self.mantissa as u128, whole as u128 * 10_u128.pow(self.decimals));
        if left < right { -1 } else { (left > right) as i8 }
    }
}

/// Reads a duration such as `250ms`, `1.5s` or `30d` as nanoseconds.
pub(crate) const fn duration(text: &str) -> Result<u64, Reason> {
    let bytes = text.as_bytes();
    let mut split = bytes.len();
    while split > 0 && !bytes[split - 1].is_ascii_digit() {
        split -= 1;
    }
    if split == 0 {
        return Err(Reason::DurationMalformed);
    }
    let Some(unit) = unit_nanos(bytes, split) else {
        return Err(Reason::DurationUnit);
    };
    let Some(number) = Decimal::parse(bytes, 0, split) else {
        return Err(Reason::DurationMalformed);
    };
    match number.times(unit) {
        Some(nanos) => Ok(nanos),
        None => Err(Reason::DurationTooFine),
    }
}

const fn unit_nanos(bytes: &[u8], from: usize) -> Option<u64> {
    Some(match bytes.split_at(from).1 {
        b"ns" => 1,
        b"us" | [0xC2, 0xB5, b's'] | [0xCE, 0xBC, b's'] => 1_000,
        b"ms" => 1_000_000,
        b"s" => NANOS_PER_SECOND,
        b"m" | b"min" => 60 * NANOS_PER_SECOND,
        b"h" => 3_600 * NANOS_PER_SECOND,
        b"d" => 86_400 * NANOS_PER_SECOND,
        b"w" => 7 * 86_400 * NANOS_PER_SECOND,
        _ => return None,
    })
}

/// Writes a duration in the largest unit that keeps it whole: `30d`, `36h`, `250ms`.
pub(crate) fn format_duration(nanos: u64) -> String {
    const UNITS: [(u64, &str); 7] = [
        (86_400 * NANOS_PER_SECOND, "d"),
        (3_600 * NANOS_PER_SECOND, "h"),
        (60 * NANOS_PER_SECOND, "m"),
        (NANOS_PER_SECOND, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
        (1, "ns"),
    ];
    let (unit, name) = UNITS.into_iter().find(|(unit, _)| nanos.is_multiple_of(*unit)).unwrap_or((1, "ns"));
    format!("{}{name}", nanos / unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact() {
        for (text, expected) in [
            ("250ms", Ok(250_000_000)),
            ("1.5s", Ok(1_500_000_000)),
            ("250µs", Ok(250_000)),
            ("0.5ns", Err(Reason::DurationTooFine)),
            ("2w", Ok(14 * 86_400 * NANOS_PER_SECOND)),
            ("ms", Err(Reason::DurationMalformed)),
            ("", Err(Reason::DurationMalformed)),
            ("5", Err(Reason::DurationUnit)),
            ("5 parsecs", Err(Reason::DurationUnit)),
            ("1.2.3s", Err(Reason::DurationMalformed)),
            (".5s", Err(Reason::DurationMalformed)),
            ("99999999999999999999s", Err(Reason::DurationMalformed)),
            ("18446744073709551619ns", Err(Reason::DurationMalformed)),
            ("0.0000000000000000001s", Err(Reason::DurationMalformed)),
            ("10000000d", Ok(u64::MAX)),
        ] {
            assert_eq!(duration(text), expected, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[0-9._]{0,60}(%|ns|ms|s|d|w| |é)?") {
            let _ = duration(&text);
            let _ = crate::objective::Objective::parse(&text);
            let _ = crate::objective::Window::parse(&text);
        }
    }

    #[test]
    fn formatted_durations_read_back() {
        for nanos in [1, 1_000, 250_000_000, 1_500_000_000, 36 * 3_600 * NANOS_PER_SECOND] {
            assert_eq!(duration(&format_duration(nanos)), Ok(nanos));
        }
        assert_eq!(format_duration(30 * 86_400 * NANOS_PER_SECOND), "30d");
    }
}
