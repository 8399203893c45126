//! What is written is read back as what it was.

use std::time::Duration;

use proptest::prelude::*;
use slo_core::{
    AlertForm, AlertPolicy, AlertRow, LatencyEnd, Objective, ObjectiveClass, Registry, Severity, Sli, Slo,
    Threshold, TimeSlices, Window,
};

use super::support::{File, builder, cases, declared};

/// All that a registry says of its promises but what files have changed of them.
fn promised(registry: &Registry) -> serde_json::Value {
    let slos = registry.status().slos;
    let mut promised = serde_json::to_value(&slos).expect("it is made for it");
    for (slo, status) in promised.as_array_mut().into_iter().flatten().zip(&slos) {
        // As text: as a number it has been rounded.
        slo["objective"] = status.objective.to_string().into();
    }
    promised
}

/// Writes the promises of a registry, and has two others read them: one with the same promises, and one without any.
fn check(slos: &[Slo]) {
    let first = builder(slos.to_vec()).build().expect("they are valid");
    let text = first.openslo();
    let file = File::of(&text);
    let same = builder(slos.to_vec()).openslo_file(file.path()).build().expect("files never fail it");
    assert_eq!(same.openslo_errors(), [], "{text}");
    let overrides = same.status().overrides.expect("there is a file");
    assert_eq!((overrides.changed, overrides.added), (Vec::new(), Vec::new()), "{text}");
    let new = builder([]).openslo_file(file.path()).build().expect("files never fail it");
    assert_eq!(new.openslo_errors(), [], "{text}");
    assert_eq!(promised(&new), promised(&first), "{text}");
    // The floor and the form of alerts are in no status.
    assert_eq!(new.openslo(), text);
}

#[test]
fn classes_and_all_kinds_of_promises_are_read_back() {
    check(&declared());
    for class in ObjectiveClass::ALL {
        let slos = class.slos("checkout").expect("it is a name");
        let named = slos.into_iter().map(|slo| slo.with_route("shop.Shop/Buy").expect("it is one"));
        check(&named.collect::<Vec<_>>());
    }
}

#[test]
fn a_target_is_written_and_read_to_its_last_digit() {
    for parts in (1..=999).chain(999_999_001..=999_999_999).chain((1..1_000).map(|part| part * 1_000_000)) {
        let percent = format!("{}.{:07}%", parts / 10_000_000, parts % 10_000_000);
        let objective = Objective::literal(&percent);
        let slo = Slo::literal("a", Sli::Availability, objective).with_operation("a").expect("it is one");
        let text = builder([slo]).build().expect("it is valid").openslo();
        let file = File::of(&text);
        let registry = builder([]).openslo_file(file.path()).build().expect("files never fail it");
        assert_eq!(registry.status().slos[0].objective, objective, "{text}");
    }
}

#[test]
fn names_that_openslo_does_not_allow_are_told_apart() {
    let slo = |name: String| {
        Slo::new(name.clone(), Sli::Availability, Objective::literal("99%")).expect("it is a name")
    };
    let names = ["Buy", "buy", "buy_", "_", "a.b", &"x".repeat(100), &"x".repeat(99)].map(str::to_owned);
    check(&names.map(|name| slo(name.clone()).with_operation(name).expect("it is one")));
}

fn objective() -> impl Strategy<Value = Objective> {
    let parts =
        prop_oneof![1_u64..1_000_000_000, 900_000_000_u64..1_000_000_000, 999_999_000_u64..1_000_000_000];
    parts.prop_map(|parts| Objective::literal(&format!("{}.{:07}%", parts / 10_000_000, parts % 10_000_000)))
}

fn window() -> impl Strategy<Value = Window> {
    let calendar = [
        "week",
        "month",
        "quarter",
        "month Europe/Berlin",
        "quarter Asia/Kathmandu",
        "week America/New_York",
    ];
    prop_oneof![
        (60_u64..=90 * 1_440).prop_map(|minutes| Window::literal(&format!("{minutes}m"))),
        (1_u64..=90).prop_map(|days| Window::literal(&format!("{days}d"))),
        proptest::sample::select(calendar.map(Window::literal).to_vec()),
    ]
}

fn sli() -> impl Strategy<Value = Sli> {
    let threshold = (1_u64..3_600_000_000_000).prop_map(|nanos| Threshold::literal(&format!("{nanos}ns")));
    (threshold, 0..3).prop_map(|(threshold, kind)| match kind {
        0 => Sli::Availability,
        1 => Sli::Latency { threshold },
        _ => Sli::Combined { threshold },
    })
}

fn policy() -> impl Strategy<Value = AlertPolicy> {
    let row = (proptest::bool::ANY, 1_u64..=10_800, 1.0..50.0).prop_filter_map(
        "it is no row",
        |(page, steps, factor)| {
            let severity = if page { Severity::Page } else { Severity::Ticket };
            AlertRow::new(severity, Duration::from_secs(steps * 120), factor).ok()
        },
    );
    let own = proptest::collection::vec(row, 0..=AlertPolicy::ROWS_MAX)
        .prop_map(|rows| AlertPolicy::new(&rows).expect("they are few"));
    let named = [
        AlertPolicy::DEFAULT,
        AlertPolicy::WORKBOOK,
        AlertPolicy::PAGE,
        AlertPolicy::TICKET,
        AlertPolicy::OFF,
    ];
    let policy = prop_oneof![proptest::sample::select(named.to_vec()), own];
    (policy, 0_u64..9, proptest::bool::ANY).prop_map(|(policy, floor, count)| {
        let form = if count { AlertForm::Count } else { AlertForm::Ratio };
        policy.with_bad_events_min(floor).with_form(form)
    })
}

fn slices() -> impl Strategy<Value = Option<TimeSlices>> {
    let minutes = proptest::sample::select(vec![1_u64, 2, 5, 10, 15, 30, 60]);
    proptest::option::of((objective(), minutes).prop_map(|(share, minutes)| {
        TimeSlices::new(share, Duration::from_secs(minutes * 60)).expect("it divides an hour")
    }))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(192),
        // Of generated rows and policies many are none.
        max_global_rejects: 1_000_000,
        max_local_rejects: 10_000_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_promise_is_read_back(
        name in "[a-zA-Z0-9_.-]{1,100}",
        (objective, window, sli, policy, slices) in (objective(), window(), sli(), policy(), slices()),
        end in proptest::sample::select(vec![LatencyEnd::Usual, LatencyEnd::Head, LatencyEnd::Body]),
        operation in proptest::bool::ANY,
        label in "\\PC{0,20}",
    ) {
        let slo = Slo::new(name.clone(), sli, objective).expect("it is a name");
        let slo = slo.with_window(window).with_alerts(policy).with_label("team", label).expect("it is one");
        let slo = if sli.threshold().is_some() { slo.with_latency_end(end) } else { slo };
        let slo = if operation { slo.with_operation(name) } else { slo.with_route("GET /orders/{id}") };
        let slo = slo.expect("it is one");
        let slo = slices.map_or(slo.clone(), |slices| slo.with_time_slices(slices));
        // Rows that can never fire, or too late, are refused in the code as well.
        prop_assume!(builder([slo.clone()]).build().is_ok());
        check(&[slo]);
    }

    #[test]
    fn whatever_is_done_to_a_document_it_is_read_or_refused(
        at in 0_usize..4_000, length in 0_usize..40, put in "[a-z0-9:.\\[\\]{}\"' \n-]{0,12}",
    ) {
        let text = builder(declared()).build().expect("it is valid").openslo();
        let text = &text[text.find("---").expect("it has documents")..];
        let (from, to) = (at.min(text.len()), (at + length).min(text.len()));
        let file = File::of(&format!("{}{put}{}", &text[..from], &text[to..]));
        let registry = builder(declared()).openslo_file(file.path()).build().expect("files never fail it");
        let status = registry.status();
        if !registry.openslo_errors().is_empty() {
            prop_assert_eq!(promised(&registry), promised(&builder(declared()).build().expect("it is valid")));
        }
        prop_assert_eq!(status.overrides.map(|overrides| overrides.failing), Some(!registry.openslo_errors().is_empty()));
    }
}
