//! A Prometheus that is asked and does not answer as it should does no harm.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use slo_core::{
    Clock, FleetStatus, GatePolicy, GateRule, Objective, Outcome, Prometheus, Registry, RegistryBuilder, Sli,
    Slo, Timestamp,
};

/// What something may take at most before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Answers every request in the same way, or not at all.
fn server(answer: Option<&'static str>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    // Ends with the process: nobody connects any more.
    thread::spawn(move || {
        let mut kept = Vec::new();
        for mut stream in listener.incoming().flatten() {
            if let Some(answer) = answer {
                let _ = stream.read(&mut [0; 4_096]);
                let _ = stream.write_all(answer.as_bytes());
            } else {
                kept.push(stream);
            }
        }
    });
    address
}

fn builder(clock: &Clock) -> RegistryBuilder {
    let slo = Slo::literal("a", Sli::Availability, Objective::literal("99%"));
    let slo = slo.with_operation("a").expect("it is plain");
    Registry::builder("shop").without_declared().slo(slo).clock(clock.clone())
}

fn source(address: SocketAddr) -> Prometheus {
    Prometheus::new(&format!("http://{address}")).expect("an address").timeout(PATIENCE)
}

fn fleet(registry: &Registry) -> FleetStatus {
    registry.status().slos[0].fleet.clone().expect("it is asked about")
}

fn eventually<T>(what: &str, check: impl Fn() -> Option<T>) -> T {
    let (real, begin) = (Clock::system(), Clock::system().now());
    loop {
        if let Some(value) = check() {
            return value;
        }
        assert!(real.now() - begin < PATIENCE, "in vain: {what}");
        // tidy: real time because a thread must get something done.
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_is_no_answer_is_said_without_what_the_server_said() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let down = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("it is bound");
    for (address, expected) in [
        (down, "not reachable"),
        (
            server(Some("HTTP/1.1 401 No\r\nContent-Length: 7\r\nConnection: close\r\n\r\nhunter2")),
            "answered 401",
        ),
        (
            server(Some("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")),
            "the answer is not understood",
        ),
        (server(Some("not HTTP at all")), "not reachable"),
    ] {
        let registry = builder(&clock).fleet(source(address)).restore_from(source(address)).build();
        let registry = registry.expect("it is valid");
        let error = eventually("it fails", || fleet(&registry).error);
        assert_eq!(error, expected);
        let fleet = fleet(&registry);
        assert!(
            fleet.stale && fleet.at.is_none() && fleet.events.is_none() && fleet.coverage.is_none(),
            "{fleet:?}"
        );
        // What this process counts is as it was.
        registry.attempt("a").finish(Outcome::Completed(0));
        registry.tick(clock.now());
        let status = &registry.status().slos[0];
        assert_eq!((status.events.good, status.coverage), (1, 0.0));
    }
}

#[test]
fn nobody_waits_for_one_that_does_not_answer() {
    let (real, clock) = (Clock::system(), Clock::manual(Timestamp::from_unix_seconds(1_700_000_000)));
    let address = server(None);
    let begin = real.now();
    let registry = builder(&clock).fleet(source(address)).restore_from(source(address)).start();
    let registry = registry.expect("it starts");
    assert!(fleet(&registry).stale && fleet(&registry).error.is_none());
    registry.tick(clock.now());
    drop(registry);
    let took = real.now() - begin;
    assert!(took < Duration::from_secs(5), "{took:?}");
}

/// How many connections a registry opens, at most one.
#[cfg(feature = "store")]
fn connections_of(build: impl FnOnce(SocketAddr) -> Registry) -> u64 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let registry = build(address);
    // The first question comes at once; what never comes cannot be waited for.
    let patience = Duration::from_millis(500);
    listener.set_nonblocking(true).expect("it is a socket");
    let (real, begin) = (Clock::system(), Clock::system().now());
    let mut connections = 0;
    while connections == 0 && real.now() - begin < patience {
        connections += u64::from(listener.accept().is_ok());
        // tidy: real time because a thread asks over a socket.
        thread::sleep(Duration::from_millis(1));
    }
    drop(registry);
    connections
}

#[cfg(feature = "store")]
#[test]
fn a_state_that_fills_the_windows_needs_no_one_else() {
    let directory = std::env::temp_dir().join(format!("slo-asking-{}", std::process::id()));
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let hour = |name: &'static str| {
        let slo = Slo::literal(name, Sli::Availability, Objective::literal("99%"));
        slo.with_operation("a").expect("it is plain").with_window(slo_core::Window::literal("1h"))
    };
    let open = || {
        let builder = Registry::builder("shop").without_declared().clock(clock.clone()).slo(hour("a"));
        builder.state_dir(&directory)
    };
    let build = |builder: RegistryBuilder| builder.build().expect("it is valid");
    let pass = |ticks: u32| {
        let registry = build(open());
        for _ in 0..ticks {
            clock.advance(Duration::from_secs(10));
            registry.tick(clock.now());
        }
    };
    pass(180);
    assert_eq!(
        connections_of(|address| build(open().restore_from(source(address)))),
        1,
        "half an hour is short"
    );
    pass(200);
    assert_eq!(
        connections_of(|address| build(open().restore_from(source(address)))),
        0,
        "it reaches far enough"
    );
    std::fs::remove_dir_all(&directory).expect("it is ours");
}

#[test]
fn without_a_question_there_is_no_fleet() {
    let registry = builder(&Clock::system()).build().expect("it is valid");
    assert_eq!(registry.status().slos[0].fleet, None);
    let json = serde_json::to_value(registry.status()).expect("a status");
    assert!(json["slos"][0].get("fleet").is_none());
}

/// As much as the form of an answer allows.
fn answering(body: &str) -> SocketAddr {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    server(Some(Box::leak((head + body).into_boxed_str())))
}

#[test]
fn an_answer_that_is_not_whole_is_none() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let series = r#"{"metric":{"slo":"a"},"value":[1700000000,"100"]}"#;
    for extra in [r#","warnings":["store 10.0.0.7 is down"]"#, r#","isPartial":true"#] {
        let body =
            format!(r#"{{"status":"success"{extra},"data":{{"resultType":"vector","result":[{series}]}}}}"#);
        let address = answering(&body);
        let registry = builder(&clock).fleet(source(address)).build().expect("it is valid");
        let fleet = eventually("it is asked", || {
            Some(fleet(&registry)).filter(|fleet| fleet.at.is_some() || fleet.error.is_some())
        });
        assert_eq!(fleet.error.as_deref(), Some("the answer is not whole"), "{extra}");
        assert_eq!((fleet.at, fleet.events), (None, None));
    }
}

#[test]
fn no_interval_is_too_long() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let source = source(clever(&[])).interval(Duration::MAX).time_max(Duration::MAX).timeout(Duration::MAX);
    let registry = builder(&clock).fleet(source).build().expect("it is valid");
    eventually("it is asked", || fleet(&registry).at);
    assert!(!fleet(&registry).stale);
}

/// Answers what is asked by what the question holds.
fn clever(answers: &'static [(&'static str, &'static str)]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    // Ends with the process: nobody connects any more.
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut text = String::new();
            while !text.contains("&time=") {
                let mut bytes = [0; 4_096];
                let read = stream.read(&mut bytes).expect("a question");
                text += std::str::from_utf8(&bytes[..read]).expect("ASCII");
            }
            let result =
                answers.iter().find(|(part, _)| text.contains(part)).map_or("", |(_, result)| result);
            let body =
                format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{result}]}}}}"#);
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            let _ = stream.write_all((head + &body).as_bytes());
        }
    });
    address
}

/// A server that has lost one of the two counters does not know that nothing was bad.
#[test]
fn bad_events_that_nobody_knows_of_are_not_none() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let hundred = r#"{"metric":{"slo":"a"},"value":[1700000000,"100"]}"#;
    let nan = r#"{"metric":{"slo":"a"},"value":[1700000000,"NaN"]}"#;
    for answers in [
        vec![("slo_events_total", hundred)].leak(),
        vec![("slo_events_total", hundred), ("slo_bad_events_total", nan)].leak(),
    ] {
        let registry = builder(&clock).fleet(source(clever(answers))).build().expect("it is valid");
        let fleet = eventually("it is asked", || Some(fleet(&registry)).filter(|fleet| fleet.at.is_some()));
        assert_eq!((fleet.events, fleet.sli_ratio, fleet.budget_remaining_ratio), (None, None, None));
        assert!(fleet.burn_rates.iter().all(|burn| burn.rate.is_none()), "{fleet:?}");
    }
}

/// A server that answers, but of nobody, is one that is told the wrong labels, or scrapes no more.
#[test]
fn a_fleet_that_nobody_has_seen_is_no_consent() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let hundred = r#"{"metric":{"slo":"a"},"value":[1700000000,"100"]}"#;
    let zero = r#"{"metric":{"slo":"a"},"value":[1700000000,"0"]}"#;
    let [all, bad, none] =
        [("slo_events_total", hundred), ("slo_bad_events_total", zero), ("slo_events_total", zero)];
    for (answers, expected) in [
        (vec![all, bad], None),
        // Nothing has happened yet, which is known.
        (vec![("count", hundred), none, bad], None),
        (vec![], Some("the Prometheus knows of none of its events")),
        (vec![all], Some("the Prometheus knows of none of its events")),
        (vec![("count", ""), all, bad], Some("the Prometheus sees no process of it")),
    ] {
        let registry = builder(&clock).fleet(source(clever(answers.leak()))).build().expect("it is valid");
        eventually("it is asked", || fleet(&registry).at);
        let decision = GatePolicy::new().of_fleet().decide(&registry.status());
        let expected = expected.map(|why| format!("what the fleet does about a is not known: {why}"));
        let reasons: Vec<_> =
            decision.reasons.iter().map(|reason| (reason.rule, reason.text.clone())).collect();
        assert_eq!(reasons, expected.into_iter().map(|text| (GateRule::Fleet, text)).collect::<Vec<_>>());
        assert_eq!(decision.allowed, reasons.is_empty());
    }
}
