//! A template is known by its address. What keeps it there is kept for as long as that, and no longer.

use std::any::Any;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use slo_core::{Attempt, Events, Outcome, Recorder, Sli, Verdict};

use super::support::{Scrape, on_route, registry};

const COUNT: &str = "http_server_request_duration_seconds_count";
/// A thread remembers at most this many texts.
const PLACES_MAX: usize = 4096;

fn succeed(attempt: Attempt) {
    attempt.finish_as(Outcome::Completed(200), Verdict::Good);
}

/// Starts a request whose template lies in an `Arc`, as a router's does.
fn start(recorder: Recorder, template: &Arc<str>) -> Attempt {
    recorder.request_kept("GET", Some(template), || Some(Box::new(Arc::clone(template))))
}

/// Ever new texts, each freed by us at once: a text that is kept is still there, one that has given way may come
/// back with other letters. Others, compared, have their addresses in turn.
#[test]
fn an_address_that_serves_again_never_counts_for_another_route() {
    const ROUTES: usize = 100;
    const TEXTS: usize = 30_000;
    let (registry, _) = registry([]);
    let recorder = registry.recorder();
    let text = |number: usize| format!("/route/{:03}", number % ROUTES);
    for number in 0..TEXTS {
        let kept: Arc<str> = text(number * 7).into();
        succeed(start(recorder, &kept));
        succeed(start(recorder, &kept));
        drop(kept);
        let compared: Arc<str> = text(number * 13).into();
        succeed(recorder.request("GET", Some(&compared)));
        succeed(recorder.request_kept("GET", Some(&compared), || None));
    }
    let scrape = Scrape::of(&registry);
    for number in 0..ROUTES {
        let count = scrape.value(COUNT, &[("http_route", &text(number))]);
        assert_eq!(count, Some((4 * TEXTS / ROUTES) as f64), "{}", text(number));
    }
    assert_eq!(scrape.sum(COUNT, &[]), (4 * TEXTS) as f64);
}

/// Counts itself while it is kept.
struct Guard {
    _text: Arc<str>,
    kept: Arc<AtomicUsize>,
}

impl Guard {
    fn new(text: &Arc<str>, kept: &Arc<AtomicUsize>) -> Self {
        // Relaxed: a lone number.
        kept.fetch_add(1, Ordering::Relaxed);
        Self { _text: Arc::clone(text), kept: Arc::clone(kept) }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Relaxed: as above; the thread that counts has joined the others.
        self.kept.fetch_sub(1, Ordering::Relaxed);
    }
}

#[test]
fn what_is_kept_is_bounded_and_let_go_when_the_thread_ends() {
    let (registry, _) = registry([]);
    let (recorder, kept) = (registry.recorder(), Arc::new(AtomicUsize::new(0)));
    // Relaxed: see above.
    let count = || kept.load(Ordering::Relaxed);
    thread::scope(|scope| {
        let run = || {
            let (mut asked, mut most) = (0, 0);
            for number in 0..3 * PLACES_MAX {
                let text: Arc<str> = format!("/{}", number % 10).into();
                for _ in 0..3 {
                    succeed(recorder.request_kept("GET", Some(&text), || {
                        asked += 1;
                        Some(Box::new(Guard::new(&text, &kept)))
                    }));
                }
                most = most.max(count());
            }
            assert_eq!(asked, 3 * PLACES_MAX, "each text is asked for once");
            assert!((PLACES_MAX / 4..=PLACES_MAX).contains(&most), "{most} are kept");
        };
        scope.spawn(run).join().expect("nothing panics");
    });
    assert_eq!(count(), 0);
    assert_eq!(Scrape::of(&registry).sum(COUNT, &[]), (9 * PLACES_MAX) as f64);
}

/// Records when it is dropped: in the middle of another request, at the end of the thread, or never.
struct Farewell(Recorder);

impl Drop for Farewell {
    fn drop(&mut self) {
        succeed(self.0.request("GET", Some("/farewell")));
    }
}

#[test]
fn what_is_kept_may_record_whenever_it_goes() {
    let (registry, _) = registry([on_route("farewell", Sli::Availability, "GET /farewell")]);
    let recorder = registry.recorder();
    const TEXTS: usize = 2 * PLACES_MAX;
    let run = move || {
        for _ in 0..TEXTS {
            // Ever new addresses: none is freed before all are met.
            let text: &'static str = String::from("/text").leak();
            let attempt = recorder.request_kept("GET", Some(text), || {
                // Nothing of ours is in use while we are asked.
                succeed(recorder.request("GET", Some("/asked")));
                Some(Box::new(Farewell(recorder)))
            });
            succeed(attempt);
        }
    };
    thread::spawn(run).join().expect("nothing panics");
    let texts = TEXTS as u64;
    assert_eq!(registry.status().slos[0].total, Events { good: texts, bad: 0, excluded: 0 });
    let scrape = Scrape::of(&registry);
    for route in ["/text", "/asked", "/farewell"] {
        assert_eq!(scrape.value(COUNT, &[("http_route", route)]), Some(TEXTS as f64), "{route}");
    }
}

/// The next registry in the slot of one that is gone takes the place of what was kept for it, and that may record.
#[test]
fn what_was_kept_for_a_registry_that_is_gone_does_not_reach_the_next() {
    const ROUNDS: u64 = 20;
    let (lasting, _) = registry([on_route("farewell", Sli::Availability, "GET /farewell")]);
    let recorder = lasting.recorder();
    let run = move || {
        for _ in 0..ROUNDS {
            let (registry, _) = registry([on_route("a", Sli::Availability, "GET /a")]);
            for _ in 0..2 {
                let farewell = || Some(Box::new(Farewell(recorder)) as Box<_>);
                succeed(registry.recorder().request_kept("GET", Some("/a"), farewell));
            }
            assert_eq!(registry.status().slos[0].total.good, 2);
        }
    };
    thread::spawn(run).join().expect("nothing panics");
    assert_eq!(lasting.status().slos[0].total.good, ROUNDS);
}

#[test]
fn who_panics_instead_of_keeping_a_text_has_panicked() {
    let (registry, _) = registry([on_route("a", Sli::Availability, "GET /a")]);
    let recorder = registry.recorder();
    // Unlike `panic!`, this prints nothing.
    let unwinding = || drop(recorder.request_kept("GET", Some("/a"), || resume_unwind(Box::new(()))));
    catch_unwind(unwinding).expect_err("it unwinds");
    succeed(recorder.request("GET", Some("/a")));
    assert_eq!(registry.status().slos[0].total, Events { good: 1, bad: 1, excluded: 0 });
    let active = Scrape::of(&registry).value("http_server_active_requests", &[("http_route", "/a")]);
    assert_eq!(active, Some(0.0));
}

/// Panics when it is dropped, unlike `panic!` without printing anything.
struct Unwinding;

impl Drop for Unwinding {
    fn drop(&mut self) {
        resume_unwind(Box::new(()));
    }
}

#[test]
fn what_is_kept_may_panic_when_it_gives_way() {
    let (registry, _) = registry([on_route("a", Sli::Availability, "GET /a")]);
    let recorder = registry.recorder();
    const TEXTS: usize = 10 * PLACES_MAX;
    let run = move || {
        let keep = |first| Some(if first { Box::new(Unwinding) as Box<dyn Any> } else { Box::new(()) });
        let unwound = (0..TEXTS).filter(|number| {
            let text: &'static str = String::from("/a").leak();
            let request = || succeed(recorder.request_kept("GET", Some(text), || keep(*number == 0)));
            catch_unwind(request).is_err()
        });
        assert_eq!(unwound.count(), 1, "the first one gives way");
    };
    thread::spawn(run).join().expect("nothing else panics");
    let good = TEXTS as u64 - 1;
    assert_eq!(registry.status().slos[0].total, Events { good, bad: 1, excluded: 0 });
    let active = Scrape::of(&registry).value("http_server_active_requests", &[("http_route", "/a")]);
    assert_eq!(active, Some(0.0));
}

/// Two methods at one address, of which one is longer than a place can tell.
#[test]
fn a_method_of_any_length_is_told_from_its_beginning() {
    let (registry, _) = registry([]);
    let recorder = registry.recorder();
    let text: &'static str = "/a";
    for lengths in [[1, (1 << 16) - 2], [2, (1 << 16) - 1], [3, 1 << 16], [4, (1 << 16) + 4]] {
        let long: &'static str = "M".repeat(lengths[1]).leak();
        for method in [&long[..lengths[0]], &long[..lengths[0]], long, long, &long[..lengths[0]]] {
            succeed(recorder.request_kept(method, Some(text), || Some(Box::new(()))));
        }
        let scrape = Scrape::of(&registry);
        for (method, expected) in [(&long[..lengths[0]], 3.0), (long, 2.0)] {
            let count = scrape.value(COUNT, &[("http_request_method", method)]);
            assert_eq!(count, Some(expected), "{} letters", method.len());
        }
    }
}
