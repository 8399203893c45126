//! gRPC calls: a method has a series of its own once it is known to exist, and no sooner.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::TrySendError;
use std::thread;

use slo_core::{Events, GrpcCode, Outcome, Registry, RouteRef, Sli, Verdict};

use super::support::{Scrape, on_route};

const COUNT: &str = "rpc_server_call_duration_seconds_count";
const ACTIVE: &str = "rpc_server_active_calls";
const OK: Outcome = Outcome::Completed(GrpcCode::Ok.number());
const UNIMPLEMENTED: Outcome = Outcome::Completed(GrpcCode::Unimplemented.number());

/// Answers a call as a server does that has the method.
fn answer(registry: &Registry, method: &str, outcome: Outcome) {
    let mut attempt = registry.recorder().call(method);
    if attempt.is_of_unknown_method() {
        attempt.turn_out_to_call(method);
    }
    attempt.finish(outcome);
}

fn plain() -> Registry {
    Registry::builder("shop").build().expect("it is valid")
}

#[test]
fn every_code_has_a_series_that_says_what_it_means() {
    let registry = plain();
    for number in 0..20 {
        answer(&registry, "shop.Shop/Buy", Outcome::Completed(number));
    }
    let scrape = Scrape::of(&registry);
    for number in 0..17 {
        let code = GrpcCode::of(number);
        let labels = [("rpc_method", "shop.Shop/Buy"), ("rpc_response_status_code", code.name())];
        let samples: Vec<_> = scrape.all(COUNT, &labels).collect();
        let error = samples[0].labels.get("error_type").map(String::as_str);
        assert_eq!(error, (code.verdict() == Verdict::Bad).then_some(code.name()), "{code:?}");
        // Numbers that are no code are told apart by nobody.
        assert_eq!(scrape.sum(COUNT, &labels), if code == GrpcCode::Unknown { 4.0 } else { 1.0 }, "{code:?}");
    }
    assert_eq!(scrape.sum(COUNT, &[]), 20.0);
    assert_eq!(scrape.all(COUNT, &[]).count(), 17, "no series is there twice");
}

/// What the labels do not tell apart has one series, whatever numbers it is given.
#[test]
fn no_series_is_there_twice() {
    let registry = plain();
    for number in [0, 2, 17, 99] {
        for outcome in [
            Outcome::Completed(number),
            Outcome::BodyError(number),
            Outcome::BodyAborted(number),
            Outcome::TimedOut(number),
            Outcome::Shed(number),
        ] {
            answer(&registry, "shop.Shop/Buy", outcome);
        }
    }
    let scrape = Scrape::of(&registry);
    let mut labels: Vec<_> = scrape.all(COUNT, &[]).map(|sample| &sample.labels).collect();
    let all = labels.len();
    labels.sort();
    labels.dedup();
    assert_eq!((labels.len(), scrape.sum(COUNT, &[])), (all, 20.0));
}

#[test]
fn methods_that_clients_think_of_have_no_series() {
    let registry = plain();
    let recorder = registry.recorder();
    for number in 0..50_000 {
        let attempt = recorder.call(&format!("shop.Shop/Method{number}"));
        assert!(attempt.is_of_unknown_method());
        attempt.finish(UNIMPLEMENTED);
    }
    let scrape = Scrape::of(&registry);
    assert_eq!(scrape.sum(COUNT, &[("rpc_method", "_OTHER")]), 50_000.0);
    assert_eq!(scrape.all(COUNT, &[]).count(), 1);
    assert_eq!(scrape.all(ACTIVE, &[]).count(), 1);
}

#[test]
fn a_call_counts_for_the_method_that_it_turns_out_to_be_of() {
    let registry = plain();
    let recorder = registry.recorder();
    let active = |method| Scrape::of(&registry).value(ACTIVE, &[("rpc_method", method)]);
    let mut attempt = recorder.call("shop.Shop/Buy");
    assert_eq!((active("_OTHER"), active("shop.Shop/Buy")), (Some(1.0), None));
    attempt.turn_out_to_call("shop.Shop/Buy");
    assert!(!attempt.is_of_unknown_method());
    assert_eq!((active("_OTHER"), active("shop.Shop/Buy")), (Some(0.0), Some(1.0)));
    // What is known does not change its mind.
    attempt.turn_out_to_call("shop.Shop/Sell");
    attempt.finish(OK);
    assert_eq!(
        (active("_OTHER"), active("shop.Shop/Buy"), active("shop.Shop/Sell")),
        (Some(0.0), Some(0.0), None)
    );
    let scrape = Scrape::of(&registry);
    assert_eq!(scrape.sum(COUNT, &[("rpc_method", "shop.Shop/Buy")]), 1.0);
    assert_eq!(scrape.sum(COUNT, &[]), 1.0);
    // Every thread knows it now.
    let known = thread::scope(|scope| {
        scope.spawn(|| {
            let attempt = recorder.call("shop.Shop/Buy");
            let known = !attempt.is_of_unknown_method();
            attempt.finish(OK);
            known
        });
        let attempt = recorder.call("shop.Shop/Buy");
        let known = !attempt.is_of_unknown_method();
        attempt.finish(OK);
        known
    });
    assert!(known);
    assert_eq!(Scrape::of(&registry).sum(COUNT, &[("rpc_method", "shop.Shop/Buy")]), 3.0);
}

#[test]
fn a_method_that_is_promised_is_known_from_the_start() {
    let slo = on_route("buy", Sli::Availability, "shop.Shop/Buy");
    let registry = Registry::builder("shop")
        .slo(slo)
        .route("shop.Shop/Sell")
        .routes_max(0)
        .build()
        .expect("it is valid");
    let count = |method| {
        Scrape::of(&registry).value(COUNT, &[("rpc_method", method), ("rpc_response_status_code", "OK")])
    };
    assert_eq!((count("shop.Shop/Buy"), count("shop.Shop/Sell")), (Some(0.0), Some(0.0)));
    for method in ["shop.Shop/Buy", "shop.Shop/Sell"] {
        let attempt = registry.recorder().call(method);
        assert!(!attempt.is_of_unknown_method());
        attempt.finish(OK);
    }
    for outcome in
        [Outcome::Completed(GrpcCode::Unavailable.number()), Outcome::BodyError(0), Outcome::TimedOut(0)]
    {
        registry.recorder().call("shop.Shop/Buy").finish(outcome);
    }
    registry.recorder().call("shop.Shop/Buy").finish(Outcome::Completed(GrpcCode::NotFound.number()));
    registry.recorder().call("shop.Shop/Buy").finish(Outcome::CancelledBeforeHead);
    assert_eq!((count("shop.Shop/Buy"), count("shop.Shop/Sell")), (Some(1.0), Some(1.0)));
    let total = registry.status().slo("buy").expect("it is declared").total;
    assert_eq!(total, Events { good: 2, bad: 3, excluded: 1 });
    // There is no room for another, so it stays what it was.
    let mut late = registry.recorder().call("shop.Shop/Give");
    late.turn_out_to_call("shop.Shop/Give");
    assert!(late.is_of_unknown_method());
    late.finish(OK);
    assert_eq!(count("_OTHER"), Some(1.0));
    let overflowed = [("kind", "route")];
    assert_eq!(Scrape::of(&registry).value("slo_series_overflow_total", &overflowed), Some(1.0));
    assert_eq!(Scrape::of(&registry).sum(ACTIVE, &[]), 0.0);
}

#[test]
fn calls_are_classified_as_calls_and_left_out_by_name() {
    let registry = Registry::builder("shop")
        .slo(on_route("buy", Sli::Availability, "shop.Shop/Buy"))
        .classify_route("shop.Shop/Buy", |route: RouteRef<'_>, outcome: Outcome| {
            assert_eq!(route, RouteRef::Call { method: "shop.Shop/Buy" });
            match outcome {
                Outcome::Completed(5) => Verdict::Bad,
                other => route.usual_verdict(other),
            }
        })
        .leave_out("grpc.health.v1.Health/*")
        .leave_out("shop.Shop/Poll")
        .build()
        .expect("it is valid");
    answer(&registry, "shop.Shop/Buy", Outcome::Completed(GrpcCode::NotFound.number()));
    answer(&registry, "shop.Shop/Buy", UNIMPLEMENTED);
    answer(&registry, "shop.Shop/Buy", OK);
    for method in ["grpc.health.v1.Health/Check", "grpc.health.v1.Health/Watch", "shop.Shop/Poll"] {
        answer(&registry, method, OK);
    }
    answer(&registry, "shop.Shop/Polls", OK);
    let total = registry.status().slo("buy").expect("it is declared").total;
    assert_eq!(total, Events { good: 1, bad: 2, excluded: 0 });
    let scrape = Scrape::of(&registry);
    let mut methods: Vec<_> = scrape.all(ACTIVE, &[]).map(|sample| &*sample.labels["rpc_method"]).collect();
    methods.sort_unstable();
    assert_eq!(methods, ["_OTHER", "shop.Shop/Buy", "shop.Shop/Polls"]);
    assert_eq!(registry.idle_classifiers(), [""; 0]);
}

/// Only a promise keeps a method from being left out, not that it is known.
#[test]
fn a_method_that_is_left_out_is_left_out_though_it_is_known() {
    let registry = Registry::builder("shop")
        .route("shop.Shop/Poll")
        .classify_route("shop.Shop/Peek", |_: RouteRef<'_>, _: Outcome| Verdict::Good)
        .slo(on_route("buy", Sli::Availability, "shop.Shop/Buy"))
        .leave_out("shop.Shop/*")
        .build()
        .expect("it is valid");
    for method in ["shop.Shop/Poll", "shop.Shop/Peek", "shop.Shop/Buy"] {
        answer(&registry, method, OK);
    }
    let scrape = Scrape::of(&registry);
    assert_eq!((scrape.sum(COUNT, &[]), scrape.sum(COUNT, &[("rpc_method", "shop.Shop/Buy")])), (1.0, 1.0));
}

/// Threads that find out about the same methods at the same moment, while another one looks on.
#[test]
fn calls_that_are_moved_by_many_threads_are_counted_once_and_never_negative() {
    const THREADS: usize = 8;
    const CALLS: usize = 20_000;
    const METHODS: usize = 40;
    let registry = Registry::builder("shop").routes_max(30).build().expect("it is valid");
    let (recorder, running) = (registry.recorder(), AtomicUsize::new(THREADS));
    let (send, receive) = std::sync::mpsc::sync_channel(64);
    let receive = std::sync::Mutex::new(receive);
    let highest = thread::scope(|scope| {
        for thread in 0..THREADS {
            let (send, receive, running) = (send.clone(), &receive, &running);
            scope.spawn(move || {
                for call in 0..CALLS {
                    let name = format!("shop.Shop/Method{}", (call * 7 + thread) % METHODS);
                    let attempt = recorder.call(&name);
                    // Half of them end on another thread than the one they started on.
                    let given = if call % 2 == 0 {
                        send.try_send((attempt, name))
                    } else {
                        Err(TrySendError::Full((attempt, name)))
                    };
                    if let Err(
                        TrySendError::Full((mut attempt, name))
                        | TrySendError::Disconnected((mut attempt, name)),
                    ) = given
                    {
                        attempt.turn_out_to_call(&name);
                        attempt.finish(OK);
                    }
                    let taken = receive.lock().expect("nobody panics").try_recv();
                    if let Ok((mut attempt, name)) = taken {
                        attempt.turn_out_to_call(&name);
                        attempt.finish(OK);
                    }
                }
                // Release: publishes nothing but that this thread has done its work.
                running.fetch_sub(1, Ordering::Release);
            });
        }
        let mut highest = 0.0_f64;
        // Acquire: pairs with the Release above.
        while running.load(Ordering::Acquire) > 0 {
            let scrape = Scrape::of(&registry);
            let active = scrape.all(ACTIVE, &[]).map(|sample| sample.value);
            highest = active.fold(highest, f64::max);
        }
        highest
    });
    drop(receive);
    // One below zero would be near the largest number there is. What ends while a scrape is written it may still see
    // under way.
    assert!(highest <= (THREADS * CALLS) as f64, "{highest}");
    let scrape = Scrape::of(&registry);
    assert_eq!(scrape.sum(ACTIVE, &[]), 0.0);
    let other = [("rpc_method", "_OTHER")];
    let given_up = scrape.all(COUNT, &[("error_type", "cancelled")]).map(|sample| sample.value).sum::<f64>();
    assert_eq!(scrape.sum(COUNT, &[]), (THREADS * CALLS) as f64);
    assert!(scrape.sum(COUNT, &other) > 0.0 && given_up <= 64.0);
    assert_eq!(scrape.all(ACTIVE, &[]).count(), 30, "29 methods, and all others");
}

#[test]
fn a_registry_that_is_gone_knows_no_calls() {
    let recorder = plain().recorder();
    let mut attempt = recorder.call("shop.Shop/Buy");
    attempt.turn_out_to_call("shop.Shop/Buy");
    attempt.finish(OK);
}
