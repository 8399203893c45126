//! A life as an orchestrator sees it: the kubelet's rules, on virtual time, against a scripted service.
//!
//! The rules are written down from Kubernetes' documentation of probes, independently of what they are held against.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Request;
use slo_tower::{
    Allow, Check, Clock, ProbeService, ProbeSettings, Report, SloRegistry, StartHold, Timestamp,
};

use crate::support::call;

/// What a probe of a pod is set to.
#[derive(Clone, Copy)]
struct Spec {
    period_seconds: u64,
    failure_threshold: u32,
    success_threshold: u32,
}

/// One prober of the kubelet.
struct Prober {
    spec: Spec,
    /// What counts until there are enough results to the contrary.
    result: bool,
    last: Option<bool>,
    in_a_row: u32,
}

impl Prober {
    /// A container counts as alive before anything is known of it, and as neither ready nor started.
    const fn new(spec: Spec, initially: bool) -> Self {
        Self { spec, result: initially, last: None, in_a_row: 0 }
    }

    /// Takes the status of an answer: 200 to 399 is success.
    fn take(&mut self, status: u16) {
        let success = (200..400).contains(&status);
        self.in_a_row = if self.last == Some(success) { self.in_a_row + 1 } else { 1 };
        self.last = Some(success);
        let threshold = if success { self.spec.success_threshold } else { self.spec.failure_threshold };
        if self.in_a_row >= threshold {
            self.result = success;
        }
    }
}

/// What the kubelet knows of one container.
struct Kubelet {
    startup: Prober,
    readiness: Prober,
    liveness: Prober,
    restarts: u32,
    /// When it was put into service and taken out of it, in seconds of the script.
    edges: Vec<(u64, bool)>,
}

impl Kubelet {
    fn new() -> Self {
        let usual = Spec { period_seconds: 10, failure_threshold: 3, success_threshold: 1 };
        let patient = Spec { failure_threshold: 30, ..usual };
        Self {
            startup: Prober::new(patient, false),
            readiness: Prober::new(Spec { period_seconds: 5, ..usual }, false),
            liveness: Prober::new(usual, true),
            restarts: 0,
            edges: Vec::new(),
        }
    }

    fn second(&mut self, second: u64, slos: &SloRegistry) {
        let due = |prober: &Prober| second.is_multiple_of(prober.spec.period_seconds);
        if !self.startup.result {
            // Until the container has started nothing else is asked.
            if due(&self.startup) {
                self.startup.take(ask(slos.startupz_service(), "/startupz"));
                self.restarts += u32::from(self.startup.last == Some(false) && self.startup.in_a_row >= 30);
            }
            return;
        }
        if due(&self.liveness) {
            self.liveness.take(ask(slos.livez_service(), "/livez"));
            self.restarts += u32::from(!self.liveness.result);
        }
        if due(&self.readiness) {
            let before = self.readiness.result;
            self.readiness.take(ask(slos.readyz_service(), "/readyz"));
            if self.readiness.result != before {
                self.edges.push((second, !before));
            }
        }
    }
}

fn ask(service: ProbeService, path: &str) -> u16 {
    call(service, Request::get(path).body(()).unwrap()).status().as_u16()
}

/// A check that passes while its switch is on.
fn switched(name: &str) -> (Check, Arc<AtomicBool>) {
    let switch = Arc::new(AtomicBool::new(true));
    let own = Arc::clone(&switch);
    let check = Check::in_process(name, move || {
        // Relaxed: a lone switch of one thread.
        if own.load(Ordering::Relaxed) { Report::Pass } else { Report::Fail("broken".into()) }
    });
    (check.jitter(0.0), switch)
}

fn turn(switch: &AtomicBool, on: bool) {
    // Relaxed: see `switched`.
    switch.store(on, Ordering::Relaxed);
}

#[tokio::test]
async fn a_process_is_never_restarted_and_withdrawn_exactly_when_it_should_be() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let (warm, cache) = switched("cache-warm");
    let (database, reachable) = switched("database");
    let (disk, writable) = switched("own-disk");
    let (heart, _beats) = switched("worker-loop");
    let interval = Duration::from_secs(5);
    let slos = SloRegistry::builder("test")
        .without_declared()
        .clock(clock.clone())
        .check(warm.gates_startup().interval(interval).failing_interval(interval))
        .check(database.interval(interval).failing_interval(interval).fail_after(1))
        .check(disk.gates_readiness().interval(interval).failing_interval(interval).fail_after(2))
        .check(heart.gates_liveness())
        .build()
        .unwrap();
    turn(&cache, false);
    let (mut hold, mut kubelet): (Option<StartHold>, _) = (Some(slos.health().hold_start()), Kubelet::new());
    for second in 0..=400 {
        match second {
            // Slow to start: a cache, and something in code that takes longer.
            62 => turn(&cache, true),
            83 => hold = None,
            // A dependency is lost for a minute, which all replicas share.
            130 => turn(&reachable, false),
            190 => turn(&reachable, true),
            // For a moment, too short to matter; then for a minute what only this process has.
            201 => turn(&writable, false),
            206 => turn(&writable, true),
            222 => turn(&writable, false),
            281 => turn(&writable, true),
            // It is told to go.
            352 => assert!(slos.health().drain()),
            _ => {}
        }
        slos.health().run_due().await;
        kubelet.second(second, &slos);
        let readiness = slos.health().status().readiness(&[]);
        match second {
            0..83 => assert!(!readiness.is_success && hold.is_some(), "at {second}"),
            // A dependency makes it warn, and no more than that.
            131..190 => assert!(readiness.is_success, "at {second}"),
            _ => {}
        }
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(kubelet.restarts, 0);
    let expected = [
        // Ready at 83; the startup probe asks at 90, and the readiness probe with the next second that is its own.
        (95, true),
        // Fails at 225 and 230, so it is unready from 230 on, and the third answer in a row comes at 240.
        (240, false),
        // Passes at 285, and the kubelet needs one answer.
        (285, true),
        // Draining from 352 on; the third answer comes at 365.
        (365, false),
    ];
    assert_eq!(kubelet.edges, expected);
}

/// That the oracle can fail: a dependency in liveness has it restart, which is why that needs such a name.
#[tokio::test]
async fn a_dependency_in_liveness_restarts_the_process() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let (database, reachable) = switched("database");
    let check = database.gates_liveness_although_outside_the_process().fail_after(1);
    let builder = SloRegistry::builder("test").without_declared().clock(clock.clone());
    let slos = builder.check(check).build().unwrap();
    let mut kubelet = Kubelet::new();
    for second in 0..60 {
        turn(&reachable, second < 20);
        slos.health().run_due().await;
        kubelet.second(second, &slos);
        clock.advance(Duration::from_secs(1));
    }
    assert!(kubelet.restarts > 0);
}

/// Who probes one check of liveness restarts the process for it no earlier than who probes all of them.
#[tokio::test]
async fn a_check_that_has_not_run_yet_restarts_nothing_when_it_is_probed_by_itself() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let late = Check::in_process("loop", || Report::Fail("stuck".into())).gates_liveness().jitter(0.0);
    let settings = ProbeSettings::new().names(Allow::Always);
    let builder = SloRegistry::builder("test").without_declared().probes(settings).clock(clock.clone());
    let slos = builder.check(late.initial_delay(Duration::from_secs(60))).build().unwrap();
    let probe = |path: &str| {
        let request = Request::builder().uri(path).body(()).unwrap();
        call(slos.livez_service(), request).status().as_u16()
    };
    let both = || [probe("/livez"), probe("/livez/loop")];
    assert_eq!(both(), [200, 200]);
    clock.advance(Duration::from_secs(60));
    slos.health().run_due().await;
    assert_eq!(both(), [503, 503]);
}
