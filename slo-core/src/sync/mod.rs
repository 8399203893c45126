//! Counters with one writer and many readers, tables that grow under their readers, and the primitives that
//! all of `slo-core` synchronises with.
//!
//! The data plane adds with a plain load and a plain store: nobody else writes the cell, so nothing can get
//! in between, and no cache line is fought over. Readers see each cell only grow.
//! What must never happen: two threads adding to one [`Counter`] at the same time.

#[cfg(loom)]
mod modelled;
#[cfg(not(loom))]
mod native;
mod segments;

#[cfg(loom)]
pub(crate) use self::modelled::{
    AtomicBool, AtomicU32, AtomicU64, Condvar, Mutex, MutexGuard, OnceLock, Ordering, RwLock, Undropped,
    thread_local,
};
#[cfg(not(loom))]
pub(crate) use self::native::{
    AtomicBool, AtomicU32, AtomicU64, Condvar, Mutex, MutexGuard, OnceLock, Ordering, RwLock, Undropped,
    thread_local,
};
pub(crate) use self::segments::Segments;

#[cfg(loom)]
use self::modelled::ROWS;
#[cfg(not(loom))]
use self::native::ROWS;

/// A number that one thread adds to and any thread reads.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds, on the thread that owns the cell.
    #[inline]
    pub(crate) fn add(&self, count: u64) {
        // Relaxed load: only this thread writes, so it reads its own last store.
        let sum = self.0.load(Ordering::Relaxed).wrapping_add(count);
        // Release: whoever reads this sum with `get` also sees what the owner did before. Free on x86.
        self.0.store(sum, Ordering::Release);
    }

    #[inline]
    pub(crate) fn get(&self) -> u64 {
        // Acquire: see `add`.
        self.0.load(Ordering::Acquire)
    }
}
