//! Runtimes that stand still, and those that only seem to. Real ones, blocked until the test has seen what it wants.

use std::future::pending;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use slo_tower::{Clock, HealthStatus, Level, SloRegistry, SloRegistryBuilder, TextFormat, Timestamp};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(60);
/// The shortest that there is.
const STALL_AFTER: Duration = Duration::from_secs(1);
const CHECK: &str = "tokio-runtime";

fn builder() -> SloRegistryBuilder {
    SloRegistry::builder("test").without_declared().stall_after(STALL_AFTER)
}

/// Waits, on a runtime that nobody blocks, until the health is as wanted.
fn until(slos: &SloRegistry, wanted: impl Fn(&HealthStatus) -> bool) -> HealthStatus {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let mut changes = slos.health().changes();
        let change = changes.wait_for(|status| wanted(status));
        let status = tokio::time::timeout(PATIENCE, change).await.expect("it takes too long").unwrap();
        HealthStatus::clone(&status)
    })
}

fn level(status: &HealthStatus) -> Level {
    status.check(CHECK).unwrap().level
}

/// Waits for so many more looks at the runtime, or a moment longer than they take.
fn looks(slos: &SloRegistry, count: u64) {
    let runs = || slos.health().status().check(CHECK).unwrap().runs.iter().sum::<u64>();
    let enough = runs() + count;
    while runs() < enough {
        // tidy: real time because the thread that looks at runtimes is real.
        thread::sleep(Duration::from_millis(10));
    }
}

fn stalls(slos: &SloRegistry) -> u64 {
    let status = slos.health().status();
    let mut text = String::new();
    slos.render(TextFormat::Prometheus, &mut text);
    let stalls = status.runtimes[0].stalls;
    assert!(
        text.contains(&format!("\nhealth_runtime_stalls_total{{check=\"tokio-runtime\"}} {stalls}\n")),
        "{text}"
    );
    stalls
}

/// Blocks one worker until what is returned is dropped.
fn block(runtime: &Handle) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let (blocks, is_blocked) = mpsc::channel();
    runtime.spawn(async move {
        blocks.send(()).unwrap();
        // What a task must never do.
        held.recv().unwrap_err();
    });
    is_blocked.recv_timeout(PATIENCE).expect("a worker takes it");
    release
}

/// Runs a runtime of one thread until what is returned is dropped.
fn drive(runtime: Runtime) -> (Handle, oneshot::Sender<()>, thread::JoinHandle<()>) {
    let handle = runtime.handle().clone();
    let (end, ends) = oneshot::channel::<()>();
    let driving = thread::spawn(move || {
        runtime.block_on(ends).unwrap_err();
    });
    (handle, end, driving)
}

fn within(runtime: &Handle, builder: SloRegistryBuilder) -> SloRegistry {
    let _entered = runtime.enter();
    builder.start().unwrap()
}

fn stands_still_and_recovers(runtime: &Handle, workers: usize) {
    let slos = within(runtime, builder());
    assert_eq!(stalls(&slos), 0, "there from the first scrape on");
    for count in 1..=2 {
        let start = Clock::system();
        let blocked_at = start.now();
        let blocked: Vec<_> = (0..workers).map(|_| block(runtime)).collect();
        let status = until(&slos, |status| level(status) == Level::Fail);
        let took = start.now().since(blocked_at);
        assert!(took >= STALL_AFTER.mul_f64(0.8), "reported after {took:?}");
        assert!(!status.liveness(&[]).is_success && status.readiness(&[]).is_success);
        let reason = status.check(CHECK).unwrap().fault.as_ref().unwrap().to_string();
        assert!(reason.starts_with("no task of the runtime has been polled since 20"), "{reason}");
        assert_eq!(stalls(&slos), count);
        assert!(status.runtimes[0].lag_seconds >= 1.0);
        drop(blocked);
        let status = until(&slos, |status| level(status) != Level::Fail);
        assert_eq!(level(&status), Level::Warn, "it was late a moment ago");
        assert!(slos.health().status().liveness(&[]).is_success);
    }
    looks(&slos, 5);
    assert_eq!(stalls(&slos), 2);
}

#[test]
fn a_runtime_of_many_threads_whose_workers_are_all_blocked_stands_still_until_they_are_not() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    stands_still_and_recovers(runtime.handle(), 2);
}

#[test]
fn so_does_a_runtime_of_one_thread() {
    let (runtime, end, ended) = drive(Builder::new_current_thread().build().unwrap());
    stands_still_and_recovers(&runtime, 1);
    drop(end);
    ended.join().unwrap();
}

/// A program may block on its only runtime now and then, and do something else in between.
#[test]
fn a_runtime_of_one_thread_that_nobody_drives_restarts_nobody_unasked() {
    let runtime = Builder::new_current_thread().build().unwrap();
    let quiet = || SloRegistry::builder("test").without_declared();
    for (builder, expected) in [(quiet(), "informational"), (builder(), "liveness")] {
        let slos = within(runtime.handle(), builder);
        assert_eq!(slos.health().status().check(CHECK).unwrap().gate, expected);
    }
    let many = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    assert_eq!(within(many.handle(), quiet()).health().status().check(CHECK).unwrap().gate, "liveness");
    let named = within(many.handle(), quiet().watch_runtime("one", runtime.handle()));
    let named = named.health().status().check("tokio-runtime-one").unwrap().gate;
    assert_eq!(named, "liveness", "whoever names it says that it is driven");
}

#[test]
fn one_blocked_worker_of_two_is_no_stall() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let slos = within(runtime.handle(), builder());
    let blocked = block(runtime.handle());
    looks(&slos, 30);
    assert!(slos.health().status().liveness(&[]).is_success);
    assert_eq!(stalls(&slos), 0);
    drop(blocked);
}

#[test]
fn a_runtime_that_ends_is_no_stall_and_is_not_kept() {
    for runtime in [
        Builder::new_multi_thread().worker_threads(2).build().unwrap(),
        // Nobody drives it: it ends without its tasks ever having been polled.
        Builder::new_current_thread().build().unwrap(),
    ] {
        let slos = within(runtime.handle(), builder());
        looks(&slos, 2);
        drop(runtime);
        looks(&slos, 20);
        assert_eq!((level(&slos.health().status()), stalls(&slos)), (Level::Pass, 0));
    }
    // Nor is one that has ended before.
    let runtime = Builder::new_current_thread().build().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let slos = within(&handle, builder());
    looks(&slos, 20);
    assert_eq!((level(&slos.health().status()), stalls(&slos)), (Level::Pass, 0));
}

#[test]
fn the_tasks_end_with_the_last_handle() {
    let runtime = Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let alive = || runtime.handle().metrics().num_alive_tasks();
    let slos = within(runtime.handle(), builder());
    assert_eq!(alive(), 2, "one for each worker");
    looks(&slos, 3);
    drop(slos);
    let start = Clock::system();
    let dropped = start.now();
    while alive() > 0 {
        assert!(start.now().since(dropped) < PATIENCE);
        thread::yield_now();
    }
}

#[test]
fn other_runtimes_are_watched_by_name_and_the_own_one_may_be_left_out() {
    let own = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let workers = Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let names = |slos: &SloRegistry| {
        let status = slos.health().status();
        let names: Vec<_> = status.checks.iter().map(|check| check.name.clone()).collect();
        let runtimes: Vec<_> = status.runtimes.iter().map(|runtime| runtime.check.clone()).collect();
        assert_eq!(names, runtimes);
        names
    };
    let slos = within(own.handle(), builder().watch_runtime("workers", workers.handle()));
    assert_eq!(names(&slos), [CHECK, "tokio-runtime-workers"]);
    let blocked = block(workers.handle());
    let is_blocked =
        |status: &HealthStatus| status.check("tokio-runtime-workers").unwrap().level == Level::Fail;
    let status = until(&slos, is_blocked);
    assert_eq!((level(&status), status.liveness(&[]).is_success), (Level::Pass, false));
    assert_eq!(status.runtimes.iter().map(|runtime| runtime.stalls).collect::<Vec<_>>(), [0, 1]);
    drop(blocked);
    let left_out = builder().without_own_runtime();
    let only_workers = within(own.handle(), left_out.watch_runtime("workers", workers.handle()));
    assert_eq!(names(&only_workers), ["tokio-runtime-workers"]);
    assert!(names(&within(own.handle(), builder().without_own_runtime())).is_empty());
    assert!(names(&builder().start().unwrap()).is_empty(), "there is no runtime");
    let _entered = own.handle().enter();
    assert!(names(&builder().build().unwrap()).is_empty(), "nothing runs by itself");
    let error = builder().watch_runtime("no name", workers.handle()).start().unwrap_err();
    assert!(error.to_string().contains("\"tokio-runtime-no name\" is no name"), "{error}");
}

/// A heartbeat by timers would let a paused clock jump from beat to beat.
#[tokio::test(start_paused = true)]
async fn a_paused_clock_moves_as_it_would_without_us() {
    let slos = builder().start().unwrap();
    let start = Instant::now();
    // Nothing but real time passes; whoever waits for no timer lets the clock stand still.
    let (done, is_done) = oneshot::channel();
    let watched = slos.clone();
    thread::spawn(move || {
        looks(&watched, 20);
        done.send(()).unwrap();
    });
    is_done.await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    // And to whoever does it jumps, exactly as far as he waits.
    for hours in 1..=3 {
        let waited = tokio::time::timeout(Duration::from_secs(3_600), pending::<()>()).await;
        assert!(waited.is_err());
        assert_eq!(start.elapsed(), Duration::from_secs(hours * 3_600));
    }
    assert_eq!((level(&slos.health().status()), stalls(&slos)), (Level::Pass, 0));
}

/// Days of a clock that a test moves are no days of the runtime.
#[tokio::test]
async fn a_clock_that_is_moved_by_hand_is_no_stall() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let slos = builder().clock(clock.clone()).start().unwrap();
    for _ in 0..20 {
        slos.health().run_due().await;
        clock.advance(Duration::from_secs(3_600));
        let status = slos.health().status();
        assert!(status.liveness(&[]).is_success, "{:?}", status.check(CHECK));
    }
    assert_eq!(stalls(&slos), 0);
}
