//! Files that change promises: what follows them, and what stays when they are wrong.

use std::fs;
use std::time::Duration;

use slo_core::{
    BuildError, Clock, Declaration, Declared, Objective, Outcome, Registry, Severity, Sli, Slo, Subject,
    TextFormat, Threshold, Window, inventory,
};

use super::support::{File, START, builder, declared};

static HANDLER_SLOS: [Slo; 1] =
    [Slo::literal("search-availability", Sli::Availability, Objective::literal("99%"))];
static HANDLER: Declaration =
    Declaration::new("search", Subject::Handler { route: None }, &HANDLER_SLOS, &[]);

inventory::submit! { Declared(&HANDLER) }

fn slo(name: &str, spec: &str) -> String {
    format!("apiVersion: openslo/v1\nkind: SLO\nmetadata:\n  name: {name}\nspec:\n{spec}---\n")
}

fn target(name: &str, target: &str) -> String {
    slo(name, &format!("  objectives: [target: {target}]\n"))
}

fn metrics(registry: &Registry) -> String {
    let mut text = String::new();
    registry.render(TextFormat::Prometheus, &mut text);
    text
}

fn objectives(registry: &Registry) -> Vec<String> {
    registry.status().slos.iter().map(|slo| slo.objective.to_string()).collect()
}

#[test]
fn all_that_is_said_of_a_promise_follows_the_file() {
    let window = "  timeWindow:\n    - duration: 1w\n      calendar:\n        startTime: 2024-01-01 00:00:00\n        timeZone: Asia/Kathmandu\n";
    let alert = "  alertPolicies:\n    - metadata:\n        name: own\n      spec:\n        conditions:\n          - metadata:\n              name: own\n            spec:\n              severity: ticket\n              condition:\n                threshold: 2.5\n                lookbackWindow: 4h\n";
    let latency =
        slo("checkout-latency", &format!("  objectives:\n    - targetPercent: 97.5\n{window}{alert}"));
    let latency = latency.replace("spec:\n  obj", "  labels:\n    team: web\n  annotations:\n    slo/threshold: 300ms\n    slo/latency-end: head\n    slo/bad-events-min: \"5\"\nspec:\n  obj");
    let slices = "  budgetingMethod: Timeslices\n  objectives:\n    - target: 0.99\n      timeSliceTarget: 0.95\n      timeSliceWindow: 1\n";
    let file = File::of(&format!("{latency}{}", slo("nightly_job", slices)));
    let registry = builder(declared()).openslo_file(file.path()).build().expect("files never fail it");
    assert_eq!(registry.openslo_errors(), []);
    let status = registry.status();
    let overrides = status.overrides.as_ref().expect("there is a file");
    assert_eq!(overrides.changed, ["checkout-latency", "nightly_job"]);
    assert_eq!((overrides.added.len(), overrides.failing), (0, false));

    let latency = status.slo("checkout-latency").expect("it is declared");
    assert_eq!(latency.objective, Objective::literal("97.5%"));
    assert_eq!(latency.window, Window::literal("week Asia/Kathmandu"));
    assert!(latency.period.is_some());
    assert_eq!(latency.threshold, Some(Threshold::literal("300ms")));
    assert_eq!(latency.labels.get("team").map(String::as_str), Some("web"));
    let [ticket] = &latency.alerts[..] else { panic!("{:?}", latency.alerts) };
    assert_eq!(ticket.severity, Severity::Ticket);
    let windows: Vec<_> = latency.burn_rates.iter().map(|burn| burn.window.as_str()).collect();
    assert_eq!(windows, ["5m", "20m", "1h", "4h", "week Asia/Kathmandu"]);
    let job = status.slo("nightly_job").expect("it is declared");
    assert_eq!(job.slices.map(|slices| slices.to_string()).as_deref(), Some("95% per 1m"));
    // What no document is about stays.
    assert_eq!(status.slos[0].objective, Objective::literal("99.9%"));

    registry.recorder().request("POST", Some("/checkout")).finish(Outcome::Completed(200));
    let metrics = metrics(&registry);
    for line in [
        "slo_objective_ratio{slo=\"checkout-latency\"} 0.975\n",
        "slo_info{slo=\"checkout-latency\",service=\"shop\",sli=\"latency\",window=\"week Asia/Kathmandu\",threshold=\"0.3\",team=\"web\"} 1\n",
        "le=\"0.3\"} 1\n",
        "slo_overrides_failing{service=\"shop\"} 0\n",
    ] {
        assert!(metrics.contains(line), "{line}{metrics}");
    }
    let documents = registry.openslo();
    assert!(
        documents.contains("slo/bad-events-min: \"5\"") && documents.contains("slo/latency-end: head"),
        "{documents}"
    );
}

#[test]
fn alerts_fire_by_the_target_of_the_file() {
    let file = File::of(&target("nightly_job", "0.999"));
    for (with_file, fires) in [(false, false), (true, true)] {
        let clock = Clock::manual(START);
        let builder = builder(declared()).clock(clock.clone());
        let builder = if with_file { builder.openslo_file(file.path()) } else { builder };
        let registry = builder.build().expect("files never fail it");
        // A tenth fails: twice the budget of 95 %, a hundred times that of 99.9 %.
        for run in 0..100 {
            registry.attempt("nightly_job").finish(if run % 10 == 0 {
                Outcome::InnerError
            } else {
                Outcome::Completed(0)
            });
        }
        clock.advance(Duration::from_secs(10));
        registry.tick(clock.now());
        let status = registry.status();
        let alerts = &status.slo("nightly_job").expect("it is declared").alerts;
        let page = alerts.iter().find(|alert| alert.severity == Severity::Page).expect("there are pages");
        assert_eq!(page.active, fires, "{with_file}");
    }
}

#[test]
fn a_bad_file_leaves_every_compiled_promise_and_says_so() {
    let right = target("checkout-availability", "0.5");
    let file = File::of("");
    let missing = file.directory().join("none.yaml");
    let said = |text: &[u8]| {
        fs::write(file.path(), text).expect("there is room");
        let registry = builder(declared()).openslo_file(file.path()).build().expect("files never fail it");
        assert_eq!(objectives(&registry), ["99.9%", "99%", "95%", "99.9%"]);
        let status = serde_json::to_value(registry.status()).expect("it is made for it");
        assert_eq!(status["overrides"], serde_json::json!({ "changed": [], "added": [], "failing": true }));
        assert!(metrics(&registry).contains("slo_overrides_failing{service=\"shop\"} 1\n"));
        registry.openslo_errors()[0].to_string().replace(&file.path().display().to_string(), "slos.yaml")
    };
    for (text, expected) in [
        // One that is right is left out with one that is not.
        (
            format!("{right}{}", target("checkout-latency", "99")).into_bytes(),
            "slos.yaml:13:24: target 99 is a percentage: write target: 0.99, or targetPercent: 99",
        ),
        (format!("{right}kind: ]\n").into_bytes(), "slos.yaml:8:7: is no YAML: misplaced bracket"),
        (
            b"\xff\xfe".to_vec(),
            "slos.yaml: cannot be read (stream did not contain valid UTF-8): write the path of a file of OpenSLO documents, in UTF-8 and of 4 MiB at most",
        ),
        (
            vec![b' '; 5 * 1024 * 1024],
            "slos.yaml: cannot be read (file too large): write the path of a file of OpenSLO documents, in UTF-8 and of 4 MiB at most",
        ),
    ] {
        assert_eq!(said(&text), expected);
    }
    for path in [missing.as_path(), file.directory()] {
        let registry = builder(declared()).openslo_file(path).build().expect("files never fail it");
        let said = registry.openslo_errors()[0].to_string();
        assert!(said.starts_with(&format!("{}: cannot be read (", path.display())), "{said}");
        assert_eq!(objectives(&registry), ["99.9%", "99%", "95%", "99.9%"]);
    }
    let registry = builder(declared()).build().expect("it is valid");
    assert_eq!(registry.status().overrides, None);
    assert!(!metrics(&registry).contains("slo_overrides_failing{"));
}

#[test]
fn every_mistake_is_told_at_once() {
    let file =
        File::of(&format!("{}{}", target("checkout-latncy", "0.9"), target("checkout-availability", "100")));
    let registry = builder(declared()).openslo_file(file.path()).build().expect("files never fail it");
    let [error] = registry.openslo_errors() else { panic!("{:?}", registry.openslo_errors()) };
    let places: Vec<_> = error.faults().iter().map(|fault| fault.at).collect();
    assert_eq!((error.path(), places), (file.path().as_path(), vec![Some((4, 9)), Some((13, 24))]));
}

#[test]
fn a_file_that_is_required_fails_the_build() {
    let file = File::of(&target("checkout-availability", "100"));
    let error =
        builder(declared()).require_openslo_file(file.path()).build().expect_err("100 % is no promise");
    let said = format!(
        "{}:6:24: target 100 leaves no error budget: write less, such as 0.999",
        file.path().display()
    );
    assert_eq!(error.to_string(), said);
    assert!(matches!(error, BuildError::OpenSlo(_)));
    file.write(&target("checkout-availability", "0.99"));
    let registry = builder(declared()).require_openslo_file(file.path()).build().expect("it is right");
    assert_eq!(objectives(&registry)[0], "99%");
}

#[test]
fn later_files_go_before_earlier_ones() {
    let first = File::of(&format!("{}{}", target("checkout-availability", "0.9"), target("reports", "0.99")));
    let wrong = File::of(&target("reports", "1"));
    let last = File::of(&target("checkout-availability", "0.95"));
    let files =
        builder(declared()).openslo_file(first.path()).openslo_file(wrong.path()).openslo_file(last.path());
    let registry = files.build().expect("files never fail it");
    assert_eq!(objectives(&registry), ["95%", "99%", "95%", "99%"]);
    assert_eq!(registry.openslo_errors().len(), 1);
    assert_eq!(registry.openslo_errors()[0].path(), wrong.path());
}

#[test]
fn what_is_saved_goes_on_under_another_target() {
    let file = File::of(&target("nightly_job", "0.5"));
    let state = file.directory().join("state");
    let clock = Clock::manual(START);
    let registry = builder(declared()).clock(clock.clone()).state_dir(&state).build().expect("it is free");
    for run in 0..10 {
        registry.attempt("nightly_job").finish(if run == 0 {
            Outcome::InnerError
        } else {
            Outcome::Completed(0)
        });
    }
    clock.advance(Duration::from_secs(10));
    registry.tick(clock.now());
    drop(registry);
    let registry = builder(declared())
        .clock(clock)
        .state_dir(&state)
        .openslo_file(file.path())
        .build()
        .expect("it is free");
    let status = registry.status();
    let job = status.slo("nightly_job").expect("it is declared");
    assert_eq!((job.events.good, job.events.bad), (9, 1));
    // One bad event of ten, of which five may be.
    assert_eq!((job.objective, job.budget.remaining_ratio), (Objective::literal("50%"), Some(0.8)));
}

#[test]
fn a_file_declares_what_is_not_compiled() {
    let new = target("basket", "0.995").replace(
        "spec:",
        "  annotations:\n    slo/sli: combined\n    slo/threshold: 40ms\n    slo/route: GET /basket\nspec:",
    );
    let file = File::of(&new);
    let registry = builder(declared()).openslo_file(file.path()).build().expect("files never fail it");
    assert_eq!(registry.openslo_errors(), []);
    assert_eq!(registry.status().overrides.map(|overrides| overrides.added), Some(vec!["basket".to_owned()]));
    registry.recorder().request("GET", Some("/basket")).finish(Outcome::Completed(500));
    let status = registry.status();
    assert_eq!(status.slo("basket").expect("the file declares it").total.bad, 1);
    assert!(metrics(&registry).contains("le=\"0.04\"} "));
}

#[test]
fn what_a_handler_promises_can_be_changed_and_not_moved() {
    let build = |text: &str| {
        let file = File::of(text);
        Registry::builder("shop").openslo_file(file.path()).build().expect("files never fail it")
    };
    let registry = build(&target("search-availability", "0.9"));
    assert_eq!(objectives(&registry), ["90%"]);
    let documents = registry.openslo();
    assert!(!documents.contains("slo/route:"), "{documents}");
    assert_eq!(build(&documents).openslo_errors(), []);
    let moved = target("search-availability", "0.9")
        .replace("spec:", "  annotations:\n    slo/route: GET /search\nspec:");
    let registry = build(&moved);
    let said = registry.openslo_errors()[0].faults()[0].what.clone();
    assert_eq!(
        said,
        "slo/route \"GET /search\" is not what \"search-availability\" counts, which only the code changes: leave it out"
    );
}
