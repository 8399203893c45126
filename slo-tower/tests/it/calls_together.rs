//! Calls among others: within requests, beside other calls, on other threads.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::routing::get;
use http::{Request, StatusCode};
use proptest::prelude::*;
use slo_tower::slo;
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use crate::jobs::{
    Fail, Job, NeverEnd, PanicInCall, PanicInPoll, Ping, Succeed, active, drive, ended, poll, registry, work,
};
use crate::support::{counted, events};

#[slo(operation = "calls-inner", availability = 99%)]
fn inner(result: Result<u8, String>) -> Result<u8, String> {
    result
}

#[slo(availability = 99%)]
async fn calls_asked() -> &'static str {
    "an answer"
}

#[test]
fn operations_within_a_call_count_where_it_does() {
    let (slos, _) = registry();
    let layer = slos.layer_operations(Job::name);
    let mut service = ServiceBuilder::new().layer(layer).service_fn(|job: Job| {
        let in_call = inner(Err("no".into()));
        async move { in_call.or_else(|_| inner(if job == Succeed { Ok(7) } else { Err("no".into()) })) }
    });
    drive(Box::pin(service.call(Succeed)).as_mut()).unwrap().unwrap();
    assert_eq!(events(&slos, "calls-inner-availability"), [1, 1, 0]);
    // What is not recorded is left alone, and nobody else is there to count it.
    drive(Box::pin(service.call(Ping)).as_mut()).unwrap().unwrap_err();
    assert_eq!(events(&slos, "calls-inner-availability"), [1, 1, 0]);
}

/// An unmarked request whose handler calls, within its own task, a router that has a marked one.
#[tokio::test]
async fn a_call_made_by_a_request_is_an_event_besides_it() {
    let (slos, _) = registry();
    let asked = Router::new().route("/asked", get(calls_asked));
    for (asked, requests) in [
        (asked.clone(), vec!["GET /asking 200 ×1"]),
        // In one process the request it makes is one of its own.
        (asked.layer(slos.layer()), vec!["GET /asked 200 ×1", "GET /asking 200 ×2"]),
    ] {
        let client = ServiceBuilder::new()
            .layer(slos.layer_operations(|_: &Request<Body>| "job").judged_by_status())
            .service(asked);
        let asking = move || async move {
            let missing = client.clone().oneshot(Request::get("/none").body(Body::empty()).unwrap());
            let found = client.clone().oneshot(Request::get("/asked").body(Body::empty()).unwrap());
            assert_eq!(missing.await.unwrap().status(), StatusCode::NOT_FOUND);
            let answer = to_bytes(found.await.unwrap().into_body(), 100).await.unwrap();
            assert_eq!(answer, "an answer");
            drop(client.oneshot(Request::get("/asked").body(Body::empty()).unwrap()));
        };
        let app = Router::new().route("/asking", get(asking)).layer(slos.layer());
        let request = Request::get("/asking").body(Body::empty()).unwrap();
        assert_eq!(app.oneshot(request).await.unwrap().status(), StatusCode::OK);
        let counted: Vec<_> = counted(&slos).into_iter().filter(|line| !line.contains("UNMATCHED")).collect();
        assert_eq!(counted, requests);
    }
    assert_eq!(ended(&slos), ["job ×4"]);
    // The mark of who was asked is not the one of who asked: one request was counted for it, that of its own.
    assert_eq!(events(&slos, "calls_asked-availability"), [1, 0, 0]);
    assert!(active(&slos).is_empty());
}

/// A request that a handler has marked keeps its mark and its clock, whatever its calls do.
#[tokio::test]
async fn a_failing_call_leaves_the_request_as_it_is() {
    #[slo(availability = 99%)]
    async fn calls_patient(client: impl AsyncFn()) -> StatusCode {
        client().await;
        StatusCode::OK
    }

    let (slos, _) = registry();
    let service = ServiceBuilder::new().layer(slos.layer_operations(Job::name)).service(service_fn(work));
    let handler = move || {
        calls_patient(async move || {
            let _ = catch_unwind(AssertUnwindSafe(|| service.clone().call(PanicInCall)));
            drop(service.clone().call(NeverEnd));
        })
    };
    let app = Router::new().route("/patient", get(handler)).layer(slos.layer());
    app.oneshot(Request::get("/patient").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(counted(&slos), ["GET /patient 200 ×1"]);
    assert_eq!(events(&slos, "calls_patient-availability"), [1, 0, 0]);
    assert_eq!(ended(&slos), ["job cancelled ×1", "job panic ×1"]);
}

/// What a call returns is a future like any other: it may go to another thread.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_may_end_on_another_thread() {
    let (slos, _) = registry();
    let service = ServiceBuilder::new().layer(slos.layer_operations(|_: &u8| "job")).service_fn(
        |answer: u8| async move { if answer == 0 { pending().await } else { Ok::<_, ()>(answer) } },
    );
    let calls = (0..=100).map(|answer| tokio::spawn(service.clone().oneshot(answer)));
    let mut calls: Vec<_> = calls.collect();
    let first = calls.remove(0);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    let counted = events(&slos, "job-availability");
    assert!(
        counted == [100, 0, 1] || counted == [100, 0, 0],
        "aborted before it ran, it was no call: {counted:?}"
    );
    assert!(active(&slos).is_empty());
}

/// What becomes of one call among others: how it is asked to end, and how often it is polled before it is dropped.
fn history() -> impl Strategy<Value = Vec<(Job, usize)>> {
    let job = prop_oneof![
        Just(Succeed),
        Just(Fail),
        Just(PanicInCall),
        Just(PanicInPoll),
        Just(NeverEnd),
        Just(Ping)
    ];
    prop::collection::vec((job, 0..4_usize), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn calls_under_way_together_are_counted_as_each_alone(history in history()) {
        let (slos, _) = registry();
        let mut service = ServiceBuilder::new().layer(slos.layer_operations(Job::name)).service(service_fn(work));
        let mut calls = Vec::new();
        for (job, polls) in &history {
            let call = catch_unwind(AssertUnwindSafe(|| Box::pin(service.call(*job))));
            calls.extend(call.ok().map(|call| (call, *polls)));
        }
        for round in 0..3 {
            for (call, _) in calls.iter_mut().filter(|(_, polls)| *polls > round) {
                // A future must not be polled after its end; this one says so by a panic, or starts anew.
                let _ = catch_unwind(AssertUnwindSafe(|| poll(call.as_mut())));
            }
            calls.retain(|(_, polls)| *polls > round + 1 || round == 2);
        }
        drop(calls);
        let count = |wanted: fn(&(Job, usize)) -> bool| history.iter().filter(|job| wanted(job)).count() as u64;
        let good = count(|(job, polls)| *job == Succeed && *polls > 1);
        let bad = count(|(job, polls)| *job == PanicInCall || matches!(job, Fail | PanicInPoll) && *polls > 1);
        let all = count(|(job, _)| *job != Ping);
        prop_assert_eq!(events(&slos, "job-availability"), [good, bad, all - good - bad]);
        prop_assert!(active(&slos).is_empty());
    }
}
