//! How names are written, and which one was probably meant.

/// What OpenSLO has every tool support.
const NAME_BYTES_MAX: usize = 63;

/// Returns a name in the letters that OpenSLO allows: of RFC 1123, small ones, digits and dashes between them.
pub(super) fn spelled(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let spelled: String = name.chars().map(plain).collect();
    let mut spelled = spelled.trim_matches('-');
    if spelled.len() > NAME_BYTES_MAX {
        spelled = spelled[..NAME_BYTES_MAX].trim_end_matches('-');
    }
    if spelled.is_empty() { "slo".to_owned() } else { spelled.to_owned() }
}

/// Spells names so that no two are the same.
#[derive(Debug, Default)]
pub(super) struct Spelling {
    taken: Vec<String>,
}

impl Spelling {
    pub(super) fn of(&mut self, name: &str) -> String {
        let plain = spelled(name);
        let mut own = plain.clone();
        let mut number = 2;
        while self.taken.contains(&own) {
            let suffix = format!("-{number}");
            own = format!(
                "{}{suffix}",
                plain[..plain.len().min(NAME_BYTES_MAX - suffix.len())].trim_end_matches('-')
            );
            number += 1;
        }
        self.taken.push(own.clone());
        own
    }
}

/// Returns the name most like what was written, if any is like it.
pub(super) fn nearest<'n>(written: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    // What is less alike is another name, and not a slip.
    const LIKENESS_MIN: f64 = 0.7;
    let written = written.to_lowercase();
    let scored = names.map(|name| (strsim::jaro_winkler(&name.to_lowercase(), &written), name));
    let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness >= LIKENESS_MIN).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_spelled_as_openslo_allows_and_stay_apart() {
        let mut spelling = Spelling::default();
        let long = "x".repeat(100);
        for (name, expected) in [
            ("checkout-availability", "checkout-availability"),
            ("place_order-latency", "place-order-latency"),
            ("place.order-latency", "place-order-latency-2"),
            ("Place-Order-Latency", "place-order-latency-3"),
            ("_", "slo"),
            ("über", "ber"),
            (&long, &"x".repeat(63)),
            (&long[..99], &format!("{}-2", "x".repeat(61))),
        ] {
            assert_eq!(spelling.of(name), expected, "{name}");
        }
    }
}
