//! Calls of services that answer no requests: each is one event of its operation, whatever way it ends.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Response, StatusCode};
use slo_tower::{Outcome, RouteRef, SloRegistry, outcome_of_error};
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, service_fn};

use crate::jobs::{
    Fail, Job, NeverEnd, PanicInCall, PanicInPoll, Ping, Succeed, active, drive, ended, registry, work,
};
use crate::support::{SLOW, events};

#[test]
fn a_call_ends_once_whatever_way_it_ends() {
    for (job, took, expected, slis) in [
        (Succeed, Duration::ZERO, "job ×1", [[1, 0, 0], [1, 0, 0], [1, 0, 0]]),
        (Succeed, SLOW, "job ×1", [[1, 0, 0], [0, 1, 0], [0, 1, 0]]),
        (Fail, Duration::ZERO, "job error ×1", [[0, 1, 0], [0, 0, 1], [0, 1, 0]]),
        (PanicInCall, Duration::ZERO, "job panic ×1", [[0, 1, 0], [0, 0, 1], [0, 1, 0]]),
        (PanicInPoll, Duration::ZERO, "job panic ×1", [[0, 1, 0], [0, 0, 1], [0, 1, 0]]),
        (NeverEnd, Duration::ZERO, "job cancelled ×1", [[0, 0, 1], [0, 0, 1], [0, 0, 1]]),
        (NeverEnd, SLOW, "job cancelled ×1", [[0, 0, 1], [0, 1, 0], [0, 1, 0]]),
    ] {
        let (slos, clock) = registry();
        let mut service =
            ServiceBuilder::new().layer(slos.layer_operations(Job::name)).service(service_fn(work));
        let call = catch_unwind(AssertUnwindSafe(|| Box::pin(service.call(job))));
        if let Ok(mut call) = call {
            assert_eq!(active(&slos), ["slo_operation_active{operation=\"job\"} 1"], "{job:?}");
            clock.advance(took);
            let output = drive(call.as_mut());
            match job {
                Succeed => assert_eq!(output, Some(Ok(7))),
                Fail => assert_eq!(output, Some(Err("asked to".into()))),
                _ => assert_eq!(output, None, "{job:?}"),
            }
            // Whatever comes after its end, and its drop, is of no account.
            if job == PanicInPoll {
                assert_eq!(ended(&slos), [expected]);
                drive(call.as_mut());
            }
        }
        assert_eq!(ended(&slos), [expected], "{job:?}");
        assert_eq!(active(&slos), [""; 0], "{job:?}");
        let counts = ["availability", "latency", "combined"].map(|sli| events(&slos, &format!("job-{sli}")));
        assert_eq!(counts, slis, "{job:?} after {took:?}");
    }
}

#[test]
fn calls_dropped_unpolled_are_cancelled_and_what_has_no_name_is_not_recorded() {
    let (slos, _) = registry();
    let mut service = ServiceBuilder::new().layer(slos.layer_operations(Job::name)).service(service_fn(work));
    drop(service.call(Succeed));
    assert_eq!(ended(&slos), ["job cancelled ×1"]);
    assert_eq!(drive(Box::pin(service.call(Ping)).as_mut()), Some(Ok(7)));
    drop(service.call(Ping));
    assert_eq!((ended(&slos).len(), active(&slos).len()), (1, 0));
}

/// Not ready at first, then broken.
struct Breaking {
    polls: usize,
}

impl Service<()> for Breaking {
    type Response = ();
    type Error = &'static str;
    type Future = Ready<Result<(), &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.polls += 1;
        match self.polls {
            1 => Poll::Pending,
            2 => Poll::Ready(Ok(())),
            _ => Poll::Ready(Err("broken")),
        }
    }

    fn call(&mut self, (): ()) -> Self::Future {
        ready(Err("no"))
    }
}

#[test]
fn readiness_passes_through_and_counts_nothing() {
    let (slos, _) = registry();
    let mut service =
        ServiceBuilder::new().layer(slos.layer_operations(|(): &()| "job")).service(Breaking { polls: 0 });
    let mut context = Context::from_waker(Waker::noop());
    let polled = [(); 4].map(|()| service.poll_ready(&mut context));
    let broken = Poll::Ready(Err("broken"));
    assert_eq!(polled, [Poll::Pending, Poll::Ready(Ok(())), broken, broken]);
    assert_eq!(ended(&slos), [""; 0]);
    // The service that was made ready is the one that is called.
    assert_eq!(drive(Box::pin(service.call(())).as_mut()), Some(Err("no")));
    assert_eq!(ended(&slos), ["job error ×1"]);
}

#[tokio::test(start_paused = true)]
async fn time_outs_and_shed_load_are_told_from_failures() {
    let (slos, _) = registry();
    let mut service = ServiceBuilder::new()
        .layer(slos.layer_operations(|_: &Option<Duration>| "job"))
        .load_shed()
        .concurrency_limit(1)
        .timeout(Duration::from_secs(1))
        .service(service_fn(|after: Option<Duration>| async move {
            let Some(after) = after else { return Err(BoxError::from("no")) };
            // tidy: real time because it is tokio's, and tokio's is paused.
            tokio::time::sleep(after).await;
            Ok(())
        }));
    let slow = service.ready().await.unwrap().call(Some(Duration::from_secs(2)));
    let shed = service.ready().await.unwrap().call(Some(Duration::ZERO)).await;
    assert!(shed.unwrap_err().is::<tower::load_shed::error::Overloaded>());
    assert!(slow.await.unwrap_err().is::<tower::timeout::error::Elapsed>());
    service.ready().await.unwrap().call(Some(Duration::ZERO)).await.unwrap();
    service.ready().await.unwrap().call(None).await.unwrap_err();
    assert_eq!(ended(&slos), ["job error ×1", "job shed ×1", "job timeout ×1", "job ×1"]);
    assert_eq!(events(&slos, "job-availability"), [1, 3, 0]);
}

#[test]
fn users_judge_results() {
    let (slos, _) = registry();
    let layer =
        slos.layer_operations(|_: &u8| "job").judged_by(|result: &Result<u8, BoxError>| match result {
            Ok(0) => Outcome::Shed(0),
            Ok(1) => Outcome::Completed(503),
            Ok(2) => panic!("it cannot judge this"),
            Ok(_) => Outcome::Completed(204),
            Err(error) => outcome_of_error(error),
        });
    let mut service = ServiceBuilder::new().layer(layer).service_fn(|answer: u8| {
        ready(match answer {
            9 => Err(BoxError::from(tower::timeout::error::Elapsed::new())),
            _ => Ok(answer),
        })
    });
    for (answer, expected) in [
        (0, vec!["job shed ×1"]),
        (1, vec!["job error ×1", "job shed ×1"]),
        // By the result.
        (2, vec!["job error ×1", "job shed ×1", "job ×1"]),
        (3, vec!["job error ×1", "job shed ×1", "job ×2"]),
        (9, vec!["job error ×1", "job shed ×1", "job timeout ×1", "job ×2"]),
    ] {
        let result = drive(Box::pin(service.call(answer)).as_mut()).expect("it answers at once");
        assert_eq!(result.ok(), (answer != 9).then_some(answer), "the answer is the caller's");
        assert_eq!(ended(&slos), expected);
    }
    assert_eq!(events(&slos, "job-availability"), [2, 3, 0]);
}

#[test]
fn calls_over_http_are_judged_by_their_status() {
    let (slos, _) = registry();
    let mut service = ServiceBuilder::new()
        .layer(slos.layer_operations(|_: &u16| "job").judged_by_status())
        .service_fn(|status: u16| {
            let mut response = Response::new("unread");
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            ready(Ok::<_, Infallible>(response))
        });
    for status in [200, 302, 404, 499, 500, 503] {
        let Some(Ok(response)) = drive(Box::pin(service.call(status)).as_mut()) else { panic!("it answers") };
        assert_eq!((response.status().as_u16(), response.into_body()), (status, "unread"));
    }
    assert_eq!(ended(&slos), ["job error ×2", "job ×4"]);
    assert_eq!(events(&slos, "job-availability"), [4, 2, 0]);
}

#[test]
fn what_overlaps_with_maintenance_is_excluded() {
    let (slos, clock) = registry();
    let mut service = ServiceBuilder::new().layer(slos.layer_operations(Job::name)).service(service_fn(work));
    let mut before = Box::pin(service.call(Fail));
    let maintenance = slos.maintenance();
    drive(Box::pin(service.call(Fail)).as_mut()).unwrap().unwrap_err();
    drop(maintenance);
    drive(before.as_mut()).unwrap().unwrap_err();
    assert_eq!(events(&slos, "job-availability"), [0, 0, 2]);
    clock.advance(SLOW);
    drive(Box::pin(service.call(Fail)).as_mut()).unwrap().unwrap_err();
    assert_eq!(events(&slos, "job-availability"), [0, 1, 2]);
}

#[test]
fn who_is_mounted_keeps_the_registry_and_clones_pass_everything_on_without_it() {
    let kept = Arc::new(());
    let own = Arc::clone(&kept);
    let classify = move |_: RouteRef<'_>, outcome: Outcome| {
        // It lives as long as the registry that asks.
        let _ = &own;
        outcome.verdict()
    };
    let slos = SloRegistry::builder("test").without_declared().classify(classify).build().unwrap();
    let mounted = ServiceBuilder::new().layer(slos.layer_operations(Job::name)).service(service_fn(work));
    drop(slos);
    let mut cloned = mounted.clone();
    let mut other = mounted.clone();
    // What a thread records it keeps until it ends.
    let under_way = std::thread::spawn(move || Box::pin(other.call(Succeed))).join();
    assert_eq!(Arc::strong_count(&kept), 2);
    drop(mounted);
    assert_eq!(Arc::strong_count(&kept), 1);
    assert_eq!(drive(under_way.unwrap().as_mut()), Some(Ok(7)));
    assert_eq!(drive(Box::pin(cloned.call(Succeed)).as_mut()), Some(Ok(7)));
}

#[test]
fn an_attempt_by_hand_is_counted_alike() {
    let (slos, _) = registry();
    slos.attempt("job").finish(Outcome::of(&Ok::<_, ()>(7)));
    slos.attempt("job").finish(Outcome::of(&Err::<(), _>("no")));
    drop(slos.attempt("job"));
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let _attempt = slos.attempt("job");
        panic!("asked to");
    }));
    assert_eq!(ended(&slos), ["job cancelled ×1", "job error ×1", "job panic ×1", "job ×1"]);
    assert_eq!(events(&slos, "job-availability"), [1, 2, 1]);
}
