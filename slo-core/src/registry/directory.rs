//! The live registries, by number.
//!
//! A request must not touch a reference count that other threads touch, so the data plane carries a number
//! instead of an [`Arc`]. A thread looks the number up once, when it first records for that registry. Nothing
//! here makes one registry the default of another's work.

use std::num::NonZeroU64;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use super::shared::Shared;

/// The number of a registry. Never valid again once the registry is gone.
///
/// The generation, which tells the registries apart that used one slot in turn, lies above, the slot below; the top
/// bit of the slot is never set. The top bit of the generation says whether some SLO looks at the heads of answers, so
/// that whoever follows a body knows it without asking the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RegistryId(NonZeroU64);

impl RegistryId {
    const LOOKS_AT_HEADS: u64 = 1 << (u64::BITS - 1);
    /// The two bits above these are for who says more of a registry than its number.
    const SLOTS: u32 = 1 << 30;
    const GENERATIONS: u64 = (1 << 31) - 1;

    /// The number of the next registry in a slot, after the one that used it before.
    fn after(before: Option<Self>, slot: usize, looks_at_heads: bool) -> Self {
        let slot = u32::try_from(slot).ok().filter(|slot| *slot < Self::SLOTS);
        let slot = slot.expect("fewer than a billion registries");
        let generation = before.map_or(0, |before| (before.to_bits() & !Self::LOOKS_AT_HEADS) >> u32::BITS);
        // Past two billion registries in one slot, numbers would repeat.
        let bits = (generation + 1).min(Self::GENERATIONS) << u32::BITS | u64::from(slot);
        let heads = if looks_at_heads { Self::LOOKS_AT_HEADS } else { 0 };
        Self(NonZeroU64::new(bits | heads).expect("generations begin at one"))
    }

    #[inline]
    pub(super) const fn to_bits(self) -> u64 {
        self.0.get()
    }

    #[inline]
    pub(super) const fn from_bits(bits: u64) -> Option<Self> {
        match NonZeroU64::new(bits) {
            Some(bits) => Some(Self(bits)),
            None => None,
        }
    }

    /// Returns whether some SLO of the registry looks at the heads of answers whose bodies have a known length.
    #[inline]
    pub(super) const fn looks_at_heads(self) -> bool {
        self.0.get() & Self::LOOKS_AT_HEADS != 0
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half")]
    pub(super) const fn slot(self) -> usize {
        self.0.get() as u32 as usize
    }
}

#[derive(Debug)]
struct Entry {
    id: RegistryId,
    shared: Weak<Shared>,
}

static LIVE: RwLock<Vec<Entry>> = RwLock::new(Vec::new());

/// Gives a registry its number.
pub(super) fn enter(shared: &Arc<Shared>) -> RegistryId {
    let mut live = LIVE.write().unwrap_or_else(PoisonError::into_inner);
    let slot = live.iter().position(|entry| entry.shared.strong_count() == 0).unwrap_or(live.len());
    let id = RegistryId::after(live.get(slot).map(|entry| entry.id), slot, shared.looks_at_heads());
    let entry = Entry { id, shared: Arc::downgrade(shared) };
    match live.get_mut(slot) {
        Some(free) => *free = entry,
        None => live.push(entry),
    }
    id
}

/// Forgets a registry: attempts still under way are no longer counted.
pub(super) fn leave(id: RegistryId) {
    let mut live = LIVE.write().unwrap_or_else(PoisonError::into_inner);
    if let Some(entry) = live.get_mut(id.slot()).filter(|entry| entry.id == id) {
        entry.shared = Weak::new();
    }
}

/// Finds a registry that is still alive.
pub(super) fn find(id: RegistryId) -> Option<Arc<Shared>> {
    let live = LIVE.read().unwrap_or_else(PoisonError::into_inner);
    live.get(id.slot()).filter(|entry| entry.id == id)?.shared.upgrade()
}
