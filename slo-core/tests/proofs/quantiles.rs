//! Quantiles are within one percent of the exact ones, whatever the latencies look like.

use std::time::Duration;

use slo_core::{Outcome, Verdict};

use super::support::{Random, registry};

const SEED: u64 = 0x5EED_0F51_0001;
const MICROSECOND: f64 = 1e3;
const MILLISECOND: f64 = 1e6;
const SECOND: f64 = 1e9;
const HOUR: f64 = 3_600e9;
/// In thousandths, so that the exact rank is whole arithmetic.
const PER_MILLE: [u64; 4] = [500, 900, 990, 999];

/// A shape of latencies: the `number`-th of `count`, in nanoseconds.
type Shape = fn(random: &mut Random, number: f64, count: f64) -> f64;

const SHAPES: [(&str, Shape); 8] = [
    ("constant", |_, _, _| 42.0 * MILLISECOND),
    ("bimodal", |random, _, _| {
        let centre = if random.share() < 0.8 { 2.0 * MILLISECOND } else { 900.0 * MILLISECOND };
        centre * (0.95 + 0.1 * random.share())
    }),
    ("log-normal", |random, _, _| 20.0 * MILLISECOND * (0.8 * normal(random)).exp()),
    ("heavy tail (Pareto 1.1)", |random, _, _| MILLISECOND * random.share().powf(-1.0 / 1.1)),
    ("sweep from 1 us to 1 h", |_, number, count| {
        MICROSECOND * (HOUR / MICROSECOND).powf(number / (count - 1.0))
    }),
    ("exponential", |random, _, _| -5.0 * MILLISECOND * random.share().ln()),
    (
        "cache hits and time-outs",
        |random, _, _| {
            if random.share() < 0.995 { 3.0 * MICROSECOND } else { 30.0 * SECOND }
        },
    ),
    ("powers of two and their neighbours", |random, number, _| {
        let offset = (random.share() * 3.0).floor() - 1.0;
        (10.0 + number % 31.0).exp2() + offset
    }),
];

/// A number of the standard normal distribution (Box and Muller).
fn normal(random: &mut Random) -> f64 {
    (-2.0 * random.share().ln()).sqrt() * (std::f64::consts::TAU * random.share()).cos()
}

#[test]
fn quantiles_are_within_one_percent_of_the_exact_ones() {
    // Sizes at which ranks fall on, just before and just after an event.
    for count in [1, 2, 9, 10, 11, 999, 1_000, 1_001, 20_000] {
        for (name, shape) in SHAPES {
            check(name, shape, count);
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "latencies fit 64 bits")]
fn check(name: &str, shape: Shape, count: u32) {
    let (registry, clock) = registry([]);
    let (recorder, mut random) = (registry.recorder(), Random(SEED));
    let mut exact: Vec<u64> = (0..count)
        .map(|number| shape(&mut random, f64::from(number), f64::from(count)).clamp(MICROSECOND, HOUR) as u64)
        .collect();
    for nanos in &exact {
        let attempt = recorder.request("GET", Some("/"));
        clock.advance(Duration::from_nanos(*nanos));
        attempt.finish_as(Outcome::Completed(200), Verdict::Good);
    }
    exact.sort_unstable();
    let latency = registry.latency("GET /").expect("it was recorded");
    let hdr = latency.to_hdr();
    assert_eq!((latency.count(), hdr.len()), (u64::from(count), u64::from(count)));
    assert_eq!(latency.sum(), Duration::from_nanos(exact.iter().sum()));
    for per_mille in PER_MILLE {
        let rank = (per_mille * u64::from(count)).div_ceil(1_000);
        let expected = exact[rank as usize - 1];
        let share = per_mille as f64 / 1_000.0;
        let own = latency.quantile(share).expect("there are latencies").as_nanos() as u64;
        for (source, actual) in [("own", own), ("hdr", hdr.value_at_quantile(share))] {
            assert!(
                actual.abs_diff(expected) * 100 <= expected,
                "{name}, {count} latencies, seed {SEED:#x}: {source} says {actual} at {share}, not {expected}"
            );
        }
    }
}

#[test]
fn quantiles_of_no_latencies_are_unknown() {
    let (registry, _) = registry([]);
    assert!(registry.latency("GET /").is_none());
    drop(registry.recorder().request("GET", Some("/")));
    let latency = registry.latency("GET /").expect("it was recorded");
    assert_eq!(latency.quantile(0.5), Some(Duration::ZERO));
    let (other, _) =
        super::support::registry([super::support::on_route("x", slo_core::Sli::Availability, "GET /")]);
    assert_eq!(other.latency("GET /").expect("it was promised").quantile(0.5), None);
}
