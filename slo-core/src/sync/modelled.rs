//! The same primitives, played by the model checker loom: under `--cfg loom` it tries every interleaving of
//! the threads in `tests/loom`, and with each of them every value that an ordering lets a load return.
//!
//! What loom lacks is built here from what it has. Not modelled: [`Arc`](std::sync::Arc), the directory of
//! registries and the installed registry, which stay the standard library's.

use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, PoisonError};
use std::time::Duration;

pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
pub(crate) use loom::sync::{Mutex, MutexGuard, RwLock};

/// Few, because every cell costs time in every interleaving; two, so that segments are full of neighbours.
pub(super) const ROWS: usize = 2;

/// A cell written once. The value itself lies in the standard library's; what is modelled is that `set` happens
/// before whatever `get` finds.
#[derive(Debug)]
pub(crate) struct OnceLock<T> {
    value: std::sync::OnceLock<T>,
    filled: AtomicBool,
    filling: Mutex<()>,
}

impl<T> OnceLock<T> {
    pub(crate) fn new() -> Self {
        Self { value: std::sync::OnceLock::new(), filled: AtomicBool::new(false), filling: Mutex::new(()) }
    }

    pub(crate) fn get(&self) -> Option<&T> {
        // Acquire: pairs with the Release store in `fill`.
        if self.filled.load(Ordering::Acquire) { self.value.get() } else { None }
    }

    pub(crate) fn set(&self, value: T) -> Result<(), T> {
        let mut value = Some(value);
        self.fill(|| value.take().expect("it is called once"));
        value.map_or(Ok(()), Err)
    }

    pub(crate) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        match self.get() {
            Some(value) => value,
            None => self.fill(make),
        }
    }

    fn fill(&self, make: impl FnOnce() -> T) -> &T {
        let _filling = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
        let value = self.value.get_or_init(make);
        // Release: publishes the value to the Acquire load in `get`.
        self.filled.store(true, Ordering::Release);
        value
    }
}

impl<T> Default for OnceLock<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Wakes when asked to. Time does not pass in a model: no wait ever times out.
#[derive(Debug, Default)]
pub(crate) struct Condvar(loom::sync::Condvar);

impl Condvar {
    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }

    pub(crate) fn wait_timeout_while<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
        _duration: Duration,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> LockResult<(MutexGuard<'a, T>, bool)> {
        while condition(&mut guard) {
            guard = self.0.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        Ok((guard, false))
    }
}

/// A value of a thread that something else drops, in the shipped form. Loom drops the values of a thread in no fixed
/// order, and so each must see to itself.
#[derive(Debug)]
pub(crate) struct Undropped<T>(T);

impl<T> Undropped<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(value)
    }
}

impl<T> Deref for Undropped<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Undropped<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// One value for each thread of the model, dropped when that thread ends.
macro_rules! thread_local_of_the_model {
    ($(#[$attribute:meta])* static $name:ident: $of:ty = const $init:block;) => {
        loom::thread_local! { $(#[$attribute])* static $name: $of = $init; }
    };
}

pub(crate) use thread_local_of_the_model as thread_local;
