//! Series are bounded, what was declared keeps its own, and a template's address is never mistaken.

use slo_core::{Events, Outcome, Recorder, Registry, RegistryBuilder, Sli, Verdict};

use super::support::{Scrape, on_route};

const COUNT: &str = "http_server_request_duration_seconds_count";
const OVERFLOW: (&str, &str) = ("http_route", "_OVERFLOW");

fn succeed(recorder: Recorder, template: Option<&str>, status: u16) {
    recorder.request("GET", template).finish_as(Outcome::Completed(status), Verdict::Good);
}

/// Three promises, on routes that are never used by others.
fn promising() -> RegistryBuilder {
    (0..3).fold(Registry::builder("shop"), |builder, number| {
        builder.slo(on_route(&format!("slo-{number}"), Sli::Availability, &format!("GET /declared/{number}")))
    })
}

/// No series may appear twice: Prometheus would drop the whole scrape.
fn assert_distinct(scrape: &Scrape) {
    let mut names: Vec<_> = scrape.0.iter().map(|sample| (&sample.name, &sample.labels)).collect();
    names.sort();
    for pair in names.windows(2) {
        assert_ne!(pair[0], pair[1]);
    }
}

#[test]
fn routes_beyond_the_maximum_share_one_series() {
    for routes_max in [0, 1, 3, 4, 10] {
        let registry = promising().routes_max(routes_max).build().expect("it is valid");
        let recorder = registry.recorder();
        for round in 0..2_u32 {
            for number in 0..30 {
                succeed(recorder, Some(&format!("/route/{number}")), 200);
            }
            for number in 0..3 {
                succeed(recorder, Some(&format!("/declared/{number}")), 200);
            }
            succeed(recorder, None, 404);
            let rounds = f64::from(round + 1);
            let own = f64::from(routes_max.saturating_sub(3));
            let scrape = Scrape::of(&registry);
            assert_distinct(&scrape);
            assert_eq!(scrape.sum(COUNT, &[OVERFLOW]), (30.0 - own) * rounds, "{routes_max}");
            let kind = [("kind", "route")];
            assert_eq!(scrape.value("slo_series_overflow_total", &kind), Some((30.0 - own) * rounds));
            assert_eq!(scrape.sum(COUNT, &[("http_route", "_UNMATCHED")]), rounds, "{routes_max}");
            assert_eq!(scrape.sum(COUNT, &[]), 34.0 * rounds, "{routes_max}");
            for slo in registry.status().slos {
                assert_eq!(
                    slo.total,
                    Events { good: u64::from(round + 1), bad: 0, excluded: 0 },
                    "{routes_max}"
                );
                assert_eq!(
                    slo.latency.map(|latency| latency.count),
                    Some(u64::from(round + 1)),
                    "{routes_max}"
                );
            }
        }
    }
}

#[test]
fn series_beyond_the_maximum_share_one() {
    for series_max in [0, 2, 3, 5, 20] {
        let registry = promising().series_max(series_max).build().expect("it is valid");
        let recorder = registry.recorder();
        for status in 200..230 {
            succeed(recorder, Some("/declared/0"), status);
            succeed(recorder, Some("/declared/1"), 200);
            succeed(recorder, Some("/declared/2"), 200);
        }
        let scrape = Scrape::of(&registry);
        assert_distinct(&scrape);
        // The declared routes have a first series each; the first of them wants 29 more.
        let over = 29.0 - f64::from(series_max.saturating_sub(3));
        assert_eq!(scrape.sum(COUNT, &[OVERFLOW]), over, "{series_max}");
        assert_eq!(scrape.value("slo_series_overflow_total", &[("kind", "series")]), Some(over));
        for route in ["/declared/1", "/declared/2"] {
            assert_eq!(scrape.value(COUNT, &[("http_route", route)]), Some(30.0), "{series_max}");
        }
        assert_eq!(scrape.sum(COUNT, &[]), 90.0, "{series_max}");
        assert_eq!(registry.status().slos[0].total.good, 30, "{series_max}");
    }
}

/// A route that answers with ever new statuses runs out of series of its own, not of the registry's.
#[test]
fn statuses_beyond_a_routes_maximum_share_the_overflow_series() {
    const OWN_MAX: f64 = 32.0;
    let registry = promising().build().expect("it is valid");
    for _ in 0..50 {
        (100..200).for_each(|status| succeed(registry.recorder(), Some("/declared/0"), status));
    }
    succeed(registry.recorder(), Some("/other"), 200);
    let scrape = Scrape::of(&registry);
    assert_distinct(&scrape);
    // The first of its own is the declared one, of status 200.
    let own = OWN_MAX - 1.0;
    assert_eq!(scrape.sum(COUNT, &[("http_route", "/declared/0")]), own * 50.0);
    assert_eq!(scrape.sum(COUNT, &[OVERFLOW]), (100.0 - own) * 50.0);
    assert_eq!(scrape.value(COUNT, &[("http_route", "/other")]), Some(1.0));
}

/// A template's address finds its route. Addresses that are freed serve other templates.
#[test]
fn reused_and_colliding_addresses_never_miscount() {
    const ROUTES: usize = 500;
    const ROUNDS: usize = 20;
    let registry = Registry::builder("shop").build().expect("it is valid");
    let recorder = registry.recorder();
    let kept: Vec<String> = (0..ROUTES).map(|number| format!("/kept/{number}")).collect();
    let mut buffer = String::new();
    for _ in 0..ROUNDS {
        for (number, template) in kept.iter().enumerate() {
            succeed(recorder, Some(template), 200);
            // Freed at once, so that the next one has the same address.
            succeed(recorder, Some(&format!("/fresh/{:03}", number % 100)), 200);
            buffer.clear();
            buffer.push_str(if number.is_multiple_of(2) { "/even" } else { "/oddd" });
            succeed(recorder, Some(&buffer), 200);
            // The same text at the same address, under other methods and as an operation.
            recorder.request("POST", Some(&buffer)).finish_as(Outcome::Completed(200), Verdict::Good);
            recorder.request("", Some(&buffer)).finish_as(Outcome::Completed(200), Verdict::Good);
            recorder.operation(&buffer).finish_as(Outcome::Completed(0), Verdict::Good);
        }
    }
    let scrape = Scrape::of(&registry);
    let expect = |count: usize, labels: &[(&str, &str)]| {
        assert_eq!(scrape.sum(COUNT, labels), count as f64, "{labels:?}");
    };
    kept.iter().for_each(|template| expect(ROUNDS, &[("http_route", template)]));
    (0..100)
        .for_each(|number| expect(ROUNDS * ROUTES / 100, &[("http_route", &format!("/fresh/{number:03}"))]));
    for (template, method) in [("/even", "GET"), ("/even", "POST"), ("/even", ""), ("/oddd", "GET")] {
        expect(ROUNDS * ROUTES / 2, &[("http_route", template), ("http_request_method", method)]);
    }
    for name in ["/even", "/oddd"] {
        let count = scrape.value("slo_operation_duration_seconds_count", &[("operation", name)]);
        assert_eq!(count, Some((ROUNDS * ROUTES / 2) as f64));
    }
    assert_eq!(scrape.sum("slo_series_overflow_total", &[]), 0.0);
}

/// The methods come from a bounded set; should they not, the exposition is still well formed.
#[test]
fn odd_methods_are_escaped_and_bounded() {
    let registry = promising().routes_max(5).build().expect("it is valid");
    for number in 0..100 {
        let method: &'static str = format!("G\"E\\T\n{number}").leak();
        registry.recorder().request(method, None).finish_as(Outcome::Completed(200), Verdict::Good);
    }
    let scrape = Scrape::of(&registry);
    assert_distinct(&scrape);
    assert_eq!(scrape.value(COUNT, &[("http_request_method", "G\"E\\T\n0")]), Some(1.0));
    assert_eq!(scrape.sum(COUNT, &[]), 100.0);
}
