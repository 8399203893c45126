//! What the tests share: an independent reading of the text exposition, and promises to hold it against.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use slo_core::{
    BurnPolicy, Check, Clock, Monitor, Objective, Registry, RuntimeStatus, Sli, Slo, TextFormat, Threshold,
    Timestamp,
};

pub(crate) use crate::skipped::skipped;

/// An hour boundary, so that every ring of the windows has a step that begins here.
pub(crate) const START: Timestamp = Timestamp::from_unix_seconds(472_222 * 3_600);

/// One line of an exposition.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

/// All samples of an exposition, read without help from the code under test.
#[derive(Debug)]
pub(crate) struct Scrape(pub(crate) Vec<Sample>);

impl Scrape {
    pub(crate) fn of(registry: &Registry) -> Self {
        Self::parse(&render(registry, TextFormat::Prometheus))
    }

    pub(crate) fn parse(text: &str) -> Self {
        Self(text.lines().filter(|line| !line.starts_with('#')).map(sample).collect())
    }

    /// Returns the samples of this name that have at least these labels.
    pub(crate) fn all(&self, name: &str, labels: &[(&str, &str)]) -> std::vec::IntoIter<&Sample> {
        let has = |sample: &Sample| {
            labels.iter().all(|(label, value)| sample.labels.get(*label).is_some_and(|own| own == value))
        };
        let wanted = self.0.iter().filter(|sample| sample.name == name && has(sample));
        wanted.collect::<Vec<_>>().into_iter()
    }

    /// Returns the value of the one sample of this name with these labels, or `None` if there is none.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let mut found = self.all(name, labels);
        let value = found.next()?.value;
        assert!(found.next().is_none(), "{name} {labels:?} names several samples");
        Some(value)
    }

    /// Adds up the samples of this name that have at least these labels.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.all(name, labels).map(|sample| sample.value).sum()
    }
}

/// Reads one line: a name, labels in braces, a value.
fn sample(line: &str) -> Sample {
    let brace = line.find('{').expect("all our samples have labels");
    let (mut labels, mut rest) = (BTreeMap::new(), &line[brace + 1..]);
    while !rest.starts_with('}') {
        let (name, after) = rest.split_once("=\"").expect("a label has a value");
        let (value, after) = quoted(after);
        assert!(labels.insert(name.to_owned(), value).is_none(), "{name} is twice in {line}");
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    let value = rest.strip_prefix("} ").expect("a value follows");
    Sample { name: line[..brace].to_owned(), labels, value: value.parse().expect("a value is a number") }
}

/// Reads up to the closing quote and returns the plain value with what follows.
fn quoted(text: &str) -> (String, &str) {
    let (mut value, mut characters) = (String::new(), text.char_indices());
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return (value, &text[at + 1..]),
            '\\' => match characters.next().expect("something is escaped").1 {
                'n' => value.push('\n'),
                plain @ ('\\' | '"') => value.push(plain),
                other => panic!("\\{other} is no escape"),
            },
            plain => value.push(plain),
        }
    }
    panic!("{text} does not end")
}

pub(crate) fn render(registry: &Registry, format: TextFormat) -> String {
    let mut text = String::new();
    registry.render(format, &mut text);
    text.push_str(format.end());
    text
}

/// A promise without a route yet.
pub(crate) fn slo(name: &str, sli: Sli) -> Slo {
    Slo::new(name.to_owned(), sli, Objective::literal("99%")).expect("the name is plain")
}

/// A promise about a route.
pub(crate) fn on_route(name: &str, sli: Sli, route: &str) -> Slo {
    slo(name, sli).with_route(route.to_owned()).expect("the route is well formed")
}

pub(crate) fn latency(threshold: &str) -> Sli {
    Sli::Latency { threshold: Threshold::parse(threshold).expect("a duration") }
}

/// A registry with these promises on a clock that stands at [`START`].
pub(crate) fn registry(slos: impl IntoIterator<Item = Slo>) -> (Registry, Clock) {
    let clock = Clock::manual(START);
    let builder = slos.into_iter().fold(Registry::builder("shop"), slo_core::RegistryBuilder::slo);
    (builder.clock(clock.clone()).build().expect("the promises are valid"), clock)
}

/// The same with the health of a process that has these checks.
pub(crate) fn watched_registry(
    slos: impl IntoIterator<Item = Slo>,
    checks: Vec<Check>,
) -> (Registry, Arc<Monitor>, Clock) {
    let (clock, monitor) = (Clock::manual(START), Monitor::new(checks, Vec::new(), 7, START));
    let runtime = || RuntimeStatus::new("tokio-runtime", Duration::ZERO, 0);
    let monitor = monitor.expect("the checks are right").with_runtimes(vec![Box::new(runtime)], START);
    let monitor = Arc::new(monitor);
    let builder = slos.into_iter().fold(Registry::builder("shop"), slo_core::RegistryBuilder::slo);
    let builder = builder.clock(clock.clone()).health(Arc::clone(&monitor), BurnPolicy::new());
    (builder.build().expect("the promises are valid"), monitor, clock)
}

/// The numbers of xorshift64*, for test data that is the same everywhere. The seed is printed by whoever fails.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Returns the next number above 0 and below 1.
    #[expect(clippy::cast_precision_loss, reason = "52 bits fit")]
    pub(crate) fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 12;
        (bits as f64 + 0.5) / (1_u64 << 52) as f64
    }
}
