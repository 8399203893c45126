//! Threads come and go, also in the middle of things, and take no count with them.

use std::cell::RefCell;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use slo_core::{Attempt, Events, Outcome, Recorder, Sli, Verdict};

use super::model::{About, Ended, Model, ROUTES, Took, promises};
use super::support::{Scrape, on_route, registry};

const ROUTE: &str = "/a";

fn succeed(recorder: Recorder) {
    recorder.request("GET", Some(ROUTE)).finish_as(Outcome::Completed(200), Verdict::Good);
}

fn promised() -> slo_core::Slo {
    on_route("a", Sli::Availability, "GET /a")
}

#[test]
fn ten_thousand_short_threads_lose_nothing() {
    const THREADS: u64 = 10_000;
    const ALIVE_MAX: u64 = 16;
    let (registry, _) = registry([promised()]);
    let recorder = registry.recorder();
    for _ in 0..THREADS / ALIVE_MAX {
        thread::scope(|scope| {
            for number in 0..ALIVE_MAX {
                scope.spawn(move || (0..=number % 3).for_each(|_| succeed(recorder)));
            }
        });
    }
    let of_batch: u64 = (0..ALIVE_MAX).map(|number| number % 3 + 1).sum();
    let expected = of_batch * (THREADS / ALIVE_MAX);
    let status = registry.status();
    assert_eq!(status.slos[0].total, Events { good: expected, bad: 0, excluded: 0 });
    let scrape = Scrape::of(&registry);
    let series = [("http_route", ROUTE)];
    assert_eq!(scrape.sum("http_server_request_duration_seconds_count", &series), expected as f64);
    assert_eq!(scrape.value("http_server_active_requests", &series), Some(0.0));
    assert_eq!(registry.latency("GET /a").map(|latency| latency.count()), Some(expected));
}

/// Records when its thread ends.
struct Farewell {
    recorder: Recorder,
    /// Under way until then, and dropped after `drop` has recorded.
    _attempt: Attempt,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        succeed(self.recorder);
    }
}

thread_local! {
    static EARLY: RefCell<Option<Farewell>> = const { RefCell::new(None) };
    static LATE: RefCell<Option<Farewell>> = const { RefCell::new(None) };
}

#[test]
fn what_thread_local_destructors_record_is_counted() {
    const THREADS: u64 = 200;
    let (registry, _) = registry([promised()]);
    let recorder = registry.recorder();
    let farewell = move || Farewell { recorder, _attempt: recorder.request("GET", Some(ROUTE)) };
    for number in 0..THREADS {
        let run = move || {
            // One destructor is registered before the recorder's own and one after it, so that whatever the
            // order of destruction, one of them runs when this thread's cells are already handed back.
            EARLY.with(|_| {});
            if number.is_multiple_of(2) {
                succeed(recorder);
            }
            LATE.set(Some(farewell()));
            EARLY.set(Some(farewell()));
        };
        thread::spawn(run).join().expect("nothing panics");
    }
    let good = THREADS * 2 + THREADS / 2;
    assert_eq!(registry.status().slos[0].total, Events { good, bad: 0, excluded: THREADS * 2 });
    assert_eq!(
        Scrape::of(&registry).value("http_server_active_requests", &[("http_route", ROUTE)]),
        Some(0.0)
    );
}

/// The first thing a thread records, it records while it ends.
#[test]
fn a_thread_may_record_for_the_first_time_while_it_ends() {
    struct Only(Recorder);
    impl Drop for Only {
        fn drop(&mut self) {
            succeed(self.0);
        }
    }
    thread_local!(static ONLY: RefCell<Option<Only>> = const { RefCell::new(None) });
    let (registry, _) = registry([promised()]);
    let recorder = registry.recorder();
    for _ in 0..100 {
        thread::spawn(move || ONLY.set(Some(Only(recorder)))).join().expect("nothing panics");
    }
    assert_eq!(registry.status().slos[0].total.good, 100);
}

/// Starters hand their attempts to enders, all at once and in any order.
#[test]
fn attempts_that_change_threads_are_counted_once() {
    const PAIRS: usize = 3;
    const ATTEMPTS: usize = 3_000;
    let (registry, _) = registry(promises(&[]).into_iter().map(|(slo, _)| slo));
    let (recorder, model) = (registry.recorder(), Arc::new(Model::default()));
    let together = Arc::new(Barrier::new(PAIRS * 2));
    thread::scope(|scope| {
        for pair in 0..PAIRS {
            let (sender, receiver) = mpsc::channel();
            let (begin, model) = (Arc::clone(&together), Arc::clone(&model));
            scope.spawn(move || {
                begin.wait();
                (0..ATTEMPTS).for_each(|number| {
                    let route = (number + pair) % ROUTES.len();
                    sender.send((route, recorder.request("GET", Some(ROUTES[route])))).expect("it is wanted");
                });
            });
            let begin = Arc::clone(&together);
            scope.spawn(move || {
                begin.wait();
                let ended = receiver
                    .into_iter()
                    .enumerate()
                    .map(|(number, (route, attempt))| end(number, About::Route(route), attempt));
                ended.for_each(|ended| model.add(ended));
            });
        }
    });
    model.assert_same(&registry);
    assert_eq!(Scrape::of(&registry).sum("http_server_active_requests", &[]), 0.0);
}

fn end(number: usize, about: About, attempt: Attempt) -> Ended {
    let (outcome, verdict) = match number % 4 {
        0 => (Outcome::Completed(200), Verdict::Good),
        1 => (Outcome::Completed(500), Verdict::Bad),
        2 => (Outcome::Shed(0), Verdict::Excluded),
        _ => (Outcome::CancelledBeforeHead, Verdict::Cancelled),
    };
    match number % 4 {
        3 => drop(attempt),
        _ => attempt.finish_as(outcome, verdict),
    }
    Ended { about, outcome, verdict, took: Took::plain(0) }
}
