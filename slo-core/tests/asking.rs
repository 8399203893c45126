//! A Prometheus that is asked and does not answer as it should does no harm.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::Duration;

use slo_core::{
    Clock, FleetStatus, Objective, Outcome, Prometheus, Registry, RegistryBuilder, Sli, Slo, Timestamp,
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
