//! Annotated functions that are no handlers: each call is one event, whatever way it ends.

use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use axum::Router;
use axum::routing::get;
use slo_tower::{SloRegistry, slo};
use tower::ServiceExt;

use crate::support::events;

/// How a call is asked to end.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Succeed,
    Fail,
    Panic,
    NeverEnd,
}

use Ending::{Fail, NeverEnd, Panic, Succeed};

type Outcome = Result<u8, String>;

fn end(ending: Ending) -> Outcome {
    match ending {
        Succeed => Ok(1),
        Fail => Err("asked to".into()),
        Panic | NeverEnd => panic!("asked to"),
    }
}

async fn end_later(ending: Ending) -> Outcome {
    if matches!(ending, NeverEnd) {
        pending::<()>().await;
    }
    end(ending)
}

#[slo(operation = "op-sync", availability = 99%)]
fn sync(ending: Ending) -> Outcome {
    let value = end(ending)?;
    Ok(value)
}

#[slo(operation = "op-async", availability = 99%)]
async fn asynchronous(ending: Ending) -> Outcome {
    end_later(ending).await
}

#[slo(operation = "op-impl", availability = 99%)]
fn future(ending: Ending) -> impl Future<Output = Outcome> {
    end_later(ending)
}

#[slo(operation = "op-boxed", availability = 99%)]
fn boxed(ending: Ending) -> Pin<Box<dyn Future<Output = Outcome> + Send>> {
    Box::pin(end_later(ending))
}

/// Polls once and drops, as a caller does that gives up; a panic goes no further.
fn drive<F: Future>(future: impl FnOnce() -> F) {
    let _ = catch_unwind(AssertUnwindSafe(|| {
        let mut future = Box::pin(future());
        let _: Poll<F::Output> = future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }));
}

fn build() -> SloRegistry {
    SloRegistry::builder("test").build().unwrap()
}

#[test]
fn a_call_is_judged_by_what_it_returns() {
    let slos = build();
    slos.scope(|| {
        for ending in [Succeed, Fail, Panic] {
            let _ = catch_unwind(|| sync(ending));
        }
        for ending in [Succeed, Fail, Panic, NeverEnd] {
            drive(|| asynchronous(ending));
            drive(|| future(ending));
            drive(|| boxed(ending));
        }
    });
    assert_eq!(events(&slos, "op-sync-availability"), [1, 2, 0]);
    for name in ["op-async", "op-impl", "op-boxed"] {
        assert_eq!(events(&slos, &format!("{name}-availability")), [1, 2, 1], "{name}");
    }
}

#[test]
fn calls_count_where_they_are_made() {
    let (one, other) = (build(), build());
    one.scope(|| {
        other.scope(|| sync(Succeed)).unwrap();
        sync(Fail).unwrap_err();
    });
    sync(Succeed).unwrap();
    assert_eq!(events(&one, "op-sync-availability"), [0, 1, 0]);
    assert_eq!(events(&other, "op-sync-availability"), [1, 0, 0]);
}

#[tokio::test]
async fn a_call_within_a_request_counts_where_the_request_does() {
    let slos = build();
    let handler = || async { sync(Succeed).unwrap().to_string() };
    let app = Router::new().route("/", get(handler)).layer(slos.layer());
    app.oneshot(http::Request::new(axum::body::Body::empty())).await.unwrap();
    assert_eq!(events(&slos, "op-sync-availability"), [1, 0, 0]);
}
