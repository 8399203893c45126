//! The live registries, by number.
//!
//! A request must not touch a reference count that other threads touch, so the data plane carries a number
//! instead of an [`Arc`]. A thread looks the number up once, when it first records for that registry. Nothing
//! here makes one registry the default of another's work.

use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use super::shared::Shared;

/// The number of a registry. Never valid again once the registry is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RegistryId {
    pub(super) slot: u32,
    /// Tells the registries apart that used one slot in turn.
    pub(super) generation: NonZeroU32,
}

#[derive(Debug)]
struct Entry {
    generation: NonZeroU32,
    shared: Weak<Shared>,
}

static LIVE: RwLock<Vec<Entry>> = RwLock::new(Vec::new());

/// Gives a registry its number.
pub(super) fn enter(shared: &Arc<Shared>) -> RegistryId {
    let mut live = LIVE.write().unwrap_or_else(PoisonError::into_inner);
    let slot = live.iter().position(|entry| entry.shared.strong_count() == 0).unwrap_or(live.len());
    let before = live.get(slot).map(|entry| entry.generation);
    let generation = before.map_or(NonZeroU32::MIN, |before| before.saturating_add(1));
    let entry = Entry { generation, shared: Arc::downgrade(shared) };
    match live.get_mut(slot) {
        Some(free) => *free = entry,
        None => live.push(entry),
    }
    RegistryId { slot: u32::try_from(slot).expect("fewer than four billion registries"), generation }
}

/// Forgets a registry: attempts still under way are no longer counted.
pub(super) fn leave(id: RegistryId) {
    let mut live = LIVE.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(entry) = live.get_mut(id.slot as usize).filter(|entry| entry.generation == id.generation) {
        entry.shared = Weak::new();
    }
}

/// Finds a registry that is still alive.
pub(super) fn find(id: RegistryId) -> Option<Arc<Shared>> {
    let live = LIVE.read().unwrap_or_else(PoisonError::into_inner);
    live.get(id.slot as usize).filter(|entry| entry.generation == id.generation)?.shared.upgrade()
}
