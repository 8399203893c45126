//! What goes wrong around a run rather than in it.

use slo_core::{Check, Clock, Fault, Timestamp};

use super::*;
use crate::health::self_probe::Sightings;
use crate::health::{DrainTimes, Health};

/// A check without a thread to run it fails, and is run again when there are threads: what nobody ends is the last run of
/// its check.
#[test]
fn a_check_survives_a_moment_without_threads() {
    let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
    let check = Check::in_process("loop", || Report::Pass).jitter(0.0);
    let times = DrainTimes::default();
    let health =
        Health::new(vec![check], Vec::new(), Vec::new(), clock.clone(), Sightings::default(), times).unwrap();
    let begin_with = |spawn: Spawn| {
        let shared = &health.shared;
        let runs = shared.monitor.begin(clock.now());
        assert_eq!(runs.len(), 1, "it is due");
        runs.into_iter().for_each(|run| begin(shared, run, &Arc::default(), spawn));
    };
    begin_with(|_| Err(io::ErrorKind::WouldBlock.into()));
    let status = health.status();
    let fault = status.check("loop").unwrap().fault.clone();
    assert!(
        matches!(&fault, Some(Fault::Reported(reason)) if reason.starts_with("there is no thread")),
        "{fault:?}"
    );
    clock.advance(Duration::from_secs(20));
    begin_with(|work| {
        thread::spawn(work);
        Ok(())
    });
    let mut changes = health.changes();
    let passes = |status: &Arc<slo_core::HealthStatus>| status.check("loop").unwrap().fault.is_none();
    let runtime = runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        timeout(Duration::from_secs(60), changes.wait_for(passes)).await.expect("it passes").unwrap();
    });
}
