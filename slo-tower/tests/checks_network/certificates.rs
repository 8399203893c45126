//! The end of certificates, in files and as served.

use std::fs;
use std::path::Path;
use std::time::Duration;

use slo_tower::checks::{self, Certificate};
use slo_tower::{CheckStatus, Clock, Level, SloRegistry, Timestamp};

use crate::openssl::{Mint, Minted, Served};
use crate::support::{closed, reading, reason, run};

const DAY: i64 = 86_400;
const SHOP: (&str, &str) = ("/CN=shop.example", "shop.example");

async fn check(certificate: Certificate) -> CheckStatus {
    run(checks::certificate("own", certificate).timeout(Duration::from_secs(60))).await
}

/// Between minting and reading a test may be held up for a while, but not for half an hour.
fn assert_ends(status: &CheckStatus, minted: &Minted) {
    assert_eq!(reading(status, "expires_timestamp_seconds"), Some(minted.ends));
    let left = reading(status, "seconds_left").unwrap();
    #[expect(clippy::cast_precision_loss, reason = "dates have less than 53 bits")]
    let now = (Clock::system().now().unix_nanos() / 1_000_000_000) as f64;
    assert!((0.0..1_800.0).contains(&(left - (minted.ends - now))), "{left}");
}

#[tokio::test]
async fn the_same_is_told_of_a_file_and_of_a_server() {
    let Some(mint) = Mint::open("the_same_is_told_of_a_file_and_of_a_server") else { return };
    // Of the hours only a few have gone when it is read.
    for (valid, level, expected) in [
        ([-DAY, 365 * DAY], Level::Pass, ""),
        ([-DAY, 21 * DAY - 60], Level::Warn, " expires in 20 days, at "),
        ([-DAY, 4 * DAY - 60], Level::Fail, " expires in 3 days, at "),
        ([-DAY, 10 * 3_600 - 60], Level::Fail, " expires in 9 hours, at "),
        ([-9 * DAY, -2 * DAY - 60], Level::Fail, " expired 2 days ago, at "),
        ([3 * DAY - 60, 365 * DAY], Level::Fail, " is valid only in 2 days, from "),
    ] {
        let own = mint.make(SHOP, valid, None);
        let place = own.certificate.display();
        let status = check(Certificate::in_file(&own.certificate)).await;
        assert_eq!(status.level, level, "{}", reason(&status));
        assert_ends(&status, &own);
        if !expected.is_empty() {
            let expected = format!("certificate 1 of 1 of {place} (shop.example){expected}");
            assert!(reason(&status).starts_with(&expected), "{}", reason(&status));
        }
        // Signed by itself, for another name than is asked for, and perhaps over.
        let server = Served::start(&own, &[]);
        let served = check(Certificate::served_by(&server.address.to_string())).await;
        assert_eq!(served.level, level, "{}", reason(&served));
        assert_ends(&served, &own);
        let expected = reason(&status).replace(&place.to_string(), &server.address.to_string());
        assert_eq!(reason(&served), expected);
    }
}

#[tokio::test]
async fn bands_are_those_of_the_check() {
    let Some(mint) = Mint::open("bands_are_those_of_the_check") else { return };
    let own = mint.make(SHOP, [-DAY, 90 * DAY], None);
    let days = |days: u64| Duration::from_secs(days * 86_400);
    for (fail, warn, expected) in
        [(1, 2, Level::Pass), (1, 91, Level::Warn), (91, 92, Level::Fail), (7, 30, Level::Pass)]
    {
        let certificate =
            Certificate::in_file(&own.certificate).warn_before(days(warn)).fail_before(days(fail));
        assert_eq!(check(certificate).await.level, expected, "{fail} {warn}");
    }
    // To the second, by a clock of the test's.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a date after 1970")]
    let ends = own.ends as u64;
    for (left, expected, seconds_left) in [
        (30 * 86_400, Level::Pass, 2_592_000.0),
        (30 * 86_400 - 1, Level::Warn, 2_591_999.0),
        (7 * 86_400, Level::Warn, 604_800.0),
        (7 * 86_400 - 1, Level::Fail, 604_799.0),
        (0, Level::Fail, 0.0),
        (-1, Level::Fail, -1.0),
    ] {
        let clock = Clock::manual(Timestamp::from_unix_seconds(ends.checked_add_signed(-left).unwrap()));
        let status = check(Certificate::in_file(&own.certificate).clock(clock)).await;
        assert_eq!(
            (status.level, reading(&status, "seconds_left")),
            (expected, Some(seconds_left)),
            "{left}"
        );
        assert_eq!(reason(&status).contains("expired 1 seconds ago"), left == -1, "{}", reason(&status));
    }
}

#[tokio::test]
async fn the_first_of_a_chain_to_end_is_found_unless_only_the_first_is_looked_at() {
    let Some(mint) = Mint::open("the_first_of_a_chain_to_end_is_found") else { return };
    let authority = mint.make(("/CN=Our Authority", "authority.example"), [-DAY, 3 * DAY], None);
    let own = mint.make(SHOP, [-DAY, 200 * DAY], Some(&authority));
    let read = |path: &Path| fs::read(path).unwrap();
    // As proxies want it: with the key beside the chain.
    let parts = [read(&own.key), read(&own.certificate), read(&authority.certificate)];
    let bundle = mint.file("bundle.pem", &parts.each_ref().map(Vec::as_slice));
    let chain = authority.certificate.to_str().unwrap();
    let server = Served::start(&own, &["-cert_chain", chain]);
    let address = server.address.to_string();
    for (certificate, place) in [
        (Certificate::in_file(&bundle), bundle.display().to_string()),
        (Certificate::served_by(&address), address.clone()),
    ] {
        let whole = check(certificate.clone()).await;
        let expected = format!("certificate 2 of 2 of {place} (Our Authority) expires in ");
        assert_eq!(whole.level, Level::Fail);
        assert!(reason(&whole).starts_with(&expected), "{}", reason(&whole));
        assert_ends(&whole, &authority);
        let first = check(certificate.first_only()).await;
        assert_eq!((first.level, reason(&first)), (Level::Pass, String::new()));
        assert_ends(&first, &own);
    }
}

#[tokio::test]
async fn a_server_is_asked_by_the_name_that_was_given() {
    let Some(mint) = Mint::open("a_server_is_asked_by_the_name_that_was_given") else { return };
    let fallback = mint.make(SHOP, [-DAY, 100 * DAY], None);
    let bank = mint.make(("/CN=bank.example", "bank.example"), [-DAY, 200 * DAY], None);
    let [certificate, key] = [&bank.certificate, &bank.key].map(|path| path.to_str().unwrap());
    let other = ["-servername", "bank.example", "-cert2", certificate, "-key2", key];
    let server = Served::start(&fallback, &other);
    let served = || Certificate::served_by(&server.address.to_string());
    assert_ends(&check(served()).await, &fallback);
    assert_ends(&check(served().server_name("shop.example")).await, &fallback);
    assert_ends(&check(served().server_name("bank.example")).await, &bank);
}

/// Servers that end the handshake, because they want a certificate of ours, have shown theirs before.
#[tokio::test]
async fn a_server_that_refuses_us_is_read_nevertheless() {
    let Some(mint) = Mint::open("a_server_that_refuses_us_is_read_nevertheless") else { return };
    let own = mint.make(SHOP, [-DAY, 100 * DAY], None);
    for version in ["-tls1_2", "-tls1_3"] {
        let server = Served::start(&own, &[version, "-Verify", "1", "-verify_return_error"]);
        let status = check(Certificate::served_by(&server.address.to_string())).await;
        assert_eq!((status.level, reason(&status)), (Level::Pass, String::new()), "{version}");
        assert_ends(&status, &own);
    }
}

#[tokio::test]
async fn a_certificate_without_a_common_name_is_called_by_its_host() {
    let Some(mint) = Mint::open("a_certificate_without_a_common_name_is_called_by_its_host") else { return };
    for (subject, host, expected) in
        [("/", "bank.example", "(bank.example)"), ("/CN=a\u{1b}[31mb", "bank.example", "(a\\u{1b}[31mb)")]
    {
        let own = mint.make((subject, host), [-DAY, 20 * DAY], None);
        let why = reason(&check(Certificate::in_file(&own.certificate)).await);
        assert!(why.contains(expected), "{why}");
    }
}

#[tokio::test]
async fn a_renewed_file_is_read_anew() {
    let Some(mint) = Mint::open("a_renewed_file_is_read_anew") else { return };
    let old = mint.make(SHOP, [-DAY, 3 * DAY], None);
    let new = mint.make(SHOP, [-DAY, 90 * DAY], None);
    let own = checks::certificate("own", Certificate::in_file(&old.certificate));
    assert_eq!(run(own.clone()).await.level, Level::Fail);
    fs::copy(&new.certificate, &old.certificate).unwrap();
    assert_eq!(run(own).await.level, Level::Pass);
}

/// A file cannot fail by chance, a connection can.
#[tokio::test]
async fn each_minute_a_file_fails_at_once_and_a_server_after_three_attempts() {
    let Some(mint) = Mint::open("each_minute_a_file_fails_at_once") else { return };
    let own = mint.make(SHOP, [-DAY, 90 * DAY], None);
    let server = Served::start(&own, &[]);
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_800_000_000));
    let served = Certificate::served_by(&server.address.to_string());
    let slos = SloRegistry::builder("test").without_declared().clock(clock.clone());
    let slos = slos
        .check(checks::certificate("file", Certificate::in_file(&own.certificate)).jitter(0.0))
        .check(checks::certificate("served", served).jitter(0.0))
        .build()
        .unwrap();
    let levels = || ["file", "served"].map(|name| slos.health().status().check(name).unwrap().level);
    slos.health().run_due().await;
    assert_eq!(levels(), [Level::Pass; 2]);
    drop(server);
    fs::remove_file(&own.certificate).unwrap();
    for (seconds, expected) in [
        (59, [Level::Pass, Level::Pass]),
        (1, [Level::Fail, Level::Pass]),
        (60, [Level::Fail, Level::Pass]),
        (59, [Level::Fail, Level::Pass]),
        (1, [Level::Fail, Level::Fail]),
    ] {
        clock.advance(Duration::from_secs(seconds));
        slos.health().run_due().await;
        assert_eq!(levels(), expected);
    }
}

#[tokio::test]
async fn what_is_no_certificate_is_said_and_never_shown() {
    let directory = std::env::temp_dir();
    let path = directory.join(format!("slo-no-certificate-{}.pem", std::process::id()));
    let section = |kind: &str, text: &str| format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n");
    let place = path.display().to_string();
    for (text, expected) in [
        (String::new(), "PLACE holds no certificate in PEM"),
        ("hunter2".into(), "PLACE holds no certificate in PEM"),
        (section("PRIVATE KEY", "aHVudGVyMg=="), "PLACE holds no certificate in PEM"),
        (section("CERTIFICATE", "hunter2!"), "PLACE is no PEM: a section is no base64"),
        ("-----BEGIN CERTIFICATE-----\naHVudGVyMg==\n".into(), "PLACE is no PEM: a section has no end"),
        (section("CERTIFICATE", "aHVudGVyMg=="), "certificate 1 of PLACE is not understood"),
        ("x".repeat((4 << 20) + 1), "PLACE is longer than 4194304 bytes"),
    ] {
        fs::write(&path, text).unwrap();
        let status = check(Certificate::in_file(&path)).await;
        assert_eq!((status.level, reason(&status)), (Level::Fail, expected.replace("PLACE", &place)));
        assert!(status.readings.is_empty());
    }
    fs::remove_file(&path).unwrap();
    let why = reason(&check(Certificate::in_file(&path)).await);
    assert!(why.starts_with(&format!("cannot read {place}: No such file")), "{why}");
    let why = reason(&check(Certificate::in_file(&directory)).await);
    assert!(why.starts_with(&format!("cannot read {}: ", directory.display())), "{why}");
    let closed = closed().await;
    let why = reason(&check(Certificate::served_by(&closed.to_string())).await);
    assert!(why.starts_with(&format!("cannot connect to {closed}: ")), "{why}");
}
