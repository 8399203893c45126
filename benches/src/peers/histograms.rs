//! Histograms without labels: what a series is made of.

use std::sync::{Arc, Mutex, PoisonError};

use hdrhistogram::Histogram;
use hdrhistogram::sync::SyncHistogram;
use histogram::AtomicHistogram;
use metriken::ShardedCounterHistogram;

use super::names::METRIKEN;
use crate::harness::Competitor;
use crate::limit::operation;

/// As fine as ours, up to an hour.
fn hdr() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 3_600_000_000_000, 2).expect("valid bounds")
}

pub(super) fn record() -> Vec<Competitor> {
    let locked = Arc::new(Mutex::new(hdr()));
    let synced = Arc::new(Mutex::new(SyncHistogram::from(hdr())));
    let atomic = Arc::new(AtomicHistogram::new(7, 64).expect("valid powers"));
    // It holds 256 shards by value: once for the life of the process.
    let sharded: &'static ShardedCounterHistogram = Box::leak(Box::new(ShardedCounterHistogram::new(7, 64)));
    vec![
        operation("hdrhistogram, &mut, one for each thread", || {
            let mut histogram = hdr();
            move |nanos| histogram.saturating_record(nanos)
        }),
        operation("hdrhistogram SyncHistogram recorder", move || {
            let mut recorder = synced.lock().unwrap_or_else(PoisonError::into_inner).recorder();
            move |nanos| recorder.saturating_record(nanos)
        }),
        operation("hdrhistogram in a Mutex", move || {
            let locked = Arc::clone(&locked);
            move |nanos| locked.lock().unwrap_or_else(PoisonError::into_inner).saturating_record(nanos)
        }),
        operation("histogram AtomicHistogram", move || {
            let atomic = Arc::clone(&atomic);
            move |nanos| drop(atomic.increment(nanos))
        }),
        operation(METRIKEN, move || move |nanos| drop(sharded.increment(nanos))),
    ]
}
