//! Shards change hands and take every count along.

use loom::thread;
use slo_core::Events;

use crate::support::{LATENCY, explore, fail, registry, succeed, totals, writer};

/// The second thread carries on where the first one ended, or starts anew, wherever it meets it.
#[test]
fn a_thread_carries_on_where_another_ended() {
    explore("hand-over", || {
        let registry = registry();
        let recorder = registry.recorder();
        let first = thread::spawn(move || succeed(recorder, "/a"));
        let second = thread::spawn(move || {
            succeed(recorder, "/a");
            fail(recorder, "/a");
        });
        first.join().expect("it does not panic");
        second.join().expect("it does not panic");
        assert_eq!(totals(&registry, "a"), Events { good: 2, bad: 1, excluded: 0 });
    });
}

/// Two threads that begin together while a shard lies free: one of them gets it.
#[test]
fn a_free_shard_is_claimed_once() {
    explore("two claimants", || {
        let registry = registry();
        let recorder = registry.recorder();
        let ended = thread::spawn(move || succeed(recorder, "/a"));
        ended.join().expect("it does not panic");
        let both = [0, 1].map(|_| thread::spawn(move || succeed(recorder, "/a")));
        both.into_iter().for_each(|one| one.join().expect("it does not panic"));
        assert_eq!(totals(&registry, "a"), Events { good: 3, bad: 0, excluded: 0 });
    });
}

/// A reader sums over a shard while it changes hands.
#[test]
fn a_reader_sees_no_count_leave_with_its_thread() {
    explore("read across a hand-over", || {
        let registry = registry();
        let recorder = registry.recorder();
        let first = thread::spawn(move || {
            succeed(recorder, "/a");
            thread::spawn(move || succeed(recorder, "/a"))
        });
        let before = totals(&registry, "a").good;
        let second = first.join().expect("it does not panic");
        let between = totals(&registry, "a").good;
        assert!(before <= between && between >= 1, "{before}, then {between}");
        second.join().expect("it does not panic");
        assert_eq!(totals(&registry, "a").good, 2);
    });
}

/// A writer is made while a thread ends: its shard is that thread's, or a new one, and is handed on in turn.
#[test]
fn a_writer_carries_on_where_a_thread_ended() {
    explore("a writer's hand-over", || {
        let registry = registry();
        let recorder = registry.recorder();
        let first = thread::spawn(move || succeed(recorder, "/a"));
        let second = thread::spawn(move || writer(recorder, "/a").record(LATENCY));
        let before = totals(&registry, "a").good;
        first.join().expect("it does not panic");
        second.join().expect("it does not panic");
        writer(recorder, "/a").record(LATENCY);
        assert!(before <= 2, "{before}");
        assert_eq!(totals(&registry, "a"), Events { good: 3, bad: 0, excluded: 0 });
    });
}
