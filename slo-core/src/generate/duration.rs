//! Durations as Prometheus writes them itself, so that the names of recorded series are those that sloth gives them.

use std::time::Duration;

/// Writes whole seconds: `5m`, `3d`, `30d`, `1w`, `1d12h`. Weeks stand for days only where nothing is left over.
pub(super) fn promql(duration: Duration) -> String {
    const WEEK: u64 = 7 * 86_400;
    let seconds = duration.as_secs();
    if seconds > 0 && seconds.is_multiple_of(WEEK) {
        return format!("{}w", seconds / WEEK);
    }
    let parts =
        [(seconds / 86_400, "d"), (seconds / 3_600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let written = parts.iter().filter(|(count, _)| *count > 0);
    let text: String = written.map(|(count, unit)| format!("{count}{unit}")).collect();
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_prometheus_writes_them() {
        for (seconds, expected) in [
            (0, "0s"),
            (70, "1m10s"),
            (300, "5m"),
            (7_200, "2h"),
            (86_400, "1d"),
            (129_600, "1d12h"),
            (7 * 86_400, "1w"),
            (28 * 86_400, "4w"),
            (30 * 86_400, "30d"),
            (90 * 86_400, "90d"),
        ] {
            assert_eq!(promql(Duration::from_secs(seconds)), expected);
        }
    }
}
