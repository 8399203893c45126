//! What the probes answer, byte for byte: to whom, in which format, and what they keep to themselves.

use http::{Method, Request, Response, StatusCode, header};
use serde_json::{Value, json};
use slo_tower::{
    Allow, BuildError, Check, Clock, ProbeService, ProbeSettings, Report, SloRegistry, SloRegistryBuilder,
    StartHold, Timestamp,
};

use crate::support::{call, read};

const TEXT: &str = "text/plain; charset=utf-8";

fn report(letter: char) -> Report {
    match letter {
        'P' => Report::Pass,
        'W' => Report::Warn("slow: 9 s".into()),
        _ => Report::Fail("refused by\n10.0.0.7".into()),
    }
}

/// A registry with a check of each kind that reports what its letter says, all of which have run once.
pub(crate) async fn registry(letters: &str, settings: ProbeSettings) -> SloRegistry {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let mut letters = letters.chars().map(report);
    let mut next = || {
        let report = letters.next().unwrap();
        move || report.clone()
    };
    let slos = builder(settings)
        .clock(clock.clone())
        .check(Check::in_process("worker-loop", next()).gates_liveness().jitter(0.0))
        .check(Check::in_process("own-disk", next()).gates_readiness().jitter(0.0))
        .check(Check::in_process("cache-warm", next()).gates_startup().jitter(0.0))
        .check(Check::blocking("database", next()).jitter(0.0))
        .build()
        .unwrap();
    slos.health().run_due().await;
    slos
}

pub(crate) fn builder(settings: ProbeSettings) -> SloRegistryBuilder {
    SloRegistry::builder("test").without_declared().probes(settings)
}

pub(crate) fn named() -> ProbeSettings {
    ProbeSettings::new().names(Allow::Always)
}

pub(crate) fn detailed() -> ProbeSettings {
    ProbeSettings::new().details(Allow::Always)
}

fn service(slos: &SloRegistry, path: &str) -> ProbeService {
    match path.split(['/', '?']).nth(1) {
        Some("livez") => slos.livez_service(),
        Some("readyz") => slos.readyz_service(),
        _ => slos.startupz_service(),
    }
}

pub(crate) fn send(slos: &SloRegistry, method: Method, path: &str, accept: &str) -> (Response<()>, String) {
    let request = Request::builder().method(method).uri(path).header(header::ACCEPT, accept);
    let (parts, mut body) = call(service(slos, path), request.body(()).unwrap()).into_parts();
    let text = String::from_utf8(read(&mut body).unwrap()).unwrap();
    (Response::from_parts(parts, ()), text)
}

pub(crate) fn get(slos: &SloRegistry, path: &str) -> (u16, String) {
    let (answer, text) = send(slos, Method::GET, path, "*/*");
    (answer.status().as_u16(), text)
}

pub(crate) fn get_json(slos: &SloRegistry, path: &str, accept: &str) -> (u16, Value) {
    let (answer, text) = send(slos, Method::GET, path, accept);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], accept);
    (answer.status().as_u16(), serde_json::from_str(&text).unwrap())
}

#[tokio::test]
async fn the_text_is_that_of_kubernetes() {
    let well = registry("PPPP", named()).await;
    let ill = registry("FFPF", named()).await;
    for (slos, path, status, text) in [
        (&well, "/livez", 200, "ok"),
        (&well, "/readyz", 200, "ok"),
        (&well, "/startupz", 200, "ok"),
        (&well, "/livez?verbose", 200, "[+]worker-loop ok\nlivez check passed\n"),
        (
            &well,
            "/readyz?verbose",
            200,
            "[+]life:ready ok\n[+]own-disk ok\n[+]database ok\nreadyz check passed\n",
        ),
        (&well, "/startupz?verbose", 200, "[+]life:ready ok\n[+]cache-warm ok\nstartupz check passed\n"),
        (
            &well,
            "/readyz?verbose&exclude=own-disk&exclude=nothing&exclude=an%22other",
            200,
            "[+]life:ready ok\n[+]own-disk excluded: ok\n[+]database ok\nwarn: some health checks cannot be excluded: \
             no matches for \"an\\\"other\",\"nothing\"\nreadyz check passed\n",
        ),
        // A failure is always in full, and says what does not hold it back as well.
        (&ill, "/livez", 503, "[-]worker-loop failed: reason withheld\nlivez check failed\n"),
        (
            &ill,
            "/readyz",
            503,
            "[+]life:ready ok\n[-]own-disk failed: reason withheld\n[+]database warn: reason withheld\nreadyz check \
             failed\n",
        ),
        (&ill, "/readyz?exclude=own-disk", 200, "ok"),
        (
            &ill,
            "/readyz?verbose&exclude=own-disk",
            200,
            "[+]life:ready ok\n[+]own-disk excluded: ok\n[+]database warn: reason withheld\nreadyz check passed\n",
        ),
        (&ill, "/startupz", 200, "ok"),
        // One check by itself says how it is, whatever it gates.
        (&well, "/readyz/own-disk", 200, "ok"),
        (&well, "/readyz/own-disk?verbose", 200, "[+]own-disk ok\nreadyz/own-disk check passed\n"),
        (
            &ill,
            "/readyz/database",
            503,
            "[-]database failed: reason withheld\nreadyz/database check failed\n",
        ),
        (
            &ill,
            "/livez/worker-loop",
            503,
            "[-]worker-loop failed: reason withheld\nlivez/worker-loop check failed\n",
        ),
        (&ill, "/readyz/worker-loop", 404, ""),
        (&ill, "/readyz/life:ready", 404, ""),
    ] {
        assert_eq!(get(slos, path), (status, text.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn the_public_is_told_whether_and_nothing_else() {
    for (letters, statuses) in [
        ("PPPP", [200, 200, 200]),
        ("WWWW", [200, 200, 200]),
        ("FFFF", [503, 503, 503]),
        ("PPPF", [200, 200, 200]),
    ] {
        let slos = registry(letters, ProbeSettings::new()).await;
        for (probe, status) in ["/livez", "/readyz", "/startupz"].into_iter().zip(statuses) {
            for query in
                ["", "?verbose", "?exclude=own-disk", "?verbose&exclude=own-disk&exclude=worker-loop"]
            {
                for accept in ["*/*", "application/json", "application/health+json"] {
                    let (answer, text) = send(&slos, Method::GET, &format!("{probe}{query}"), accept);
                    assert_eq!(answer.status(), status, "{probe}{query} of {letters}");
                    for secret in
                        ["worker", "disk", "cache", "database", "life", "slow", "refused", "10.0.0.7"]
                    {
                        assert!(!text.contains(secret), "{probe}{query} {accept}: {text}");
                    }
                }
            }
        }
        // Neither can a name be guessed.
        assert_eq!(get(&slos, "/readyz/own-disk"), (404, String::new()));
        assert_eq!(get(&slos, "/readyz/nothing"), (404, String::new()));
    }
    let slos = registry("FFFF", ProbeSettings::new()).await;
    assert_eq!(get(&slos, "/readyz").1, "[-]readiness failed: reason withheld\nreadyz check failed\n");
    let slos = registry("PWPP", ProbeSettings::new()).await;
    assert_eq!(get(&slos, "/readyz?verbose").1, "[+]readiness warn: reason withheld\nreadyz check passed\n");
    assert_eq!(get(&slos, "/readyz").1, "ok");
    assert_eq!(get_json(&slos, "/readyz", "application/health+json"), (200, json!({ "status": "warn" })));
    assert_eq!(
        get_json(&slos, "/readyz", "application/json"),
        (200, json!({ "status": "UP", "checks": [] }))
    );
}

#[tokio::test]
async fn who_is_allowed_reads_everything() {
    let key = |request: slo_tower::RequestHead<'_>| request.headers.contains_key("x-key");
    let slos = registry("FWPF", ProbeSettings::new().details(Allow::when(key))).await;
    let ask = |key: &str| {
        let request = Request::get("/readyz?verbose").header(key, "1").body(()).unwrap();
        let mut body = call(slos.readyz_service(), request).into_body();
        String::from_utf8(read(&mut body).unwrap()).unwrap()
    };
    assert_eq!(
        ask("x-key"),
        "[+]life:ready ok\n[+]own-disk warn: slow: 9 s\n[+]database warn: refused by 10.0.0.7\nreadyz check passed\n"
    );
    assert_eq!(ask("x-other"), "[+]readiness warn: reason withheld\nreadyz check passed\n");
    // A predicate that panics has not allowed anything.
    let panics = |_: slo_tower::RequestHead<'_>| -> bool { panic!("a predicate of ours") };
    let slos = registry("PPPP", ProbeSettings::new().details(Allow::when(panics))).await;
    assert_eq!(get(&slos, "/readyz?verbose"), (200, "[+]readiness ok\nreadyz check passed\n".to_owned()));
}

#[tokio::test]
async fn answers_are_not_kept_and_only_reading_is_allowed() {
    for (letters, status) in [("PPPP", StatusCode::OK), ("FFFF", StatusCode::SERVICE_UNAVAILABLE)] {
        let slos = registry(letters, named()).await;
        for (path, accept) in [
            ("/livez", "*/*"),
            ("/readyz?verbose", "application/json"),
            ("/startupz", "application/health+json"),
        ] {
            let (get, text) = send(&slos, Method::GET, path, accept);
            let (head, nothing) = send(&slos, Method::HEAD, path, accept);
            assert_eq!((get.status(), head.status()), (status, status));
            assert_eq!(get.headers(), head.headers());
            assert!(!text.is_empty() && nothing.is_empty());
            assert_eq!(get.headers()[header::CACHE_CONTROL], "no-store");
            assert_eq!(get.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::OPTIONS] {
                let (refused, text) = send(&slos, method, path, accept);
                assert_eq!((refused.status(), &*text), (StatusCode::METHOD_NOT_ALLOWED, ""));
                assert_eq!(refused.headers()[header::ALLOW], "GET, HEAD");
                assert_eq!(refused.headers()[header::CACHE_CONTROL], "no-store");
            }
        }
        assert_eq!(send(&slos, Method::GET, "/livez", "*/*").0.headers()[header::CONTENT_TYPE], TEXT);
    }
}

#[tokio::test]
async fn the_status_of_failures_and_the_mark_for_envoy_are_settings() {
    let settings = || ProbeSettings::new().failure_status(StatusCode::INTERNAL_SERVER_ERROR).envoy_degraded();
    for (letters, status, degraded) in
        [("PPPP", 200, false), ("PWPP", 200, true), ("PPPF", 200, true), ("PFPP", 500, false)]
    {
        let slos = registry(letters, settings()).await;
        let (answer, _) = send(&slos, Method::GET, "/readyz", "*/*");
        let seen = (answer.status().as_u16(), answer.headers().contains_key("x-envoy-degraded"));
        assert_eq!(seen, (status, degraded), "{letters}");
    }
    let plain = registry("PWPP", ProbeSettings::new()).await;
    assert!(!send(&plain, Method::GET, "/readyz", "*/*").0.headers().contains_key("x-envoy-degraded"));
    for status in [StatusCode::OK, StatusCode::FOUND, StatusCode::CONTINUE] {
        let error = builder(ProbeSettings::new().failure_status(status)).build().unwrap_err();
        assert!(
            matches!(error, BuildError::FailureStatus { status: wrong } if wrong == status.as_u16()),
            "{error}"
        );
    }
}

#[tokio::test]
async fn life_is_told_in_words() {
    let slos = registry("PPPP", detailed()).await;
    let line = |slos: &SloRegistry| get(slos, "/readyz?verbose").1.lines().next().unwrap().to_owned();
    let hold: StartHold = slos.health().hold_start();
    assert_eq!(line(&slos), "[-]life:starting failed: something has still to be started");
    assert_eq!(get(&slos, "/startupz").0, 200, "it has started before");
    drop(hold);
    assert_eq!(line(&slos), "[+]life:ready ok");
    slos.health().drain();
    assert_eq!(line(&slos), "[-]life:draining failed: the process is ending");
    assert_eq!((get(&slos, "/livez").0, get(&slos, "/readyz").0, get(&slos, "/startupz").0), (200, 503, 200));
    let slos = registry("PPFP", detailed()).await;
    assert_eq!(
        get(&slos, "/readyz").1,
        "[-]life:starting failed: a check has not passed yet\n[-]cache-warm failed: refused by 10.0.0.7\n\
         [+]own-disk ok\n[+]database ok\nreadyz check failed\n"
    );
    assert_eq!(get(&slos, "/readyz?exclude=cache-warm").0, 200);
    assert_eq!((get(&slos, "/startupz").0, get(&slos, "/startupz?exclude=cache-warm").0), (503, 200));
}

/// As many checks as there may be, with the longest names and endless reasons.
#[tokio::test]
async fn an_answer_is_never_long_and_leaves_out_the_best_first() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    for failing in [0, 1, 60, 100] {
        let mut builder = builder(detailed()).clock(clock.clone());
        for index in 0..100 {
            let fails = index % 100 < failing;
            let check = Check::blocking(format!("{index:0>60}"), move || {
                if fails { Report::Fail("ü".repeat(100_000)) } else { Report::Pass }
            });
            builder = builder.check(check.jitter(0.0).gates_readiness());
        }
        let slos = builder.build().unwrap();
        slos.health().run_due().await;
        let excluded: String =
            // What is not printed is written in ten characters each.
            (0..80).map(|number| format!("&exclude={number}{}", "%F4%8F%BF%BF".repeat(58))).collect();
        for accept in ["*/*", "application/json", "application/health+json"] {
            for query in [String::new(), excluded.clone()] {
                let (answer, text) = send(&slos, Method::GET, &format!("/readyz?verbose{query}"), accept);
                assert!(text.len() < 10 * 1024, "{} bytes of {accept}", text.len());
                assert_eq!(answer.status(), if failing == 0 { 200 } else { 503 });
                assert!(failing == 0 || text.contains("üüü"), "the worst is there: {text}");
                assert!(failing != 1 || text.contains(&"0".repeat(60)), "{text}");
            }
        }
    }
}
