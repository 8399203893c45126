//! The primitives as they ship: the standard library's own.

pub(crate) use std::mem::ManuallyDrop as Undropped;
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, RwLock};
pub(crate) use std::thread_local;

/// Rows of a [`Segments`](super::Segments) that are allocated together.
pub(super) const ROWS: usize = 64;
