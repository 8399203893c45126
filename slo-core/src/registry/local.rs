//! This thread's shards, one per registry it records for.
//!
//! The way of every count: thread-local lookup, plain additions. The shard is claimed on the first count and
//! handed back when the thread ends. A thread that is already past that point (a destructor that records)
//! takes the shared shard under a lock instead, so that nothing is lost.

use std::cell::RefCell;
use std::sync::Arc;

use super::directory::{self, RegistryId};
use super::route::{OVERFLOW, Protocol, Route};
use super::shard::Shard;
use super::shared::Shared;

/// What this thread holds of one registry.
struct Local {
    id: RegistryId,
    shared: Arc<Shared>,
    shard: Arc<Shard>,
    routes: RouteCache,
}

impl Drop for Local {
    fn drop(&mut self) {
        self.shard.release();
    }
}

thread_local! {
    /// By the slot of the registry.
    static LOCALS: RefCell<Vec<Option<Local>>> = const { RefCell::new(Vec::new()) };
}

/// Lends `work` a shard that nobody else writes meanwhile; `None` if the registry is gone.
#[inline]
pub(super) fn with<R>(id: RegistryId, work: impl FnOnce(&Shared, &Shard) -> R) -> Option<R> {
    with_routes(id, |shared, shard, _| work(shared, shard))
}

/// The same, with this thread's memory of routes.
#[inline]
pub(super) fn with_routes<R>(
    id: RegistryId,
    work: impl FnOnce(&Shared, &Shard, &mut RouteCache) -> R,
) -> Option<R> {
    let mut work = Some(work);
    let mut attempt = |locals: &RefCell<Vec<Option<Local>>>| {
        let mut locals = locals.try_borrow_mut().ok()?;
        let local = match locals.get_mut(id.slot as usize) {
            Some(Some(local)) if local.id == id => local,
            _ => claim(&mut locals, id)?,
        };
        Some(work.take()?(&local.shared, &local.shard, &mut local.routes))
    };
    match LOCALS.try_with(&mut attempt) {
        Ok(Some(result)) => Some(result),
        _ => without_local(id, work?),
    }
}

#[cold]
fn claim(locals: &mut Vec<Option<Local>>, id: RegistryId) -> Option<&mut Local> {
    let shared = directory::find(id)?;
    let shard = shared.claim_shard();
    let slot = id.slot as usize;
    locals.resize_with(locals.len().max(slot + 1), || None);
    Some(locals[slot].insert(Local { id, shared, shard, routes: RouteCache::default() }))
}

#[cold]
fn without_local<R>(id: RegistryId, work: impl FnOnce(&Shared, &Shard, &mut RouteCache) -> R) -> Option<R> {
    let shared = directory::find(id)?;
    Some(shared.with_last_resort(|shard| work(&shared, shard, &mut RouteCache::default())))
}

/// Remembers which route a template is, by the address of its text. Routers keep one text per route, so the
/// address nearly always tells; the text is compared all the same, since a freed address may serve again.
#[derive(Debug, Default)]
pub(super) struct RouteCache {
    /// Empty until first used.
    routes: Vec<u32>,
}

impl RouteCache {
    /// Four places for each route of the default maximum.
    const BITS: u32 = 12;
    /// Routes whose addresses fall together lie in neighbouring places, up to this many.
    const REACH: usize = 8;

    #[inline]
    pub(super) fn find(
        &mut self,
        shared: &Shared,
        protocol: Protocol,
        method: &str,
        template: &str,
    ) -> usize {
        let home = Self::home(method, template);
        for step in 0..Self::REACH {
            let Some((cached, route)) = self.cached(shared, home + step) else { break };
            if *route.template == *template && *route.method == *method && route.protocol == protocol {
                return cached;
            }
        }
        self.remember(shared, protocol, method, template)
    }

    /// Returns what a place holds, if anything. Places go round in a circle.
    #[inline]
    fn cached<'a>(&self, shared: &'a Shared, place: usize) -> Option<(usize, &'a Route)> {
        let cached = *self.routes.get(place % (1 << Self::BITS))? as usize;
        Some((cached, shared.routes.get(cached)?))
    }

    #[cold]
    fn remember(&mut self, shared: &Shared, protocol: Protocol, method: &str, template: &str) -> usize {
        let route = shared.routes.find_or_add(protocol, method, template);
        if route != OVERFLOW {
            self.routes.resize(1 << Self::BITS, u32::MAX);
            let home = Self::home(method, template);
            let free = (0..Self::REACH).find(|step| self.cached(shared, home + step).is_none());
            let place = (home + free.unwrap_or_default()) % (1 << Self::BITS);
            self.routes[place] = u32::try_from(route).unwrap_or(u32::MAX);
        }
        route
    }

    #[inline]
    fn home(method: &str, template: &str) -> usize {
        // Fibonacci hashing: the upper bits of the product depend on all bits of the addresses.
        const MULTIPLIER: u64 = 0x9E37_79B9_7F4A_7C15;
        let address = (template.as_ptr() as u64) ^ (method.as_ptr() as u64).rotate_left(32);
        (address.wrapping_mul(MULTIPLIER) >> (64 - Self::BITS)) as usize
    }
}
