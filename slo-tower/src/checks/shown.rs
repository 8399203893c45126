//! How amounts are written for people.

/// Writes a number of bytes: `1.5 GiB`.
pub(super) fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let power = bytes.ilog2() / 10;
    // What would be rounded to 1024 of a unit is written as 1 of the next one.
    let of = |power: u32| bytes as f64 / (1_u64 << (10 * power)) as f64;
    let power = if of(power) >= 1023.95 && power < 6 { power + 1 } else { power };
    let digits = usize::from(of(power).fract() > 0.0);
    format!("{:.digits$} {}", of(power), UNITS[power as usize - 1])
}

/// Writes a share: `4.2%`.
pub(super) fn percent(share: f64) -> String {
    let tenths = (share * 1_000.0).round() / 10.0;
    format!("{tenths}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_well() {
        for (amount, expected) in [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_024, "1 KiB"),
            (1_536, "1.5 KiB"),
            (1_048_575, "1.0 MiB"),
            (1_048_576, "1 MiB"),
            (20 << 30, "20 GiB"),
            (u64::MAX, "16 EiB"),
        ] {
            assert_eq!(bytes(amount), expected, "{amount}");
        }
        for (share, expected) in [(0.05, "5%"), (0.0421, "4.2%"), (1.0, "100%"), (0.0, "0%")] {
            assert_eq!(percent(share), expected);
        }
    }
}
