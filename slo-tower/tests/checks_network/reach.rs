//! TCP and names.

use std::time::Duration;

use slo_tower::checks::{self, Lookup};
use slo_tower::{Check, Gate, Level, SloRegistry};
use tokio::net::TcpListener;

use crate::support::{closed, reading, reason, run};

#[tokio::test]
async fn who_listens_is_reached() {
    for bind in ["127.0.0.1:0", "[::1]:0"] {
        let Ok(listener) = TcpListener::bind(bind).await else {
            assert_eq!(bind, "[::1]:0", "not every machine has IPv6, but each has a loopback");
            continue;
        };
        let address = listener.local_addr().unwrap();
        let status = run(checks::tcp("bank", &address.to_string())).await;
        assert_eq!((status.level, reason(&status)), (Level::Pass, String::new()));
        let seconds = reading(&status, "connect_seconds").unwrap();
        assert!((0.0..2.0).contains(&seconds), "{seconds}");
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    // A name with two addresses perhaps, of which one listens.
    let status = run(checks::tcp("bank", &format!("localhost:{port}"))).await;
    assert_eq!((status.level, reason(&status)), (Level::Pass, String::new()));
}

#[tokio::test]
async fn who_does_not_listen_is_named() {
    let closed = closed().await;
    let status = run(checks::tcp("bank", &closed.to_string())).await;
    assert_eq!(status.level, Level::Fail);
    let expected = format!("cannot connect to {closed}: {closed}: Connection refused");
    assert!(reason(&status).starts_with(&expected), "{}", reason(&status));
    assert!(status.readings.is_empty());
    let status = run(checks::tcp("bank", &format!("localhost:{}", closed.port()))).await;
    let why = reason(&status);
    assert!(why.starts_with(&format!("cannot connect to localhost:{}: ", closed.port())), "{why}");
    assert!(why.contains(&format!("{closed}: Connection refused")), "{why}");
    let status = run(checks::tcp("bank", "bank.invalid:443").timeout(Duration::from_secs(60))).await;
    assert!(reason(&status).starts_with("bank.invalid:443 does not resolve: "), "{}", reason(&status));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_never_answers_is_given_up_by_the_rules_of_the_check() {
    let (address, _listener, _waiting) = crate::support::black_hole().await;
    let quarter = Duration::from_millis(250);
    let status = run(checks::tcp("bank", &address.to_string()).timeout(quarter)).await;
    assert_eq!((status.level, reason(&status)), (Level::Fail, "timed out after 250ms".into()));
    let get = checks::http("bank", format!("http://{address}/")).timeout(quarter);
    assert_eq!(reason(&run(get).await), "timed out after 250ms");
    let served = checks::Certificate::served_by(&address.to_string());
    let status = run(checks::certificate("bank", served).timeout(quarter)).await;
    assert_eq!(reason(&status), "timed out after 250ms");
}

#[tokio::test]
async fn a_name_has_as_many_addresses_as_asked_or_the_check_fails() {
    let status = run(checks::dns("self", "localhost")).await;
    assert_eq!((status.level, reason(&status)), (Level::Pass, String::new()));
    let addresses = reading(&status, "addresses").unwrap();
    assert!((1.0..=2.0).contains(&addresses), "loopback has 127.0.0.1 and perhaps ::1, not {addresses}");
    // An address is a name of itself, and is counted once.
    for (at_least, level, why) in
        [(1, Level::Pass, ""), (2, Level::Fail, "127.0.0.1 has 1 addresses, not 2 or more")]
    {
        let status = run(checks::dns("self", Lookup::new("127.0.0.1").at_least(at_least))).await;
        assert_eq!((status.level, reason(&status).as_str()), (level, why));
        assert_eq!(reading(&status, "addresses"), Some(1.0));
    }
    let status = run(checks::dns("self", "bank.invalid").timeout(Duration::from_secs(60))).await;
    assert_eq!(status.level, Level::Fail);
    assert!(reason(&status).starts_with("bank.invalid does not resolve: "), "{}", reason(&status));
    assert!(status.readings.is_empty());
}

/// Whatever they look at is outside: nothing is withdrawn for it unless somebody asks.
#[test]
fn they_decide_nothing_unless_asked() {
    let all: [Check; 5] = [
        checks::tcp("tcp", "bank:443"),
        checks::dns("dns", "bank"),
        checks::http("http", "http://bank/"),
        checks::certificate("file", checks::Certificate::in_file("/tls.pem")),
        checks::certificate("served", checks::Certificate::served_by("bank:443")),
    ];
    for check in all {
        assert_eq!((check.fault(), check.rules().gate()), (None, Gate::Informational), "{}", check.name());
        let ready = check.clone().gates_readiness();
        assert_eq!((ready.fault(), ready.rules().gate()), (None, Gate::Readiness));
        assert!(check.gates_liveness().fault().is_some(), "a restart heals nothing of it");
    }
}

#[test]
fn what_is_declared_wrongly_is_refused_when_the_registry_is_built() {
    let address = "write host:port, such as \"db:5432\" or \"[::1]:5432\"";
    for (check, expected) in [
        (checks::tcp("bank", "bank"), format!("check bank: \"bank\" is no address: {address}")),
        (
            checks::dns("bank", "bank:443"),
            "check bank: \"bank:443\" is no name: write one such as \"db.example\", without a port".into(),
        ),
        (
            checks::dns("bank", "postgres://me:hunter2@bank/shop"),
            "check bank: what holds an '@' is no name: write one such as \"db.example\", without a port"
                .into(),
        ),
        (
            checks::tcp("bank", "postgres://me:hunter2@bank/shop"),
            format!("check bank: what holds an '@' is no address: {address}"),
        ),
        (
            checks::dns("bank", ""),
            "check bank: \"\" is no name: write one such as \"db.example\", without a port".into(),
        ),
        (
            checks::dns("bank", Lookup::new("bank").at_least(0)),
            "check bank: at least 0 addresses is always true: write 1 or more".into(),
        ),
        (
            checks::http("bank", "bank:443"),
            "check bank: the URL is not of HTTP: begin it with http:// or https://".into(),
        ),
        (
            checks::certificate("bank", checks::Certificate::served_by("bank")),
            format!("check bank: \"bank\" is no address: {address}"),
        ),
    ] {
        let error = SloRegistry::builder("test").without_declared().check(check).build().unwrap_err();
        assert!(error.to_string().contains(&expected), "{error}");
    }
}
