//! Promises by how much a request matters, as the SRE workbook proposes them.
//!
//! "Alerting at Scale" in its fifth chapter: a large service does not think about each of its requests, it puts each into
//! one of a few classes.

use std::fmt;
use std::str::FromStr;

use super::error::{ObjectiveError, Reason};
use super::{Objective, Sli, Slo, Threshold};

/// How much a request matters, and what is promised of it.
///
/// | class | availability | latency |
/// |---|---|---|
/// | `Critical`: failures hurt every user, such as signing in | 99.99 % | 90 % < 100 ms, 99 % < 200 ms |
/// | `HighFast`: what the service is used for, interactively | 99.9 % | 90 % < 100 ms, 99 % < 200 ms |
/// | `HighSlow`: the same where users are ready to wait | 99.9 % | 90 % < 1 s, 99 % < 5 s |
/// | `Low`: hardly anybody notices a failure | 99 % | |
///
/// The workbook's fifth class, `NO_SLO`, promises nothing: declare no SLO.
///
/// ```
/// use slo_core::ObjectiveClass;
/// let slos = ObjectiveClass::parse("HIGH_FAST")?.slos("orders")?;
/// let names: Vec<_> = slos.iter().map(|slo| slo.name()).collect();
/// assert_eq!(names, ["orders-availability", "orders-latency-100ms", "orders-latency-200ms"]);
/// # Ok::<(), slo_core::ObjectiveError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ObjectiveClass {
    /// The most important requests.
    Critical,
    /// Important ones that must be fast.
    HighFast,
    /// Important ones that may take a while.
    HighSlow,
    /// The least important ones.
    Low,
}

const fn latency(objective: &str, threshold: &str) -> (Sli, Objective) {
    (Sli::Latency { threshold: Threshold::literal(threshold) }, Objective::literal(objective))
}

const fn availability(objective: &str) -> (Sli, Objective) {
    (Sli::Availability, Objective::literal(objective))
}

const CRITICAL: [(Sli, Objective); 3] =
    [availability("99.99%"), latency("90%", "100ms"), latency("99%", "200ms")];
const HIGH_FAST: [(Sli, Objective); 3] =
    [availability("99.9%"), latency("90%", "100ms"), latency("99%", "200ms")];
const HIGH_SLOW: [(Sli, Objective); 3] =
    [availability("99.9%"), latency("90%", "1000ms"), latency("99%", "5000ms")];
const LOW: [(Sli, Objective); 1] = [availability("99%")];

impl ObjectiveClass {
    /// Every class, most important first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::HighFast, Self::HighSlow, Self::Low];

    /// Reads the word for a class, in any case.
    ///
    /// # Errors
    ///
    /// If there is no such class; `no_slo` is one that promises nothing, and says so.
    pub fn parse(text: &str) -> Result<Self, ObjectiveError> {
        let named = Self::ALL.into_iter().find(|class| class.as_str().eq_ignore_ascii_case(text));
        let reason = if text.eq_ignore_ascii_case("no_slo") { Reason::ClassEmpty } else { Reason::Class };
        named.ok_or_else(|| ObjectiveError::new(text, reason))
    }

    /// Returns the word for it: `critical`, `high_fast`, `high_slow` or `low`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::HighFast => "high_fast",
            Self::HighSlow => "high_slow",
            Self::Low => "low",
        }
    }

    /// Returns what the class promises.
    #[must_use]
    pub const fn goals(self) -> &'static [(Sli, Objective)] {
        match self {
            Self::Critical => &CRITICAL,
            Self::HighFast => &HIGH_FAST,
            Self::HighSlow => &HIGH_SLOW,
            Self::Low => &LOW,
        }
    }

    /// Returns what the class promises as SLOs, named by `name`, their kind and, where there are two, their threshold, as
    /// `#[slo]` names them.
    ///
    /// # Errors
    ///
    /// If the name, with what is added to it, is not one an SLO could have.
    pub fn slos(self, name: &str) -> Result<Vec<Slo>, ObjectiveError> {
        let slo = |&(sli, objective): &(Sli, Objective)| {
            let suffix = sli.threshold().map_or(String::new(), |threshold| format!("-{threshold}"));
            Slo::new(format!("{name}-{}{suffix}", sli.kind()), sli, objective)
        };
        self.goals().iter().map(slo).collect()
    }
}

impl FromStr for ObjectiveClass {
    type Err = ObjectiveError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for ObjectiveClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_promise_what_the_workbook_says() {
        for (class, expected) in [
            ("CRITICAL", "availability 99.99%, latency 90% < 100ms, latency 99% < 200ms"),
            ("high_fast", "availability 99.9%, latency 90% < 100ms, latency 99% < 200ms"),
            ("High_Slow", "availability 99.9%, latency 90% < 1s, latency 99% < 5s"),
            ("low", "availability 99%"),
        ] {
            let slos = ObjectiveClass::parse(class).unwrap().slos("x").unwrap();
            let written: Vec<_> = slos
                .iter()
                .map(|slo| {
                    let below = slo.sli().threshold().map_or(String::new(), |below| format!(" < {below}"));
                    format!("{} {}{below}", slo.sli().kind(), slo.objective())
                })
                .collect();
            assert_eq!(written.join(", "), expected);
        }
        for class in ObjectiveClass::ALL {
            assert_eq!(ObjectiveClass::parse(class.as_str()), Ok(class));
            assert!(class.slos("").is_ok() && class.slos("a b").is_err());
        }
        assert_eq!(ObjectiveClass::parse("vip"), Err(ObjectiveError::new("vip", Reason::Class)));
        assert_eq!(ObjectiveClass::parse("NO_SLO"), Err(ObjectiveError::new("NO_SLO", Reason::ClassEmpty)));
    }
}
