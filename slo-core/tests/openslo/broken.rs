//! What is said of mistakes in documents, names, targets and windows, and where.

use super::mistakes::{SLO, annotated, calendar, check, slo, target, window};

#[test]
fn what_is_no_document_of_v1_is_told() {
    check(&[
        ("apiVersion: openslo/v1\nkind: [SLO\n".to_owned(), "2:7: is no YAML: unclosed bracket '['"),
        (
            "apiVersion: openslo/v1\nmetadata:\n\tname: x\n".to_owned(),
            "3:2: is no YAML: tabs disallowed within this context (block indentation)",
        ),
        ("- kind: SLO\n".to_owned(), "1:1: a document is a list: write a mapping of fields"),
        ("kind: SLO\n".to_owned(), "1:1: apiVersion is missing: write apiVersion: openslo/v1"),
        (SLO.replace("v1", "v1alpha"), r#"1:13: apiVersion "openslo/v1alpha" is not read: write openslo/v1"#),
        (SLO.replace("kind: SLO", "kind: SLOs"), r#"2:7: kind "SLOs" is not of openslo/v1: write SLO"#),
        (
            "apiVersion: openslo/v1\nkind: SLO\nspec: {}\n".to_owned(),
            "1:1: metadata is missing: write metadata, with a name",
        ),
        (
            SLO.replace("spec:", "spec: {}\nstatus: {}"),
            r#"6:1: "status" is no field of a document: write one of apiVersion, kind, metadata, spec"#,
        ),
        (
            slo("  objective:\n    - target: 0.99\n"),
            r#"6:3: "objective" is no field of the spec of SLO: write objectives"#,
        ),
        (
            slo("  service: shop\n  service: shop\n"),
            r#"7:3: "service" is written twice, first at 6:3: leave one out"#,
        ),
        (
            slo("  service: &name shop\n  description: *name\n"),
            "7:16: is an alias, which is not read: write out what it stands for",
        ),
        (slo("  service: !!str shop\n"), "6:18: has a tag, which is not read: write the value alone"),
        (slo("  service: [shop]\n"), "6:12: service is a list: write a text"),
        ("[".repeat(100_000), "1:256: is no YAML: recursion limit exceeded"),
        (
            slo("  service: billing\n"),
            r#"6:12: service "billing" is another one: write "shop", or leave the document out"#,
        ),
        (
            slo(&format!("  description: {}\n", "x".repeat(1_051))),
            "6:16: description has 1051 characters: write 1050 at most",
        ),
    ]);
}

#[test]
fn names_that_no_slo_has_are_told_with_the_nearest() {
    check(&[
        (
            slo("  service: shop\n").replace("checkout-av", "chekout-av"),
            r#"4:9: no SLO is called "chekout-availability": write "checkout-availability", or declare a new one by the annotations slo/sli and slo/route or slo/operation"#,
        ),
        (
            slo("  service: shop\n").replace("checkout-availability", "zzz"),
            r#"4:9: no SLO is called "zzz": write the name of one, or declare a new one by the annotations slo/sli and slo/route or slo/operation"#,
        ),
        (
            format!("{SLO}  service: shop\n---\n{SLO}  service: shop\n"),
            r#"11:9: "checkout-availability" has another document above: leave one out"#,
        ),
        (
            annotated("slo/route: POST /checkout\n    slo/sli: availability")
                .replace("name: checkout-av", "name: chekout-av")
                .replace("spec: {}", "spec:\n  objectives: [target: 0.9]"),
            r#"4:9: no SLO is called "chekout-availability", and "checkout-availability" is about the same events: write "checkout-availability", or a document for it as well"#,
        ),
    ]);
}

#[test]
fn annotations_that_say_something_else_are_told() {
    check(&[
        (
            annotated("slo/rout: POST /checkout"),
            r#"6:5: "slo/rout" is no annotation of ours: write slo/route"#,
        ),
        (
            annotated("slo/route: POST /chekout"),
            r#"6:16: slo/route "POST /chekout" is not what "checkout-availability" counts, which only the code changes: write "POST /checkout", or leave it out"#,
        ),
        (
            annotated("slo/sli: latency"),
            r#"6:14: slo/sli "latency" is not what "checkout-availability" counts, which only the code changes: write "availability", or leave it out"#,
        ),
        (
            annotated("slo/threshold: 250ms"),
            "6:20: slo/threshold is for promises that look at time: leave it out",
        ),
        (
            annotated("slo/bad-events-min: few"),
            r#"6:25: slo/bad-events-min "few" is no number of events: write one, such as "2""#,
        ),
        (
            annotated("slo/alert-form: rate"),
            r#"6:21: slo/alert-form "rate" is not known: write ratio or count"#,
        ),
        (
            annotated("slo/threshold: soon").replace("availability", "latency"),
            r#"6:20: duration "soon" is not a duration: write a number and a unit, such as 250ms"#,
        ),
        (
            annotated("slo/latency-end: tail").replace("availability", "latency"),
            r#"6:22: end of a latency "tail" is not known: write head or body"#,
        ),
        (
            annotated("slo/sli: speed\n    slo/operation: new")
                .replace("checkout-availability", "new")
                .replace("spec: {}", "spec:\n  objectives: [target: 0.9]"),
            r#"6:14: slo/sli "speed" is not known: write availability, latency or combined"#,
        ),
        (
            annotated("slo/sli: latency\n    slo/operation: new")
                .replace("checkout-availability", "new")
                .replace("spec: {}", "spec:\n  objectives: [target: 0.9]"),
            "6:14: latency needs a threshold: write the annotation slo/threshold, such as 250ms",
        ),
        (
            annotated("slo/sli: availability\n    slo/operation: new")
                .replace("checkout-availability", "new"),
            "8:7: objectives is missing: write one entry with a target, such as 0.999",
        ),
    ]);
}

#[test]
fn targets_that_promise_nothing_or_everything_are_told() {
    check(&[
        (target("target: 100"), "7:15: target 100 leaves no error budget: write less, such as 0.999"),
        (
            target("target: 99.9"),
            "7:15: target 99.9 is a percentage: write target: 0.999, or targetPercent: 99.9",
        ),
        (target("target: 1.0"), "7:15: target 1 leaves no error budget: write less, such as 0.999"),
        (target("target: 0"), "7:15: target 0 promises nothing: write more, such as 0.999"),
        (
            target("target: 150"),
            "7:15: target 150 is more than everything: write a share below 1, such as 0.999",
        ),
        (
            target("target: -0.5"),
            r#"7:15: target "-0.5" is no plain number: write a share below 1, such as 0.999"#,
        ),
        (target("target: \"0.999\""), r#"7:15: target "0.999" is a text: write it without quotes"#),
        (
            target("target: 99.9%"),
            r#"7:15: target "99.9%" is no plain number: write a share below 1, such as 0.999"#,
        ),
        (
            target("target: 0.9999999999"),
            "7:15: target 0.9999999999 is finer than a billionth: write at most nine decimals",
        ),
        (target("target:"), "7:7: an objective has no target: write one, such as target: 0.999"),
    ]);
}

#[test]
fn percentages_and_what_stands_beside_a_target_are_told() {
    check(&[
        (
            target("targetPercent: 0.999"),
            "7:22: targetPercent 0.999 promises less than one percent: write targetPercent: 99.9 or target: 0.999",
        ),
        (
            target("targetPercent: 100"),
            "7:22: targetPercent 100 leaves no error budget: write less, such as 99.9",
        ),
        (
            target("targetPercent: 101"),
            "7:22: targetPercent 101 is more than everything: write less than 100, such as 99.9",
        ),
        (
            target("targetPercent: 99.99999999"),
            "7:22: targetPercent 99.99999999 is finer than a billionth: write at most seven decimals",
        ),
        (
            target("targetPercent: [99]"),
            "7:22: targetPercent is a list and not a number: write a percentage, such as 99.9",
        ),
        (
            target("target: 0.99\n      targetPercent: 99"),
            "8:22: target and targetPercent say the same: leave one out",
        ),
        (target("displayName: good"), "7:7: an objective has no target: write one, such as target: 0.999"),
        (
            target("target: 0.99\n    - target: 0.999"),
            "8:7: objectives has more than one entry: an SLO has one objective, write a document for each",
        ),
        (
            target("target: 0.99\n      op: lte\n      value: 1"),
            "8:7: op is for a thresholdMetric, which is not read: leave it out, or write the annotation slo/threshold\n9:7: value is for a thresholdMetric, which is not read: leave it out, or write the annotation slo/threshold",
        ),
        (
            target("targett: 0.99"),
            "7:7: \"targett\" is no field of an objective: write target\n7:7: an objective has no target: write one, such as target: 0.999",
        ),
        (slo("  objectives: []\n"), "6:15: objectives is empty: write one entry, or leave it out"),
    ]);
}

#[test]
fn windows_that_there_are_not_are_told() {
    check(&[
        (
            window("duration: 30x\n      isRolling: true"),
            r#"7:17: duration "30x" is no duration of OpenSLO, which is a whole number and one of m, h, d, w, M, Q, Y: write 30d, or 1M with a calendar"#,
        ),
        (
            window("duration: 30 d\n      isRolling: true"),
            r#"7:17: duration "30 d" is no duration of OpenSLO, which is a whole number and one of m, h, d, w, M, Q, Y: write 30d, or 1M with a calendar"#,
        ),
        (
            window("duration: 30m\n      isRolling: true"),
            "7:17: duration 30m is too short: write at least 1h, such as 30d",
        ),
        (window("duration: 91d\n      isRolling: true"), "7:17: duration 91d is too long: write at most 90d"),
        (
            window("duration: 1M\n      isRolling: true"),
            "7:17: duration 1M has no length of its own to roll by: write days, such as 30d, or add a calendar",
        ),
        (
            window("duration: 30d\n      isRolling: false"),
            "8:18: a window that does not roll needs a calendar: add one, or write isRolling: true",
        ),
        (
            window("duration: 30d\n      isRolling: yes"),
            "8:18: isRolling is neither true nor false: write one of them",
        ),
        (window("isRolling: true"), "7:7: duration is missing: write 30d, or 1M with a calendar"),
        (
            window("duration: 7d\n    - duration: 30d"),
            "8:7: timeWindow has more than one entry: OpenSLO allows one window, leave the others out",
        ),
    ]);
}

#[test]
fn calendars_that_there_are_not_are_told() {
    check(&[
        (
            calendar("1M", "2024-01-01 00:00:00", "UTC")
                .replace("calendar", "isRolling: true\n      calendar"),
            "8:18: a window with a calendar does not roll: write isRolling: false, or leave the calendar out",
        ),
        (
            calendar("1Y", "2024-01-01 00:00:00", "UTC"),
            "7:17: duration 1Y is no calendar window that there is here: write 1w, 1M or 1Q",
        ),
        (
            calendar("2w", "2024-01-01 00:00:00", "UTC"),
            "7:17: duration 2w is no calendar window that there is here: write 1w, 1M or 1Q",
        ),
        (
            calendar("1M", "2024-01-15 00:00:00", "UTC"),
            "9:20: startTime 2024-01-15 00:00:00 begins no month: months begin on their first day: write 2024-01-01 00:00:00",
        ),
        (
            calendar("1w", "2024-01-02 00:00:00", "UTC"),
            "9:20: startTime 2024-01-02 00:00:00 begins no week: weeks begin on Mondays: write one, such as 2024-01-01 00:00:00",
        ),
        (
            calendar("1Q", "2024-02-01 00:00:00", "UTC"),
            "9:20: startTime 2024-02-01 00:00:00 begins no quarter: quarters begin in January, April, July and October: write 2024-01-01 00:00:00",
        ),
        (
            calendar("1M", "2024-01-01 12:30:00", "UTC"),
            r#"9:20: startTime "2024-01-01 12:30:00" is no midnight of a day: write one, such as 2024-01-01 00:00:00"#,
        ),
        (
            calendar("1M", "2024-01-01 00:00:00", "Europe/Berln"),
            r#"10:19: timeZone "Europe/Berln" is not known: write Europe/Berlin"#,
        ),
        (
            calendar("1M", "2024-01-01 00:00:00", "+01:00"),
            r#"10:19: timeZone "+01:00" is no name of a time zone: write one of the IANA names, such as Europe/Berlin"#,
        ),
        (
            window("duration: 1M\n      calendar:\n        timeZone: UTC"),
            "9:9: startTime is missing: write startTime: 2024-01-01 00:00:00",
        ),
    ]);
}
