//! Routes and series appear once, and whole.

use loom::thread;

use crate::support::{explore, fail, registry, samples, succeed};

const COUNT: &str = "http_server_request_duration_seconds_count";

/// Two threads are the first to fail on a route, and alike; a reader walks the series meanwhile.
#[test]
fn one_outcome_has_one_series() {
    explore("one series", || {
        let registry = registry();
        let recorder = registry.recorder();
        let both = [0, 1].map(|_| thread::spawn(move || fail(recorder, "/a")));
        let seen = registry.latency("GET /a").expect("it is declared").count();
        assert!(seen <= 2, "{seen}");
        both.into_iter().for_each(|one| one.join().expect("it does not panic"));
        let counts = samples(&registry, &format!(r#"{COUNT}{{http_request_method="GET",http_route="/a""#));
        assert_eq!(counts.iter().sum::<f64>(), 2.0);
        assert_eq!(counts.iter().filter(|count| **count > 0.0).count(), 1, "{counts:?}");
    });
}

/// Two threads meet an unknown route together; a reader walks the routes meanwhile.
#[test]
fn one_name_has_one_route() {
    explore("one route", || {
        let registry = registry();
        let recorder = registry.recorder();
        let both = [0, 1].map(|_| thread::spawn(move || succeed(recorder, "/new")));
        let seen = registry.latency("GET /new").map_or(0, |latency| latency.count());
        assert!(seen <= 2, "{seen}");
        both.into_iter().for_each(|one| one.join().expect("it does not panic"));
        let route = r#"{http_request_method="GET",http_route="/new""#;
        assert_eq!(samples(&registry, &format!("http_server_active_requests{route}")), [0.0]);
        assert_eq!(samples(&registry, &format!("{COUNT}{route}")), [2.0]);
    });
}

/// Two routes want the last free place: one gets it, the other is counted where all strangers are.
#[test]
fn the_last_place_is_given_once() {
    explore("last place", || {
        let registry = registry();
        let recorder = registry.recorder();
        let templates = ["/b", "/c"];
        let both = templates.map(|template| thread::spawn(move || succeed(recorder, template)));
        both.into_iter().for_each(|one| one.join().expect("it does not panic"));
        assert_eq!(samples(&registry, COUNT).iter().sum::<f64>(), 2.0);
        assert_eq!(samples(&registry, r#"slo_series_overflow_total{kind="route"}"#), [1.0]);
    });
}
