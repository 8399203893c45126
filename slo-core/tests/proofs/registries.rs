//! A registry is a value: two of them share nothing, and one that is gone gets nothing more.

use std::sync::mpsc;
use std::thread;

use slo_core::{Events, Outcome, Sli, Verdict};

use super::support::{Scrape, on_route, registry};

const NOTHING: Events = Events { good: 0, bad: 0, excluded: 0 };

fn promised() -> slo_core::Slo {
    on_route("a", Sli::Availability, "GET /a")
}

#[test]
fn two_registries_never_meet() {
    let ((left, _), (right, _)) = (registry([promised()]), registry([promised()]));
    let (to_left, to_right) = (left.recorder(), right.recorder());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(move || {
                for _ in 0..1_000 {
                    // Under way at the same time, on one thread.
                    let (one, other) =
                        (to_left.request("GET", Some("/a")), to_right.request("GET", Some("/a")));
                    one.finish_as(Outcome::Completed(200), Verdict::Good);
                    other.finish_as(Outcome::Completed(500), Verdict::Bad);
                    drop(to_right.request("GET", Some("/a")));
                }
            });
        }
    });
    assert_eq!(left.status().slos[0].total, Events { good: 3_000, bad: 0, excluded: 0 });
    assert_eq!(right.status().slos[0].total, Events { good: 0, bad: 3_000, excluded: 3_000 });
}

/// The slot of a registry that is gone is soon another's. Attempts of the first must not reach the second,
/// whether their thread knew the first, the second, both or none of them.
#[test]
fn attempts_of_a_registry_that_is_gone_count_nowhere() {
    for round in 0..50 {
        let (gone, _) = registry([promised()]);
        let to_gone = gone.recorder();
        let mut under_way: Vec<_> = (0..8).map(|_| to_gone.request("GET", Some("/a"))).collect();
        drop(gone);
        let (next, _) = registry([promised()]);
        let to_next = next.recorder();
        under_way.pop().expect("one of eight").finish_as(Outcome::Completed(200), Verdict::Good);
        to_next.request("GET", Some("/a")).finish_as(Outcome::Completed(200), Verdict::Good);
        under_way.pop().expect("one of eight").finish_as(Outcome::Completed(200), Verdict::Good);
        drop(under_way.pop());
        let (sender, receiver) = mpsc::channel();
        let elsewhere = move || {
            drop(under_way.pop());
            to_next.request("GET", Some("/a")).finish_as(Outcome::Completed(500), Verdict::Bad);
            under_way.into_iter().for_each(|mut attempt| {
                let head = attempt.head_of_stream();
                assert!(head.is_none() && attempt.head_of_body().is_none());
                attempt.end_after_as(head, Outcome::Panicked, Verdict::Bad);
            });
            to_gone.operation("late").finish_as(Outcome::Completed(0), Verdict::Good);
            sender.send(()).expect("it is awaited");
        };
        thread::spawn(elsewhere).join().expect("nothing panics");
        receiver.recv().expect("it ran to the end");
        let total = next.status().slos[0].total;
        assert_eq!(total, Events { good: 1, bad: 1, excluded: 0 }, "round {round}");
        let scrape = Scrape::of(&next);
        assert_eq!(scrape.sum("http_server_active_requests", &[]), 0.0, "round {round}");
        assert_eq!(scrape.sum("http_server_request_duration_seconds_count", &[]), 2.0, "round {round}");
        assert_eq!(scrape.all("slo_operation_active", &[]).count(), 0, "round {round}");
    }
}

#[test]
fn a_registry_counts_until_its_last_handle_goes() {
    let (first, _) = registry([promised()]);
    let (last, recorder) = (first.clone(), first.recorder());
    drop(first);
    recorder.request("GET", Some("/a")).finish_as(Outcome::Completed(200), Verdict::Good);
    assert_eq!(last.status().slos[0].total.good, 1);
}

/// A thread that recorded for one registry and drops its last handle leaves nothing behind for the next.
#[test]
fn a_registry_in_the_slot_of_another_starts_at_zero() {
    for _ in 0..100 {
        let (registry, _) = registry([promised()]);
        assert_eq!(registry.status().slos[0].total, NOTHING);
        let recorder = registry.recorder();
        recorder.request("GET", Some("/a")).finish_as(Outcome::Completed(200), Verdict::Good);
        assert_eq!(registry.status().slos[0].total.good, 1);
    }
}
