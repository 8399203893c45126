//! The promises that rules are generated for: every kind of each part.

use std::time::Duration;

use slo_core::{
    AlertForm, AlertPolicy, AlertRow, Clock, Generator, Objective, ObjectiveClass, Registry, RegistryBuilder,
    Severity, Sli, Slo, Threshold, TimeSlices, Timestamp, Window,
};

pub(crate) fn slo(name: &str, sli: Sli, objective: &str) -> Slo {
    let objective = Objective::parse(objective).expect("an objective");
    let slo = Slo::new(name.to_owned(), sli, objective).expect("a plain name");
    slo.with_operation(name.to_owned()).expect("a plain name")
}

/// Every kind of indicator, window, policy, form and floor, slices of time, and a class.
pub(crate) fn slos() -> Vec<Slo> {
    let threshold = Threshold::literal("250ms");
    let own = AlertPolicy::literal(&[
        AlertRow::literal(Severity::Page, Duration::from_secs(2 * 3_600), 10.0),
        AlertRow::literal(Severity::Ticket, Duration::from_secs(36 * 3_600), 1.5),
    ]);
    let mut slos = vec![
        slo("plain", Sli::Availability, "99.9%"),
        slo("weekly", Sli::Latency { threshold }, "99%").with_window(Window::literal("7d")),
        slo("own-rows", Sli::Combined { threshold }, "99.5%").with_alerts(own.with_bad_events_min(20)),
        slo("counted", Sli::Availability, "99.9%")
            .with_alerts(AlertPolicy::WORKBOOK.with_form(AlertForm::Count)),
        slo("monthly", Sli::Availability, "99.5%").with_window(Window::literal("month Europe/Berlin")),
        slo("sliced", Sli::Availability, "99%").with_time_slices(TimeSlices::literal("95% per 10m")),
        slo("modest", Sli::Availability, "90%"),
        slo("hourly", Sli::Availability, "99%").with_window(Window::literal("1h")),
        slo("silent", Sli::Availability, "99%").with_alerts(AlertPolicy::OFF),
        slo("labelled", Sli::Availability, "99.95%")
            .with_label("team", "payments {{ 1 }}")
            .and_then(|slo| slo.with_label("tier", "\"1\"\\"))
            .expect("plain names")
            .with_alerts(AlertPolicy::PAGE.with_bad_events_min(0)),
    ];
    for slo in ObjectiveClass::HighFast.slos("class").expect("a plain name") {
        let name = slo.name().to_owned();
        slos.push(slo.with_operation(name).expect("a plain name"));
    }
    slos
}

pub(crate) fn registry(slos: impl IntoIterator<Item = Slo>) -> (Registry, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(472_222 * 3_600));
    let builder = slos.into_iter().fold(Registry::builder("shop"), RegistryBuilder::slo);
    (builder.clock(clock.clone()).build().expect("the promises are valid"), clock)
}

pub(crate) fn generator(slos: impl IntoIterator<Item = Slo>) -> Generator {
    registry(slos).0.generate()
}

/// The same promise with each of its rows alone, so that none fires in the stead of another.
pub(crate) fn by_row(slo: &Slo) -> Vec<(Slo, AlertRow)> {
    let rows = slo.alerts().rows().iter().filter(|row| row.can_fire(slo.objective()));
    let holds = |row: &&AlertRow| {
        slo.time_slices().is_none_or(|slices| row.short(slo.window()) >= 2 * slices.duration())
    };
    let alone = |row: &AlertRow| {
        let policy = AlertPolicy::new(&[*row]).expect("one row");
        let policy = policy.with_form(slo.alerts().form()).with_bad_events_min(slo.alerts().bad_events_min());
        (slo.clone().with_alerts(policy), *row)
    };
    rows.filter(holds).map(alone).collect()
}
