//! What `Check`, `Watch` and `List` say of which state.

use std::time::Duration;

use slo_tower::{Check, GrpcHealth, Report, ServiceError, SloRegistry};
use tonic::Code;
use tonic_health::pb::health_check_response::ServingStatus::{NotServing, ServiceUnknown, Serving};

use crate::{check, list, next, set, watch, with_database};

const OWN: [&str; 4] = ["", "liveness", "readiness", "startup"];

fn registry() -> SloRegistry {
    SloRegistry::builder("test").without_declared().build().unwrap()
}

async fn each(health: &GrpcHealth, services: &[&str]) -> Vec<&'static str> {
    let mut said = Vec::new();
    for service in services {
        said.push(check(health, service).await.unwrap().as_str_name());
    }
    said
}

#[tokio::test]
async fn the_servers_own_names_say_what_the_probes_say() {
    let slos = registry();
    let health = slos.grpc_health().service("shop.Shop", []).unwrap();
    let asked = ["", "readiness", "shop.Shop", "startup", "liveness"];
    let (yes, no) = ("SERVING", "NOT_SERVING");
    let hold = slos.health().hold_start();
    assert_eq!(each(&health, &asked).await, [no, no, no, yes, yes], "what has started has");
    drop(hold);
    assert_eq!(each(&health, &asked).await, [yes; 5]);
    slos.health().drain();
    assert_eq!(each(&health, &asked).await, [no, no, no, yes, yes]);
}

#[tokio::test]
async fn an_unknown_service_is_not_found_and_an_unknown_method_unimplemented() {
    let health = registry().grpc_health();
    for unknown in ["shop.Shop", "Liveness", "liveness ", "database"] {
        assert_eq!(check(&health, unknown).await, Err(Code::NotFound), "{unknown}");
    }
    let mut client = tonic::client::Grpc::new(health);
    let path = http::uri::PathAndQuery::from_static("/grpc.health.v1.Health/Cure");
    let codec = tonic_prost::ProstCodec::<(), ()>::default();
    let answer = client.unary(tonic::Request::new(()), path, codec).await;
    assert_eq!(answer.unwrap_err().code(), Code::Unimplemented);
}

#[tokio::test]
async fn a_service_serves_with_a_warning() {
    let warns = Check::in_process("disk", || Report::Warn("nearly full".into())).jitter(0.0);
    let slos = SloRegistry::builder("test").without_declared().check(warns).build().unwrap();
    slos.health().run_due().await;
    let health = slos.grpc_health().service("shop.Shop", ["disk"]).unwrap();
    assert_eq!(check(&health, "shop.Shop").await, Ok(Serving));
}

#[tokio::test]
async fn a_service_follows_its_checks_and_the_server_does_not() {
    let (slos, database) = with_database();
    let health = slos.grpc_health().service("shop.Shop", ["database"]).unwrap();
    let health = health.service("shop.Catalogue", []).unwrap();
    let mut shop = watch(&health, "shop.Shop").await;
    let mut catalogue = watch(&health, "shop.Catalogue").await;
    assert_eq!(next(&mut catalogue).await, Some(Serving));
    // Until the first result nobody knows.
    if next(&mut shop).await == Some(NotServing) {
        assert_eq!(next(&mut shop).await, Some(Serving));
    }
    for (is_well, expected) in [(false, NotServing), (true, Serving), (false, NotServing)] {
        set(&database, is_well);
        assert_eq!(next(&mut shop).await, Some(expected));
        assert_eq!(check(&health, "shop.Shop").await, Ok(expected));
        assert_eq!(check(&health, "").await, Ok(Serving));
    }
    // Nothing of this was news for whoever needs no database.
    slos.health().drain();
    assert_eq!(next(&mut catalogue).await, Some(NotServing));
}

#[tokio::test(start_paused = true)]
async fn a_watch_of_an_unknown_service_stays_open_and_is_told_once_it_is_known() {
    let slos = registry();
    let health = slos.grpc_health();
    let mut statuses = watch(&health, "shop.Late").await;
    assert_eq!(next(&mut statuses).await, Some(ServiceUnknown));
    // The paused clock moves on by itself, to show that nothing happens.
    let nothing = tokio::time::timeout(Duration::from_secs(3_600), next(&mut statuses)).await;
    assert!(nothing.is_err(), "{nothing:?}");
    let health = health.service("shop.Other", []).unwrap();
    let nothing = tokio::time::timeout(Duration::from_secs(3_600), next(&mut statuses)).await;
    assert!(nothing.is_err(), "{nothing:?}");
    let health = health.service("shop.Late", []).unwrap();
    assert_eq!(next(&mut statuses).await, Some(Serving));
    assert_eq!(check(&health, "shop.Late").await, Ok(Serving));
}

#[tokio::test]
async fn who_reads_slowly_is_told_of_the_last_change_only() {
    let slos = registry();
    let mut statuses = watch(&slos.grpc_health(), "").await;
    assert_eq!(next(&mut statuses).await, Some(Serving));
    let holds: Vec<_> = (0..1_000).map(|_| slos.health().hold_start()).collect();
    assert_eq!(next(&mut statuses).await, Some(NotServing));
    for _ in 0..1_000 {
        drop(slos.health().hold_start());
    }
    drop(holds);
    for _ in 0..1_000 {
        drop(slos.health().hold_start());
    }
    let last = slos.health().hold_start();
    drop(last);
    assert_eq!(next(&mut statuses).await, Some(Serving));
    slos.health().drain();
    assert_eq!(next(&mut statuses).await, Some(NotServing));
}

#[tokio::test]
async fn a_list_has_every_name_and_no_more_than_a_hundred() {
    let mut health = registry().grpc_health();
    for number in 0..96 {
        health = health.service(format!("shop.Shop{number}"), []).unwrap();
    }
    let listed = list(&health).await.unwrap();
    assert_eq!(listed.len(), 100);
    assert!(
        OWN.iter().all(|name| listed.contains_key(*name)) && listed.values().all(|said| *said == Serving)
    );
    let health = health.service("shop.OneTooMany", []).unwrap();
    assert_eq!(list(&health).await.unwrap_err().code(), Code::ResourceExhausted);
    assert_eq!(check(&health, "shop.OneTooMany").await, Ok(Serving), "it is answered for nevertheless");
}

#[tokio::test]
async fn a_request_that_is_too_long_is_refused() {
    let health = registry().grpc_health();
    assert_eq!(check(&health, &"a".repeat(5_000)).await, Err(Code::OutOfRange));
}

#[test]
fn mistakes_name_the_service_and_the_check() {
    let health = registry().grpc_health();
    let refused = |name: &str, checks: &[&'static str]| {
        let error: ServiceError = health.clone().service(name, checks.iter().copied()).unwrap_err();
        error.to_string()
    };
    assert_eq!(refused("shop.Shop", &["databse"]), "service \"shop.Shop\": no check is named \"databse\"");
    for own in OWN {
        assert_eq!(refused(own, &[]), format!("service {own:?}: every server answers for that name"));
    }
}
