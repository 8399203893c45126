//! The protobuf format says what the text says, and its native buckets what was recorded.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use slo_core::naming::{FAMILIES, FamilyKind};
use slo_core::{Outcome, ProtobufExposition, Registry, TextFormat, Verdict};

use super::exposition::sample;
use super::protobuf_reader::{Family, Histogram, Number, histograms, read, write};
use super::support::{Random, Scrape, render};

const FAMILY: &str = "http_server_request_duration_seconds";

/// A sample as both formats have it: name, labels, value.
type Samples = BTreeMap<(String, BTreeMap<String, String>), f64>;

/// One sample belongs to the process, and other tests change it meanwhile.
fn is_of_the_registry(labels: &BTreeMap<String, String>) -> bool {
    labels.get("kind").is_none_or(|kind| kind != "unattributed")
}

/// Names the samples as the text does.
fn samples(families: &[Family]) -> Samples {
    let mut samples = Samples::new();
    let mut add = |name: String, labels: BTreeMap<String, String>, value| {
        if is_of_the_registry(&labels) {
            assert!(samples.insert((name, labels), value).is_none(), "a sample is there twice");
        }
    };
    for family in families {
        let name = |suffix: &str| format!("{}{suffix}", family.name);
        for metric in &family.metrics {
            let labels = || metric.labels.clone();
            match &metric.value {
                Number::Counter(value) | Number::Gauge(value) => add(name(""), labels(), *value),
                Number::Histogram(histogram) => {
                    let end = (f64::INFINITY, histogram.count);
                    for (bound, count) in histogram.classic.iter().chain([&end]) {
                        let mut labels = labels();
                        labels.insert("le".to_owned(), bound.to_string());
                        add(name("_bucket"), labels, *count as f64);
                    }
                    add(name("_sum"), labels(), histogram.sum);
                    add(name("_count"), labels(), histogram.count as f64);
                }
            }
        }
    }
    samples
}

/// Returns the samples of a text, with bounds written as above.
fn samples_of_text(text: &str) -> Samples {
    let plain = |bound: &mut String| {
        *bound = bound.replace("+Inf", "inf").parse::<f64>().expect("a bound").to_string();
    };
    let samples = Scrape::parse(text).0.into_iter().filter(|sample| is_of_the_registry(&sample.labels));
    let plain = samples.map(|mut sample| {
        sample.labels.get_mut("le").map(plain);
        ((sample.name, sample.labels), sample.value)
    });
    plain.collect()
}

#[test]
fn protobuf_says_what_the_text_says() {
    let (registry, _clock) = sample();
    let (families, text) = (read(&write(&registry)), render(&registry, TextFormat::Prometheus));
    assert_eq!(samples(&families), samples_of_text(&text));
    // One message for each family, in the order of the catalogue, with the same help.
    let told: Vec<_> = families.iter().map(|family| (&*family.name, &*family.help)).collect();
    let helps = text.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split_once(' '));
    assert_eq!(told, helps.collect::<Vec<_>>());
    for family in &families {
        let declared = FAMILIES.iter().find(|declared| declared.name == family.name).expect("it is ours");
        let kind = match declared.kind {
            FamilyKind::Counter => 0,
            FamilyKind::Gauge => 1,
            FamilyKind::Histogram => 4,
        };
        assert_eq!(family.kind, kind, "{}", family.name);
    }
}

fn check(histogram: &Histogram, what: &str) {
    assert_eq!((histogram.schema, histogram.zero_threshold), (5, 2.0_f64.powi(-20)), "{what}");
    let native = histogram.zeros + histogram.native.values().sum::<u64>();
    assert_eq!(native, histogram.count, "{what}");
    assert!(histogram.classic.is_sorted(), "{what}");
    assert!(histogram.classic.iter().all(|(_, count)| *count <= histogram.count), "{what}");
    assert!(histogram.native.len() <= 1_056, "{what}");
    // Buckets that are empty are there only to fill a small gap.
    assert!(histogram.native.values().filter(|count| **count == 0).count() < 2 * histogram.native.len());
}

/// Each latency is in the bucket whose bounds it lies within, but for 0.8 % of it.
#[test]
fn native_buckets_hold_what_was_recorded() {
    type Next = fn(&mut Random) -> f64;
    let latencies: [(&str, Next); 5] = [
        ("one", |_| 0.25),
        ("uniform", |random| random.share()),
        ("exponential", |random| -0.02 * random.share().ln()),
        ("ten decades", |random| 10.0_f64.powf(random.share() * 10.0 - 7.0)),
        ("too small and too large", |random| if random.share() < 0.5 { 1e-8 } else { 1e5 }),
    ];
    for (name, next) in latencies {
        let registry = Registry::builder("shop").without_declared().build().expect("it is valid");
        let mut writer =
            registry.recorder().request_series("GET", Some("/"), Outcome::Completed(200), Verdict::Good);
        let (mut random, mut recorded) = (Random(20_260_101), Vec::new());
        for _ in 0..5_000 {
            let latency = Duration::from_secs_f64(next(&mut random));
            writer.record(latency);
            recorded.push(latency.as_secs_f64().min(4_398.0));
        }
        let families = read(&write(&registry));
        let (_, _, histogram) =
            histograms(&families).find(|(_, _, histogram)| histogram.count > 0).expect("there is one");
        check(histogram, name);
        assert_eq!(histogram.count, 5_000, "{name}");
        recorded.sort_by(f64::total_cmp);
        // The buckets take the latencies in order: each one's must be where it is, or right beside.
        let mut rest = recorded.as_slice();
        let zeros = rest.split_off(..usize::try_from(histogram.zeros).expect("few")).expect("they are there");
        assert!(zeros.iter().all(|latency| *latency <= histogram.zero_threshold * 1.008), "{name}");
        for (index, count) in &histogram.native {
            let bound = |index: i32| (f64::from(index) / 32.0).exp2();
            let (below, end) = (bound(index - 1) / 1.008, bound(*index) * 1.008);
            let own = rest.split_off(..usize::try_from(*count).expect("few")).expect("they are there");
            for latency in own {
                assert!(below < *latency && *latency <= end, "{name}: {latency} in {below} to {end}");
            }
        }
        assert!(rest.is_empty(), "{name}");
    }
}

/// Whatever is recorded while it is read: native buckets are together the count, no classic bucket has more, and
/// nothing ever shrinks.
#[test]
fn histograms_that_are_recorded_into_add_up_and_grow() {
    let registry = Registry::builder("shop").without_declared().build().expect("it is valid");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for thread in 1..=3_u64 {
            let recorder = registry.recorder();
            let is_over = &is_over;
            scope.spawn(move || {
                let mut writer =
                    recorder.request_series("GET", Some("/"), Outcome::Completed(200), Verdict::Good);
                let mut random = Random(thread);
                // Relaxed: nothing depends on when it is noticed.
                while !is_over.load(Ordering::Relaxed) {
                    writer.record(Duration::from_secs_f64(random.share() * random.share()));
                }
            });
        }
        let mut before: Option<Histogram> = None;
        let mut grown = 0;
        for _ in 0..300 {
            let mut families = read(&write(&registry));
            let metrics =
                &mut families.iter_mut().find(|family| family.name == FAMILY).expect("it is there").metrics;
            let own = metrics.iter().position(|metric| metric.labels["http_route"] == "/");
            let Some(Number::Histogram(now)) = own.map(|own| metrics.swap_remove(own).value) else {
                continue;
            };
            check(&now, "under way");
            if let Some(before) = before {
                grown += u32::from(now.count > before.count);
                assert!(now.sum >= before.sum && now.zeros >= before.zeros);
                for (now, before) in now.classic.iter().zip(&before.classic) {
                    assert!(now.1 >= before.1, "{now:?} after {before:?}");
                }
                for (index, before) in &before.native {
                    assert!(
                        now.native.get(index).is_some_and(|now| now >= before) || *before == 0,
                        "{index}"
                    );
                }
            }
            before = Some(now);
        }
        // Relaxed: as above.
        is_over.store(true, Ordering::Relaxed);
        assert!(grown > 10, "it was recorded while it was read");
    });
}

/// Pieces are short, and a family that is too large for one message goes in several, with nothing lost.
#[test]
fn a_large_family_goes_in_several_messages() {
    const SERIES: u16 = 6_000;
    let registry = Registry::builder("shop").without_declared().routes_max(SERIES).series_max(SERIES).build();
    let registry = registry.expect("it is valid");
    for route in 0..SERIES - 1 {
        let attempt = registry.recorder().request("GET", Some(&format!("/shop/resource-{route}")));
        attempt.finish_as(Outcome::Completed(200), Verdict::Good);
    }
    let (mut exposition, mut bytes, mut empty_in_a_row) = (registry.protobuf_exposition(), Vec::new(), 0);
    let mut most_empty_in_a_row = 0;
    loop {
        let before = bytes.len();
        if !exposition.write_piece(&mut bytes) {
            break;
        }
        assert!(bytes.len() - before <= 32 * 1024, "a piece is short");
        empty_in_a_row = if bytes.len() == before { empty_in_a_row + 1 } else { 0 };
        most_empty_in_a_row = most_empty_in_a_row.max(empty_in_a_row);
    }
    // A megabyte of eight kilobytes each.
    assert!((100..=130).contains(&most_empty_in_a_row), "{most_empty_in_a_row}");
    let families = read(&bytes);
    let of_http = || families.iter().filter(|family| family.name == FAMILY);
    assert!(of_http().count() > 1 && of_http().all(|family| !family.help.is_empty() && family.kind == 4));
    assert_eq!(of_http().map(|family| family.metrics.len()).sum::<usize>(), usize::from(SERIES));
    assert_eq!(samples(&families), samples_of_text(&render(&registry, TextFormat::Prometheus)));
    assert!(ProtobufExposition::CONTENT_TYPE.ends_with("encoding=delimited"));
}
