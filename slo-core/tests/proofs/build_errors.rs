//! What cannot be promised is refused when the registry is built, with the place to look at.

use std::time::Duration;

use slo_core::{
    AlertPolicy, AlertRow, BuildError, Objective, Registry, RegistryBuilder, Severity, Sli, Slo, Threshold,
    Window,
};

use super::support::{on_route, slo};

fn check(builder: RegistryBuilder, expected: &[&str]) -> BuildError {
    let error = builder.build().expect_err("it must be refused");
    let text = error.to_string();
    for part in expected {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
    assert!(!text.ends_with('.'), "{text:?}");
    error
}

#[test]
fn wrong_promises_are_refused_by_name_and_place() {
    let objective = Objective::literal("80%");
    let hopeless =
        Slo::new("hopeless", Sli::Availability, objective).and_then(|slo| slo.with_operation("job"));
    let hopeless = hopeless.expect("it is well formed").with_alerts(AlertPolicy::PAGE);
    let here = file!().rsplit('/').next().expect("a file has a name");
    let unbound = slo("unbound", Sli::Availability);
    let error = check(Registry::builder(""), &["service has no name"]);
    assert!(matches!(error, BuildError::ServiceName));
    let error =
        check(Registry::builder("shop").slo(unbound), &["\"unbound\"", here, "route or an operation"]);
    assert!(matches!(error, BuildError::NoEvents { .. }));
    let error = check(Registry::builder("shop").slo(hopeless), &["\"hopeless\"", here, "14.4", "80%"]);
    assert!(matches!(error, BuildError::DeadAlertRow { .. }));
    let steep = AlertRow::new(Severity::Page, Duration::from_secs(120), 80.0)
        .and_then(|row| AlertPolicy::new(&[row]));
    let late =
        on_route("late", Sli::Availability, "GET /").with_alerts(steep.expect("it is fine over a month"));
    assert!(Registry::builder("shop").slo(late.clone()).build().is_ok());
    let late = late.with_window(Window::literal("1h"));
    let error = check(Registry::builder("shop").slo(late), &["\"late\"", here, "80 times", "window of 1h"]);
    assert!(matches!(error, BuildError::LateAlertRow { .. }));
}

#[test]
fn duplicate_names_name_both_places() {
    let twice = || on_route("twice", Sli::Availability, "GET /");
    let first = line!() + 1;
    let builder = Registry::builder("shop").slo(twice());
    let builder = builder.slo(on_route("once", Sli::Availability, "GET /"));
    let second = line!() + 1;
    let builder = builder.slo(twice());
    let places = [first, second].map(|line| format!("build_errors.rs:{line}:"));
    let error = check(builder, &["\"twice\"", &places[0], &places[1]]);
    let BuildError::DuplicateSlo { first: one, second: other, .. } = error else { panic!("{error:?}") };
    assert_eq!((one.line(), other.line()), (first, second));
}

/// Promises with this many different thresholds on one route.
fn with_thresholds(count: u64, different: u64) -> RegistryBuilder {
    (0..count).fold(Registry::builder("shop"), |builder, number| {
        let threshold = Threshold::parse(&format!("{}ns", 1 + number % different)).expect("a duration");
        builder.slo(on_route(&format!("slo-{number}"), Sli::Latency { threshold }, "GET /"))
    })
}

#[test]
fn more_thresholds_than_boundaries_are_refused() {
    let error = check(with_thresholds(187, 187), &["187", "186"]);
    assert!(matches!(error, BuildError::TooManyThresholds { thresholds: 187 }));
    for (count, different) in [(186, 186), (400, 1)] {
        let built = with_thresholds(count, different).build();
        let bounds = super::support::Scrape::of(&built.expect("they fit"))
            .all("http_server_request_duration_seconds_bucket", &[("http_route", "/")])
            .count() as u64;
        assert_eq!(bounds, different + 14 + 1);
    }
}

#[cfg(not(feature = "calendar"))]
#[test]
fn a_month_without_its_feature_is_refused() {
    let month = Window::parse("month Europe/Berlin").expect("it is well written");
    let slo = on_route("monthly", Sli::Availability, "GET /").with_window(month);
    let error = check(
        Registry::builder("shop").slo(slo),
        &["\"monthly\"", "month Europe/Berlin", "feature `calendar`"],
    );
    assert!(matches!(error, BuildError::CalendarUnsupported { .. }));
}
