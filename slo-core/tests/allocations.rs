//! What recording allocates, counted by the allocator itself.
//!
//! A binary of its own without a test harness: nothing else runs, so every allocation is the core's.

use std::alloc::System;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use slo_core::{
    Attempt, Clock, Objective, Outcome, Recorder, Registry, Sli, Slo, TextFormat, Threshold, Timestamp,
    Verdict, Window,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUTES: [&str; 40] = {
    const ALL: &str = "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v/w/x/y/z/0/1/2/3/4/5/6/7/8/9/A/B/C/D/E";
    let (mut routes, mut index) = ([""; 40], 0);
    while index < routes.len() {
        routes[index] = ALL.split_at(2 * (index + 1)).0;
        index += 1;
    }
    routes
};

fn main() {
    printing_allocates_nothing_for_another_series();
    recording_allocates_nothing_once_a_series_is_known();
    threads_that_come_and_go_leave_no_memory_behind();
    writers_that_come_and_go_leave_no_memory_behind();
    a_tick_of_calm_slos_allocates_nothing_for_another_slo();
    for window in WINDOWS {
        // A thread keeps the last registry that it recorded for: each has its own, and this one none.
        let kept = thread::spawn(|| an_slo_over_the_longest_window_is_kept_in_96_kib(window)).join();
        kept.expect("nothing panics");
    }
}

fn registry() -> (Registry, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let slo = |sli: Sli| {
        let slo = Slo::new(format!("a-{}", sli.kind()), sli, Objective::literal("99%"));
        slo.and_then(|slo| slo.with_route("GET /a")).expect("it is well formed")
    };
    let threshold = Threshold::literal("250ms");
    let builder = Registry::builder("shop").slo(slo(Sli::Availability)).slo(slo(Sli::Combined { threshold }));
    (builder.clock(clock.clone()).build().expect("it is valid"), clock)
}

/// One attempt of every kind, ended in every way but a panic, which allocates by itself.
fn record(recorder: Recorder, clock: &Clock) {
    let after = |millis, attempt: Attempt, outcome, verdict| {
        clock.advance(Duration::from_millis(millis));
        attempt.finish_as(outcome, verdict);
    };
    for route in ROUTES {
        after(3, recorder.request("GET", Some(route)), Outcome::Completed(200), Verdict::Good);
        after(900, recorder.request("GET", Some(route)), Outcome::Completed(503), Verdict::Bad);
        drop(recorder.request("GET", Some(route)));
    }
    let mut streamed = recorder.request("GET", Some("/a"));
    let head = streamed.head_of_stream();
    clock.advance(Duration::from_millis(9));
    streamed.end_after_as(head, Outcome::BodyAborted(200), Verdict::Cancelled);
    after(1, recorder.request("GET", None), Outcome::Completed(404), Verdict::Good);
    after(60_000, recorder.operation("restock"), Outcome::Completed(0), Verdict::Good);
}

fn recording_allocates_nothing_once_a_series_is_known() {
    const ROUNDS: usize = 1_000;
    let (registry, clock) = registry();
    let recorder = registry.recorder();
    // Every route, every outcome and every octave of the latencies takes its cells once.
    (0..64).for_each(|_| record(recorder, &clock));
    let region = Region::new(ALLOCATOR);
    (0..ROUNDS).for_each(|_| record(recorder, &clock));
    let change = region.change();
    let requests = ROUNDS * (3 * ROUTES.len() + 3);
    println!(
        "{requests} requests: {} allocations, {} reallocations",
        change.allocations, change.reallocations
    );
    assert_eq!((change.allocations, change.reallocations, change.deallocations), (0, 0, 0));
    assert_eq!(registry.latency("GET /a").map(|latency| latency.count()), Some(4 * (64 + ROUNDS as u64)));
}

/// What a scrape allocates does not depend on how many samples there are.
fn printing_allocates_nothing_for_another_series() {
    let printed = |routes: &[&str]| {
        let (registry, _clock) = registry();
        for route in routes {
            registry.recorder().request("GET", Some(route)).finish_as(Outcome::Completed(200), Verdict::Good);
        }
        let mut text = String::with_capacity(1 << 20);
        let region = Region::new(ALLOCATOR);
        registry.render(TextFormat::Prometheus, &mut text);
        let change = region.change();
        println!("{} lines printed: {} allocations", text.lines().count(), change.allocations);
        (change.allocations, change.reallocations)
    };
    // The longest labels come first, so that both take the same room.
    let (few, many) = (&[ROUTES[39], "/a"], [&[ROUTES[39]], &ROUTES[..39]].concat());
    assert_eq!(printed(few), printed(&many));
}

/// Cells are as many as threads live at the same time, not as ever lived.
fn threads_that_come_and_go_leave_no_memory_behind() {
    const THREADS: usize = 10_000;
    const ALIVE: usize = 4;
    let (registry, _clock) = registry();
    // The registry's clock stands still: latencies of other sizes would take cells of other sizes.
    let (recorder, elsewhere) = (registry.recorder(), Clock::manual(Timestamp::default()));
    let together = Barrier::new(ALIVE);
    let run = || {
        record(recorder, &elsewhere);
        // Nobody ends before all have cells of their own.
        together.wait();
    };
    let batch = || {
        thread::scope(|scope| {
            let threads: [_; ALIVE] = std::array::from_fn(|_| scope.spawn(run));
            // Joined one by one: a scope alone ends before its threads have handed back their cells.
            threads.into_iter().for_each(|thread| thread.join().expect("nothing panics"));
        });
    };
    // What is kept for good is made here: routes, series and as many cells as threads.
    (0..50).for_each(|_| batch());
    let region = Region::new(ALLOCATOR);
    (0..THREADS / ALIVE).for_each(|_| batch());
    let change = region.change();
    let kept = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
    println!("{THREADS} threads: {kept} bytes kept");
    // One thread's cells are far larger; the slack is the standard library's.
    assert!(kept < 16_384, "{kept} bytes are kept: {change:?}");
    let count = registry.latency("GET /a").map(|latency| latency.count());
    assert_eq!(count, Some(4 * (THREADS + 50 * ALIVE) as u64));
}

/// A writer that is dropped leaves its cells to the next.
fn writers_that_come_and_go_leave_no_memory_behind() {
    const WRITERS: usize = 1_000;
    let (registry, _clock) = registry();
    let recorder = registry.recorder();
    let record = || {
        let mut series = recorder.request_series("GET", Some("/a"), Outcome::Completed(200), Verdict::Good);
        let region = Region::new(ALLOCATOR);
        series.record(Duration::from_millis(3));
        series.record(Duration::from_millis(300));
        region.change().allocations
    };
    record();
    let region = Region::new(ALLOCATOR);
    let while_recording: usize = (0..WRITERS).map(|_| record()).sum();
    let change = region.change();
    let kept = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
    println!("{WRITERS} writers: {while_recording} allocations while recording, {kept} bytes kept");
    assert_eq!((while_recording, kept), (0, 0), "{change:?}");
    let count = registry.latency("GET /a").map(|latency| latency.count());
    assert_eq!(count, Some(2 * (WRITERS as u64 + 1)));
}

/// What a tick allocates is a list of totals and a list of bound routes; that nobody alerts costs nothing, be there bad
/// events or not.
fn a_tick_of_calm_slos_allocates_nothing_for_another_slo() {
    let ticked = |slos: usize| {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        let slo = |index| {
            let name = format!("job-{index}");
            let slo = Slo::new(name.clone(), Sli::Availability, Objective::literal("99%"));
            slo.and_then(|slo| slo.with_operation(name)).expect("it is well formed")
        };
        let builder = (0..slos).fold(Registry::builder("shop"), |builder, index| builder.slo(slo(index)));
        let registry = builder.clock(clock.clone()).build().expect("it is valid");
        let work = || {
            for index in 0..slos {
                for run in 0..1_000 {
                    let outcome = if run == 0 { Outcome::InnerError } else { Outcome::Completed(0) };
                    registry.attempt(&format!("job-{index}")).finish(outcome);
                }
            }
            clock.advance(Duration::from_secs(10));
        };
        // Histories, and the ledger of what was counted, are made here.
        for _ in 0..10 {
            work();
            registry.tick(clock.now());
        }
        work();
        let region = Region::new(ALLOCATOR);
        registry.tick(clock.now());
        let change = region.change();
        println!("a tick of {slos} SLOs: {} allocations", change.allocations);
        assert!(registry.incident_ids().is_empty());
        change.allocations + change.reallocations
    };
    assert!(ticked(1) <= 3 && ticked(1_000) <= 3);
}

const WINDOWS: &[&str] =
    if cfg!(feature = "calendar") { &["90d", "quarter Europe/Berlin"] } else { &["90d"] };

/// Everything that another SLO makes the process keep: its history, its counts, its alerts and an incident.
fn an_slo_over_the_longest_window_is_kept_in_96_kib(window: &str) {
    const SLOS: usize = 50;
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let slo = |index: usize| {
        let name = format!("job-{index}");
        let slo = Slo::new(name.clone(), Sli::Availability, Objective::literal("99.9%"));
        let slo = slo.and_then(|slo| slo.with_operation(name)).expect("it is well formed");
        slo.with_window(Window::parse(window).expect("it is one"))
    };
    let region = Region::new(ALLOCATOR);
    let builder = (0..SLOS).fold(Registry::builder("shop"), |builder, index| builder.slo(slo(index)));
    let registry = builder.clock(clock.clone()).build().expect("it is valid");
    // An outage of twenty minutes, and what follows.
    for tick in 0..1_000 {
        for index in 0..SLOS {
            let verdict = if tick / 120 == 4 { Verdict::Bad } else { Verdict::Good };
            registry.attempt(&format!("job-{index}")).finish_as(Outcome::Completed(0), verdict);
        }
        clock.advance(Duration::from_secs(10));
        registry.tick(clock.now());
    }
    let change = region.change();
    let kept = change.bytes_allocated.saturating_sub(change.bytes_deallocated) / SLOS;
    let incidents = registry.incident_ids().len();
    println!("an SLO over {window}: {kept} bytes kept, {incidents} incidents of {SLOS}");
    assert_eq!(incidents, SLOS);
    // No less than a sample of each hour, or something was not counted.
    assert!((90 * 24 * 16..=96 * 1_024).contains(&kept), "{window}: {kept} bytes");
}
