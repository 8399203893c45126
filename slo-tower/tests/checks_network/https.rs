//! Pages over TLS, of a real server with certificates that are to be trusted, and others.

use std::fs;
use std::time::Duration;

use slo_tower::checks::{self, HttpGet};
use slo_tower::{CheckStatus, Level};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::openssl::{Mint, Served};
use crate::support::{reading, reason, run};

const DAY: i64 = 86_400;
const VALID: [i64; 2] = [-DAY, 365 * DAY];

#[tokio::test]
async fn only_who_is_trusted_for_his_name_now_is_asked() {
    let Some(mint) = Mint::open("only_who_is_trusted_for_his_name_now_is_asked") else { return };
    let authority = mint.make(("/CN=Our Authority", "authority.example"), VALID, None);
    let own = ("/CN=localhost", "localhost");
    let good = mint.make(own, VALID, Some(&authority));
    let expired = mint.make(own, [-2 * DAY, -DAY], Some(&authority));
    let early = mint.make(own, [DAY, 2 * DAY], Some(&authority));
    let other = mint.make(("/CN=bank.example", "bank.example"), VALID, Some(&authority));
    let own_signed = mint.make(own, VALID, None);
    for (served, is_trusting, expected) in [
        (&good, true, ""),
        (&good, false, "UnknownIssuer"),
        (&expired, true, "certificate expired"),
        (&early, true, "certificate not valid yet"),
        (&other, true, "certificate not valid for name \"localhost\""),
        (&own_signed, true, "CaUsedAsEndEntity"),
    ] {
        let server = Served::start(served, &["-www"]);
        let host = format!("localhost:{}", server.address.port());
        let mut page = HttpGet::new(format!("https://{host}/?hunter2")).body_contains("Ciphers");
        if is_trusting {
            page = page.trusting(&authority.certificate);
        }
        let status: CheckStatus = run(checks::http("page", page)).await;
        let why = reason(&status);
        if expected.is_empty() {
            assert_eq!((status.level, why.as_str()), (Level::Pass, ""));
            assert_eq!(reading(&status, "status_code"), Some(200.0));
        } else {
            assert_eq!(status.level, Level::Fail);
            assert!(why.starts_with(&format!("{host}: invalid peer certificate: ")), "{why}");
            assert!(why.contains(expected) && !why.contains("hunter2"), "{why}");
        }
    }
}

/// A page that was written down once and is asked for twice, once by who trusts more.
#[tokio::test]
async fn clones_trust_only_whom_they_were_told_to() {
    let Some(mint) = Mint::open("clones_trust_only_whom_they_were_told_to") else { return };
    let authority = mint.make(("/CN=Our Authority", "authority.example"), VALID, None);
    let own = mint.make(("/CN=localhost", "localhost"), VALID, Some(&authority));
    let server = Served::start(&own, &["-www"]);
    let plain = HttpGet::new(format!("https://localhost:{}/", server.address.port()));
    let trusting = checks::http("page", plain.clone().trusting(&authority.certificate));
    let plain = checks::http("page", plain);
    for _ in 0..2 {
        let status = run(trusting.clone()).await;
        assert_eq!((status.level, reason(&status)), (Level::Pass, String::new()));
        assert!(reason(&run(plain.clone()).await).contains("UnknownIssuer"));
    }
}

#[test]
fn whom_to_trust_is_no_question_without_tls() {
    let check = checks::http("page", HttpGet::new("http://localhost/").trusting("/ca.pem"));
    let fault = check.fault().map(ToString::to_string);
    assert_eq!(fault.as_deref(), Some("check page: http:// trusts nobody: begin the URL with https://"));
    let check = checks::http("page", HttpGet::new("localhost").trusting("/ca.pem"));
    assert!(check.fault().is_some_and(|fault| fault.to_string().contains("is not of HTTP")));
}

/// What reading takes is not lost with the run that began it: otherwise no run would ever have enough time.
#[cfg(unix)]
#[tokio::test]
async fn what_is_read_slowly_is_read_once() {
    let Some(mint) = Mint::open("what_is_read_slowly_is_read_once") else { return };
    let authority = mint.make(("/CN=Our Authority", "authority.example"), VALID, None);
    let own = mint.make(("/CN=localhost", "localhost"), VALID, Some(&authority));
    let server = Served::start(&own, &["-www"]);
    let slow = mint.file("slow.pem", &[]);
    fs::remove_file(&slow).unwrap();
    // Whoever opens it waits until somebody writes.
    assert!(std::process::Command::new("mkfifo").arg(&slow).status().unwrap().success());
    let url = format!("https://localhost:{}/", server.address.port());
    let check = checks::http("page", HttpGet::new(url).trusting(&slow));
    let hasty = check.clone().timeout(Duration::from_millis(50));
    for _ in 0..3 {
        assert_eq!(reason(&run(hasty.clone()).await), "timed out after 50ms");
    }
    fs::write(&slow, fs::read(&authority.certificate).unwrap()).unwrap();
    for _ in 0..2 {
        let status = run(check.clone().timeout(Duration::from_secs(20))).await;
        assert_eq!((status.level, reason(&status)), (Level::Pass, String::new()));
    }
}

#[tokio::test]
async fn what_is_to_be_trusted_is_read_when_it_is_there() {
    let Some(mint) = Mint::open("what_is_to_be_trusted_is_read_when_it_is_there") else { return };
    let own = mint.make(("/CN=localhost", "localhost"), VALID, None);
    let server = Served::start(&own, &["-www"]);
    let url = format!("https://localhost:{}/", server.address.port());
    let path = mint.file("later.pem", &[]);
    let check = checks::http("page", HttpGet::new(url).trusting(&path));
    let place = path.display();
    fs::remove_file(&path).unwrap();
    let why = reason(&run(check.clone()).await);
    assert!(why.starts_with(&format!("no authorities can be read from {place}: ")), "{why}");
    fs::write(&path, fs::read(&own.key).unwrap()).unwrap();
    let expected = format!("no authorities can be read from {place}: there is none in PEM");
    assert_eq!(reason(&run(check.clone()).await), expected);
    fs::write(&path, "-----BEGIN CERTIFICATE-----\nhunter2").unwrap();
    let expected = format!("no authorities can be read from {place}: its PEM is broken");
    assert_eq!(reason(&run(check.clone()).await), expected);
    fs::copy(&own.certificate, &path).unwrap();
    // It is its own authority: whether that will do is the library's to say, but it has been read.
    let why = reason(&run(check).await);
    assert!(!why.starts_with("no authorities"), "{why}");
}

#[tokio::test]
async fn who_speaks_no_tls_is_said_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // The client may have left.
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        }
    });
    let why = reason(&run(checks::http("page", format!("https://{address}/"))).await);
    assert!(why.starts_with(&format!("{address}: ")), "{why}");
    let served = checks::Certificate::served_by(&address.to_string());
    let why = reason(&run(checks::certificate("page", served)).await);
    assert!(why.starts_with(&format!("{address} presents no certificate: ")), "{why}");
}
