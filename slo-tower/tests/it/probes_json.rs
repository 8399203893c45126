//! What probes answer to machines: `application/health+json` and `MicroProfile`, and the numbers of checks in both.

use http::{Method, header};
use serde_json::{Value, json};
use slo_tower::{Check, Clock, Finding, ProbeFormat, ProbeSettings, Report, Timestamp};

use crate::probes::{builder, detailed, get, get_json, named, registry, send};

/// The rules of the draft and of the specification, as far as they bind what we write.
fn assert_health_json(answer: &Value) {
    let word = |value: &Value| ["pass", "warn", "fail"].contains(&value.as_str().unwrap());
    assert!(word(&answer["status"]), "{answer}");
    let allowed = ["status", "notes", "checks"];
    assert!(answer.as_object().unwrap().keys().all(|key| allowed.contains(&&**key)), "{answer}");
    for (name, components) in answer["checks"].as_object().into_iter().flatten() {
        assert!(name.split(':').count() <= 2, "{name}");
        for component in components.as_array().unwrap() {
            assert!(word(&component["status"]), "{component}");
            let has_value = component.get("observedValue").is_some_and(Value::is_number);
            assert_eq!(has_value, name.contains(':') && !name.starts_with("life:"), "{name}: {component}");
            let unit = component.get("observedUnit");
            assert!(
                unit.is_none_or(|unit| has_value && ["ms", "s", "B"].contains(&unit.as_str().unwrap())),
                "{component}"
            );
            let time = component.get("time").map(|time| time.as_str().unwrap());
            assert!(time.is_none_or(|time| time.len() == 20 && time.ends_with('Z')), "{component}");
            assert!(component.get("output").is_none_or(Value::is_string), "{component}");
        }
    }
}

fn assert_micro_profile(answer: &Value) {
    let word = |value: &Value| ["UP", "DOWN"].contains(&value.as_str().unwrap());
    assert!(word(&answer["status"]) && answer.as_object().unwrap().len() == 2, "{answer}");
    for check in answer["checks"].as_array().unwrap() {
        assert!(check["name"].is_string() && word(&check["status"]), "{check}");
        let plain = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
        assert!(check["data"].as_object().unwrap().values().all(plain), "{check}");
    }
}

#[tokio::test]
async fn machines_get_json_in_the_format_that_they_accept() {
    let slos = registry("PFPF", detailed()).await;
    let (status, answer) = get_json(&slos, "/readyz", "application/health+json");
    assert_health_json(&answer);
    let failed = |output: &str| {
        json!([{
            "componentType": "component", "status": "fail", "time": "2023-11-14T22:13:20Z",
            "output": output, "observedValue": 0.0, "observedUnit": "ms",
        }])
    };
    let expected = json!({ "status": "fail", "checks": {
        "life:ready": [{ "componentType": "system", "status": "pass" }],
        "own-disk:responseTime": failed("refused by 10.0.0.7"),
        "database:responseTime": failed("refused by 10.0.0.7"),
    }});
    assert_eq!((status, answer), (503, expected));
    let (status, answer) = get_json(&slos, "/readyz", "application/json");
    assert_micro_profile(&answer);
    let failing = |name: &str, status: &str| {
        json!({
            "name": name, "status": status, "data": { "level": "fail", "reason": "refused by 10.0.0.7" }
        })
    };
    let life = json!({ "name": "life:ready", "status": "UP", "data": { "level": "pass" } });
    assert_eq!(
        (status, answer),
        (
            503,
            json!({ "status": "DOWN", "checks": [life, failing("own-disk", "DOWN"), failing("database", "UP")] })
        )
    );
    // What is excluded decided nothing, and is not there.
    let (status, answer) =
        get_json(&slos, "/readyz?exclude=own-disk&exclude=other", "application/health+json");
    assert_health_json(&answer);
    assert_eq!(
        (status, &answer["status"], answer["checks"].as_object().unwrap().len()),
        (200, &json!("warn"), 2)
    );
    assert!(answer["notes"][0].as_str().unwrap().contains("cannot be excluded"), "{answer}");
    for letters in ["PPPP", "WWWW", "FFFF"] {
        for settings in [named(), detailed(), ProbeSettings::new()] {
            let slos = registry(letters, settings).await;
            for probe in ["/livez", "/readyz", "/startupz"] {
                assert_health_json(&get_json(&slos, probe, "application/health+json").1);
                assert_micro_profile(&get_json(&slos, probe, "application/json").1);
            }
        }
    }
    let slos = registry("PPPP", ProbeSettings::new().format(ProbeFormat::HealthJson)).await;
    let (answer, text) = send(&slos, Method::GET, "/livez", "text/plain");
    assert_eq!(
        (&answer.headers()[header::CONTENT_TYPE], &*text),
        (&"application/health+json".parse().unwrap(), "{\"status\":\"pass\"}")
    );
}

/// Numbers are details: whoever may only read names reads none.
#[tokio::test]
async fn numbers_are_shown_with_their_units_to_who_may_read_details() {
    let backup = || {
        let finding = Finding::from(Report::Warn("old".into())).with("age_seconds", 90.5);
        finding.with("size_bytes", 4096.0).with("files", 3.0).with("reason", 1.0)
    };
    for (settings, is_shown) in [(detailed(), true), (named(), false)] {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        let check = Check::blocking("backup", backup).jitter(0.0);
        let slos = builder(settings).clock(clock).check(check).build().unwrap();
        slos.health().run_due().await;
        let (_, answer) = get_json(&slos, "/readyz", "application/health+json");
        assert_health_json(&answer);
        let age = json!([{
            "componentType": "component", "status": "warn", "time": "2023-11-14T22:13:20Z",
            "observedValue": 90.5, "observedUnit": "s",
        }]);
        let read =
            ["backup:age_seconds", "backup:size_bytes", "backup:files"].map(|name| &answer["checks"][name]);
        if is_shown {
            assert_eq!(read[0], &age);
            assert_eq!(
                (&read[1][0]["observedUnit"], &read[2][0]["observedUnit"]),
                (&json!("B"), &Value::Null)
            );
        } else {
            assert_eq!(read, [&Value::Null; 3]);
        }
        let (_, answer) = get_json(&slos, "/readyz", "application/json");
        assert_micro_profile(&answer);
        let data = match is_shown {
            true => {
                json!({ "level": "warn", "reason": "old", "age_seconds": 90.5, "size_bytes": 4096.0, "files": 3.0 })
            }
            false => json!({ "level": "warn" }),
        };
        assert_eq!(answer["checks"][1]["data"], data);
        let (_, text) = get(&slos, "/readyz?verbose");
        assert!(!text.contains("90.5"), "{text}");
    }
}
